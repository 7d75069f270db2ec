# Metric bars (figures 2 to 5, supplementary figures 10, 14, 17, 26): every metric in a panel, every model (or every
# joint latent of a model) as a bar, beside the same model before training.
#
# Tables      metrics: metrics.csv with run, label, checkpoint, branch, space, aggregation, factors, metric, classifier,
#             protocol, value, ci_low, ci_high; published (optional): published values with corpus, model, score, value
# Parameters  shown: all, joint (metrics of all factors) or tasks (accuracies); and those of scores.R

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))
source_shared("scores.R")

figure <- read_figure("metrics", c(score_parameters, list(shown = "all")), optional = "published")
check_names(figure$shown, c("all", "joint", "tasks"), figure$description, "value of 'shown'")

drawn <- read_scores(figure)
# Scores that are better when low (MI, TC) are drawn as 1 - value, cut at 0 as in the paper.
definitions <- drawn$definitions %>%
  mutate(
    panel = if_else(.data$better == "low", paste("1 \u2212", .data$symbol), .data$title),
    group = factor(.data$group, levels = unique(.data$group))
  ) %>%
  filter(figure$shown == "all" | (.data$on != "joint") == (figure$shown == "tasks"))
turned <- filter(definitions, .data$better == "low")
scores <- filter(drawn$scores, .data$score %in% definitions$score)
published <- published_scores(figure, scores)
models <- rev(levels(scores$label))
in_panels <- function(table) {
  table %>%
    mutate(score = as.character(.data$score)) %>%
    inner_join(definitions, by = "score") %>%
    mutate(
      uncut = .data$value,
      across(any_of(score_numbers), \(value) higher_is_better(value, .data$better)),
      panel = factor(.data$panel, levels = definitions$panel),
      label = factor(.data$label, levels = models)
    )
}
# Bars are stacked from below: the untrained one comes first.
bars <- in_panels(scores) %>% mutate(state = factor(.data$state, levels = c("untrained", "shown")))
# Values that the cut takes are written where their bars would be.
is_cut <- bars$better == "low" & bars$value == 0
spreads <- filter(bars, !is.na(.data$ci_low), !is_cut) %>%
  mutate(low = pmax(0, pmin(.data$ci_low, .data$ci_high)), high = pmax(.data$ci_low, .data$ci_high))
has_untrained <- any(bars$state == "untrained")

# As many columns as fit beside the models' names and leave at most two places of the last row empty.
beside_names <- floor((style$width_mm - 5 - 1.7 * max(nchar(models))) / 26)
widest <- min(fitting_columns(5), max(2, beside_names), nrow(definitions))
columns <- Find(function(n) -nrow(definitions) %% n <= 2, widest:1)
cut_off <- filter(bars, is_cut) %>%
  mutate(row = as.integer(.data$label) + if (has_untrained) if_else(.data$state == "shown", 0.2, -0.2) else 0)
plot <- ggplot(bars, aes(.data$value, .data$label, fill = .data$group, alpha = .data$state)) +
  geom_col(position = position_dodge2(preserve = "single", padding = 0.1), width = 0.8) +
  geom_errorbar(
    aes(xmin = .data$low, xmax = .data$high, group = interaction(.data$label, .data$state)),
    data = spreads, width = 0.3, linewidth = 0.25, alpha = 1, colour = "grey15",
    position = position_dodge(width = 0.8), show.legend = FALSE
  ) +
  geom_point(
    aes(.data$value, .data$label), in_panels(published),
    inherit.aes = FALSE, shape = 5, size = 1.4, stroke = 0.4, colour = "grey10"
  ) +
  geom_text(
    aes(0.03, .data$row, label = sprintf("%s %.2f", .data$symbol, .data$uncut)), cut_off,
    inherit.aes = FALSE, size = 1.9, hjust = 0, colour = "grey25"
  ) +
  facet_wrap(vars(.data$panel), ncol = columns, labeller = label_wrap_gen(16 * 5 %/% columns)) +
  scale_x_continuous(breaks = c(0, 0.5, 1), labels = c("0", "0.5", "1"), expand = expansion(mult = c(0, 0.05))) +
  coord_cartesian(xlim = c(0, max(1, bars$value))) +
  scale_fill_manual(
    values = setNames(class_palette()[c(1, 3, 4, 2, 5:8)][seq_len(nlevels(bars$group))], levels(bars$group)),
    labels = scales::label_wrap(if (is_narrow()) 16 else 60)
  ) +
  scale_alpha_manual(values = c(shown = 1, untrained = 0.35), breaks = c("shown", "untrained"),
    labels = c(shown = paste("checkpoint", figure$checkpoint), untrained = "before training")
  ) +
  guides(
    fill = if (n_distinct(bars$group) > 1) guide_legend(order = 1, ncol = if (columns < 5) 2 else 4) else "none",
    alpha = if (has_untrained) guide_legend(order = 2, override.aes = list(fill = "grey20")) else "none"
  ) +
  labs(x = "Score (higher is better)", y = NULL, fill = NULL, alpha = NULL) +
  theme_figure() +
  legends_on_top() +
  theme(
    panel.grid.major.y = element_blank(), panel.spacing.x = unit(3, "mm"), strip.text.x = element_text(vjust = 0)
  )

rows_mm <- nlevels(bars$label) * (if (has_untrained) 4.6 else 3)
panel_rows <- ceiling(nrow(definitions) / columns)
caption <- c(
  if (nrow(turned) > 0) {
    units <- sprintf("%s (%s, %s)", small(turned$title), turned$symbol, turned$unit)
    sprintf("Drawn as 1 \u2212 value, cut at 0: %s.", paste(units, collapse = ", "))
  },
  if (nrow(spreads) > 0) intervals_note("Error bars", figure$runs, "; cut at the panel."),
  if (!has_untrained) sprintf("Checkpoint: %s.", figure$checkpoint),
  undefined_note(scores, definitions),
  published_note(published)
)
save_figure(plot, figure, height_mm = panel_rows * (max(rows_mm, 12) + 5) + 38, caption = caption)
