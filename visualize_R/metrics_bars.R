# Metric bars (figure 2): every metric in a panel, every model as a bar, beside the same model before training.
#
# Input   metrics: metrics.csv with run, label, checkpoint, branch, space, aggregation, factors, metric, classifier,
#         protocol, value, spread, ci_low, ci_high
# Output  pdf, png
# Command Rscript visualize_R/metrics_bars.R --metrics metrics.csv --pdf out.pdf --png out.png [--checkpoint best]
#         [--runs run1,run2] [--aggregation all] [--classifier logistic_regression] [--content vowel] [--protocol sound]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(
  inputs = "metrics",
  parameters = list(
    checkpoint = "best", runs = character(), aggregation = "all", classifier = "logistic_regression", content = "vowel",
    protocol = "sound"
  )
)

definitions <- score_definitions(arguments$content)
# Mutual information and total correlation are better when low: they are drawn as 1 - value, cut at 0 as in the paper.
lower_is_better <- c(mutual_information = "1 \u2212 MI", total_correlation = "1 \u2212 TC")
groups <- c("Independence of codes", "DCI", "Modularity, explicitness, robustness", "Classification accuracy")
definitions <- definitions %>%
  mutate(
    panel = coalesce(lower_is_better[.data$score], .data$title),
    group = factor(rep(groups, c(2, 3, 3, 2)), levels = groups)
  )
scores <- read_scores(
  arguments$metrics, arguments$checkpoint, arguments$runs, arguments$aggregation, arguments$classifier,
  arguments$content, arguments$protocol
)
bars <- scores %>%
  inner_join(definitions, by = "score") %>%
  mutate(
    lower = .data$score %in% names(lower_is_better),
    across(c("value", "ci_low", "ci_high"), \(score) if_else(.data$lower, pmax(0, 1 - score), score)),
    panel = factor(.data$panel, levels = definitions$panel),
    label = factor(.data$label, levels = rev(levels(.data$label))),
    # Bars are stacked from below: the untrained one comes first.
    state = factor(.data$state, levels = c("untrained", "shown"))
  )

spreads <- filter(bars, !is.na(.data$ci_low))

figure <- ggplot(bars, aes(.data$value, .data$label, fill = .data$group, alpha = .data$state)) +
  geom_col(position = position_dodge2(preserve = "single", padding = 0.1), width = 0.8) +
  geom_errorbar(
    aes(
      xmin = pmax(0, pmin(.data$ci_low, .data$ci_high)), xmax = pmax(.data$ci_low, .data$ci_high),
      group = interaction(.data$label, .data$state)
    ),
    data = spreads, width = 0.3, linewidth = 0.25, alpha = 1, colour = "grey15",
    position = position_dodge(width = 0.8), show.legend = FALSE
  ) +
  facet_wrap(vars(.data$panel), ncol = 5) +
  scale_x_continuous(breaks = c(0, 0.5, 1), labels = c("0", "0.5", "1"), expand = expansion(mult = c(0, 0.02))) +
  coord_cartesian(xlim = c(0, max(1, bars$value))) +
  scale_fill_manual(values = setNames(okabe_ito[c(1, 3, 4, 2)], groups)) +
  scale_alpha_manual(values = c(shown = 1, untrained = 0.35), breaks = c("shown", "untrained"),
    labels = c(shown = paste("checkpoint", arguments$checkpoint), untrained = "before training")
  ) +
  guides(fill = guide_legend(order = 1), alpha = guide_legend(order = 2, override.aes = list(fill = "grey20"))) +
  labs(
    x = "Score (higher is better)", y = NULL, fill = NULL, alpha = NULL,
    caption = wrap_caption(
      c(
        "MI: adjusted mutual information between codes.",
        "TC: total correlation in nats per dimension, 1 \u2212 TC cut at 0.",
        "Error bars: 95 % intervals (over utterances or folds), cut at the panel.",
        undefined_note(scores, definitions)
      ),
      arguments$width_mm
    )
  ) +
  theme_figure() +
  theme(
    legend.position = "top", legend.justification = "left", legend.box = "vertical", legend.box.just = "left",
    legend.spacing.y = unit(0, "mm"), panel.grid.major.y = element_blank(),
    panel.spacing.x = unit(3, "mm")
  )

rows_mm <- nlevels(bars$label) * (if (any(bars$state == "untrained")) 4.2 else 3)
save_figure(figure, arguments, height_mm = 2 * max(rows_mm, 20) + 44)
