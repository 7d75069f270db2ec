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

column_mm <- c(single = 89, double = 183)
font_family <- "sans"

# ---- Arguments -------------------------------------------------------------------------------------------------------

# The arguments of a figure script as one named list: its inputs, its outputs `pdf` and `png`, and its parameters.
#
# inputs      names of the input tables; several files of one name are a vector, written a.csv,b.csv on the command line
# parameters  named list of defaults; the type of a default is the type of the parameter, and a default of length 0
#             (character(), numeric()) makes it a vector, written a,b,c on the command line
figure_arguments <- function(inputs, parameters = list()) {
  parameters <- c(parameters, list(width_mm = column_mm[["double"]], dpi = 300))
  files <- c(inputs, "pdf", "png")
  given <- if (exists("snakemake")) snakemake_arguments() else command_line_arguments(commandArgs(trailingOnly = TRUE))
  unknown <- setdiff(names(given), c(files, names(parameters)))
  if (length(unknown) > 0) {
    stop(sprintf(
      "Unknown argument %s; known are %s.", quoted(unknown), quoted(c(files, names(parameters)))
    ), call. = FALSE)
  }
  missing <- setdiff(files, names(given))
  if (length(missing) > 0) {
    stop(sprintf("Missing argument %s: this figure needs %s.", quoted(missing), quoted(files)), call. = FALSE)
  }
  for (name in inputs) {
    given[[name]] <- unlist(strsplit(unlist(given[[name]]), ",", fixed = TRUE))
    absent <- Filter(function(path) !file.exists(path), given[[name]])
    if (length(absent) > 0) {
      stop(sprintf("Input %s: the file %s does not exist.", quoted(name), absent[1]), call. = FALSE)
    }
  }
  values <- Map(function(name, default) as_parameter(given[[name]], default, name), names(parameters), parameters)
  c(given[files], values)
}

snakemake_arguments <- function() {
  named <- function(items) items[nzchar(names(items))]
  # `theme` and `code` are there for Snakemake's bookkeeping: the files that make the figure stale.
  inputs <- named(snakemake@input)
  c(inputs[setdiff(names(inputs), c("theme", "code"))], named(snakemake@output), named(snakemake@params))
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
  if (length(default) == 0 && is.character(value)) {
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

factor_title <- function(column) {
  words <- gsub("_", " ", sub("^factor_", "", column), fixed = TRUE)
  paste0(toupper(substring(words, 1, 1)), substring(words, 2))
}

# X, then OC1, OC2, ... (or the formants F1, F2, ...), then every other name (a sum, a projection).
component_levels <- function(names) {
  names <- unique(names)
  number <- suppressWarnings(as.integer(sub("^(OC|F)", "", names)))
  names[order(names != "X", is.na(number), number, names)]
}

# Facet labels of the generative model's figures: signals in rows, vowels in columns.
generator_labeller <- labeller(
  .rows = function(signal) if_else(signal == "X", "X (mixture)", sub("^F", "Formant ", signal)),
  .cols = function(vowel) sprintf("Vowel /%s/", vowel)
)

# Scores that the metric figures draw: rows of metrics.csv, their name and unit, and on which factors they are computed.
score_definitions <- function(content) {
  tribble(
    ~score, ~metric, ~on, ~title, ~unit,
    "mutual_information", "mutual_information", "joint", "Mutual information", "adjusted",
    "total_correlation", "total_correlation_corr", "joint", "Total correlation", "nats per dimension",
    "disentanglement", "disentanglement", "joint", "Disentanglement", NA,
    "completeness", "completeness", "joint", "Completeness", NA,
    "informativeness", "informativeness", "joint", "Informativeness", NA,
    "modularity", "modularity", "joint", "Modularity", NA,
    "explicitness", "explicitness", "joint", "Explicitness", NA,
    "irs", "irs", "joint", "Robustness (IRS)", NA,
    "accuracy_content", "accuracy", content, sprintf("%s accuracy", tools::toTitleCase(content)), NA,
    "accuracy_speaker", "accuracy", "speaker", "Speaker accuracy", NA
  )
}

# Scores of the frame latents (branch Z, mu), one row per run, state (shown, untrained) and score.
#
# Each run is scored on `aggregation` where it has one, else (models with a single latent space) on X. State `shown` is
# the checkpoint asked for, state `untrained` the run's `init` checkpoint beside it. A run without any row is an error;
# a score that is not defined for a run (a collapsed latent, say) has no row, and undefined_note() puts that into words.
read_scores <- function(path, checkpoint, runs, aggregation, classifier, content, protocol = "sound") {
  table <- read_table(
    path,
    text = c(
      "run", "label", "checkpoint", "branch", "space", "aggregation", "factors", "metric", "classifier", "protocol"
    ),
    numeric = c("value", "spread", "ci_low", "ci_high")
  )
  table <- keep_rows(
    table, table$protocol == protocol, path, sprintf("protocol '%s'", protocol), table$protocol
  )
  definitions <- score_definitions(content)
  latents <- keep_rows(
    table, table$branch == "Z" & table$space == "mu" & table$checkpoint == checkpoint, path,
    sprintf("branch 'Z', space 'mu' and checkpoint '%s'", checkpoint),
    paste(table$branch, table$space, table$checkpoint, sep = "/")
  )
  latents <- table %>%
    filter(.data$branch == "Z", .data$space == "mu", .data$checkpoint %in% c(checkpoint, "init")) %>%
    filter(.data$run %in% latents$run) %>%
    pick_runs(runs, path) %>%
    group_by(.data$run) %>%
    filter(.data$aggregation == if (any(.data$aggregation == .env$aggregation)) .env$aggregation else "X") %>%
    ungroup()
  unscored <- setdiff(levels(latents$label), latents$label[latents$checkpoint == checkpoint])
  if (length(unscored) > 0) {
    stop(sprintf("%s scores neither the aggregation '%s' nor 'X' of %s.", path, aggregation, quoted(unscored)),
      call. = FALSE
    )
  }
  scores <- latents %>%
    named_scores(definitions, classifier) %>%
    mutate(
      state = factor(if_else(.data$checkpoint == .env$checkpoint, "shown", "untrained"), c("shown", "untrained"))
    )
  check_scores(scores, latents, path, classifier)
  select(scores, "run", "label", "state", "score", "value", "spread", "ci_low", "ci_high")
}

# The rows that hold a score of the definitions, and which.
named_scores <- function(latents, definitions, classifier) {
  latents %>%
    mutate(on = if_else(grepl("+", coalesce(.data$factors, "+"), fixed = TRUE), "joint", .data$factors)) %>%
    inner_join(definitions, by = c("metric", "on")) %>%
    filter(.data$metric != "accuracy" | .data$classifier == .env$classifier, is.finite(.data$value)) %>%
    mutate(score = factor(.data$score, levels = definitions$score))
}

check_scores <- function(scores, latents, path, classifier) {
  if (!any(scores$metric == "accuracy")) {
    stop(sprintf(
      "%s has no accuracy by the classifier '%s'; it has %s.", path, classifier,
      quoted(unique(latents$classifier[latents$metric == "accuracy"]))
    ), call. = FALSE)
  }
  repeated <- count(scores, .data$run, .data$checkpoint, .data$metric, .data$factors) %>% filter(.data$n > 1)
  if (nrow(repeated) > 0) {
    stop(sprintf(
      "%s has %d rows for metric '%s' of run '%s' at checkpoint '%s'; one is needed. Do they differ in protocol?",
      path, repeated$n[1], repeated$metric[1], repeated$run[1], repeated$checkpoint[1]
    ), call. = FALSE)
  }
}

# One sentence naming the scores that some runs lack, or NULL.
undefined_note <- function(scores, definitions) {
  absent <- scores %>%
    filter(.data$state == "shown") %>%
    complete(.data$label, .data$score) %>%
    filter(is.na(.data$value)) %>%
    mutate(title = definitions$title[match(.data$score, definitions$score)]) %>%
    group_by(.data$label) %>%
    summarise(text = paste0(.data$label[1], " (", paste(.data$title, collapse = ", "), ")"))
  if (nrow(absent) == 0) {
    return(NULL)
  }
  paste0("Not defined: ", paste(absent$text, collapse = "; "), ".")
}

# ---- Colours ---------------------------------------------------------------------------------------------------------

# Okabe and Ito (2008), without the yellow that vanishes on white.
okabe_ito <- c("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C")

# Colours of unordered classes: Okabe-Ito for up to eight, beyond that steps of plasma.
class_colours <- function(levels) {
  n <- length(levels)
  setNames(if (n <= length(okabe_ito)) okabe_ito[seq_len(n)] else ordered_colours(levels), levels)
}

# Colours of ordered classes and of numbers: plasma without its pale end.
ordered_colours <- function(levels) {
  setNames(viridisLite::plasma(length(levels), end = 0.85), levels)
}

# X is grey and its reconstruction black in every figure; the components take the class colours.
component_colours <- function(levels) {
  components <- setdiff(levels, c("X", "sum"))
  n <- length(components)
  colours <- if (n <= 6) okabe_ito[seq_len(n)] else ordered_colours(components)
  c(X = "#8C8C8C", setNames(colours, components), sum = "#000000")[levels]
}

# ---- Quality of decompositions ---------------------------------------------------------------------------------------

method_names <- c(filter = "FD", ewt = "EWT", vmd = "VMD", emd = "EMD")
# Published grouping of simulated speakers by the vocal tract length factor: up to 0.98 short, from 1.02 long.
group_names <- c("short", "long", "all")
group_colours <- setNames(okabe_ito[c(2, 1, 8)], group_names)
shown_contents <- 8

# One quantity of single frames inside one label, from the quality tables of one or several methods (comma-separated or
# a vector of paths). Simulated speakers between the two groups are left out; speakers that are not numbers are one
# group. Of many classes the most frequent are kept.
read_quality <- function(paths, quantity) {
  tables <- lapply(paths, function(path) {
    table <- read_table(
      path,
      text = c("method", "scale", "content", "speaker", "overlap", "quantity", "item"),
      numeric = c("utterance", "frame", "value")
    )
    kept <- keep_rows(
      table, table$scale == "frame" & table$overlap == "False" & table$quantity == quantity, path,
      sprintf("quantity '%s' of frames without overlap", quantity), table$quantity
    )
    check_names(kept$method, names(method_names), path, "method")
    kept
  })
  whole <- bind_rows(tables) %>% mutate(content = coalesce(.data$content, "all"))
  frequent <- head(count(whole, .data$content, sort = TRUE)$content, shown_contents)
  factor_of_speaker <- suppressWarnings(as.numeric(whole$speaker))
  whole %>%
    mutate(
      group = if (anyNA(factor_of_speaker)) {
        "all"
      } else {
        case_when(factor_of_speaker <= 0.98 ~ "short", factor_of_speaker >= 1.02 ~ "long")
      }
    ) %>%
    filter(!is.na(.data$group), .data$content %in% frequent) %>%
    mutate(
      method = factor(method_names[.data$method], levels = method_names),
      content = ordered_levels(.data$content),
      group = droplevels(factor(.data$group, group_names))
    )
}

check_names <- function(found, known, path, what) {
  unknown <- setdiff(found, known)
  if (length(unknown) > 0) {
    stop(sprintf("%s has the unknown %s %s; known are %s.", path, what, quoted(unknown), quoted(known)), call. = FALSE)
  }
}

quality_caption <- function(table) {
  counts <- table %>%
    group_by(.data$method) %>%
    summarise(n = n_distinct(.data$utterance, .data$frame))
  frames <- sprintf("Frames inside one label: %s.", paste(counts$method, counts$n, collapse = ", "))
  if ("all" %in% levels(table$group)) {
    return(frames)
  }
  paste(frames, "Vocal tract: factor up to 0.98 (short) or from 1.02 (long).")
}

# ---- Theme and files -------------------------------------------------------------------------------------------------

theme_figure <- function(base_size = 8) {
  theme_minimal(base_size = base_size, base_family = font_family) +
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
      legend.title = element_text(size = rel(0.9), face = "bold"),
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
      plot.background = element_rect(fill = "white", colour = NA)
    )
}

# Break a sentence so that it fits a caption of the given width (8 pt base, captions at 0.8 of it).
wrap_caption <- function(sentences, width_mm) {
  paste(strwrap(paste(sentences, collapse = " "), width = floor(width_mm / 1.25)), collapse = "\n")
}

# Write the figure as PDF (fonts embedded) and PNG; a file appears under its name only once it is complete.
save_figure <- function(plot, arguments, height_mm, width_mm = arguments$width_mm) {
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
    grDevices::cairo_pdf(path, width = size[1], height = size[2], family = font_family)
  })
  write_with(arguments$png, function(path) {
    ragg::agg_png(path, width = size[1], height = size[2], units = "in", res = arguments$dpi, background = "white")
  })
  message(sprintf("Wrote %s and %s (%.0f mm x %.0f mm).", arguments$pdf, arguments$png, width_mm, height_mm))
}
