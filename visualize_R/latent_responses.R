# Latent responses (figure 6a and b, supplementary figures 18 to 20): how the dimensions of each subspace answer when
# one factor varies, a line for every value of another.
#
# Tables      responses: traversal table of one run and checkpoint with run, label, checkpoint, subspace, dimension,
#             mean, sd and two or more columns factor_NAME
# Parameters  those of responses.R

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))
source_shared("responses.R")

figure <- read_figure("responses", response_parameters)

responses <- read_responses(figure)
curves <- chosen_responses(responses)
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

plot <- ggplot(curves, aes(
  .data$along, .data$centre, colour = .data$lines, fill = .data$lines, linetype = .data$lines, group = .data$lines
)) +
  geom_ribbon(
    aes(ymin = .data$centre - .data$half_width, ymax = .data$centre + .data$half_width),
    # Many ribbons on top of each other stay transparent. They end, as lines do, where a cell has no frames.
    colour = NA, alpha = min(0.18, 0.8 / length(colours))
  ) +
  geom_line(linewidth = 0.4, na.rm = TRUE) +
  # Cells whose neighbours have no frames are on no line.
  (if (!is.numeric(curves$along)) geom_point(size = 0.5, na.rm = TRUE, show.legend = FALSE)) +
  facet_wrap(vars(.data$panel), ncol = n_columns) +
  scale_along(curves$along) +
  scale_colour_manual(titles[["lines"]], values = colours, aesthetics = c("colour", "fill")) +
  scale_linetype_manual(titles[["lines"]], values = class_lines(levels(curves$lines))) +
  labs(x = titles[["along"]], y = "Response of the latent mean (standardised)") +
  theme_figure() +
  theme(legend.position = "top", legend.justification = "left", strip.text = element_text(size = rel(0.8)))

caption <- c(
  "Line: mean, ribbon: \u00b1 1 standard deviation over the frames of a cell.",
  if ("by" %in% names(responses$factors)) {
    sprintf("Averaged over %s.", tolower(factor_title(responses$factors[["by"]])))
  },
  response_caption(responses, figure)
)
rows <- ceiling(nrow(responses$dimensions) / n_columns)
height_mm <- 28 * rows + 20 + 18 * ceiling(120 / style$width_mm) + (if (is.numeric(curves$along)) 0 else 8)
save_figure(plot, figure, height_mm, title = responses$title, caption = caption)
