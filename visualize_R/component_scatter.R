# Frequencies of the components of every frame against each other, with their marginal densities (supplementary figures
# 4e to 4h).
#
# Input   quality: one or several tables of sampled frames (quality_sample.csv), one per method
# Output  pdf, png
# Command Rscript visualize_R/component_scatter.R --quality a.csv,b.csv --pdf out.pdf --png out.png

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(inputs = "quality", parameters = list(max_hz = 5000, bin_hz = 31.25))

truth <- read_quality(arguments$quality, "formant_hz")
detected <- read_quality(arguments$quality, "peak_hz") %>%
  filter(.data$item %in% truth$item, .data$value <= arguments$max_hz)
ranks <- component_levels(truth$item)
vowels <- levels(detected$content)

# One row per frame, one column per component in kHz.
by_frame <- function(table) {
  table %>%
    mutate(khz = .data$value / 1000) %>%
    select("method", "content", "utterance", "frame", "item", "khz") %>%
    pivot_wider(names_from = "item", values_from = "khz")
}
# Peaks lie on the bins of the spectrum: spread over the bin, so that frames do not hide each other.
set.seed(0)
points <- by_frame(mutate(detected, value = .data$value + runif(n(), -0.5, 0.5) * arguments$bin_hz))
centres <- by_frame(truth) %>%
  group_by(.data$method, .data$content) %>%
  summarise(across(all_of(ranks), median), .groups = "drop")

colours <- scale_colour_manual(values = class_colours(vowels), limits = vowels)
fills <- scale_fill_manual(values = class_colours(vowels), limits = vowels, guide = "none")

marginal <- function(table, component) {
  ggplot(table, aes(.data[[component]], colour = .data$content, fill = .data$content)) +
    geom_density(aes(y = after_stat(.data$scaled)), alpha = 0.08, linewidth = 0.3, show.legend = FALSE) +
    colours +
    fills +
    theme_void()
}

with_marginals <- function(method, x, y) {
  table <- points[points$method == method, ]
  table <- table[!is.na(table[[x]]) & !is.na(table[[y]]), ]
  range_x <- range(points[[x]], na.rm = TRUE)
  range_y <- range(points[[y]], na.rm = TRUE)
  scatter <- ggplot(table, aes(.data[[x]], .data[[y]], colour = .data$content)) +
    geom_point(size = 0.6, stroke = 0, alpha = 0.4) +
    geom_point(
      aes(fill = .data$content), centres[centres$method == method, ],
      shape = 21, size = 1.7, colour = "black", stroke = 0.4, show.legend = FALSE
    ) +
    colours +
    fills +
    guides(colour = guide_legend(override.aes = list(size = 2, alpha = 1))) +
    coord_cartesian(xlim = range_x, ylim = range_y) +
    labs(x = sprintf("%s (kHz)", x), y = sprintf("%s (kHz)", y), colour = "Vowel") +
    theme_figure()
  top <- marginal(table, x) +
    coord_cartesian(xlim = range_x) +
    labs(title = method) +
    theme(plot.title = element_text(size = 8, face = "bold", family = font_family))
  right <- marginal(table, y) + coord_flip(xlim = range_y)
  top + plot_spacer() + scatter + right + plot_layout(ncol = 2, widths = c(5, 1), heights = c(1, 5))
}

methods <- levels(droplevels(points$method))
pairs <- unique(list(ranks[1:2], ranks[c(2, length(ranks))]))
panels <- unlist(
  lapply(pairs, function(pair) lapply(methods, with_marginals, x = pair[1], y = pair[2])),
  recursive = FALSE
)
explanation <- paste(
  "Small dots: frames, spread over the bin of the spectrum;",
  "circles: medians of the formants that the generator gave to the same frames.",
  "Curves: densities of the frames of a vowel, each with maximum 1."
)
figure <- wrap_plots(panels, ncol = min(2, length(methods)), guides = "collect") +
  plot_annotation(
    caption = wrap_caption(c(explanation, quality_caption(detected)), arguments$width_mm), theme = theme_figure()
  ) &
  theme(legend.position = "bottom")

rows <- ceiling(length(panels) / min(2, length(methods)))
save_figure(figure, arguments, height_mm = 58 * rows + 18)
