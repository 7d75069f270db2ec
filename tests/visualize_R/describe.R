# Appended to a copy of save.R: figures are not drawn but described, as JSON in the place of the PNG.

text <- function(label) if (is.character(label)) label else ""

describe_plot <- function(plot) {
  if (inherits(plot, "spacer") || inherits(plot, "guide_area")) {
    return(list())
  }
  built <- ggplot_build(plot)
  layout <- built$layout$layout
  facets <- setdiff(names(layout), c("PANEL", "ROW", "COL", "SCALE_X", "SCALE_Y", "COORD"))
  colours <- built$plot$scales$get_scales("colour")
  fills <- built$plot$scales$get_scales("fill")
  classes <- function(scale) if (!is.null(scale) && scale$is_discrete()) as.character(scale$get_limits()) else list()
  one <- list(
    panels = I(if (length(facets) > 0) {
      do.call(paste, c(lapply(layout[facets], as.character), sep = " | "))
    } else {
      rep("", nrow(layout))
    }),
    rows = I(vapply(built$data, nrow, integer(1))),
    x = text(plot$labels$x), y = text(plot$labels$y), title = text(plot$labels$title),
    subtitle = text(plot$labels$subtitle), caption = text(plot$labels$caption),
    colours = I(classes(colours)), fills = I(classes(fills)), columns = max(layout$COL),
    # Text that is drawn in the panels, and the shapes of their marks.
    words = I(unique(as.character(unlist(lapply(built$data, `[[`, "label"))))),
    shapes = length(unique(unlist(lapply(built$data, `[[`, "shape"))))
  )
  list(one)
}

describe <- function(figure) {
  if (inherits(figure, "wrapped_patch")) {
    return(describe(attr(figure, "grobs")$full))
  }
  if (!inherits(figure, "patchwork")) {
    return(describe_plot(figure))
  }
  inner <- unlist(lapply(figure$patches$plots, describe), recursive = FALSE)
  # The plot that carries the others is the last of them, unless it only holds them together.
  last <- figure
  last$patches <- NULL
  class(last) <- setdiff(class(last), "patchwork")
  c(inner, if (!inherits(figure, "plot_filler")) describe_plot(last))
}

plot_columns <- function(figure) {
  columns <- if (inherits(figure, "patchwork")) figure$patches$layout$ncol
  if (length(columns) == 1 && columns > 1 || length(columns) == 1 && one_panel(figure)) columns else 0
}

one_panel <- function(figure) all(vapply(describe(figure), function(plot) length(plot$panels) == 1, logical(1)))

save_figure <- function(plot, figure, height_mm, title = NULL, caption = NULL, look = theme()) {
  title <- if (is.null(title)) capitalised(figure$about) else title
  found <- list(
    plots = describe(plot), height_mm = height_mm, width_mm = style$width_mm, title = title,
    # Columns of plots where several plots, each of one panel, make the figure; 0 where facets do.
    columns = plot_columns(plot), caption = paste(caption, collapse = " ")
  )
  writeLines(jsonlite::toJSON(found, auto_unbox = TRUE, null = "null"), sub("png$", "txt", figure$outputs))
}
