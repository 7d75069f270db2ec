# What every figure script shares: arguments, checked tables, colours, the ggplot2 theme and the writing of files.
#
# A script runs in two ways, and figure_arguments() makes both the same named list:
#   Snakemake      script: "visualize_R/NAME.R", with an input named `theme` that points to this file
#   command line   Rscript visualize_R/NAME.R --INPUT table.csv --pdf out.pdf --png out.png [--PARAMETER value ...]

# Under Snakemake both streams go to the rule's log, opened first so that even a missing package is recorded there.
if (exists("snakemake") && length(snakemake@log) > 0) {
  log_connection <- file(snakemake@log[[1]], open = "wt")
  sink(log_connection)
  sink(log_connection, type = "message")
}
options(warn = 1)
# Labels hold Greek letters; in the C locale R would write them as <U+03B2>.
if (!l10n_info()[["UTF-8"]]) {
  invisible(Sys.setlocale("LC_CTYPE", "C.UTF-8"))
}

suppressPackageStartupMessages({
  library(ggplot2)
  library(dplyr)
  library(tidyr)
  library(patchwork)
})

# The folder of this file, where scripts find what only some of them share.
shared_folder <- dirname(sys.frame(1)$ofile)
source_shared <- function(name) source(file.path(shared_folder, name))

# Palettes of unordered classes that colour-blind readers can tell apart: Okabe and Ito (2008) without the yellow that
# vanishes on white, and the bright scheme of Tol (2021) with black.
palettes <- list(
  okabe_ito = c("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C"),
  tol_bright = c("#4477AA", "#EE6677", "#228833", "#AA3377", "#CCBB44", "#66CCEE", "#000000", "#BBBBBB")
)
gradients <- c("plasma", "viridis", "cividis", "magma")

# How all figures look; figure_arguments() puts the wishes of the configuration here.
style <- list2env(list(font = "sans", palette = "okabe_ito", gradient = "plasma", width_mm = 183, dpi = 300))

# ---- Arguments -------------------------------------------------------------------------------------------------------

# The arguments of a figure script as one named list: its inputs, its outputs `pdf` and `png`, and its parameters.
#
# inputs      names of the input tables; several files of one name are a vector, written a.csv,b.csv on the command line
# parameters  named list of defaults; the type of a default is the type of the parameter, and a default of length 0
#             (character(), numeric()) makes it a vector, written a,b,c on the command line
# optional    inputs that only some figures of the script read; NULL where they are not given
#
# Parameters of every script are the look of the figure (font, palette, gradient, width_mm, dpi) and `about`, what it
# shows: the title of figures that have none of their own.
figure_arguments <- function(inputs, parameters = list(), optional = character()) {
  parameters <- c(parameters, as.list(style), about = "")
  files <- c(inputs, "pdf", "png")
  given <- if (exists("snakemake")) snakemake_arguments() else command_line_arguments(commandArgs(trailingOnly = TRUE))
  unknown <- setdiff(names(given), c(files, optional, names(parameters)))
  if (length(unknown) > 0) {
    stop(sprintf(
      "Unknown argument %s; known are %s.", quoted(unknown), quoted(c(files, optional, names(parameters)))
    ), call. = FALSE)
  }
  missing <- setdiff(files, names(given))
  if (length(missing) > 0) {
    stop(sprintf("Missing argument %s: this figure needs %s.", quoted(missing), quoted(files)), call. = FALSE)
  }
  for (name in intersect(c(inputs, optional), names(given))) {
    given[[name]] <- unlist(strsplit(unlist(given[[name]]), ",", fixed = TRUE))
    absent <- Filter(function(path) !file.exists(path), given[[name]])
    if (length(absent) > 0) {
      stop(sprintf("Input %s: the file %s does not exist.", quoted(name), absent[1]), call. = FALSE)
    }
  }
  values <- Map(function(name, default) as_parameter(given[[name]], default, name), names(parameters), parameters)
  use_style(values[names(as.list(style))])
  c(given[intersect(c(files, optional), names(given))], values)
}

use_style <- function(wishes) {
  check_names(wishes$palette, names(palettes), "The configuration", "palette")
  check_names(wishes$gradient, gradients, "The configuration", "gradient")
  list2env(wishes, style)
  for (geom in c("text", "label")) {
    update_geom_defaults(geom, list(family = style$font))
  }
}

snakemake_arguments <- function() {
  named <- function(items) items[nzchar(names(items))]
  # `theme` and `code` are there for Snakemake's bookkeeping: the files that make the figure stale.
  inputs <- named(snakemake@input)
  inputs <- inputs[setdiff(names(inputs), c("theme", "code"))]
  # Params that are lists of params (the look of all figures, what one of them shows) are taken apart.
  params <- named(snakemake@params)
  nested <- vapply(params, function(value) is.list(value) && (length(value) == 0 || !is.null(names(value))), logical(1))
  params <- c(params[!nested], do.call(c, unname(params[nested])))
  c(inputs[lengths(inputs) > 0], named(snakemake@output), params)
}

command_line_arguments <- function(words) {
  names <- words[c(TRUE, FALSE)]
  if (length(words) %% 2 == 1 || !all(startsWith(names, "--"))) {
    stop("Arguments come in pairs `--name value`; found: ", paste(words, collapse = " "), call. = FALSE)
  }
  setNames(as.list(words[c(FALSE, TRUE)]), sub("^--", "", names))
}

as_parameter <- function(value, default, name) {
  if (is.null(value) || length(value) == 0) {
    return(default)
  }
  value <- unlist(value)
  # Snakemake hands over vectors, whose names may hold commas.
  if (length(default) == 0 && is.character(value) && !exists("snakemake")) {
    value <- trimws(unlist(strsplit(value, ",", fixed = TRUE)))
  }
  if (is.numeric(default)) {
    number <- suppressWarnings(as.numeric(value))
    if (anyNA(number)) {
      stop(sprintf("Parameter %s must be a number, found %s.", quoted(name), quoted(value)), call. = FALSE)
    }
    return(number)
  }
  as.character(value)
}

quoted <- function(words) {
  words <- as.character(words)
  if (length(words) > 12) {
    words <- c(words[1:12], sprintf("... (%d in all)", length(words)))
  }
  paste0("'", words, "'", collapse = ", ")
}

# king_stage -> King stage
sentence_case <- function(names) capitalised(gsub("_", " ", names, fixed = TRUE))

# A Greek letter that begins a name stays small.
capitalised <- function(words) sub("^([a-z])", "\\U\\1", words, perl = TRUE)

# ---- Tables ----------------------------------------------------------------------------------------------------------

# Read the named columns of a CSV file as text and as numbers; empty cells become NA.
read_table <- function(path, text = character(), numeric = character()) {
  table <- readr::read_csv(
    path,
    col_types = readr::cols(.default = readr::col_character()), na = "", progress = FALSE
  )
  missing <- setdiff(c(text, numeric), names(table))
  if (length(missing) > 0) {
    stop(sprintf("%s lacks the column %s; it has %s.", path, quoted(missing), quoted(names(table))), call. = FALSE)
  }
  if (nrow(table) == 0) {
    stop(sprintf("%s has no rows: there is nothing to draw.", path), call. = FALSE)
  }
  for (name in numeric) {
    number <- suppressWarnings(as.numeric(table[[name]]))
    bad <- which(is.na(number) & !is.na(table[[name]]) & tolower(table[[name]]) != "nan")
    if (length(bad) > 0) {
      stop(sprintf(
        "%s: column %s holds %s in data row %d, which is not a number.",
        path, quoted(name), quoted(table[[name]][bad[1]]), bad[1]
      ), call. = FALSE)
    }
    table[[name]] <- number
  }
  table[c(text, numeric)]
}

# The rows of a table that fulfil a condition; none is an error that says what was looked for.
keep_rows <- function(table, condition, path, wanted, available) {
  kept <- table[which(condition), ]
  if (nrow(kept) == 0) {
    stop(sprintf("%s has no rows with %s; it has %s.", path, wanted, quoted(unique(available))), call. = FALSE)
  }
  kept
}

# Refuse a table that lacks some combination of the values that a figure needs; the message names what is missing.
#
# expected  named list: for each of these columns the values that must occur, each with all of the others
require_rows <- function(table, expected, path) {
  needed <- do.call(expand_grid, lapply(expected, as.character))
  found <- mutate(distinct(table[names(expected)]), across(everything(), as.character))
  missing <- anti_join(needed, found, by = names(expected))
  if (nrow(missing) > 0) {
    words <- apply(missing, 1, function(row) paste(names(expected), row, collapse = ", "))
    shown <- head(words, 6)
    more <- if (length(words) > 6) sprintf("; and %d more", length(words) - 6) else ""
    stop(sprintf("%s is incomplete: it lacks the rows %s%s.", path, paste(shown, collapse = "; "), more), call. = FALSE)
  }
}

# Keep the requested runs (all if none is named) in the requested order and give each a label of its own.
pick_runs <- function(table, requested, path) {
  runs <- if (length(requested) > 0) requested else unique(table$run)
  absent <- setdiff(runs, table$run)
  if (length(absent) > 0) {
    stop(sprintf(
      "%s has no rows that can be drawn for the run %s; it has them for %s.", path, quoted(absent),
      quoted(unique(table$run))
    ), call. = FALSE)
  }
  labels <- coalesce(table$label, table$run)[match(runs, table$run)]
  # Runs that differ in what the label does not tell (the seed, say) are told apart by the hash that ends their name.
  shared <- labels %in% labels[duplicated(labels)]
  labels[shared] <- paste0(labels[shared], " [", sub(".*-", "", runs[shared]), "]")
  table %>%
    filter(.data$run %in% runs) %>%
    mutate(label = factor(labels[match(.data$run, runs)], levels = labels))
}

# The setting of each run, as a factor, by the parameters `runs` and `settings`, which are of one length.
setting_of <- function(runs, arguments) {
  check_lengths(arguments, c("runs", "settings"))
  factor(arguments$settings[match(runs, arguments$runs)], levels = unique(arguments$settings))
}

check_lengths <- function(arguments, names) {
  found <- lengths(arguments[names])
  if (n_distinct(found) > 1) {
    stop(sprintf(
      "Parameters %s must have the same length, found %s.", quoted(names), paste(found, collapse = ", ")
    ), call. = FALSE)
  }
}

# A factor in the order of the numbers that its values begin with (2, 4A, 10-20), the others in alphabetical order
# whatever the locale, so that a class has the same colour in every figure.
ordered_levels <- function(values) {
  levels <- unique(values[!is.na(values)])
  number <- regexpr("^-?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?", levels)
  numbers <- rep(NA_real_, length(levels))
  numbers[number > 0] <- as.numeric(regmatches(levels, number))
  factor(values, levels = levels[order(numbers, tolower(levels), levels, method = "radix")])
}

# Columns of the factors of a table, in its order, and the name of a factor in a figure.
factor_columns <- function(path) {
  header <- names(readr::read_csv(
    path,
    n_max = 0, col_types = readr::cols(.default = readr::col_character()), progress = FALSE
  ))
  grep("^factor_", header, value = TRUE)
}

factor_title <- function(column) sentence_case(sub("^factor_", "", column))

# X, then OC1, OC2, ... (or the formants F1, F2, ...), then every other name (a sum, a projection).
component_levels <- function(names) {
  names <- unique(names)
  number <- suppressWarnings(as.integer(sub("^(OC|F)", "", names)))
  names[order(names != "X", is.na(number), number, names)]
}

# Facet labels of the generative model's figures: signals in rows, vowels in columns.
generator_labeller <- labeller(
  .rows = function(signal) if_else(signal == "X", "X (mixture)", sub("^F", "Formant ", signal)),
  .cols = function(vowel) sprintf(if (is_narrow()) "/%s/" else "Vowel /%s/", vowel)
)

method_names <- c(filter = "FD", ewt = "EWT", vmd = "VMD", emd = "EMD")

check_names <- function(found, known, path, what) {
  unknown <- setdiff(found, known)
  if (length(unknown) > 0) {
    stop(sprintf("%s has the unknown %s %s; known are %s.", path, what, quoted(unknown), quoted(known)), call. = FALSE)
  }
}

# ---- Colours ---------------------------------------------------------------------------------------------------------

# The colours of up to eight unordered classes.
class_palette <- function() palettes[[style$palette]]

# Colours of unordered classes. They repeat after eight: the classes of each eight have shapes and lines of their own.
class_colours <- function(levels) setNames(rep_len(class_palette(), length(levels)), levels)
class_shapes <- function(levels) by_eights(levels, c(16, 17, 15, 3, 4, 6, 0, 5))
class_lines <- function(levels) by_eights(levels, c("solid", "22", "11", "42", "1242", "62"))
by_eights <- function(levels, values) {
  setNames(rep_len(rep(values, each = length(class_palette())), length(levels)), levels)
}

# Colours of ordered classes and of numbers: the gradient without its pale end.
ordered_colours <- function(levels) {
  setNames(gradient_colours(length(levels), end = 0.85), levels)
}

gradient_colours <- function(n, ...) getExportedValue("viridisLite", style$gradient)(n, ...)

# Models: the colours of the palette, each with a shape; the next eight have the same colours in other shapes.
model_colours <- function(models) setNames(class_palette()[(seq_along(models) - 1) %% 8 + 1], models)
model_shapes <- function(models, shapes) {
  index <- seq_along(models) - 1
  setNames(shapes[(index + index %/% 8) %% length(shapes) + 1], models)
}

# X is grey and its reconstruction black in every figure; the components take the class colours.
component_colours <- function(levels) {
  components <- setdiff(levels, c("X", "sum"))
  n <- length(components)
  colours <- if (n <= 6) class_palette()[seq_len(n)] else ordered_colours(components)
  c(X = "#8C8C8C", setNames(colours, components), sum = "#000000")[levels]
}

# ---- Theme and files -------------------------------------------------------------------------------------------------

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

# Columns of panels that fit the figure: `most` in a double column (183 mm), half of them in a single one (89 mm).
fitting_columns <- function(most) max(1, floor(most * min(1, style$width_mm / 178)))
is_narrow <- function() style$width_mm < 130

# Breaks of an axis of counts or steps: whole numbers, about `n` of them.
whole_breaks <- function(n) {
  function(limits) Filter(function(value) value == round(value), scales::breaks_extended(n)(limits))
}

# Break a heading so that it fits its share of the width of the figure.
wrap_heading <- function(words, columns = 1) {
  paste(strwrap(words, width = max(12, floor(style$width_mm / columns / 1.7))), collapse = "\n")
}

# Break a sentence so that it fits a caption of the given width (8 pt base, captions at 0.8 of it).
wrap_caption <- function(sentences, width_mm) {
  paste(strwrap(paste(sentences, collapse = " "), width = floor(width_mm / 1.32)), collapse = "\n")
}

# The height of a grid of plots whose panels keep their shape (maps, equal axes) at the given width: as much as leaves
# no blank bands. Patchwork gives every column the widest legends and labels of its plots.
fitting_height <- function(plots, columns, width_mm) {
  # Sizes are measured on a device that has the fonts.
  ragg::agg_capture(width = width_mm, height = width_mm, units = "mm")
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
  scale <- max(1, (width_mm - sum(sides)) / sum(tapply(sizes[2, ], place %% columns, max)))
  sum(tapply(sizes[3, ], place %/% columns, max)) + scale * sum(tapply(sizes[4, ], place %/% columns, max))
}

# A figure without a title of its own says what it is about.
titled <- function(figure, arguments) {
  if (!is.null(title_of(figure)) || !nzchar(arguments$about)) {
    return(figure)
  }
  title <- capitalised(arguments$about)
  if (inherits(figure, "patchwork")) {
    figure$patches$annotation$title <- title
    figure$patches$annotation$theme <- theme_figure() + figure$patches$annotation$theme
  } else {
    figure <- figure + labs(title = title)
  }
  figure
}

title_of <- function(figure) {
  title <- if (inherits(figure, "patchwork")) figure$patches$annotation$title else figure$labels$title
  if (is.character(title) && nzchar(title[1])) title
}

# Write the figure as PDF (fonts embedded) and PNG; a file appears under its name only once it is complete.
save_figure <- function(plot, arguments, height_mm, width_mm = arguments$width_mm) {
  given <- title_of(plot)
  plot <- titled(plot, arguments)
  height_mm <- height_mm + if (identical(title_of(plot), given)) 0 else 5
  size <- c(width_mm, height_mm) / 25.4
  write_with <- function(path, open_device) {
    dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
    partial <- file.path(dirname(path), paste0(".partial-", basename(path)))
    on.exit(unlink(partial))
    open_device(partial)
    tryCatch(print(plot), finally = grDevices::dev.off())
    if (!file.rename(partial, path)) {
      stop(sprintf("%s cannot be written.", path), call. = FALSE)
    }
  }
  write_with(arguments$pdf, function(path) {
    grDevices::cairo_pdf(path, width = size[1], height = size[2], family = style$font)
  })
  write_with(arguments$png, function(path) {
    ragg::agg_png(path, width = size[1], height = size[2], units = "in", res = arguments$dpi, background = "white")
  })
  message(sprintf("Wrote %s and %s (%.0f mm x %.0f mm).", arguments$pdf, arguments$png, width_mm, height_mm))
}
