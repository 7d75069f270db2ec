# Response maps (figure 6c, supplementary figure 21): the mean of latent dimensions as a colour, one factor against
# another, a row of panels per subspace or, with a third factor, per value of that.
#
# Input   responses: traversal table of one run and checkpoint with run, label, checkpoint, subspace, dimension, mean,
#         sd and two or more columns factor_NAME
# Output  pdf, png
# Command Rscript visualize_R/response_maps.R --responses RUN/best.csv --pdf out.pdf --png out.png
#         [--lines vowel --along speaker --by emotion: factors, by default the columns in this order]
#         [--highest 4] [--lowest 2] [--subspaces X,OC1; by default all but the projection OCs_proj] [--most 20]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})
source_shared("responses.R")

arguments <- figure_arguments(inputs = "responses", parameters = modifyList(response_parameters, list(most = 20)))

with_third <- function(responses) "by" %in% names(responses$table)
responses <- read_responses(arguments)
if (with_third(responses)) {
  # Only the dimension of each subspace that varies most: the panels are needed for the third factor.
  responses$dimensions <- filter(responses$dimensions, .data$rank == 1)
  arguments[c("highest", "lowest")] <- c(1, 0)
}
titles <- response_titles(responses)
cells <- responses$table %>%
  inner_join(select(responses$dimensions, "subspace", "dimension", "panel"), by = c("subspace", "dimension"))
is_number <- is.numeric(as_axis(cells$along))
cells$along <- as_axis(cells$along)
limit <- max(abs(range(cells$centre, na.rm = TRUE)))
n_columns <- response_columns(responses$dimensions)
panels <- if (with_third(responses)) {
  facet_grid(vars(.data$by), vars(.data$panel))
} else {
  facet_wrap(vars(.data$panel), ncol = n_columns)
}
n_rows <- if (with_third(responses)) nlevels(droplevels(cells$by)) else ceiling(nrow(responses$dimensions) / n_columns)

figure <- ggplot(cells, aes(.data$along, .data$lines, fill = .data$centre)) +
  geom_tile() +
  panels +
  (if (is_number) {
    scale_x_continuous(breaks = scales::breaks_extended(3), expand = c(0, 0))
  } else {
    scale_x_discrete(guide = guide_axis(angle = 90, check.overlap = TRUE), expand = c(0, 0))
  }) +
  scale_y_discrete(limits = rev(levels(cells$lines)), expand = c(0, 0)) +
  # Blue and red differ in lightness from white alike, and colour-blind readers can tell them apart.
  scale_fill_gradient2(
    low = "#2166AC", mid = "white", high = "#B2182B", limits = c(-limit, limit), na.value = "grey80"
  ) +
  labs(
    title = responses$title, x = titles[["along"]], y = titles[["lines"]], fill = "Latent mean\n(standardised)",
    caption = wrap_caption(
      c(
        response_caption(responses, arguments),
        if (anyNA(cells$centre)) "Grey: no frames.",
        if (with_third(responses)) sprintf("Rows: %s.", factor_title(responses$factors[["by"]]))
      ),
      arguments$width_mm
    )
  ) +
  guides(fill = guide_colourbar(
    barwidth = unit(35, "mm"), barheight = unit(2.5, "mm"), title.vjust = 1,
    # The number at the end of the bar is wider than the bar.
    title.theme = element_text(family = style$font, face = "bold", size = 7.2, lineheight = 0.9, margin = margin(r = 8))
  )) +
  theme_figure() +
  theme(
    legend.position = "top", legend.justification = "left", panel.grid.major = element_blank(),
    strip.text.x = element_text(size = rel(0.8))
  )

row_mm <- max(if (with_third(responses)) 10 else 20, 2.4 * nlevels(cells$lines)) + (if (with_third(responses)) 2 else 6)
around_mm <- 22 + 10 * ceiling(120 / arguments$width_mm) + (if (is_number) 0 else 10)
save_figure(figure, arguments, height_mm = row_mm * n_rows + around_mm)
