# Response maps (figure 6c, supplementary figure 21): the mean of latent dimensions as a colour, one factor against
# another, a row of panels per subspace or, with a third factor, per value of that.
#
# Tables      responses: traversal table of one run and checkpoint with run, label, checkpoint, subspace, dimension,
#             mean, sd and two or more columns factor_NAME
# Parameters  those of responses.R

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))
source_shared("responses.R")

figure <- read_figure("responses", modifyList(response_parameters, list(most = 20)))

responses <- read_responses(figure)
with_third <- "by" %in% names(responses$table)
if (with_third) {
  # Only the dimension of each subspace that varies most: the panels are needed for the third factor.
  responses$dimensions <- filter(responses$dimensions, .data$rank == 1)
  figure[c("highest", "lowest")] <- c(1, 0)
}
titles <- response_titles(responses)
cells <- chosen_responses(responses)
cells$along <- as_axis(cells$along)
limit <- max(abs(range(cells$centre, na.rm = TRUE)))
n_columns <- response_columns(responses$dimensions)
panels <- if (with_third) {
  facet_grid(vars(.data$by), vars(.data$panel))
} else {
  facet_wrap(vars(.data$panel), ncol = n_columns)
}
n_rows <- if (with_third) nlevels(droplevels(cells$by)) else ceiling(nrow(responses$dimensions) / n_columns)

plot <- ggplot(cells, aes(.data$along, .data$lines, fill = .data$centre)) +
  geom_tile() +
  panels +
  scale_along(cells$along, expand = c(0, 0)) +
  scale_y_discrete(limits = rev(levels(cells$lines)), expand = c(0, 0)) +
  # Blue and red differ in lightness from white alike, and colour-blind readers can tell them apart.
  scale_fill_gradient2(
    low = "#2166AC", mid = "white", high = "#B2182B", limits = c(-limit, limit), na.value = "grey80"
  ) +
  labs(x = titles[["along"]], y = titles[["lines"]], fill = "Latent mean\n(standardised)") +
  guides(fill = lying_colourbar(
    # The number at the end of the bar is wider than the bar.
    title.theme = element_text(family = style$font, face = "bold", size = 7.2, lineheight = 0.9, margin = margin(r = 8))
  )) +
  theme_figure() +
  theme(
    legend.position = "top", legend.justification = "left", panel.grid.major = element_blank(),
    strip.text.x = element_text(size = rel(0.8))
  )

caption <- c(
  response_caption(responses, figure),
  if (anyNA(cells$centre)) "Grey: no frames.",
  if (with_third) sprintf("Rows: %s.", factor_title(responses$factors[["by"]]))
)
row_mm <- max(if (with_third) 10 else 20, 2.4 * nlevels(cells$lines)) + (if (with_third) 2 else 6)
around_mm <- 22 + 10 * ceiling(120 / style$width_mm) + (if (is.numeric(cells$along)) 0 else 10)
save_figure(plot, figure, row_mm * n_rows + around_mm, title = responses$title, caption = caption)
