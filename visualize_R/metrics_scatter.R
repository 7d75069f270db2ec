# Metric scatter plots (figures 2 to 5, supplementary figure 7): every model in planes of two metrics, at one checkpoint
# and before training; a third metric can set the area of the marks.
#
# Tables      metrics: metrics.csv with run, label, checkpoint, branch, space, aggregation, factors, metric, classifier,
#             protocol, value, ci_low, ci_high; published (optional): published values with corpus, model, score, value
# Parameters  panels: one row per panel with the scores `x`, `y` and, in some, `area`; and those of scores.R

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))
source_shared("scores.R")

figure <- read_figure("metrics", c(score_parameters, list(panels = NULL)), optional = "published")

drawn <- read_scores(figure)
scores <- drawn$scores
definitions <- drawn$definitions
published <- published_scores(figure, scores)
models <- levels(scores$label)
axes <- lapply(seq_len(nrow(figure$panels)), function(row) c(na.omit(unlist(figure$panels[row, ]))))
# A factor that could not be scored (too few speakers of a class, say) takes its panels with it; the caption says so.
unscored <- setdiff(grep("^accuracy_", unlist(axes), value = TRUE), definitions$score)
axes <- Filter(function(axis) !any(axis %in% unscored), axes)
check_names(unlist(axes), definitions$score, figure$description, "score")
points <- scores %>%
  select("label", "state", "score", "value", low = "ci_low", high = "ci_high") %>%
  complete(.data$label, .data$state, .data$score) %>%
  pivot_wider(names_from = "score", values_from = c("value", "low", "high"))

colours <- class_colours(models)
# The diamond is kept for published values.
shapes <- model_shapes(models, c(21, 22, 24, 25))

# Many names would hide each other in the panels: there, numbers refer to the legend.
numbered <- length(models) > 10
index <- as.character(seq_along(models))
names_in_panel <- setNames(if (numbered) index else models, models)
names_in_legend <- if (numbered) setNames(paste(index, models), models) else models

# One mark for each published model that has both scores, and the third if the panel has one.
published_marks <- function(scores) {
  published %>%
    filter(.data$score %in% scores) %>%
    distinct(.data$name, .data$score, .data$value) %>%
    pivot_wider(names_from = "score", values_from = "value") %>%
    filter(if_all(any_of(scores), \(value) !is.na(value)))
}

axis_title <- function(score, separator) {
  definition <- filter(definitions, .data$score == .env$score)
  known <- c(definition$unit[nzchar(definition$unit)], sprintf("%ser is better", definition$better))
  sprintf("%s%s(%s)", definition$title, separator, paste(known, collapse = ", "))
}

interval <- function(ends, table, orientation) {
  geom_linerange(ends, table, orientation = orientation, linewidth = 0.25, alpha = 0.6, show.legend = FALSE)
}

# One panel; `area` names the score that sets the area of the marks.
scatter_panel <- function(x, y, area = NA) {
  used <- c(na.omit(c(x, y, area)))
  points <- points %>%
    mutate(
      x_low = .data[[paste0("low_", x)]], x_high = .data[[paste0("high_", x)]],
      y_low = .data[[paste0("low_", y)]], y_high = .data[[paste0("high_", y)]],
      x = .data[[paste0("value_", x)]], y = .data[[paste0("value_", y)]],
      size = if (is.na(area)) 2.4 else .data[[paste0("value_", area)]]
    ) %>%
    drop_na("x", "y", "size")
  shown <- filter(points, .data$state == "shown")
  untrained <- filter(points, .data$state == "untrained")
  paths <- inner_join(untrained, shown, by = "label", suffix = c("_untrained", "_shown"))
  known <- published_marks(used)
  panel <- ggplot(points, aes(.data$x, .data$y, colour = .data$label)) +
    geom_segment(
      aes(.data$x_untrained, .data$y_untrained, xend = .data$x_shown, yend = .data$y_shown),
      data = paths, linewidth = 0.25, alpha = if (numbered) 0.25 else 0.5, show.legend = FALSE
    ) +
    interval(aes(xmin = .data$x_low, xmax = .data$x_high), drop_na(shown, "x_low"), "y") +
    interval(aes(ymin = .data$y_low, ymax = .data$y_high), drop_na(shown, "y_low"), "x") +
    geom_point(
      aes(shape = .data$label, size = .data$size), untrained,
      fill = "white", stroke = 0.6, show.legend = FALSE
    ) +
    geom_point(aes(shape = .data$label, size = .data$size, fill = .data$label), shown, stroke = 0.6, alpha = 0.9)
  # One layer of names, so that those of runs and of published values push each other away, too.
  names <- points %>%
    # The hollow marks get no name but push those of others away.
    mutate(
      name = if_else(.data$state == "shown", names_in_panel[as.character(.data$label)], ""),
      ink = colours[as.character(.data$label)], face = "plain", size = 2.1
    )
  if (all(used %in% names(known))) {
    known <- mutate(known, x = .data[[x]], y = .data[[y]])
    panel <- panel +
      geom_point(aes(.data$x, .data$y), known, inherit.aes = FALSE, shape = 5, size = 1.8, colour = "grey25")
    names <- bind_rows(names, mutate(known, ink = "grey35", face = "italic", size = 1.8))
  }
  panel +
    ggrepel::geom_text_repel(
      # Areas grow beyond the usual mark; white rims keep names readable on intervals.
      aes(.data$x, .data$y, label = .data$name), names,
      inherit.aes = FALSE, colour = names$ink, size = names$size, fontface = names$face, family = style$font, seed = 42,
      box.padding = 0.3, point.size = if (is.na(area)) 2.4 else 5, point.padding = 0.2, force = 3, force_pull = 0.3,
      # A number of steps, not of seconds: the same names in the same places on every machine.
      max.iter = 50000, max.time = Inf, bg.color = "white", bg.r = 0.12, min.segment.length = 0.15,
      segment.size = 0.2, segment.alpha = 0.6, max.overlaps = Inf, show.legend = FALSE
    ) +
    scale_colour_manual("Model", values = colours, labels = names_in_legend, drop = FALSE) +
    scale_fill_manual("Model", values = colours, labels = names_in_legend, drop = FALSE) +
    scale_shape_manual("Model", values = shapes, labels = names_in_legend, drop = FALSE) +
    (if (is.na(area)) scale_size_identity() else scale_size_area(max_size = 5, limits = c(0, 1), breaks = 1:4 / 4)) +
    scale_x_continuous(expand = expansion(mult = 0.12)) +
    scale_y_continuous(expand = expansion(mult = 0.12)) +
    labs(
      x = axis_title(x, " "), y = axis_title(y, "\n"),
      # Panels that have areas of different metrics say so on top.
      subtitle = if (!is.na(area)) paste("Area:", definitions$title[match(area, definitions$score)])
    ) +
    theme_figure()
}

# One legend of the models, from the first panel, and one of the areas.
columns <- fitting_columns(2)
inside <- length(axes) %% columns == 1 && length(models) <= 15 # as many lines as a panel is high
model_guide <- function(key = list()) {
  guide_legend(override.aes = key, ncol = if (inside || columns == 1) 1 else columns + 1, order = 1)
}
areas <- vapply(axes, function(axis) length(axis) == 3, logical(1))
panels <- lapply(seq_along(axes), function(place) {
  do.call(scatter_panel, as.list(axes[[place]])) +
    (if (place == 1) {
      guides(colour = model_guide(list(size = 2.4, alpha = 1)), fill = model_guide(), shape = model_guide())
    } else {
      guides(colour = "none", fill = "none", shape = "none")
    }) +
    guides(size = if (place == which(areas)[1] && any(areas)) {
      guide_legend(title = "Area", override.aes = list(shape = 21), nrow = 1, order = 2)
    } else {
      "none"
    })
})
caption <- c(
  sprintf("Filled: checkpoint %s.", figure$checkpoint),
  if (any(scores$state == "untrained")) "Hollow: the same network before training, joined by a line.",
  if (any(!is.na(filter(scores, .data$score %in% unlist(axes))$ci_low))) intervals_note("Crosses", figure$runs),
  undefined_note(scores, definitions),
  if (length(unscored) > 0) sprintf("Not scored: %s.", paste(sub("^accuracy_", "", unscored), collapse = ", ")),
  published_note(published)
)
# The legend takes the place that an odd number of panels leaves, if it fits there.
free <- if (inside) list(guide_area())
plot <- wrap_plots(c(panels, free), ncol = columns, guides = "collect") + plot_annotation(tag_levels = "a")
look <- theme(
  legend.position = if (inside) "right" else "bottom", legend.box = "vertical", legend.box.just = "left",
  legend.title.align = 0
)

rows <- ceiling(length(panels) / columns)
legend_mm <- if (is.null(free)) 10 + 4 * ceiling(length(models) / (if (columns == 1) 1 else columns + 1)) else 0
save_figure(plot, figure, height_mm = 74 * rows + 9 + legend_mm, caption = caption, look = look)
