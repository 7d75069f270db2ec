# Mel features of the generative model (supplementary figure 4b): mel bands against speakers, per vowel and signal.
#
# Input   signals: generative mel table with vowel, speaker_factor, signal (X, F1, F2, F3), mel_band, power_db
# Output  pdf, png
# Command Rscript visualize_R/mel_features.R --signals generative_mel.csv --pdf out.pdf --png out.png

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(inputs = "signals")

mel <- read_table(
  arguments$signals,
  text = c("vowel", "signal"), numeric = c("speaker_factor", "mel_band", "power_db")
) %>%
  mutate(
    vowel = ordered_levels(.data$vowel),
    signal = factor(.data$signal, levels = component_levels(.data$signal))
  )
# Speakers stand side by side in ascending order, one column each, whatever their spacing.
speakers <- sort(unique(mel$speaker_factor))
mel$column <- match(mel$speaker_factor, speakers)
ticks <- Filter(function(tick) tick >= min(speakers) && tick <= max(speakers), pretty(speakers, 3))
tick_columns <- if (length(speakers) > 1) approx(speakers, seq_along(speakers), ticks)$y else match(ticks, speakers)

figure <- ggplot(mel, aes(.data$column, .data$mel_band, fill = .data$power_db)) +
  geom_raster() +
  facet_grid(vars(.data$signal), vars(.data$vowel), labeller = generator_labeller) +
  scale_x_continuous(breaks = tick_columns, labels = format(ticks), expand = c(0, 0)) +
  scale_y_continuous(expand = c(0, 0)) +
  scale_fill_gradientn(colours = unname(ordered_colours(1:64))) +
  labs(x = "Speaker (vocal tract length factor)", y = "Mel band", fill = "Power (dB)") +
  guides(fill = guide_colourbar(barheight = unit(40, "mm"), barwidth = unit(3, "mm"))) +
  theme_figure() +
  theme(panel.grid.major = element_blank(), panel.spacing.x = unit(4, "mm"))

save_figure(figure, arguments, height_mm = 32 * nlevels(mel$signal) + 16)
