# Frequencies of the components beside the true formants (supplementary figures 4e to 4h).
#
# Input   quality: one or several tables of sampled frames (quality_sample.csv), one per method
# Output  pdf, png
# Command Rscript visualize_R/component_frequencies.R --quality a.csv,b.csv --pdf out.pdf --png out.png

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(inputs = "quality", parameters = list(max_hz = 5000))

detected <- read_quality(arguments$quality, "peak_hz")
truth <- read_quality(arguments$quality, "formant_hz")
kilohertz <- function(hertz) hertz / 1000
ranks <- component_levels(truth$item)
detected <- filter(detected, .data$item %in% ranks, .data$value <= arguments$max_hz)

# Left: medians in the planes of the first and second, and of the second and third component.
medians <- function(table) {
  table %>%
    group_by(.data$method, .data$content, .data$group, .data$item) %>%
    summarise(khz = kilohertz(median(.data$value)), .groups = "drop") %>%
    pivot_wider(names_from = "item", values_from = "khz")
}
places <- bind_rows(
  mutate(medians(detected), source = "component"),
  mutate(medians(truth), source = "true formant")
)
links <- inner_join(
  medians(detected), medians(truth),
  by = c("method", "content", "group"), suffix = c("", "_true")
)
plane <- function(x, y, legend) {
  ggplot(places, aes(.data[[x]], .data[[y]], colour = .data$content)) +
    geom_segment(
      aes(xend = .data[[paste0(x, "_true")]], yend = .data[[paste0(y, "_true")]]), links,
      linewidth = 0.25, alpha = 0.6, show.legend = FALSE
    ) +
    geom_point(aes(shape = interaction(.data$source, .data$group, sep = ", ")), size = 1.6, stroke = 0.5) +
    facet_wrap(vars(.data$method), nrow = 1) +
    scale_colour_manual(values = class_colours(levels(places$content))) +
    scale_shape_manual(values = setNames(
      c(16, 1, 17, 2, 15, 0), c(outer(c("component", "true formant"), group_names, paste, sep = ", "))
    )) +
    labs(
      x = sprintf("%s (kHz)", x), y = sprintf("%s (kHz)", y), colour = "Vowel", shape = NULL,
      subtitle = sprintf("Medians: %s against %s", y, x)
    ) +
    theme_figure()
}

# Right: the distribution of every component, with the range of the formant that belongs to it.
ranges <- truth %>%
  group_by(.data$method, .data$content, .data$item) %>%
  summarise(low = kilohertz(min(.data$value)), high = kilohertz(max(.data$value)), .groups = "drop")
component_title <- "Component (shaded: range of the formant)"
violins <- ggplot(detected, aes(.data$content, kilohertz(.data$value))) +
  geom_rect(
    aes(
      xmin = as.integer(.data$content) - 0.42, xmax = as.integer(.data$content) + 0.42, ymin = .data$low,
      ymax = .data$high, fill = .data$item
    ), ranges,
    inherit.aes = FALSE, alpha = 0.3
  ) +
  geom_violin(
    aes(colour = .data$item),
    position = "identity", scale = "width", width = 0.7, fill = NA, linewidth = 0.35
  ) +
  facet_wrap(vars(.data$method), nrow = 1) +
  scale_x_discrete(limits = levels(detected$content)) +
  scale_colour_manual(values = component_colours(ranks)) +
  scale_fill_manual(values = component_colours(ranks)) +
  labs(
    x = "Vowel", y = "Frequency (kHz)", colour = component_title, fill = component_title,
    subtitle = "Frequency of the largest spectral value of each component (violins) and the formants of the speakers"
  ) +
  theme_figure()

figure <- plane(ranks[1], ranks[2]) + plane(ranks[2], ranks[length(ranks)]) + violins +
  plot_layout(ncol = 1, heights = c(1, 1, 1.2), guides = "collect") +
  plot_annotation(
    caption = wrap_caption(quality_caption(detected), arguments$width_mm), theme = theme_figure()
  ) &
  theme(legend.position = "bottom", legend.box = "vertical", legend.spacing.y = unit(0.5, "mm"))

save_figure(figure, arguments, height_mm = 225)
