# Frequencies of the components beside the true formants (supplementary figures 4e to 4h).
#
# Tables      quality: one or several tables of sampled frames (quality_sample.csv), one per method
# Parameters  view: medians (and distributions) or frames (every frame, with marginal densities); max_hz; bin_hz: width
#             of a bin of the spectrum, over which the dots of view frames are spread; methods: the name of each in the
#             figure, in their order

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))
source_shared("quality.R")

figure <- read_figure("quality", list(view = "medians", max_hz = 5000, bin_hz = 31.25, methods = NULL))

medians_and_ranges <- function() {
  detected <- read_quality(figure, "peak_hz")
  truth <- read_quality(figure, "formant_hz")
  ranks <- component_levels(truth$item)
  detected <- filter(detected, .data$item %in% ranks, .data$value <= figure$max_hz)

  columns <- min(fitting_columns(4), n_distinct(detected$method))
  rows <- ceiling(n_distinct(detected$method) / columns)

  # Left: medians in the planes of the first and second, and of the second and third component.
  medians <- function(table) {
    table %>%
      group_by(.data$method, .data$content, .data$group, .data$item) %>%
      summarise(khz = median(.data$value) / 1000, .groups = "drop") %>%
      pivot_wider(names_from = "item", values_from = "khz")
  }
  of_both <- list(component = medians(detected), `true formant` = medians(truth))
  places <- bind_rows(of_both, .id = "source")
  links <- inner_join(of_both[[1]], of_both[[2]], by = c("method", "content", "group"), suffix = c("", "_true"))
  plane <- function(x, y, legend) {
    ggplot(places, aes(.data[[x]], .data[[y]], colour = .data$content)) +
      geom_segment(
        aes(xend = .data[[paste0(x, "_true")]], yend = .data[[paste0(y, "_true")]]), links,
        linewidth = 0.25, alpha = 0.6, show.legend = FALSE
      ) +
      geom_point(aes(shape = interaction(.data$source, .data$group, sep = ", ")), size = 1.6, stroke = 0.5) +
      facet_wrap(vars(.data$method), ncol = columns) +
      scale_colour_manual(values = class_colours(levels(places$content))) +
      guides(shape = guide_legend(ncol = fitting_columns(4))) +
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
    summarise(low = min(.data$value) / 1000, high = max(.data$value) / 1000, .groups = "drop")
  violins <- ggplot(detected, aes(.data$content, .data$value / 1000)) +
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
    facet_wrap(vars(.data$method), ncol = columns) +
    scale_x_discrete(limits = levels(detected$content)) +
    scale_colour_manual(
      "Component (shaded: range of the formant)", values = component_colours(ranks), aesthetics = c("colour", "fill"),
      guide = guide_legend(title.position = if (is_narrow()) "top")
    ) +
    labs(
      x = "Vowel", y = "Frequency (kHz)",
      subtitle = wrap_heading(
        "Frequency of the largest spectral value of each component (violins) and the formants of the speakers"
      )
    ) +
    theme_figure()

  plot <- plane(ranks[1], ranks[2]) + plane(ranks[2], ranks[length(ranks)]) + violins +
    plot_layout(ncol = 1, heights = c(1, 1, 1.2), guides = "collect")

  save_figure(plot, figure,
    height_mm = (if (rows > 1) 80 * rows / 2 else 60) * 3.2 + 36, caption = quality_caption(detected),
    look = theme(legend.position = "bottom", legend.box = "vertical", legend.spacing.y = unit(0.5, "mm"))
  )
}

frames_with_marginals <- function() {
  truth <- read_quality(figure, "formant_hz")
  detected <- read_quality(figure, "peak_hz") %>%
    filter(.data$item %in% truth$item, .data$value <= figure$max_hz)
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
  points <- by_frame(mutate(detected, value = .data$value + runif(n(), -0.5, 0.5) * figure$bin_hz))
  centres <- by_frame(truth) %>%
    group_by(.data$method, .data$content) %>%
    summarise(across(all_of(ranks), median), .groups = "drop")

  colours <- list(
    scale_colour_manual(values = class_colours(vowels), limits = vowels),
    scale_fill_manual(values = class_colours(vowels), limits = vowels, guide = "none")
  )

  marginal <- function(table, component) {
    ggplot(table, aes(.data[[component]], colour = .data$content, fill = .data$content)) +
      geom_density(aes(y = after_stat(.data$scaled)), alpha = 0.08, linewidth = 0.3, show.legend = FALSE) +
      colours +
      theme_void()
  }

  with_marginals <- function(method, x, y) {
    table <- points[points$method == method, ] %>% drop_na(all_of(c(x, y)))
    range_x <- range(points[[x]], na.rm = TRUE)
    range_y <- range(points[[y]], na.rm = TRUE)
    scatter <- ggplot(table, aes(.data[[x]], .data[[y]], colour = .data$content)) +
      geom_point(size = 0.6, stroke = 0, alpha = 0.4) +
      geom_point(
        aes(fill = .data$content), centres[centres$method == method, ],
        shape = 21, size = 1.7, colour = "black", stroke = 0.4, show.legend = FALSE
      ) +
      colours +
      guides(colour = guide_legend(override.aes = list(size = 2, alpha = 1))) +
      coord_cartesian(xlim = range_x, ylim = range_y) +
      labs(x = sprintf("%s (kHz)", x), y = sprintf("%s (kHz)", y), colour = "Vowel") +
      theme_figure()
    top <- marginal(table, x) +
      coord_cartesian(xlim = range_x) +
      labs(title = method) +
      theme(plot.title = element_text(size = 8, face = "bold"))
    right <- marginal(table, y) + coord_flip(xlim = range_y)
    top + plot_spacer() + scatter + right + plot_layout(ncol = 2, widths = c(5, 1), heights = c(1, 5))
  }

  methods <- levels(droplevels(points$method))
  pairs <- unique(list(ranks[1:2], ranks[c(2, length(ranks))]))
  panels <- unlist(
    lapply(pairs, \(pair) lapply(methods, with_marginals, x = pair[1], y = pair[2])), recursive = FALSE
  )
  explanation <- paste(
    "Small dots: frames, spread over the bin of the spectrum;",
    "circles: medians of the formants that the generator gave to the same frames.",
    "Curves: densities of the frames of a vowel, each with maximum 1."
  )
  columns <- min(2, length(methods))
  save_figure(wrap_plots(panels, ncol = columns, guides = "collect"), figure,
    height_mm = 58 * ceiling(length(panels) / columns) + 18, caption = c(explanation, quality_caption(detected)),
    look = theme(legend.position = "bottom")
  )
}

draw_view(figure, list(medians = medians_and_ranges, frames = frames_with_marginals))
