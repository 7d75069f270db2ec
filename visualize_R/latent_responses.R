# Latent responses (supplementary figure 18): how the dimensions of each subspace answer to speaker and vowel.
#
# Input   responses: traversal table of one run and checkpoint with run, label, checkpoint, subspace, dimension, vowel,
#         speaker_factor, mean, sd
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

responses <- read_table(
  arguments$responses,
  text = c("run", "label", "checkpoint", "subspace", "vowel"),
  numeric = c("dimension", "speaker_factor", "mean", "sd")
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
responses <- filter(responses, .data$subspace %in% shown)

# One location and one scale for the whole figure, so that a dimension that does nothing looks flat.
# A pair of vowel and speaker without frames has no mean: its lines have a gap.
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

curves <- responses %>%
  inner_join(mutate(dimensions, subspace = as.character(.data$subspace)), by = c("subspace", "dimension")) %>%
  mutate(
    vowel = ordered_levels(.data$vowel),
    centre = (.data$mean - location) / scale,
    half_width = coalesce(.data$sd, 0) / scale
  )
colours <- class_colours(levels(curves$vowel))
n_columns <- max(count(dimensions, .data$subspace)$n)

figure <- ggplot(curves, aes(.data$speaker_factor, .data$centre, colour = .data$vowel, fill = .data$vowel)) +
  geom_ribbon(
    aes(ymin = .data$centre - .data$half_width, ymax = .data$centre + .data$half_width),
    colour = NA, alpha = 0.18, na.rm = TRUE
  ) +
  geom_line(linewidth = 0.4, na.rm = TRUE) +
  facet_wrap(vars(.data$panel), ncol = n_columns) +
  scale_x_continuous(breaks = scales::breaks_extended(3)) +
  scale_colour_manual(values = colours) +
  scale_fill_manual(values = colours) +
  labs(
    title = curves$label[1],
    x = "Speaker (vocal tract length factor)", y = "Response of the latent mean (standardised)",
    colour = "Vowel", fill = "Vowel",
    caption = wrap_caption(sprintf(
      paste(
        "Line: mean, ribbon: \u00b1 1 standard deviation over repetitions. 0 and 1 stand for %.3g and %.3g: mean and",
        "standard deviation of all mean responses of this run. Of each subspace the %d dimensions of highest and the",
        "%d of lowest variance (low). Checkpoint: %s."
      ),
      location, scale, as.integer(arguments$highest), as.integer(arguments$lowest), curves$checkpoint[1]
    ), arguments$width_mm)
  ) +
  theme_figure() +
  theme(legend.position = "top", legend.justification = "left")

save_figure(figure, arguments, height_mm = 28 * n_distinct(dimensions$subspace) + 34)
