# The order of classes, and their colours, shapes and lines.

# Palettes of unordered classes that colour-blind readers can tell apart: Okabe and Ito (2008) without the yellow that
# vanishes on white, and the bright scheme of Tol (2021) with black.
palettes <- list(
  okabe_ito = c("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C"),
  tol_bright = c("#4477AA", "#EE6677", "#228833", "#AA3377", "#CCBB44", "#66CCEE", "#000000", "#BBBBBB")
)
gradients <- c("plasma", "viridis", "cividis", "magma")

# ---- Order -----------------------------------------------------------------------------------------------------------

# A factor in the order of the numbers that its values begin with (2, 4A, 10-20), the others in alphabetical order
# whatever the locale, so that a class has the same colour in every figure.
ordered_levels <- function(values) {
  levels <- unique(values[!is.na(values)])
  number <- regexpr("^-?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?", levels)
  numbers <- rep(NA_real_, length(levels))
  numbers[number > 0] <- as.numeric(regmatches(levels, number))
  factor(values, levels = levels[order(numbers, tolower(levels), levels, method = "radix")])
}

# A factor as numbers if its values are numbers (vocal tract factors), else as it is.
as_axis <- function(values) {
  numbers <- suppressWarnings(as.numeric(levels(values)))
  if (anyNA(numbers)) values else numbers[values]
}

# X, then OC1, OC2, ... (or the formants F1, F2, ...), then every other name (a sum, a projection).
component_levels <- function(names) {
  names <- unique(names)
  number <- suppressWarnings(as.integer(sub("^(OC|F)", "", names)))
  names[order(names != "X", is.na(number), number, names)]
}
as_components <- function(names) factor(names, levels = component_levels(names))

# Breaks of an axis of counts or steps: whole numbers, about `n` of them.
whole_breaks <- function(n) {
  function(limits) Filter(function(value) value == round(value), scales::breaks_extended(n)(limits))
}

# ---- Colours, shapes, lines ------------------------------------------------------------------------------------------

# The colours of up to eight unordered classes.
class_palette <- function() palettes[[style$palette]]

# Colours of unordered classes. They repeat after eight: the classes of each eight have shapes and lines of their own.
class_colours <- function(levels) setNames(rep_len(class_palette(), length(levels)), levels)
class_shapes <- function(levels) by_eights(levels, c(16, 17, 15, 3, 4, 6, 0, 5))
class_lines <- function(levels) by_eights(levels, c("solid", "22", "11", "42", "1242", "62"))
by_eights <- function(levels, values) {
  setNames(rep_len(rep(values, each = length(class_palette())), length(levels)), levels)
}

# Shapes of models: each its own, and the next eight, which have the same colours, in other shapes.
model_shapes <- function(models, shapes) {
  index <- seq_along(models) - 1
  setNames(shapes[(index + index %/% 8) %% length(shapes) + 1], models)
}

# Colours of ordered classes and of numbers: the gradient without its pale end.
ordered_colours <- function(levels) {
  setNames(gradient_colours(length(levels), end = 0.85), levels)
}

gradient_colours <- function(n, ...) getExportedValue("viridisLite", style$gradient)(n, ...)

# X is grey and its reconstruction black in every figure; the components take the class colours.
component_colours <- function(levels) {
  components <- setdiff(levels, c("X", "sum"))
  n <- length(components)
  colours <- if (n <= 6) class_palette()[seq_len(n)] else ordered_colours(components)
  c(X = "#8C8C8C", setNames(colours, components), sum = "#000000")[levels]
}

# A colour bar that lies above or below the panels.
lying_colourbar <- function(...) {
  guide_colourbar(barwidth = unit(35, "mm"), barheight = unit(2.5, "mm"), title.vjust = 1, ...)
}
