# Latent responses (supplementary figure 18, figures 6a and 6b): how the dimensions of each subspace answer to the
# factors of a controlled set, such as vowel and speaker.
#
# Input   responses: traversal table of one run and checkpoint with run, label, checkpoint, subspace, dimension, two or
#         more columns factor_NAME, mean, sd, n. The first factor makes the lines, the second their axis (continuous if
#         all its classes are numbers); responses are averaged over a third
# Output  pdf, png
# Command Rscript visualize_R/latent_responses.R --responses RUN/best.csv --pdf out.pdf --png out.png
#         [--highest 4] [--lowest 2] [--subspaces X,OC1; by default all but the projection OCs_proj]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(
  inputs = "responses",
  parameters = list(highest = 4, lowest = 2, subspaces = character())
)

factors <- factor_columns(arguments$responses)
if (length(factors) < 2) {
  stop(sprintf("%s needs two columns factor_NAME or more; it has %s.", arguments$responses, quoted(factors)),
    call. = FALSE
  )
}
responses <- read_table(
  arguments$responses,
  text = c("run", "label", "checkpoint", "subspace", factors),
  numeric = c("dimension", "mean", "sd", "n")
)
runs <- unique(paste(responses$run, responses$checkpoint, sep = " at "))
if (length(runs) > 1) {
  stop(sprintf("%s holds %s; this figure draws one run at one checkpoint.", arguments$responses, quoted(runs)),
    call. = FALSE
  )
}
absent <- setdiff(arguments$subspaces, responses$subspace)
if (length(absent) > 0) {
  stop(sprintf(
    "%s has no subspace %s; it has %s.", arguments$responses, quoted(absent), quoted(unique(responses$subspace))
  ), call. = FALSE)
}
shown <- if (length(arguments$subspaces) > 0) arguments$subspaces else setdiff(responses$subspace, "OCs_proj")
responses <- responses %>%
  filter(.data$subspace %in% shown) %>%
  rename(line = all_of(factors[1]), axis = all_of(factors[2])) %>%
  # A factor beyond the second is averaged over, each of its classes with the same weight.
  group_by(.data$label, .data$checkpoint, .data$subspace, .data$dimension, .data$line, .data$axis) %>%
  summarise(
    sd = sqrt(mean(.data$sd^2, na.rm = TRUE)), mean = mean(.data$mean, na.rm = TRUE), .groups = "drop"
  )

# One location and one scale for the whole figure, so that a dimension that does nothing looks flat.
# A cell without frames has no mean: its line has a gap.
location <- mean(responses$mean, na.rm = TRUE)
scale <- sd(responses$mean, na.rm = TRUE)
if (!is.finite(scale) || scale == 0) {
  stop(sprintf("%s: all responses are equal or missing; they have no scale to draw.", arguments$responses),
    call. = FALSE
  )
}

# The dimensions of each subspace with the highest variance of the mean response, then those with the lowest.
dimensions <- responses %>%
  group_by(.data$subspace, .data$dimension) %>%
  summarise(variance = var(.data$mean, na.rm = TRUE), .groups = "drop_last") %>%
  arrange(desc(.data$variance), .by_group = TRUE) %>%
  mutate(rank = row_number(), low = .data$rank > n() - arguments$lowest) %>%
  filter(.data$rank <= arguments$highest | .data$low) %>%
  ungroup() %>%
  mutate(subspace = factor(.data$subspace, levels = component_levels(.data$subspace))) %>%
  arrange(.data$subspace, .data$rank) %>%
  mutate(
    panel = sprintf(
      "%s, dim %d%s", .data$subspace, as.integer(.data$dimension),
      if_else(.data$rank > arguments$highest, " (low)", "")
    ),
    panel = factor(.data$panel, levels = .data$panel)
  )

axis_classes <- ordered_levels(responses$axis)
continuous <- !anyNA(suppressWarnings(as.numeric(levels(axis_classes))))
curves <- responses %>%
  inner_join(mutate(dimensions, subspace = as.character(.data$subspace)), by = c("subspace", "dimension")) %>%
  mutate(
    line = ordered_levels(.data$line),
    place = if (continuous) as.numeric(.data$axis) else as.integer(factor(.data$axis, levels(axis_classes))),
    centre = (.data$mean - location) / scale,
    half_width = coalesce(.data$sd, 0) / scale
  )
colours <- class_colours(levels(curves$line))
n_columns <- max(count(dimensions, .data$subspace)$n)
axis_scale <- if (continuous) {
  scale_x_continuous(breaks = scales::breaks_extended(3))
} else {
  scale_x_continuous(breaks = seq_along(levels(axis_classes)), labels = levels(axis_classes))
}
titles <- factor_title(factors)

figure <- ggplot(curves, aes(.data$place, .data$centre, colour = .data$line, fill = .data$line)) +
  geom_ribbon(
    aes(ymin = .data$centre - .data$half_width, ymax = .data$centre + .data$half_width),
    colour = NA, alpha = 0.12, na.rm = TRUE
  ) +
  geom_line(linewidth = 0.4, na.rm = TRUE) +
  (if (!continuous) geom_point(size = 0.6, stroke = 0, shape = 16, na.rm = TRUE)) +
  facet_wrap(vars(.data$panel), ncol = n_columns) +
  axis_scale +
  scale_colour_manual(values = colours) +
  scale_fill_manual(values = colours) +
  guides(colour = guide_legend(nrow = ceiling(nlevels(curves$line) / 12))) +
  labs(
    title = curves$label[1],
    x = if (titles[2] == "Speaker" && continuous) "Speaker (vocal tract length factor)" else titles[2],
    y = "Response of the latent mean (standardised)", colour = titles[1], fill = titles[1],
    caption = wrap_caption(sprintf(
      paste(
        "Line: mean, ribbon: \u00b1 1 standard deviation over the frames of a cell%s. 0 and 1 stand for %.3g and %.3g:",
        "mean and standard deviation of all mean responses of this run. Of each subspace the %d dimensions of highest and",
        "the %d of lowest variance (low). Checkpoint: %s."
      ),
      if (length(factors) > 2) sprintf(", averaged over %s", tolower(paste(titles[-(1:2)], collapse = ", "))) else "",
      location, scale, as.integer(arguments$highest), as.integer(arguments$lowest), curves$checkpoint[1]
    ), arguments$width_mm)
  ) +
  theme_figure() +
  theme(legend.position = "top", legend.justification = "left") +
  (if (!continuous) theme(axis.text.x = element_text(angle = 90, hjust = 1, vjust = 0.5, size = 5)))

save_figure(figure, arguments, height_mm = 28 * n_distinct(dimensions$subspace) + 34)
