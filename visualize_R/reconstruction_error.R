# Reconstruction error of the decompositions (supplementary figure 9): violins per vowel and speaker group.
#
# Input   quality: one or several tables of sampled frames (quality_sample.csv), one per method
# Output  pdf, png
# Command Rscript visualize_R/reconstruction_error.R --quality a.csv,b.csv --pdf out.pdf --png out.png

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(inputs = "quality")

errors <- read_quality(arguments$quality, "nrmse") %>% mutate(percent = 100 * .data$value)
medians <- errors %>%
  group_by(.data$method, .data$content, .data$group) %>%
  summarise(percent = median(.data$percent), .groups = "drop")
dodge <- position_dodge(width = 0.8)

figure <- ggplot(errors, aes(.data$content, .data$percent, fill = .data$group, colour = .data$group)) +
  geom_violin(position = dodge, width = 0.75, scale = "width", alpha = 0.35, linewidth = 0.25) +
  geom_crossbar(
    aes(ymin = .data$percent, ymax = .data$percent),
    data = medians, position = dodge, width = 0.5, linewidth = 0.3, fatten = 1, show.legend = FALSE
  ) +
  facet_wrap(vars(.data$method), nrow = 2, scales = "free_y") +
  scale_fill_manual(values = group_colours) +
  scale_colour_manual(values = group_colours) +
  scale_y_continuous(expand = expansion(mult = c(0.02, 0.05))) +
  labs(
    x = NULL, y = "NRMSE of the sum of the components (%)", fill = "Vocal tract", colour = "Vocal tract",
    caption = wrap_caption(c(quality_caption(errors), "Each method has an axis of its own."), arguments$width_mm)
  ) +
  theme_figure() +
  theme(legend.position = if (nlevels(errors$group) > 1) "bottom" else "none")

save_figure(figure, arguments, height_mm = 118)
