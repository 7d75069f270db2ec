# Circular bar charts (figure 6d): five metrics of every model around a circle, one sector per corpus and metric.
#
# Input   metrics: metrics.csv with run, label, model, corpus, checkpoint, branch, space, aggregation, factors, metric,
#         classifier, protocol, value, ci_low, ci_high
# Output  pdf, png
# Command Rscript visualize_R/metrics_circular.R --metrics metrics.csv --pdf out.pdf --png out.png
#         [the parameters of scores.R]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

source_shared("scores.R")

arguments <- figure_arguments(inputs = "metrics", parameters = score_parameters)

drawn <- c(
  total_correlation = "1 \u2212 TC", disentanglement = "D", completeness = "C", informativeness = "I", irs = "IRS"
)
families <- c(
  ae = "Autoencoders", vae = "Autoencoders", beta_vae = "Autoencoders", decvae = "DecVAE"
)
runs <- read_table(arguments$metrics, text = c("run", "model", "corpus")) %>%
  distinct(.data$run, .keep_all = TRUE)
scores <- read_scores(arguments, with_tasks = FALSE)$scores %>%
  filter(.data$state == "shown", .data$score %in% names(drawn)) %>%
  inner_join(runs, by = "run")
bars <- scores %>%
  keep_rows(
    scores$model %in% names(families), arguments$metrics,
    sprintf("a model among %s", quoted(names(families))), scores$model
  ) %>%
  mutate(
    across(c("value", "ci_low", "ci_high"), \(value) pmin(1, pmax(0, higher_is_better(value, .data$score)))),
    low = pmin(.data$ci_low, .data$ci_high), high = pmax(.data$ci_low, .data$ci_high),
    family = unname(families[.data$model]),
    corpus = sub("-[0-9a-f]+$", "", .data$corpus),
    metric = factor(drawn[as.character(.data$score)], levels = drawn)
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

# One circle; bars grow from a ring so that those of the inside can be told apart.
circle <- function(family) {
  bars <- filter(bars, .data$family == .env$family) %>% mutate(label = droplevels(.data$label))
  names <- bars %>%
    group_by(.data$corpus, .data$metric) %>%
    summarise(place = mean(.data$place), .groups = "drop")
  sectors <- names %>%
    group_by(.data$corpus) %>%
    summarise(place = mean(.data$place))
  palette <- if (family == "DecVAE") viridisLite::plasma else viridisLite::viridis
  colours <- setNames(palette(nlevels(bars$label), begin = 0.15, end = 0.8), levels(bars$label))
  ggplot(bars, aes(.data$place, .data$value, fill = .data$label)) +
    geom_hline(yintercept = 0:5 / 5, linewidth = 0.2, colour = "grey85") +
    annotate(
      "text", x = 0, y = 1:5 / 5, label = c("0.2", "0.4", "0.6", "0.8", "1"), size = 1.7, colour = "grey40"
    ) +
    geom_col(width = 0.9) +
    geom_errorbar(
      aes(ymin = .data$low, ymax = .data$high),
      data = filter(bars, !is.na(.data$low)), width = 0.4, linewidth = 0.2, colour = "grey15", show.legend = FALSE
    ) +
    geom_text(
      aes(.data$place, 1.15, label = .data$metric),
      data = names, inherit.aes = FALSE, size = 2.1
    ) +
    geom_text(
      aes(.data$place, 1.42, label = .data$corpus),
      data = sectors, inherit.aes = FALSE, size = 2.3, fontface = "bold"
    ) +
    scale_x_continuous(limits = c(-1, bars$places[1])) +
    scale_y_continuous(limits = c(-0.4, 1.45)) +
    scale_fill_manual(values = colours) +
    coord_polar() +
    labs(title = family, x = NULL, y = NULL, fill = NULL) +
    guides(fill = guide_legend(ncol = 1)) +
    theme_figure() +
    theme(
      axis.text = element_blank(), axis.ticks = element_blank(), panel.grid.major = element_blank(),
      panel.border = element_blank(), legend.position = "bottom"
    )
}

figure <- wrap_plots(lapply(sort(unique(bars$family)), circle), nrow = 1) +
  plot_annotation(
    caption = wrap_caption(
      "TC: total correlation in nats per dimension, 1 \u2212 TC cut at 0. Whiskers: 95 % intervals.",
      arguments$width_mm
    ),
    theme = theme_figure()
  )

save_figure(figure, arguments, height_mm = 115 + 4 * max(table(distinct(bars, .data$family, .data$label)$family)))
