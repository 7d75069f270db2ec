# Appended to a copy of theme.R: figures are not drawn but described, as JSON in the place of the PNG.

describe_plot <- function(plot) {
  if (inherits(plot, "spacer") || inherits(plot, "guide_area")) {
    return(list())
  }
  built <- ggplot_build(plot)
  layout <- built$layout$layout
  facets <- setdiff(names(layout), c("PANEL", "ROW", "COL", "SCALE_X", "SCALE_Y", "COORD"))
  colours <- built$plot$scales$get_scales("colour")
  fills <- built$plot$scales$get_scales("fill")
  text <- function(label) if (is.character(label)) label else ""
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
    colours = I(classes(colours)), fills = I(classes(fills))
  )
  list(one)
}

describe <- function(figure) {
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

save_figure <- function(plot, arguments, height_mm, width_mm = arguments$width_mm) {
  annotation <- if (inherits(plot, "patchwork")) plot$patches$annotation$caption else plot$labels$caption
  found <- list(
    plots = describe(plot), height_mm = height_mm, width_mm = width_mm,
    caption = if (is.character(annotation)) gsub("\n", " ", annotation) else ""
  )
  writeLines(jsonlite::toJSON(found, auto_unbox = TRUE, null = "null"), arguments$png)
}
