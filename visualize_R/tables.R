# Tables of figures: read with checks whose messages name the file and the column, and their rows chosen.

# Read the named columns of a CSV file as text and as numbers; empty cells become NA.
read_table <- function(path, text = character(), numeric = character()) {
  table <- readr::read_csv(path, col_types = readr::cols(.default = "c"), na = "", progress = FALSE)
  missing <- setdiff(c(text, numeric), names(table))
  if (length(missing) > 0) {
    refuse("%s lacks the column %s; it has %s.", path, quoted(missing), quoted(names(table)))
  }
  if (nrow(table) == 0) {
    refuse("%s has no rows: there is nothing to draw.", path)
  }
  for (name in numeric) {
    number <- suppressWarnings(as.numeric(table[[name]]))
    bad <- which(is.na(number) & !is.na(table[[name]]) & tolower(table[[name]]) != "nan")
    if (length(bad) > 0) {
      refuse(
        "%s: column %s holds %s in data row %d, which is not a number.",
        path, quoted(name), quoted(table[[name]][bad[1]]), bad[1]
      )
    }
    table[[name]] <- number
  }
  table[c(text, numeric)]
}

# Columns of the factors of a table, in its order, and the name of a factor in a figure.
factor_columns <- function(path) {
  header <- readr::read_csv(path, n_max = 0, col_types = readr::cols(.default = "c"), progress = FALSE)
  grep("^factor_", names(header), value = TRUE)
}

factor_title <- function(column) sentence_case(sub("^factor_", "", column))

# The rows of a table whose columns have the values asked for, as in `scale = "frame"`. The first column that leaves no
# row is an error, which says what was looked for and what there is.
keep_rows <- function(table, path, ...) {
  wanted <- list(...)
  words <- vapply(wanted, \(values) if (is.numeric(values)) format(values) else quoted(values), "")
  for (place in seq_along(wanted)) {
    found <- table[[names(wanted)[place]]]
    table <- table[which(if (is.numeric(found)) near(found, wanted[[place]]) else found %in% wanted[[place]]), ]
    if (nrow(table) == 0) {
      looked_for <- paste(names(wanted), words)[seq_len(place)]
      refuse("%s has no rows with %s; it has %s.", path, in_words(looked_for), quoted(unique(found)))
    }
  }
  table
}

# "a, b and c"
in_words <- function(words) sub(", ([^,]*)$", " and \\1", paste(words, collapse = ", "))

# Refuse a table that lacks some combination of the values that a figure needs; the message names what is missing.
#
# expected  named list: for each of these columns the values that must occur, each with all of the others
require_rows <- function(table, expected, path) {
  needed <- do.call(expand_grid, lapply(expected, as.character))
  found <- mutate(distinct(table[names(expected)]), across(everything(), as.character))
  missing <- anti_join(needed, found, by = names(expected))
  if (nrow(missing) > 0) {
    words <- apply(missing, 1, function(row) paste(names(expected), row, collapse = ", "))
    more <- if (length(words) > 6) sprintf("; and %d more", length(words) - 6) else ""
    refuse("%s is incomplete: it lacks the rows %s%s.", path, paste(head(words, 6), collapse = "; "), more)
  }
}

# Refuse a table of several runs, or of one at several checkpoints.
require_one_state <- function(table, path) {
  runs <- unique(paste(table$run, table$checkpoint, sep = " at "))
  if (length(runs) > 1) {
    refuse("%s holds %s; this figure draws one run at one checkpoint.", path, quoted(runs))
  }
}

# The rows of the runs that a figure shows, each with the label that it has there.
#
# runs  data frame with `run` and `label` in the order of the figure, or NULL for all runs of the table; runs of one
#       label are the seeds of a setting
pick_runs <- function(table, runs, path) {
  if (is.null(runs)) {
    runs <- distinct(table, .data$run, .data$label)
  }
  absent <- setdiff(runs$run, table$run)
  if (length(absent) > 0) {
    refuse(
      "%s has no rows that can be drawn for the run %s; it has them for %s.", path, quoted(absent),
      quoted(unique(table$run))
    )
  }
  table %>%
    filter(.data$run %in% runs$run) %>%
    mutate(label = factor(runs$label[match(.data$run, runs$run)], levels = unique(runs$label)))
}

# Several runs have one label: they are the seeds of a setting.
has_seeds <- function(runs) anyDuplicated(runs$label) > 0

# The names that decomposition methods have in figures, as a factor in the order of `titles` (a named vector or list).
method_titles <- function(methods, titles, path) {
  titles <- unlist(titles)
  check_names(methods, names(titles), path, "method")
  factor(unname(titles[methods]), levels = unname(titles))
}
