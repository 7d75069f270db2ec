# Metric lines (supplementary figures 12, 14, 25; metrics over training): every metric in a panel, against a setting
# that runs differ in or against the epoch of training, a line per series of runs.
#
# Input   metrics: metrics.csv with run, label, checkpoint, epoch, branch, space, aggregation, factors, metric,
#         classifier, protocol, value, ci_low, ci_high; published (optional): table of published values
# Output  pdf, png
# Command Rscript visualize_R/metrics_lines.R --metrics metrics.csv --pdf out.pdf --png out.png
#         [--runs a,b,c --values 0,0.1,1 --series FD,FD,FD --axis beta: against a setting, else over training]
#         [and the parameters of scores.R]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})
source_shared("scores.R")

arguments <- figure_arguments(
  inputs = "metrics", optional = "published",
  parameters = c(score_parameters, list(values = character(), series = character(), axis = "Setting"))
)
path <- arguments$metrics

# Scores of every epoch: `at` is the epoch.
over_training <- function() {
  table <- sound_rows(read_table(path, text = score_text, numeric = c("epoch", score_numbers)), arguments)
  latents <- pick_runs(table, arguments$runs, path) %>%
    mutate(at = .data$epoch) %>%
    group_by(.data$run) %>%
    filter(.data$aggregation == if (any(.data$aggregation == arguments$aggregation)) arguments$aggregation else "X") %>%
    ungroup()
  definitions <- score_definitions(tasks_of(latents, arguments$classifier))
  scores <- named_scores(latents, definitions, arguments$classifier) %>%
    # Best and last may be the state of an epoch that is measured anyway.
    distinct(.data$run, .data$score, .data$at, .keep_all = TRUE) %>%
    at_epochs_of_all_seeds(arguments) %>%
    select("run", "label", "score", "at", all_of(score_numbers)) %>%
    over_seeds(arguments)
  list(scores = scores, definitions = definitions)
}

# Seeds are best at different epochs: a mean is over all of them or none.
at_epochs_of_all_seeds <- function(scores, arguments) {
  if (length(arguments$settings) == 0) {
    return(scores)
  }
  scores %>%
    mutate(setting = setting_of(.data$run, arguments)) %>%
    group_by(.data$setting, .data$score) %>%
    mutate(seeds = n_distinct(.data$run)) %>%
    group_by(.data$setting, .data$score, .data$at) %>%
    filter(n() == .data$seeds) %>%
    ungroup()
}

# Scores of one checkpoint of every run: `at` is the place of the setting on the axis, `label` the series.
over_setting <- function() {
  drawn <- read_scores(arguments)
  places <- tibble(run = arguments$runs, setting = arguments$values, series = arguments$series)
  drawn$scores <- drawn$scores %>%
    filter(.data$state == "shown") %>%
    inner_join(places, by = "run") %>%
    mutate(
      at = as.integer(ordered_levels(.data$setting)),
      label = factor(.data$series, levels = unique(arguments$series))
    )
  drawn
}

by_setting <- length(arguments$values) > 0
if (by_setting) {
  check_lengths(arguments, c("runs", "values", "series"))
  # Runs of a series at one value differ by seed only.
  arguments$settings <- paste(arguments$series, arguments$values, sep = ", ")
}
drawn <- if (by_setting) over_setting() else over_training()
scores <- drawn$scores %>%
  mutate(panel = factor(
    drawn$definitions$title[match(.data$score, drawn$definitions$score)],
    levels = drawn$definitions$title
  )) %>%
  group_by(.data$label) %>%
  mutate(n_places = n_distinct(.data$at)) %>%
  ungroup()
curves <- filter(scores, .data$n_places > 1)
if (nrow(curves) == 0) {
  stop(sprintf(
    "%s has no %s: there is no course to draw.", path,
    if (by_setting) "series at two settings or more" else "run at two epochs or more"
  ), call. = FALSE)
}
levels_without_course <- filter(scores, .data$n_places == 1)
models <- levels(scores$label)
colours <- model_colours(models)
# Colours repeat after eight models: those without a course are told apart by their lines, too.
flat <- unique(as.character(levels_without_course$label))
line_types <- setNames(rep("solid", length(models)), models)
line_types[flat] <- rep_len(c("dashed", "dotted", "dotdash"), length(flat))
settings <- if (by_setting) levels(ordered_levels(arguments$values))
scale_at <- if (by_setting) {
  scale_x_continuous(breaks = seq_along(settings), labels = settings, expand = expansion(add = 0.3))
}

figure <- ggplot(curves, aes(.data$at, .data$value, colour = .data$label)) +
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
  scale_colour_manual(values = colours, drop = FALSE) +
  scale_fill_manual(values = colours, drop = FALSE) +
  scale_linetype_manual(values = line_types, drop = FALSE) +
  scale_shape_manual(values = model_shapes(models, 15:19), drop = FALSE) +
  scale_at +
  labs(
    x = if (by_setting) arguments$axis else "Epoch", y = NULL, colour = "Model", shape = "Model", linetype = "Model",
    caption = wrap_caption(
      c(
        if (by_setting) sprintf("Checkpoint: %s.", arguments$checkpoint) else "Epoch 0 is the untrained network.",
        intervals_note("Bands", arguments),
        if (nrow(levels_without_course) > 0) "Broken lines: models at one setting or epoch only.",
        "Mutual information and total correlation are better when low, all others when high."
      ),
      arguments$width_mm
    )
  ) +
  theme_figure() +
  theme(legend.position = "bottom", legend.key.width = unit(7, "mm")) +
  guides(
    colour = guide_legend(ncol = fitting_columns(3)), shape = guide_legend(ncol = fitting_columns(3)),
    linetype = guide_legend(ncol = fitting_columns(3))
  )

rows <- ceiling(n_distinct(scores$panel) / fitting_columns(4))
save_figure(figure, arguments, height_mm = 38 * rows + 18 + 4 * ceiling(length(models) / fitting_columns(3)))
