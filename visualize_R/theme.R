# How all figures look: the style of the configuration, the ggplot2 theme, and how much fits the width of the figure.

# The style until read_figure() puts that of the figure here.
style <- list2env(list(font = "sans", palette = "okabe_ito", gradient = "plasma", width_mm = 183, dpi = 300))

use_style <- function(wishes, path) {
  check_names(names(wishes), ls(style), path, "part of the style")
  check_names(wishes$palette, names(palettes), path, "palette")
  check_names(wishes$gradient, gradients, path, "gradient")
  check_numbers(wishes, style, path)
  list2env(as.list(wishes), style)
  for (geom in c("text", "label")) {
    update_geom_defaults(geom, list(family = style$font))
  }
}

theme_figure <- function(base_size = 8) {
  theme_minimal(base_size = base_size, base_family = style$font) +
    theme(
      panel.grid.minor = element_blank(),
      panel.grid.major = element_line(linewidth = 0.2, colour = "grey90"),
      panel.border = element_rect(fill = NA, colour = "grey70", linewidth = 0.3),
      axis.ticks = element_line(linewidth = 0.2, colour = "grey50"),
      axis.ticks.length = unit(0.8, "mm"),
      axis.text = element_text(size = rel(0.8), colour = "grey20"),
      axis.title = element_text(size = rel(0.95)),
      strip.text = element_text(size = rel(0.9), face = "bold", hjust = 0, margin = margin(1, 1, 1.5, 0)),
      strip.text.y = element_text(hjust = 0.5, margin = margin(0, 1, 0, 2)),
      # Long titles of narrow panels run on instead of being cut.
      strip.clip = "off",
      legend.title = element_text(size = rel(0.9), face = "bold", margin = margin(0, 4, 0, 0)),
      legend.text = element_text(size = rel(0.85)),
      legend.key.size = unit(3.6, "mm"),
      legend.box.spacing = unit(2, "mm"),
      legend.margin = margin(1, 1, 1, 1),
      plot.title = element_text(size = rel(1.05), face = "bold"),
      plot.subtitle = element_text(size = rel(0.9), colour = "grey30"),
      plot.caption = element_text(size = rel(0.8), colour = "grey30", hjust = 0),
      plot.title.position = "plot",
      plot.caption.position = "plot",
      plot.tag = element_text(size = rel(1.15), face = "bold"),
      # The labels at the ends of axes need a little room.
      plot.margin = margin(4, 8, 4, 4),
      plot.background = element_rect(fill = "white", colour = NA)
    )
}

# Legends above the panels, one below the other.
legends_on_top <- function() {
  theme(
    legend.position = "top", legend.justification = "left", legend.box = "vertical", legend.box.just = "left",
    legend.spacing.y = unit(0, "mm")
  )
}

# Panels of tiles, whose axes are names or nothing.
without_axes <- function() {
  theme(axis.text = element_blank(), axis.ticks = element_blank(), panel.grid.major = element_blank())
}

# Columns of panels that fit the figure: `most` in a double column (183 mm), half of them in a single one (89 mm).
fitting_columns <- function(most) max(1, floor(most * min(1, style$width_mm / 178)))
is_narrow <- function() style$width_mm < 130
beside_or_below <- function() if (is_narrow()) "bottom" else "right"

# Break a heading so that it fits its share of the width of the figure.
wrap_heading <- function(words, columns = 1) {
  paste(strwrap(words, width = max(12, floor(style$width_mm / columns / 1.7))), collapse = "\n")
}

# Break sentences so that they fit a caption (8 pt base, captions at 0.8 of it).
wrap_caption <- function(sentences) {
  paste(strwrap(paste(sentences, collapse = " "), width = floor(style$width_mm / 1.32)), collapse = "\n")
}

# king_stage -> King stage
sentence_case <- function(names) capitalised(gsub("_", " ", names, fixed = TRUE))

# A Greek letter that begins a name stays small.
capitalised <- function(words) sub("^([a-z])", "\\U\\1", words, perl = TRUE)
