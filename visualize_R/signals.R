# Signals (supplementary figures 4a to 4d): what a generator adds up, its mel features, and what the decompositions make
# of one frame or one sequence.
#
# Tables      signals: the table of the view
#               waveforms  vowel, speaker_factor, signal (X, F1, F2, F3), time_ms, amplitude
#               mel        vowel, speaker_factor, signal, mel_band, power_db
#               front_end  scale (frame, sequence), method, component (X, OC1, ..., sum), time_s, amplitude
#             spectra (front_end): scale, method, component, frequency_hz, power (maximum 1)
# Parameters  view; waveforms: speaker_factor, needed if the table has several, duration_ms; front_end: scale, max_hz,
#             and methods, the name of each in the figure, in their order

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))

figure <- read_figure(
  "signals",
  list(
    view = "waveforms", speaker_factor = numeric(), duration_ms = 100, scale = "frame", max_hz = 5000, methods = NULL
  ),
  optional = "spectra"
)

# Rows of the generator: signals in rows of panels, vowels in columns.
generator_rows <- function(numeric) {
  read_table(figure$signals, text = c("vowel", "signal"), numeric = c("speaker_factor", numeric)) %>%
    mutate(vowel = ordered_levels(.data$vowel), signal = as_components(.data$signal))
}

generator_panels <- function() {
  facet_grid(vars(.data$signal), vars(.data$vowel), labeller = labeller(
    .rows = function(signal) if_else(signal == "X", "X (mixture)", sub("^F", "Formant ", signal)),
    .cols = function(vowel) sprintf(if (is_narrow()) "/%s/" else "Vowel /%s/", vowel)
  ))
}

# The simulated vowels and their formants in the time domain.
waveforms <- function() {
  signals <- generator_rows(c("time_ms", "amplitude"))
  path <- figure$signals
  factors <- unique(signals$speaker_factor)
  wanted <- if (length(figure$speaker_factor) > 0) figure$speaker_factor else factors
  if (length(wanted) > 1) {
    refuse("%s has the speaker factors %s: choose one by `speaker_factor`.", path, quoted(factors))
  }
  signals <- keep_rows(signals, path, speaker_factor = wanted) %>% filter(.data$time_ms <= figure$duration_ms)
  colours <- component_colours(levels(signals$signal))
  colours["X"] <- "#000000"

  plot <- ggplot(signals, aes(.data$time_ms, .data$amplitude, colour = .data$signal)) +
    geom_line(linewidth = 0.25, show.legend = FALSE) +
    generator_panels() +
    scale_colour_manual(values = colours) +
    labs(x = "Time (ms)", y = "Amplitude (normalised)") +
    (if (is_narrow()) scale_x_continuous(breaks = scales::breaks_extended(2))) +
    theme_figure() +
    theme(panel.spacing.x = unit(3, "mm"))

  caption <- sprintf("Speaker (vocal tract length factor): %g", wanted)
  save_figure(plot, figure, height_mm = 24 * nlevels(signals$signal) + 16, caption = caption)
}

# Mel bands against speakers, per vowel and signal.
mel_features <- function() {
  mel <- generator_rows(c("mel_band", "power_db"))
  # Speakers stand side by side in ascending order, one column each, whatever their spacing.
  speakers <- sort(unique(mel$speaker_factor))
  mel$column <- match(mel$speaker_factor, speakers)
  ticks <- Filter(function(tick) tick >= min(speakers) && tick <= max(speakers), pretty(speakers, 3))
  ticks <- if (is_narrow()) range(ticks) else ticks
  tick_columns <- if (length(speakers) > 1) approx(speakers, seq_along(speakers), ticks)$y else match(ticks, speakers)

  plot <- ggplot(mel, aes(.data$column, .data$mel_band, fill = .data$power_db)) +
    geom_raster() +
    generator_panels() +
    scale_x_continuous(breaks = tick_columns, labels = format(ticks), expand = c(0, 0)) +
    scale_y_continuous(expand = c(0, 0)) +
    scale_fill_gradientn(colours = unname(ordered_colours(1:64))) +
    labs(x = "Speaker (vocal tract length factor)", y = "Mel band", fill = "Power (dB)") +
    guides(fill = if (is_narrow()) {
      lying_colourbar()
    } else {
      guide_colourbar(barheight = unit(40, "mm"), barwidth = unit(3, "mm"))
    }) +
    theme_figure() +
    theme(
      panel.grid.major = element_blank(), panel.spacing.x = unit(4, "mm"),
      legend.position = beside_or_below()
    )

  save_figure(plot, figure, height_mm = 32 * nlevels(mel$signal) + 16)
}

# Signal, components and spectra by every method.
front_end <- function() {
  if (is.null(figure$spectra)) {
    refuse("%s lacks the table 'spectra'; its view needs 'signals' and 'spectra'.", figure$description)
  }
  at_scale <- function(path, numeric) {
    table <- read_table(path, text = c("scale", "method", "component"), numeric = numeric)
    keep_rows(table, path, scale = figure$scale) %>%
      mutate(method = method_titles(.data$method, figure$methods, path))
  }
  signals <- at_scale(figure$signals, c("time_s", "amplitude"))
  spectra <- at_scale(figure$spectra, c("frequency_hz", "power"))

  components <- component_levels(c(signals$component, spectra$component))
  is_whole <- function(component) component %in% c("X", "sum")
  signals$component <- factor(signals$component, levels = components)
  spectra$component <- factor(spectra$component, levels = components)

  # A frame is timed in milliseconds from its own start, not from that of its utterance.
  time_unit <- c(frame = "Time (ms)", sequence = "Time (s)")[[figure$scale]]
  signals$time <- (signals$time_s - min(signals$time_s)) * c(frame = 1000, sequence = 1)[[figure$scale]]

  # The components lie in lanes one below the other, on the amplitude scale of the signal.
  parts <- filter(signals, !is_whole(.data$component))
  lanes <- rev(setdiff(components, c("X", "sum")))
  lane_height <- ceiling(10 * diff(range(parts$amplitude))) / 10
  parts$amplitude <- parts$amplitude + (match(parts$component, lanes) - 1) * lane_height

  front_end_column <- function(table, x, y, title, x_title, y_title) {
    ggplot(table, aes(.data[[x]], .data[[y]], colour = .data$component, linewidth = .data$component)) +
      geom_line(na.rm = TRUE) +
      facet_grid(vars(.data$method)) +
      scale_colour_manual("Signal", values = component_colours(components), drop = FALSE) +
      scale_linewidth_manual("Signal", values = if_else(components == "X", 0.8, 0.35), drop = FALSE) +
      scale_x_continuous(breaks = scales::breaks_extended(if (is_narrow()) 3 else 5)) +
      labs(subtitle = wrap_heading(title, 3), x = wrap_heading(x_title, 3), y = y_title) +
      theme_figure() +
      theme(strip.text.y = element_text(angle = 0))
  }

  spectra <- spectra %>%
    filter(.data$component != "sum", .data$frequency_hz <= figure$max_hz) %>%
    mutate(frequency_khz = .data$frequency_hz / 1000)
  only_right_strips <- theme(strip.text.y = element_blank())

  whole <- front_end_column(
    filter(signals, is_whole(.data$component)), "time", "amplitude",
    "Signal and sum of its components", time_unit, "Amplitude (standard deviations)"
  )
  in_lanes <- front_end_column(
    parts, "time", "amplitude", sprintf("Components (lanes %.1f apart)", lane_height), time_unit, NULL
  ) + scale_y_continuous(breaks = (seq_along(lanes) - 1) * lane_height, labels = lanes)
  powers <- front_end_column(
    spectra, "frequency_khz", "power", "Spectra (each with maximum 1)", "Frequency (kHz)", "Power (normalised)"
  )
  plot <- whole + only_right_strips + in_lanes + only_right_strips + powers + plot_layout(nrow = 1, guides = "collect")

  height_mm <- 30 * nlevels(droplevels(signals$method)) + 26
  save_figure(plot, figure, height_mm, look = theme(legend.position = "bottom"))
}

draw_view(figure, list(waveforms = waveforms, mel = mel_features, front_end = front_end))
