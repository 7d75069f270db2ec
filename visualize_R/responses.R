# What the figures of latent responses share: the reading of traversal tables and the choice of dimensions.

# lines, along, by  names of the factors that are lines, axis and panels; by default the columns in their order
# highest, lowest   how many dimensions of each subspace that vary most, and least
# subspaces         by default all but the projection OCs_proj
# most              classes of a factor that are drawn
response_parameters <- list(
  lines = "", along = "", by = "", highest = 4, lowest = 2, subspaces = character(), most = 12
)

# A traversal table: `table` with subspace, dimension, lines, along, by, mean, sd, and the names of these factors.
#
# The factors are the columns factor_NAME, in this order: that of the lines, that along the axis and, where there is a
# third, that of the panels; the parameters `lines`, `along` and `by` name others. A factor with more than `most`
# classes is thinned out evenly. Means are standardised by one location and one scale for the whole table, so that a
# dimension that does nothing looks flat and subspaces can be compared.
read_responses <- function(figure) {
  path <- figure$responses
  factors <- response_factors(sub("^factor_", "", factor_columns(path)), figure, path)
  table <- read_table(
    path,
    text = c("run", "label", "checkpoint", "subspace", paste0("factor_", factors)),
    numeric = c("dimension", "mean", "sd")
  )
  require_one_state(table, path)
  check_names(figure$subspaces, unique(table$subspace), path, "subspace")
  shown <- if (length(figure$subspaces) > 0) figure$subspaces else setdiff(table$subspace, "OCs_proj")
  table <- filter(table, .data$subspace %in% shown)
  columns <- setNames(paste0("factor_", factors), names(factors))
  require_rows(table, c(list(subspace = unique(table$subspace)), lapply(table[unname(columns)], unique)), path)
  location <- mean(table$mean, na.rm = TRUE)
  scale <- sd(table$mean, na.rm = TRUE)
  if (!is.finite(scale) || scale == 0) {
    refuse("%s: all responses are equal or missing; they have no scale to draw.", path)
  }
  title <- paste(c(table$label[1], table$checkpoint[1]), collapse = ", checkpoint ")
  table <- table %>%
    rename(!!!columns) %>%
    mutate(
      centre = (.data$mean - location) / scale, half_width = coalesce(.data$sd, 0) / scale,
      subspace = as_components(.data$subspace),
      across(any_of(c("lines", "along", "by")), \(values) thinned(values, figure$most))
    )
  # Averages run over all values of the factors; only what is drawn is thinned.
  dimensions <- chosen_dimensions(table, figure)
  roles <- intersect(c("lines", "along", "by"), names(table))
  list(
    was_thinned = any(vapply(table[roles], anyNA, logical(1))),
    table = filter(table, if_all(any_of(c("lines", "along", "by")), \(values) !is.na(values))),
    factors = factors, dimensions = dimensions, location = location, scale = scale, title = title
  )
}

response_factors <- function(found, figure, path) {
  if (length(found) < 2) {
    refuse("%s needs two columns factor_NAME or more; it has %d.", path, length(found))
  }
  wishes <- unlist(figure[c("lines", "along", "by")])
  check_names(setdiff(wishes, ""), found, path, "factor")
  rest <- setdiff(found, wishes)
  for (place in seq_along(wishes)) {
    if (wishes[place] == "" && length(rest) > 0) {
      wishes[place] <- rest[1]
      rest <- rest[-1]
    }
  }
  wishes[wishes != ""]
}

# A factor in which values beyond `most`, evenly spread, are NA. Numbers are never thinned.
thinned <- function(values, most) {
  values <- ordered_levels(values)
  if (nlevels(values) <= most || !anyNA(suppressWarnings(as.numeric(levels(values))))) {
    return(values)
  }
  factor(values, levels = levels(values)[round(seq(1, nlevels(values), length.out = most))])
}

# Of every subspace the dimensions whose mean response varies most, then those where it varies least: rank and panel.
chosen_dimensions <- function(table, figure) {
  table %>%
    group_by(.data$subspace, .data$dimension) %>%
    summarise(variance = var(.data$centre, na.rm = TRUE), .groups = "drop_last") %>%
    arrange(desc(.data$variance), .by_group = TRUE) %>%
    mutate(rank = row_number(), low = .data$rank > n() - figure$lowest) %>%
    filter(.data$rank <= figure$highest | .data$low) %>%
    ungroup() %>%
    arrange(.data$subspace, .data$rank) %>%
    mutate(
      panel = sprintf(
        "%s, dim %d%s", .data$subspace, as.integer(.data$dimension),
        if_else(.data$rank > figure$highest, " (low)", "")
      ),
      panel = factor(.data$panel, levels = .data$panel)
    )
}

# The rows of the chosen dimensions, with their panels.
chosen_responses <- function(responses) {
  inner_join(
    responses$table, select(responses$dimensions, "subspace", "dimension", "panel"), by = c("subspace", "dimension")
  )
}

response_caption <- function(responses, figure) {
  most <- as.integer(figure$highest)
  c(
    sprintf(
      paste(
        "0 and 1 stand for %.3g and %.3g, mean and standard deviation of all mean responses of this run, so that",
        "subspaces can be compared. Of each subspace the %s whose response varies most%s."
      ),
      responses$location, responses$scale, if (most == 1) "dimension" else sprintf("%d dimensions", most),
      if (figure$lowest > 0) sprintf(" and the %d where it varies least (low)", as.integer(figure$lowest)) else ""
    ),
    if (responses$was_thinned) sprintf("At most %d values of a factor are drawn, evenly spread.", figure$most)
  )
}

# Columns of panels: the dimensions of a subspace in a row, or as many of them as fit.
response_columns <- function(dimensions) fitting_columns(max(count(dimensions, .data$subspace)$n))

# Names of the factors in figures; speakers that are numbers are vocal tracts.
response_titles <- function(responses) {
  titles <- setNames(factor_title(responses$factors), names(responses$factors))
  speakers <- names(responses$factors)[responses$factors == "speaker"]
  if (length(speakers) == 1 && is.numeric(as_axis(responses$table[[speakers]]))) {
    titles[speakers] <- "Speaker (vocal tract length factor)"
  }
  titles
}

# The axis of a factor, of numbers or of classes.
scale_along <- function(values, ...) {
  if (is.numeric(values)) {
    scale_x_continuous(breaks = scales::breaks_extended(3), ...)
  } else {
    scale_x_discrete(guide = guide_axis(angle = 90, check.overlap = TRUE), ...)
  }
}
