# From a plot to files: title, caption, height, PDF and PNG.

# Write a figure to its outputs; a file appears under its name only once it is complete.
#
# plot    a plot, or several that patchwork has put together
# figure  what read_figure() gave
# title   NULL for what the figure is about
# caption sentences; NULL for none
# look    theme of all plots of a patchwork, such as the place of their legends
save_figure <- function(plot, figure, height_mm, title = NULL, caption = NULL, look = theme()) {
  if (is.null(title) && nzchar(figure$about)) {
    title <- capitalised(figure$about)
    height_mm <- height_mm + 5
  }
  caption <- if (length(caption) > 0) wrap_caption(caption)
  plot <- if (!inherits(plot, "patchwork")) {
    plot + labs(title = title, caption = caption) + look
  } else if (is.null(title) && is.null(caption)) {
    plot & look
  } else {
    plot + plot_annotation(title = title, caption = caption, theme = theme_figure()) & look
  }
  for (path in figure$outputs) {
    write_plot(plot, path, style$width_mm / 25.4, height_mm / 25.4)
    message(sprintf("Wrote %s (%.0f mm x %.0f mm).", path, style$width_mm, height_mm))
  }
}

# As PDF, with its fonts, or as PNG, by the ending of the name; in inches.
write_plot <- function(plot, path, width, height) {
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  partial <- file.path(dirname(path), paste0(".partial-", basename(path)))
  on.exit(unlink(partial))
  if (endsWith(path, ".pdf")) {
    grDevices::cairo_pdf(partial, width = width, height = height, family = style$font)
  } else {
    ragg::agg_png(partial, width = width, height = height, units = "in", res = style$dpi, background = "white")
  }
  tryCatch(print(plot), finally = grDevices::dev.off())
  if (!file.rename(partial, path)) {
    refuse("%s cannot be written.", path)
  }
}

# The height of a grid of plots whose panels keep their shape (maps, equal axes): as much as leaves no blank bands.
# Patchwork gives every column the widest legends and labels of its plots.
fitting_height <- function(plots, columns) {
  # Sizes are measured on a device that has the fonts.
  ragg::agg_capture(width = style$width_mm, height = style$width_mm, units = "mm")
  on.exit(grDevices::dev.off())
  sizes <- vapply(plots, function(plot) {
    if (inherits(plot, "spacer")) {
      return(numeric(4))
    }
    table <- ggplotGrob(plot)
    panels_of <- function(sizes) grid::unitType(sizes) == "null"
    fixed_of <- function(sizes) sum(grid::convertUnit(sizes[!panels_of(sizes)], "mm", valueOnly = TRUE))
    free_of <- function(sizes) sum(as.numeric(sizes[panels_of(sizes)]))
    c(fixed_of(table$widths), free_of(table$widths), fixed_of(table$heights), free_of(table$heights))
  }, numeric(4))
  place <- seq_along(plots) - 1
  sides <- tapply(sizes[1, ], place %% columns, max)
  scale <- max(1, (style$width_mm - sum(sides)) / sum(tapply(sizes[2, ], place %% columns, max)))
  sum(tapply(sizes[3, ], place %/% columns, max)) + scale * sum(tapply(sizes[4, ], place %/% columns, max))
}
