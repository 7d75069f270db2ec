# What the metric figures share: the scores, the reading of metric tables, and published values beside them.

# Parameters of every metric figure.
#
# runs             one row per run: `run`, the `label` that it has here (runs of one label, its seeds, are drawn as one,
#                  their mean), and `published_as`, its counterpart in the table of published values, "-" if it has
#                  none; NULL for all runs of the table
# aggregation      joint latents; models with a single latent space are scored on X. Several are bars of their own
# published_corpus corpus of the published values
# definitions      the scores that figures draw, in their order: name, symbol, title, unit, better, group, factors
score_parameters <- list(
  runs = NULL, checkpoint = "best", aggregation = "all", classifier = "logistic_regression", protocol = "sound",
  published_corpus = "", definitions = NULL
)
score_text <- c(
  "run", "label", "checkpoint", "branch", "space", "aggregation", "factors", "metric", "classifier", "protocol"
)
score_numbers <- c("value", "ci_low", "ci_high")

# The scores that a table can hold: those of all factors together, and of those of one factor one for each task, as
# accuracy_vowel. Columns score, metric, on (the factor, or "joint"), title, symbol, unit, better, group.
score_definitions <- function(definitions, tasks) {
  joint <- filter(definitions, .data$factors != "one") %>% mutate(score = .data$name, on = "joint")
  alone <- expand_grid(filter(definitions, .data$factors == "one"), on = as.character(tasks)) %>%
    mutate(score = paste(.data$name, .data$on, sep = "_"), title = paste(sentence_case(.data$on), small(.data$title)))
  bind_rows(joint, alone) %>% select("score", metric = "name", "on", "title", "symbol", "unit", "better", "group")
}

small <- function(words) sub("^(.)", "\\L\\1", words, perl = TRUE)

# What the paper shows of scores that are better when low: 1 - value, cut at 0.
higher_is_better <- function(value, better) if_else(better == "low", pmax(0, 1 - value), value)

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
read_scores <- function(figure, with_tasks = TRUE) {
  path <- figure$metrics
  table <- sound_rows(read_table(path, text = score_text, numeric = score_numbers), figure)
  latents <- keep_rows(table, path, branch = "Z", space = "mu", checkpoint = figure$checkpoint)
  latents <- table %>%
    filter(.data$checkpoint %in% c(figure$checkpoint, "init"), .data$run %in% latents$run) %>%
    pick_runs(figure$runs, path) %>%
    pick_aggregations(figure)
  definitions <- score_definitions(figure$definitions, if (with_tasks) tasks_of(latents, figure$classifier))
  scores <- named_scores(latents, definitions, figure$classifier) %>%
    mutate(
      state = factor(if_else(.data$checkpoint == figure$checkpoint, "shown", "untrained"), c("shown", "untrained"))
    )
  if (with_tasks) {
    check_accuracies(scores, latents, figure)
  }
  check_repeated(scores, path)
  scores <- select(scores, "run", "label", "aggregation", "state", "score", all_of(score_numbers))
  list(scores = over_seeds(scores, figure$runs), definitions = definitions)
}

# The runs of a label as one at every value of the other columns: `value` is their mean, the interval the range of their
# values; `run` is the first of them. A label with one run keeps its interval.
over_seeds <- function(scores, runs) {
  if (!has_seeds(runs)) {
    return(scores)
  }
  scores %>%
    mutate(run = runs$run[match(.data$label, runs$label)]) %>%
    group_by(across(!any_of(score_numbers))) %>%
    summarise(
      ci_low = if (n() > 1) min(.data$value) else .data$ci_low,
      ci_high = if (n() > 1) max(.data$value) else .data$ci_high,
      value = mean(.data$value), .groups = "drop"
    )
}

# What the intervals of a figure are.
intervals_note <- function(mark, runs, ending = ".") {
  ranges <- if (has_seeds(runs)) ", or the range of the seeds where there are several" else ""
  paste0(mark, ": 95 % intervals over utterances or folds", ranges, ending)
}

# The rows of the frame latents under the protocol of the figure.
sound_rows <- function(table, figure) {
  keep_rows(table, figure$metrics, protocol = figure$protocol, branch = "Z", space = "mu")
}

# Of each run the rows of an aggregation, or of X where it has a single latent space.
on_aggregation <- function(latents, wanted) {
  latents %>%
    group_by(.data$run) %>%
    filter(.data$aggregation == if (any(.data$aggregation == wanted)) wanted else "X") %>%
    ungroup()
}

# Each run on the aggregation asked for; several are labels of their own.
pick_aggregations <- function(latents, figure) {
  path <- figure$metrics
  wanted <- figure$aggregation
  if (length(wanted) == 1) {
    picked <- on_aggregation(latents, wanted)
    unscored <- setdiff(latents$run, picked$run[picked$checkpoint == figure$checkpoint])
    if (length(unscored) > 0) {
      labels <- unique(latents$label[latents$run %in% unscored])
      refuse("%s scores neither the aggregation '%s' nor 'X' of %s.", path, wanted, quoted(labels))
    }
    return(picked)
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
    filter(.data$on == "joint" | .data$classifier == .env$classifier, is.finite(.data$value)) %>%
    mutate(score = factor(.data$score, levels = definitions$score))
}

check_accuracies <- function(scores, latents, figure) {
  path <- figure$metrics
  accuracies <- filter(scores, .data$metric == "accuracy", .data$state == "shown")
  if (nrow(accuracies) == 0) {
    refuse(
      "%s has no accuracy by the classifier '%s'; it has %s.", path, figure$classifier,
      quoted(unique(latents$classifier[latents$metric == "accuracy"]))
    )
  }
  named <- function(rows) mutate(rows, model = sprintf("%s (%s)", .data$label, .data$run))
  require_rows(
    named(accuracies), list(model = unique(named(latents)$model), factors = unique(accuracies$factors)),
    sprintf("%s (metric accuracy, checkpoint %s)", path, figure$checkpoint)
  )
}

check_repeated <- function(scores, path) {
  repeated <- count(scores, .data$run, .data$label, .data$checkpoint, .data$metric, .data$factors) %>%
    filter(.data$n > 1)
  if (nrow(repeated) > 0) {
    refuse(
      "%s has %d rows for metric '%s' of '%s' at checkpoint '%s'; one is needed.",
      path, repeated$n[1], repeated$metric[1], repeated$label[1], repeated$checkpoint[1]
    )
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
  if (nrow(absent) > 0) {
    paste0("Not defined: ", paste(absent$text, collapse = "; "), ".")
  }
}

# ---- Published values ------------------------------------------------------------------------------------------------

# Published scores of the models drawn: label, name (of the published model), score, value. No rows without the table.
# Scores whose published definition is another one (total correlation) are not in the table under our names.
published_scores <- function(figure, scores) {
  path <- figure[["published"]] # not $, to which published_corpus would do
  if (is.null(path)) {
    return(tibble(label = scores$label[0], name = character(), score = scores$score[0], value = numeric()))
  }
  table <- read_table(path, text = c("corpus", "model", "score"), numeric = "value") %>%
    filter(.data$corpus == figure$published_corpus)
  counterparts <- distinct(figure$runs, .data$label, name = .data$published_as) %>% filter(.data$name != "-")
  unknown <- setdiff(counterparts$name, table$model)
  if (length(unknown) > 0) {
    refuse("%s has no model %s for the corpus '%s'.", path, quoted(unknown), figure$published_corpus)
  }
  counterparts %>%
    filter(.data$label %in% scores$label) %>%
    inner_join(table, by = c(name = "model"), relationship = "many-to-many") %>%
    mutate(
      label = factor(.data$label, levels = levels(scores$label)),
      score = factor(.data$score, levels = levels(scores$score))
    ) %>%
    drop_na("score") %>%
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
