# Decomposition front ends (supplementary figures 4c and 4d): what the methods make of one frame or one sequence.
#
# Input   signals: examples table with scale (frame, sequence), method, component (X, OC1, ..., sum), time_s, amplitude
#         spectra: examples PSD table with scale, method, component, frequency_hz, power (maximum 1)
# Output  pdf, png
# Command Rscript visualize_R/decomposition_front_end.R --signals examples.csv --spectra examples_psd.csv --pdf out.pdf
#         --png out.png [--scale frame] [--max_hz 5000]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(inputs = c("signals", "spectra"), parameters = list(scale = "frame", max_hz = 5000))

at_scale <- function(table, path) {
  table <- keep_rows(
    table, table$scale == arguments$scale, path, sprintf("scale '%s'", arguments$scale), table$scale
  )
  check_names(table$method, names(method_names), path, "method")
  mutate(table, method = factor(method_names[.data$method], levels = method_names))
}

signals <- read_table(
  arguments$signals,
  text = c("scale", "method", "component"), numeric = c("time_s", "amplitude")
) %>%
  at_scale(arguments$signals)
spectra <- read_table(
  arguments$spectra,
  text = c("scale", "method", "component"), numeric = c("frequency_hz", "power")
) %>%
  at_scale(arguments$spectra)

components <- component_levels(c(signals$component, spectra$component))
colours <- component_colours(components)
is_whole <- function(component) component %in% c("X", "sum")
with_levels <- function(table) mutate(table, component = factor(.data$component, levels = components))
signals <- with_levels(signals)
spectra <- with_levels(spectra)

# A frame is timed in milliseconds from its own start, not from that of its utterance.
time_unit <- c(frame = "Time (ms)", sequence = "Time (s)")[[arguments$scale]]
signals$time <- (signals$time_s - min(signals$time_s)) * c(frame = 1000, sequence = 1)[[arguments$scale]]

# The components lie in lanes one below the other, on the amplitude scale of the signal.
parts <- filter(signals, !is_whole(.data$component))
lanes <- rev(setdiff(components, c("X", "sum")))
lane_height <- ceiling(10 * diff(range(parts$amplitude))) / 10
parts$amplitude <- parts$amplitude + (match(parts$component, lanes) - 1) * lane_height

front_end_column <- function(table, x, y, title, x_title, y_title) {
  ggplot(table, aes(.data[[x]], .data[[y]], colour = .data$component, linewidth = .data$component)) +
    geom_line(na.rm = TRUE) +
    facet_grid(vars(.data$method)) +
    scale_colour_manual(values = colours, drop = FALSE) +
    scale_linewidth_manual(values = setNames(if_else(components == "X", 0.8, 0.35), components), drop = FALSE) +
    labs(subtitle = title, x = x_title, y = y_title, colour = "Signal", linewidth = "Signal") +
    theme_figure() +
    theme(strip.text.y = element_text(angle = 0))
}

spectra <- spectra %>%
  filter(.data$component != "sum", .data$frequency_hz <= arguments$max_hz) %>%
  mutate(frequency_khz = .data$frequency_hz / 1000)
only_right_strips <- theme(strip.text.y = element_blank())

figure <- front_end_column(
  filter(signals, is_whole(.data$component)), "time", "amplitude",
  "Signal and sum of its components", time_unit, "Amplitude (standard deviations)"
) + only_right_strips +
  front_end_column(
    parts, "time", "amplitude", sprintf("Components (lanes %.1f apart)", lane_height), time_unit, NULL
  ) + scale_y_continuous(breaks = (seq_along(lanes) - 1) * lane_height, labels = lanes) + only_right_strips +
  front_end_column(
    spectra, "frequency_khz", "power", "Spectra (each with maximum 1)", "Frequency (kHz)", "Power (normalised)"
  ) +
  plot_layout(nrow = 1, guides = "collect") &
  theme(legend.position = "bottom")

save_figure(figure, arguments, height_mm = 30 * nlevels(droplevels(signals$method)) + 26)
