# Generative model (supplementary figure 4a): the simulated vowels and their formants in the time domain.
#
# Input   signals: generative table with vowel, speaker_factor, signal (X, F1, F2, F3), time_ms, amplitude
# Output  pdf, png
# Command Rscript visualize_R/generative_model.R --signals generative.csv --pdf out.pdf --png out.png
#         [--speaker_factor 1.105, needed if the table has several] [--duration_ms 100]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(inputs = "signals", parameters = list(speaker_factor = numeric(), duration_ms = 100))

signals <- read_table(
  arguments$signals,
  text = c("vowel", "signal"), numeric = c("speaker_factor", "time_ms", "amplitude")
)
factors <- unique(signals$speaker_factor)
wanted <- if (length(arguments$speaker_factor) > 0) arguments$speaker_factor[1] else factors
if (length(wanted) > 1) {
  stop(sprintf("%s has the speaker factors %s: choose one by --speaker_factor.", arguments$signals, quoted(factors)),
    call. = FALSE
  )
}
signals <- keep_rows(
  signals, abs(signals$speaker_factor - wanted) < 1e-6, arguments$signals, sprintf("speaker_factor %g", wanted),
  factors
)
signals <- keep_rows(
  signals, signals$time_ms <= arguments$duration_ms, arguments$signals,
  sprintf("time_ms up to %g", arguments$duration_ms), signals$time_ms
)
signals <- mutate(
  signals,
  vowel = ordered_levels(.data$vowel),
  signal = factor(.data$signal, levels = component_levels(.data$signal))
)
colours <- component_colours(levels(signals$signal))
colours["X"] <- "#000000"

figure <- ggplot(signals, aes(.data$time_ms, .data$amplitude, colour = .data$signal)) +
  geom_line(linewidth = 0.25, show.legend = FALSE) +
  facet_grid(vars(.data$signal), vars(.data$vowel), labeller = generator_labeller) +
  scale_colour_manual(values = colours) +
  labs(
    x = "Time (ms)", y = "Amplitude (normalised)",
    caption = sprintf("Speaker (vocal tract length factor): %g", wanted)
  ) +
  theme_figure() +
  theme(panel.spacing.x = unit(3, "mm"))

save_figure(figure, arguments, height_mm = 24 * nlevels(signals$signal) + 16)
