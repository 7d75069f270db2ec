# Metric lines (supplementary figures 12, 14, 25; metrics over training): every metric in a panel, against a setting
# that runs differ in or against the epoch of training, a line per series of runs.
#
# Tables      metrics: metrics.csv with run, label, checkpoint, epoch, branch, space, aggregation, factors, metric,
#             classifier, protocol, value, ci_low, ci_high
# Parameters  axis: title of the axis, if `runs` also have the `value` of a setting and are of a `series`; over training
#             if they have not; and those of scores.R

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))
source_shared("scores.R")

figure <- read_figure("metrics", c(score_parameters, list(axis = "Setting")))
path <- figure$metrics

# Scores of every epoch: `at` is the epoch.
over_training <- function() {
  table <- sound_rows(read_table(path, text = score_text, numeric = c("epoch", score_numbers)), figure)
  latents <- pick_runs(table, figure$runs, path) %>%
    mutate(at = .data$epoch) %>%
    on_aggregation(figure$aggregation)
  definitions <- score_definitions(figure$definitions, tasks_of(latents, figure$classifier))
  scores <- named_scores(latents, definitions, figure$classifier) %>%
    # Best and last may be the state of an epoch that is measured anyway.
    distinct(.data$run, .data$score, .data$at, .keep_all = TRUE) %>%
    # Seeds are best at different epochs: a mean is over all of them or none.
    group_by(.data$label, .data$score) %>%
    mutate(seeds = n_distinct(.data$run)) %>%
    group_by(.data$label, .data$score, .data$at) %>%
    filter(n() == .data$seeds) %>%
    ungroup() %>%
    select("run", "label", "score", "at", all_of(score_numbers)) %>%
    over_seeds(figure$runs)
  list(scores = scores, definitions = definitions)
}

# Scores of one checkpoint of every run: `at` is the place of the setting on the axis, `label` the series.
over_setting <- function() {
  drawn <- read_scores(figure)
  drawn$scores <- drawn$scores %>%
    filter(.data$state == "shown") %>%
    inner_join(select(figure$runs, "run", setting = "value", "series"), by = "run") %>%
    mutate(
      at = as.integer(factor(.data$setting, levels = settings)),
      label = factor(.data$series, levels = unique(figure$runs$series))
    )
  drawn
}

by_setting <- !is.null(figure$runs$value)
if (by_setting) {
  # Runs of a series at one value differ by seed only.
  figure$runs$label <- paste(figure$runs$series, figure$runs$value, sep = ", ")
  settings <- levels(ordered_levels(figure$runs$value))
}
drawn <- if (by_setting) over_setting() else over_training()
scores <- drawn$scores %>%
  mutate(panel = factor(.data$score, levels = drawn$definitions$score, labels = drawn$definitions$title)) %>%
  group_by(.data$label) %>%
  mutate(n_places = n_distinct(.data$at)) %>%
  ungroup()
curves <- filter(scores, .data$n_places > 1)
if (nrow(curves) == 0) {
  lacking <- if (by_setting) "series at two settings or more" else "run at two epochs or more"
  refuse("%s has no %s: there is no course to draw.", path, lacking)
}
levels_without_course <- filter(scores, .data$n_places == 1)
models <- levels(scores$label)
guide <- guide_legend(ncol = fitting_columns(3))
# Colours repeat after eight models: those without a course are told apart by their lines, too.
flat <- unique(as.character(levels_without_course$label))
line_types <- setNames(rep("solid", length(models)), models)
line_types[flat] <- rep_len(c("dashed", "dotted", "dotdash"), length(flat))
low <- filter(drawn$definitions, .data$better == "low")$title
scale_at <- if (by_setting) {
  scale_x_continuous(breaks = seq_along(settings), labels = settings, expand = expansion(add = 0.3))
}

plot <- ggplot(curves, aes(.data$at, .data$value, colour = .data$label)) +
  geom_hline(
    aes(yintercept = .data$value, colour = .data$label, linetype = .data$label),
    data = levels_without_course, linewidth = 0.4
  ) +
  geom_ribbon(
    aes(ymin = .data$ci_low, ymax = .data$ci_high, fill = .data$label),
    data = filter(curves, !is.na(.data$ci_low)), alpha = 0.12, colour = NA, show.legend = FALSE
  ) +
  geom_line(aes(linetype = .data$label), linewidth = 0.4) +
  geom_point(aes(shape = .data$label), size = 1.1) +
  facet_wrap(vars(.data$panel), ncol = fitting_columns(4), scales = "free_y") +
  scale_colour_manual("Model", values = class_colours(models), guide = guide, drop = FALSE) +
  scale_fill_manual(values = class_colours(models), drop = FALSE) +
  scale_linetype_manual("Model", values = line_types, guide = guide, drop = FALSE) +
  scale_shape_manual("Model", values = model_shapes(models, 15:19), guide = guide, drop = FALSE) +
  scale_at +
  labs(x = if (by_setting) figure$axis else "Epoch", y = NULL) +
  theme_figure() +
  theme(legend.position = "bottom", legend.key.width = unit(7, "mm"))

rows <- ceiling(n_distinct(scores$panel) / fitting_columns(4))
caption <- c(
  if (by_setting) sprintf("Checkpoint: %s.", figure$checkpoint) else "Epoch 0 is the untrained network.",
  intervals_note("Bands", figure$runs),
  if (nrow(levels_without_course) > 0) "Broken lines: models at one setting or epoch only.",
  sprintf("%s are better when low, all others when high.", capitalised(paste(small(low), collapse = " and ")))
)
height_mm <- 38 * rows + 18 + 4 * ceiling(length(models) / fitting_columns(3))
save_figure(plot, figure, height_mm, caption = caption)
