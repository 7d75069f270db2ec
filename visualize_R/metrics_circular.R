# Circular bar charts (figure 6d): some metrics of every model around a circle, one sector per corpus and metric.
#
# Tables      metrics: metrics.csv with run, label, checkpoint, branch, space, aggregation, factors, metric, classifier,
#             protocol, value, ci_low, ci_high
# Parameters  scores: names of those that are drawn, in their order; those of scores.R, with `runs` that also have a
#             `family`, each a circle, and a `corpus`

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))
source_shared("scores.R")

figure <- read_figure("metrics", c(score_parameters, list(scores = character())))

drawn <- read_scores(figure, with_tasks = FALSE)
check_names(figure$scores, drawn$definitions$score, figure$description, "score")
# Around a circle there is room for a symbol, or for the beginning of a name.
definitions <- slice(drawn$definitions, match(figure$scores, .data$score)) %>%
  mutate(
    short = if_else(nchar(.data$symbol) > 1, .data$symbol, substr(.data$title, 1, 3)),
    short = paste0(if_else(.data$better == "low", "1\u2212", ""), .data$short)
  )
bars <- drawn$scores %>%
  filter(.data$state == "shown") %>%
  mutate(score = as.character(.data$score)) %>%
  inner_join(definitions, by = "score") %>%
  inner_join(select(figure$runs, "run", "family", "corpus"), by = "run") %>%
  mutate(
    across(all_of(score_numbers), \(value) pmin(1, pmax(0, higher_is_better(value, .data$better)))),
    low = pmin(.data$ci_low, .data$ci_high), high = pmax(.data$ci_low, .data$ci_high),
    metric = factor(.data$short, levels = definitions$short)
  ) %>%
  group_by(.data$family) %>%
  # Models of a metric stand side by side; an empty place parts metrics, three part corpora.
  arrange(.data$corpus, .data$metric, .data$label, .by_group = TRUE) %>%
  mutate(
    place = row_number() + cumsum(.data$metric != lag(.data$metric, default = first(.data$metric))) +
      2 * cumsum(.data$corpus != lag(.data$corpus, default = first(.data$corpus))),
    places = max(.data$place) + 3
  ) %>%
  ungroup()

# Neighbours in a list of models are far apart in the gradient.
family_colours <- function(family, labels) {
  palette <- if (family == "DecVAE") viridisLite::plasma else viridisLite::viridis
  n <- length(labels)
  half <- ceiling(n / 2)
  setNames(palette(n, begin = 0.05, end = 0.85)[order(c(seq_len(half) * 2 - 1, seq_len(n - half) * 2))], labels)
}

# Text that runs along a ray (metrics) or along the circle (corpora), never upside down.
upright <- function(table, places) {
  turn <- 360 * (table$place + 1) / (places + 1)
  left <- turn > 180
  below <- turn > 90 & turn < 270
  mutate(
    table,
    ray = 90 - turn + if_else(left, 180, 0), ray_hjust = if_else(left, 1, 0),
    arc = -turn + if_else(below, 180, 0)
  )
}

# One circle; bars grow from a ring so that those of the inside can be told apart.
circle <- function(family) {
  bars <- filter(bars, .data$family == .env$family) %>% mutate(label = droplevels(.data$label))
  places <- bars$places[1]
  names <- bars %>%
    group_by(.data$corpus, .data$metric) %>%
    summarise(place = mean(.data$place), .groups = "drop")
  sectors <- names %>%
    group_by(.data$corpus) %>%
    summarise(place = mean(.data$place))
  ggplot(bars, aes(.data$place, .data$value, fill = .data$label)) +
    geom_hline(yintercept = 0:5 / 5, linewidth = 0.2, colour = "grey85") +
    geom_col(width = 0.9) +
    geom_errorbar(
      aes(ymin = .data$low, ymax = .data$high),
      data = filter(bars, !is.na(.data$low)), width = 0.4, linewidth = 0.2, colour = "grey15", show.legend = FALSE
    ) +
    annotate(
      "label", x = -0.2, y = 1:5 / 5, label = c("0.2", "0.4", "0.6", "0.8", "1"), size = 1.8, colour = "grey35",
      fill = "white", label.size = 0, label.padding = unit(0.2, "mm")
    ) +
    geom_text(
      aes(.data$place, 1.08, label = .data$metric, angle = .data$ray, hjust = .data$ray_hjust),
      data = upright(names, places), inherit.aes = FALSE, size = 2
    ) +
    geom_text(
      aes(.data$place, 1.52, label = .data$corpus, angle = .data$arc),
      data = upright(sectors, places), inherit.aes = FALSE, size = 2.3, fontface = "bold"
    ) +
    scale_x_continuous(limits = c(-1, places), expand = c(0, 0)) +
    scale_y_continuous(limits = c(-0.4, 1.52), expand = c(0, 0)) +
    scale_fill_manual(values = family_colours(family, levels(bars$label))) +
    coord_polar(clip = "off") +
    labs(title = family, x = NULL, y = NULL, fill = NULL) +
    guides(fill = guide_legend(ncol = 1)) +
    theme_figure() +
    without_axes() +
    theme(panel.border = element_blank(), legend.position = "bottom")
}

circles <- lapply(sort(unique(bars$family)), circle)
columns <- min(fitting_columns(2), length(circles))
units <- if_else(nzchar(definitions$unit), sprintf(" (%s)", definitions$unit), "")
caption <- c(
  sprintf("%s.", paste0(definitions$short, ": ", small(definitions$title), units, collapse = ", ")),
  if (any(definitions$better == "low")) "What is better when low is drawn as 1 \u2212 value, cut at 0.",
  if (any(!is.na(bars$ci_low))) intervals_note("Whiskers", figure$runs)
)
save_figure(wrap_plots(circles, ncol = columns), figure, fitting_height(circles, columns) + 8, caption = caption)
