# Signals (supplementary figures 4a to 4d): what a generator adds up, its mel features, and what the decompositions make
# of one frame or one sequence.
#
# Input   signals: the table of the view
#           waveforms  vowel, speaker_factor, signal (X, F1, F2, F3), time_ms, amplitude
#           mel        vowel, speaker_factor, signal, mel_band, power_db
#           front_end  scale (frame, sequence), method, component (X, OC1, ..., sum), time_s, amplitude
#         spectra (view front_end): scale, method, component, frequency_hz, power (maximum 1)
# Output  pdf, png
# Command Rscript visualize_R/signals.R --view mel --signals generative_mel.csv --pdf out.pdf --png out.png
#         [waveforms: --speaker_factor 1.105, needed if the table has several; --duration_ms 100]
#         [front_end: --spectra examples_psd.csv --scale frame --max_hz 5000]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(
  inputs = "signals", optional = "spectra",
  parameters = list(
    view = "waveforms", speaker_factor = numeric(), duration_ms = 100, scale = "frame", max_hz = 5000
  )
)

# The simulated vowels and their formants in the time domain.
waveforms <- function() {
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
    (if (is_narrow()) scale_x_continuous(breaks = scales::breaks_extended(2))) +
    theme_figure() +
    theme(panel.spacing.x = unit(3, "mm"))

  save_figure(figure, arguments, height_mm = 24 * nlevels(signals$signal) + 16)
}

# Mel bands against speakers, per vowel and signal.
mel_features <- function() {
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
  ticks <- if (is_narrow()) range(ticks) else ticks
  tick_columns <- if (length(speakers) > 1) approx(speakers, seq_along(speakers), ticks)$y else match(ticks, speakers)

  figure <- ggplot(mel, aes(.data$column, .data$mel_band, fill = .data$power_db)) +
    geom_raster() +
    facet_grid(vars(.data$signal), vars(.data$vowel), labeller = generator_labeller) +
    scale_x_continuous(breaks = tick_columns, labels = format(ticks), expand = c(0, 0)) +
    scale_y_continuous(expand = c(0, 0)) +
    scale_fill_gradientn(colours = unname(ordered_colours(1:64))) +
    labs(x = "Speaker (vocal tract length factor)", y = "Mel band", fill = "Power (dB)") +
    guides(fill = if (is_narrow()) {
      guide_colourbar(barheight = unit(2.5, "mm"), barwidth = unit(35, "mm"), title.vjust = 1)
    } else {
      guide_colourbar(barheight = unit(40, "mm"), barwidth = unit(3, "mm"))
    }) +
    theme_figure() +
    theme(
      panel.grid.major = element_blank(), panel.spacing.x = unit(4, "mm"),
      legend.position = if (is_narrow()) "bottom" else "right"
    )

  save_figure(figure, arguments, height_mm = 32 * nlevels(mel$signal) + 16)
}

# Signal, components and spectra by every method.
front_end <- function() {
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
      scale_x_continuous(breaks = scales::breaks_extended(if (is_narrow()) 3 else 5)) +
      labs(
        subtitle = wrap_heading(title, 3), x = wrap_heading(x_title, 3), y = y_title, colour = "Signal",
        linewidth = "Signal"
      ) +
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
}

views <- list(waveforms = waveforms, mel = mel_features, front_end = front_end)
check_names(arguments$view, names(views), "The command", "view")
views[[arguments$view]]()
