# What every figure script begins with: the figure as data, and the functions that all scripts share.
#
#   Rscript visualize_R/FAMILY.R figure.json out.pdf out.png      (or only one of the two)
#
# figure.json  family  the script, as FAMILY
#              tables  paths of its tables by name, a path or several; as seen from the folder where R runs
#              shown   the script's own parameters
#              scores  of the metric figures: which scores are drawn, and what is known of each
#              style   how all figures look: font, palette, gradient, width_mm, dpi
#              about   what of the study it shows: the title of a figure that has none of its own
#              caption for the pages that show it

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

refuse <- function(message, ...) stop(sprintf(message, ...), call. = FALSE)

quoted <- function(words) {
  words <- as.character(words)
  if (length(words) > 12) {
    words <- c(words[1:12], sprintf("... (%d in all)", length(words)))
  }
  paste0("'", words, "'", collapse = ", ")
}

check_names <- function(found, known, where, what) {
  unknown <- setdiff(found, known)
  if (length(unknown) > 0) {
    refuse("%s has the unknown %s %s; known are %s.", where, what, quoted(unknown), quoted(known))
  }
}

check_numbers <- function(given, defaults, path) {
  for (name in names(given)) {
    if (is.numeric(defaults[[name]]) && !is.numeric(given[[name]])) {
      refuse("Parameter %s of %s must be a number, found %s.", quoted(name), path, quoted(given[[name]]))
    }
  }
}

source_shared("theme.R")
source_shared("scales.R")
source_shared("tables.R")
source_shared("save.R")

# The figure that the command line names, as one list: the path of its description, its tables, what it shows, `about`
# and `outputs`.
#
# tables      names of the tables that the script reads
# parameters  named list of the script's parameters with their defaults; NULL for one that has none
# optional    tables that only some figures of the script read; NULL where they are not given
read_figure <- function(tables, parameters = list(), optional = character()) {
  words <- commandArgs(trailingOnly = TRUE)
  if (length(words) < 2 || !all(grepl("[.](pdf|png)$", words[-1]))) {
    refuse("Usage: Rscript visualize_R/FAMILY.R figure.json out.pdf out.png; found: %s", paste(words, collapse = " "))
  }
  path <- words[1]
  found <- tryCatch(
    jsonlite::read_json(path, simplifyVector = TRUE, simplifyMatrix = FALSE),
    error = function(problem) refuse("%s cannot be read: %s", path, conditionMessage(problem))
  )
  use_style(found$style, path)
  check_tables(found$tables, tables, optional, path)
  given <- c(found$scores, found$shown)
  given <- given[lengths(given) > 0]
  check_names(names(given), names(parameters), path, "parameter")
  check_numbers(given, parameters, path)
  parameters[names(given)] <- given
  about <- if (is.null(found$about)) "" else found$about
  c(found$tables, parameters, list(description = path, about = about, outputs = words[-1]))
}

check_tables <- function(found, needed, optional, path) {
  check_names(names(found), c(needed, optional), path, "table")
  missing <- setdiff(needed, names(found))
  if (length(missing) > 0) {
    refuse("%s lacks the table %s; this figure needs %s.", path, quoted(missing), quoted(needed))
  }
  for (name in names(found)) {
    absent <- Filter(function(table) !file.exists(table), found[[name]])
    if (length(absent) > 0) {
      refuse("Table %s of %s: the file %s does not exist.", quoted(name), path, absent[1])
    }
  }
}

# Draw the view that a figure asks for.
draw_view <- function(figure, views) {
  check_names(figure$view, names(views), figure$description, "view")
  views[[figure$view]]()
}
