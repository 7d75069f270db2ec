# Metric scatter plots (figure 2): every model in four planes of metrics, at one checkpoint and before training.
#
# Input   metrics: metrics.csv with run, label, checkpoint, branch, space, aggregation, factors, metric, classifier,
#         protocol, value, spread, ci_low, ci_high
# Output  pdf, png
# Command Rscript visualize_R/metrics_scatter.R --metrics metrics.csv --pdf out.pdf --png out.png [--checkpoint best]
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
scores <- read_scores(
  arguments$metrics, arguments$checkpoint, arguments$runs, arguments$aggregation, arguments$classifier,
  arguments$content, arguments$protocol
)
models <- levels(scores$label)
points <- scores %>%
  select("label", "state", "score", "value", low = "ci_low", high = "ci_high") %>%
  complete(.data$label, .data$state, .data$score) %>%
  pivot_wider(names_from = "score", values_from = c("value", "low", "high"))

# Eight colours, each with its shape; the next eight models have the same colours in other shapes.
index <- seq_along(models) - 1
colours <- setNames(okabe_ito[index %% 8 + 1], models)
shapes <- setNames((21:25)[(index + index %/% 8) %% 5 + 1], models)

# Many names would hide each other in the panels: there, numbers refer to the legend.
numbered <- length(models) > 10
names_in_panel <- setNames(if (numbered) as.character(index + 1) else models, models)
names_in_legend <- if (numbered) setNames(paste(index + 1, models), models) else models

# One panel; `size` names the score that sets the area of the marks.
scatter_panel <- function(x, y, size = NULL, direction = "higher is better") {
  axis_title <- function(score, separator) {
    definition <- filter(definitions, .data$score == .env$score)
    notes <- paste(c(na.omit(definition$unit), direction), collapse = ", ")
    sprintf("%s%s(%s)", definition$title, separator, notes)
  }
  points <- points %>%
    mutate(
      x_low = .data[[paste0("low_", x)]], x_high = .data[[paste0("high_", x)]],
      y_low = .data[[paste0("low_", y)]], y_high = .data[[paste0("high_", y)]],
      x = .data[[paste0("value_", x)]], y = .data[[paste0("value_", y)]],
      size = if (is.null(size)) 2.4 else .data[[paste0("value_", size)]]
    ) %>%
    filter(!is.na(.data$x), !is.na(.data$y), !is.na(.data$size))
  shown <- filter(points, .data$state == "shown")
  untrained <- filter(points, .data$state == "untrained")
  paths <- inner_join(untrained, shown, by = "label", suffix = c("_untrained", "_shown"))
  ggplot(points, aes(.data$x, .data$y, colour = .data$label)) +
    geom_segment(
      aes(.data$x_untrained, .data$y_untrained, xend = .data$x_shown, yend = .data$y_shown),
      data = paths, linewidth = 0.25, alpha = if (numbered) 0.25 else 0.5, show.legend = FALSE
    ) +
    geom_linerange(
      aes(xmin = .data$x_low, xmax = .data$x_high),
      data = filter(shown, !is.na(.data$x_low)), orientation = "y", linewidth = 0.25, alpha = 0.6, show.legend = FALSE
    ) +
    geom_linerange(
      aes(ymin = .data$y_low, ymax = .data$y_high),
      data = filter(shown, !is.na(.data$y_low)), orientation = "x", linewidth = 0.25, alpha = 0.6, show.legend = FALSE
    ) +
    geom_point(
      aes(shape = .data$label, size = .data$size),
      data = untrained, fill = "white", stroke = 0.6, show.legend = FALSE
    ) +
    geom_point(
      aes(shape = .data$label, size = .data$size, fill = .data$label),
      data = shown, stroke = 0.6, alpha = 0.9
    ) +
    ggrepel::geom_text_repel(
      # The hollow marks get no label but push those of others away.
      aes(label = if_else(.data$state == "shown", names_in_panel[.data$label], "")),
      size = 2.1, family = font_family, seed = 42, box.padding = 0.3, point.padding = 0.3,
      min.segment.length = 0.15, segment.size = 0.2, segment.alpha = 0.6, max.overlaps = Inf, show.legend = FALSE
    ) +
    scale_colour_manual(values = colours, labels = names_in_legend, drop = FALSE) +
    scale_fill_manual(values = colours, labels = names_in_legend, drop = FALSE) +
    scale_shape_manual(values = shapes, labels = names_in_legend, drop = FALSE) +
    (if (is.null(size)) scale_size_identity() else scale_size_area(max_size = 5, limits = c(0, 1), breaks = 1:4 / 4)) +
    scale_x_continuous(expand = expansion(mult = 0.12)) +
    scale_y_continuous(expand = expansion(mult = 0.12)) +
    labs(
      x = axis_title(x, " "), y = axis_title(y, "\n"), colour = "Model", fill = "Model", shape = "Model",
      size = definitions$title[match(size, definitions$score)]
    ) +
    theme_figure()
}

# One legend of the models, from the first panel; the last panel adds that of the areas.
no_model_legend <- guides(colour = "none", fill = "none", shape = "none")
key <- list(size = 2.4, alpha = 1)
caption <- wrap_caption(
  c(
    sprintf("Filled: checkpoint %s. Hollow: the same network before training, joined by a line.", arguments$checkpoint),
    "Crosses: 95 % intervals over utterances or folds.",
    undefined_note(scores, definitions)
  ),
  arguments$width_mm
)

figure <- scatter_panel("disentanglement", "informativeness") +
  guides(
    colour = guide_legend(override.aes = key, ncol = 3, order = 1), fill = guide_legend(ncol = 3, order = 1),
    shape = guide_legend(ncol = 3, order = 1)
  ) +
  scatter_panel("modularity", "explicitness") + no_model_legend +
  scatter_panel("accuracy_speaker", "accuracy_content") + no_model_legend +
  scatter_panel("mutual_information", "total_correlation", size = "irs", direction = "lower is better") +
  no_model_legend + guides(size = guide_legend(override.aes = list(shape = 21), nrow = 1, order = 2)) +
  plot_layout(ncol = 2, guides = "collect") +
  plot_annotation(tag_levels = "a", caption = caption, theme = theme_figure()) &
  theme(legend.position = "bottom", legend.box = "vertical", legend.box.just = "left", legend.title.align = 0)

save_figure(figure, arguments, height_mm = 165 + 4 * ceiling(length(models) / 3))
