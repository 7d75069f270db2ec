# Latent responses (figure 6a and b, supplementary figures 18 to 20): how the dimensions of each subspace answer when
# one factor varies, a line for every value of another.
#
# Input   responses: traversal table of one run and checkpoint with run, label, checkpoint, subspace, dimension, mean,
#         sd and two or more columns factor_NAME
# Output  pdf, png
# Command Rscript visualize_R/latent_responses.R --responses RUN/best.csv --pdf out.pdf --png out.png
#         [--lines vowel --along speaker --by emotion: factors, by default the columns in this order]
#         [--highest 4] [--lowest 2] [--subspaces X,OC1; by default all but the projection OCs_proj] [--most 12]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})
source_shared("responses.R")

arguments <- figure_arguments(inputs = "responses", parameters = response_parameters)

responses <- read_responses(arguments)
curves <- responses$table %>%
  inner_join(select(responses$dimensions, "subspace", "dimension", "panel"), by = c("subspace", "dimension"))
if ("by" %in% names(curves)) {
  # Averaged over the third factor, each of its classes with the same weight.
  curves <- curves %>%
    group_by(.data$subspace, .data$panel, .data$lines, .data$along) %>%
    summarise(
      half_width = sqrt(mean(.data$half_width^2)), centre = mean(.data$centre, na.rm = TRUE), .groups = "drop"
    )
}
titles <- response_titles(responses)
curves$along <- as_axis(curves$along)
colours <- class_colours(levels(curves$lines))
n_columns <- response_columns(responses$dimensions)
scale_along <- if (is.numeric(curves$along)) {
  scale_x_continuous(breaks = scales::breaks_extended(3))
} else {
  scale_x_discrete(guide = guide_axis(angle = 90, check.overlap = TRUE))
}

figure <- ggplot(
  curves,
  aes(
    .data$along, .data$centre, colour = .data$lines, fill = .data$lines, linetype = .data$lines, group = .data$lines
  )
) +
  geom_ribbon(
    aes(ymin = .data$centre - .data$half_width, ymax = .data$centre + .data$half_width),
    # Many ribbons on top of each other stay transparent. They end, as lines do, where a cell has no frames.
    colour = NA, alpha = min(0.18, 0.8 / length(colours))
  ) +
  geom_line(linewidth = 0.4, na.rm = TRUE) +
  # Cells whose neighbours have no frames are on no line.
  (if (!is.numeric(curves$along)) geom_point(size = 0.5, na.rm = TRUE, show.legend = FALSE)) +
  facet_wrap(vars(.data$panel), ncol = n_columns) +
  scale_along +
  scale_colour_manual(values = colours) +
  scale_fill_manual(values = colours) +
  scale_linetype_manual(values = class_lines(levels(curves$lines))) +
  labs(
    title = responses$title, x = titles[["along"]], y = "Response of the latent mean (standardised)",
    colour = titles[["lines"]], fill = titles[["lines"]], linetype = titles[["lines"]],
    caption = wrap_caption(
      c(
        "Line: mean, ribbon: \u00b1 1 standard deviation over the frames of a cell.",
        if ("by" %in% names(responses$factors)) {
          sprintf("Averaged over %s.", tolower(factor_title(responses$factors[["by"]])))
        },
        response_caption(responses, arguments)
      ),
      arguments$width_mm
    )
  ) +
  theme_figure() +
  theme(legend.position = "top", legend.justification = "left", strip.text = element_text(size = rel(0.8)))

axis_mm <- if (is.numeric(curves$along)) 0 else 8
around_mm <- 20 + 18 * ceiling(120 / arguments$width_mm)
save_figure(figure, arguments,
  height_mm = 28 * ceiling(nrow(responses$dimensions) / n_columns) + around_mm + axis_mm
)
