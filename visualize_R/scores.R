# What the metric figures share: the scores, the reading of metric tables, and published values beside them.

# Parameters of every metric figure.
#
# runs             names of the runs to draw, in this order; all by default
# aggregation      joint latents; models with a single latent space are scored on X
# settings         for each of `runs` the name of its setting: runs of one (its seeds) are drawn as one, their mean
# published_as     for each of `runs` the name of its counterpart in the table of published values, "-" if it has none
# published_corpus corpus of that table
score_parameters <- list(
  runs = character(), settings = character(), checkpoint = "best", aggregation = "all",
  classifier = "logistic_regression",
  protocol = "sound", published_as = character(), published_corpus = ""
)
score_text <- c(
  "run", "label", "checkpoint", "branch", "space", "aggregation", "factors", "metric", "classifier", "protocol"
)
score_numbers <- c("value", "ci_low", "ci_high")

# Scores that the metric figures draw: rows of metrics.csv, their name and unit, and on which factors they are computed.
# The accuracy of the factor NAME is the score accuracy_NAME.
score_definitions <- function(tasks) {
  tasks <- as.character(tasks)
  joint <- tribble(
    ~score, ~title, ~unit,
    "mutual_information", "Mutual information", "adjusted",
    "total_correlation", "Total correlation", "nats per dimension",
    "disentanglement", "Disentanglement", NA,
    "completeness", "Completeness", NA,
    "informativeness", "Informativeness", NA,
    "modularity", "Modularity", NA,
    "explicitness", "Explicitness", NA,
    "irs", "Robustness (IRS)", NA
  ) %>%
    mutate(metric = sub("^total_correlation$", "total_correlation_corr", .data$score), on = "joint")
  accuracies <- tibble(
    score = sprintf("accuracy_%s", tasks), title = sprintf("%s accuracy", sentence_case(tasks)),
    unit = rep(NA_character_, length(tasks)), metric = rep("accuracy", length(tasks)), on = tasks
  )
  bind_rows(joint, accuracies)
}

# Better when low.
lower_is_better <- c("mutual_information", "total_correlation")

# What the paper shows of these: 1 - value, cut at 0.
higher_is_better <- function(value, score) {
  if_else(score %in% lower_is_better, pmax(0, 1 - value), value)
}

# Factors whose accuracy a table of metrics holds, in its order.
tasks_of <- function(table, classifier) {
  single <- table$metric == "accuracy" & table$classifier == classifier & !grepl("+", table$factors, fixed = TRUE)
  unique(table$factors[which(single)])
}

# Scores of the frame latents (branch Z, mu): `scores`, one row per label, state (shown, untrained) and score, and their
# `definitions`. Without `with_tasks` only the metrics of all factors together, which models of all corpora have.
#
# State `shown` is the checkpoint asked for, state `untrained` the run's `init` checkpoint beside it. With several
# aggregations each is a label of its own. A run without rows, or without the accuracy of a factor that others have, is
# an error; a score that is not defined for a run (a collapsed latent, say) has no row, and undefined_note() says so.
read_scores <- function(arguments, with_tasks = TRUE) {
  path <- arguments$metrics
  table <- sound_rows(read_table(path, text = score_text, numeric = score_numbers), arguments)
  latents <- keep_rows(
    table, table$checkpoint == arguments$checkpoint, path,
    sprintf("branch 'Z', space 'mu' and checkpoint '%s'", arguments$checkpoint), table$checkpoint
  )
  latents <- table %>%
    filter(.data$checkpoint %in% c(arguments$checkpoint, "init"), .data$run %in% latents$run) %>%
    pick_runs(arguments$runs, path) %>%
    pick_aggregations(arguments, path)
  definitions <- score_definitions(if (with_tasks) tasks_of(latents, arguments$classifier))
  scores <- latents %>%
    named_scores(definitions, arguments$classifier) %>%
    mutate(
      state = factor(
        if_else(.data$checkpoint == arguments$checkpoint, "shown", "untrained"), c("shown", "untrained")
      )
    )
  if (with_tasks) {
    check_accuracies(scores, latents, path, arguments)
  }
  check_repeated(scores, path)
  scores <- select(scores, "run", "label", "aggregation", "state", "score", "value", "ci_low", "ci_high")
  list(scores = over_seeds(scores, arguments), definitions = definitions)
}

# The runs of a setting as one, named after it, at every value of the other columns: `value` is their mean, the interval
# the range of their values; `run` is the first of them. A setting with one run keeps its interval.
over_seeds <- function(scores, arguments) {
  if (length(arguments$settings) == 0) {
    return(scores)
  }
  scores %>%
    mutate(
      label = setting_of(.data$run, arguments),
      run = arguments$runs[match(.data$label, arguments$settings)]
    ) %>%
    group_by(across(!any_of(score_numbers))) %>%
    summarise(
      ci_low = if (n() > 1) min(.data$value) else .data$ci_low,
      ci_high = if (n() > 1) max(.data$value) else .data$ci_high,
      value = mean(.data$value), .groups = "drop"
    )
}

# What the intervals of a figure are.
intervals_note <- function(mark, arguments, ending = ".") {
  ranges <- if (anyDuplicated(arguments$settings) > 0) ", or the range of the seeds where there are several" else ""
  paste0(mark, ": 95 % intervals over utterances or folds", ranges, ending)
}

# The rows of the frame latents under the protocol of the figure.
sound_rows <- function(table, arguments) {
  table <- keep_rows(
    table, table$protocol == arguments$protocol, arguments$metrics, sprintf("protocol '%s'", arguments$protocol),
    table$protocol
  )
  keep_rows(
    table, table$branch == "Z" & table$space == "mu", arguments$metrics, "branch 'Z' and space 'mu'",
    paste(table$branch, table$space, sep = "/")
  )
}

# Each run on the aggregation asked for, or on X where it has a single latent space.
pick_aggregations <- function(latents, arguments, path) {
  wanted <- trimws(unlist(strsplit(arguments$aggregation, ",", fixed = TRUE)))
  if (length(wanted) == 1) {
    latents <- latents %>%
      group_by(.data$run) %>%
      filter(.data$aggregation == if (any(.data$aggregation == wanted)) wanted else "X") %>%
      ungroup()
    unscored <- setdiff(levels(latents$label), latents$label[latents$checkpoint == arguments$checkpoint])
    if (length(unscored) > 0) {
      stop(sprintf("%s scores neither the aggregation '%s' nor 'X' of %s.", path, wanted, quoted(unscored)),
        call. = FALSE
      )
    }
    return(latents)
  }
  shown <- filter(latents, .data$aggregation %in% wanted)
  require_rows(shown, list(label = levels(latents$label), aggregation = wanted), path)
  one_run <- nlevels(latents$label) == 1
  shown %>%
    mutate(aggregation = factor(.data$aggregation, levels = wanted)) %>%
    arrange(.data$label, .data$aggregation) %>%
    mutate(
      label = if (one_run) as.character(.data$aggregation) else paste(.data$label, .data$aggregation, sep = ", "),
      label = factor(.data$label, levels = unique(.data$label)),
      aggregation = as.character(.data$aggregation)
    )
}

# The rows that hold a score of the definitions, and which.
named_scores <- function(latents, definitions, classifier) {
  latents %>%
    mutate(on = if_else(grepl("+", coalesce(.data$factors, "+"), fixed = TRUE), "joint", .data$factors)) %>%
    inner_join(definitions, by = c("metric", "on")) %>%
    filter(.data$metric != "accuracy" | .data$classifier == .env$classifier, is.finite(.data$value)) %>%
    mutate(score = factor(.data$score, levels = definitions$score))
}

check_accuracies <- function(scores, latents, path, arguments) {
  accuracies <- filter(scores, .data$metric == "accuracy", .data$state == "shown")
  if (nrow(accuracies) == 0) {
    stop(sprintf(
      "%s has no accuracy by the classifier '%s'; it has %s.", path, arguments$classifier,
      quoted(unique(latents$classifier[latents$metric == "accuracy"]))
    ), call. = FALSE)
  }
  require_rows(
    accuracies, list(label = levels(latents$label), factors = unique(accuracies$factors)),
    sprintf("%s (metric accuracy, checkpoint %s)", path, arguments$checkpoint)
  )
}

check_repeated <- function(scores, path) {
  repeated <- count(scores, .data$label, .data$checkpoint, .data$metric, .data$factors) %>% filter(.data$n > 1)
  if (nrow(repeated) > 0) {
    stop(sprintf(
      "%s has %d rows for metric '%s' of '%s' at checkpoint '%s'; one is needed.",
      path, repeated$n[1], repeated$metric[1], repeated$label[1], repeated$checkpoint[1]
    ), call. = FALSE)
  }
}

# One sentence naming the scores that some runs lack, or NULL.
undefined_note <- function(scores, definitions) {
  absent <- scores %>%
    filter(.data$state == "shown", .data$score %in% definitions$score) %>%
    mutate(score = as.character(.data$score)) %>% # scores that no run has, or that are not shown, are not lacking
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

# ---- Published values ------------------------------------------------------------------------------------------------

# Published scores of the models drawn: label, name (of the published model), score, value. No rows without the table.
# Scores whose published definition is another one (total correlation) are not in the table under our names.
published_scores <- function(arguments, scores) {
  if (is.null(arguments$published) || length(arguments$published_as) == 0) {
    return(tibble(label = scores$label[0], name = character(), score = scores$score[0], value = numeric()))
  }
  if (length(arguments$published_as) != length(arguments$runs)) {
    stop(sprintf(
      "Parameter 'published_as' has %d names for %d runs.", length(arguments$published_as), length(arguments$runs)
    ), call. = FALSE)
  }
  table <- read_table(arguments$published, text = c("corpus", "model", "score"), numeric = "value")
  counterparts <- tibble(run = arguments$runs, name = arguments$published_as) %>% filter(.data$name != "-")
  unknown <- setdiff(counterparts$name, table$model[table$corpus == arguments$published_corpus])
  if (length(unknown) > 0) {
    stop(sprintf(
      "%s has no model %s for the corpus '%s'.", arguments$published, quoted(unknown), arguments$published_corpus
    ), call. = FALSE)
  }
  counterparts %>%
    inner_join(distinct(scores, .data$run, .data$label), by = "run") %>%
    inner_join(
      table %>% filter(.data$corpus == arguments$published_corpus) %>% select(name = "model", "score", "value"),
      by = "name", relationship = "many-to-many"
    ) %>%
    filter(.data$score %in% levels(scores$score)) %>%
    mutate(score = factor(.data$score, levels = levels(scores$score))) %>%
    select("label", "name", "score", "value")
}

published_note <- function(published) {
  if (nrow(published) > 0) {
    paste(
      "Hollow diamonds: published values (Ziogas et al. 2026, arXiv:2601.06844), of models trained longer on more data",
      "and scored by the published protocol."
    )
  }
}
