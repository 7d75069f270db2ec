# Metrics over training (as figure SI 12): every metric in a panel, every model as a line over epochs.
#
# Input   metrics: metrics.csv with run, label, checkpoint, epoch, branch, space, aggregation, factors, metric,
#         classifier, protocol, value, ci_low, ci_high
# Output  pdf, png
# Command Rscript visualize_R/metrics_over_training.R --metrics metrics.csv --pdf out.pdf --png out.png
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
    runs = character(), aggregation = "all", classifier = "logistic_regression", content = "vowel", protocol = "sound"
  )
)

path <- arguments$metrics
definitions <- score_definitions(arguments$content)
table <- read_table(
  path,
  text = c(
    "run", "label", "checkpoint", "branch", "space", "aggregation", "factors", "metric", "classifier", "protocol"
  ),
  numeric = c("epoch", "value", "ci_low", "ci_high")
)
latents <- keep_rows(
  table, table$branch == "Z" & table$space == "mu" & table$protocol == arguments$protocol, path,
  sprintf("branch 'Z', space 'mu' and protocol '%s'", arguments$protocol),
  paste(table$branch, table$space, table$protocol, sep = "/")
)
scores <- latents %>%
  pick_runs(arguments$runs, path) %>%
  group_by(.data$run) %>%
  filter(.data$aggregation == if (any(.data$aggregation == arguments$aggregation)) arguments$aggregation else "X") %>%
  ungroup() %>%
  named_scores(definitions, arguments$classifier) %>%
  # Best and last may be the state of an epoch that is measured anyway.
  distinct(.data$run, .data$score, .data$epoch, .keep_all = TRUE) %>%
  mutate(panel = factor(.data$title, levels = definitions$title)) %>%
  group_by(.data$run) %>%
  mutate(n_epochs = n_distinct(.data$epoch)) %>%
  ungroup()
curves <- filter(scores, .data$n_epochs > 1)
if (nrow(curves) == 0) {
  stop(sprintf("%s has no run at two epochs or more: there is no course to draw.", path), call. = FALSE)
}
levels_without_course <- filter(scores, .data$n_epochs == 1)
models <- levels(scores$label)
colours <- setNames(okabe_ito[(seq_along(models) - 1) %% 8 + 1], models)
shapes <- setNames((15:19)[((seq_along(models) - 1) + (seq_along(models) - 1) %/% 8) %% 5 + 1], models)

figure <- ggplot(curves, aes(.data$epoch, .data$value, colour = .data$label)) +
  geom_hline(
    aes(yintercept = .data$value, colour = .data$label),
    data = levels_without_course, linewidth = 0.3, linetype = "dashed"
  ) +
  geom_ribbon(
    aes(ymin = .data$ci_low, ymax = .data$ci_high, fill = .data$label),
    data = filter(curves, !is.na(.data$ci_low)), alpha = 0.12, colour = NA, show.legend = FALSE
  ) +
  geom_line(linewidth = 0.4) +
  geom_point(aes(shape = .data$label), size = 1.1) +
  facet_wrap(vars(.data$panel), ncol = 4, scales = "free_y") +
  scale_colour_manual(values = colours, drop = FALSE) +
  scale_fill_manual(values = colours, drop = FALSE) +
  scale_shape_manual(values = shapes, drop = FALSE) +
  labs(
    x = "Epoch", y = NULL, colour = "Model", shape = "Model",
    caption = wrap_caption(
      c(
        "Epoch 0 is the untrained network. Bands: 95 % intervals.",
        if (nrow(levels_without_course) > 0) "Dashed: models without a course of training.",
        "Mutual information and total correlation are better when low, all others when high."
      ),
      arguments$width_mm
    )
  ) +
  theme_figure() +
  theme(legend.position = "bottom") +
  guides(colour = guide_legend(ncol = 3), shape = guide_legend(ncol = 3))

save_figure(figure, arguments, height_mm = 130 + 4 * ceiling(length(models) / 3))
