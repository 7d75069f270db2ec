# Quality of the decompositions (supplementary figure 9), per method and class of the frames.
#
# Tables      quality: one or several tables of sampled frames (quality_sample.csv), one per method
# Parameters  view: reconstruction_error or correlograms; limit: largest correlation with a colour of its own; methods:
#             the name of each in the figure, in their order

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))
source_shared("quality.R")

figure <- read_figure("quality", list(view = "reconstruction_error", limit = 0.2, methods = NULL))

# What the sum of the components misses of a frame: violins per class and group of speakers.
reconstruction_error <- function() {
  errors <- read_quality(figure, "nrmse") %>% mutate(percent = 100 * .data$value)
  medians <- errors %>%
    group_by(.data$method, .data$content, .data$group) %>%
    summarise(percent = median(.data$percent), .groups = "drop")
  dodge <- position_dodge(width = 0.8)
  n_methods <- n_distinct(errors$method)
  columns <- min(fitting_columns(2), n_methods)

  plot <- ggplot(errors, aes(.data$content, .data$percent, fill = .data$group, colour = .data$group)) +
    geom_violin(position = dodge, width = 0.75, scale = "width", alpha = 0.35, linewidth = 0.25) +
    geom_crossbar(
      aes(ymin = .data$percent, ymax = .data$percent),
      data = medians, position = dodge, width = 0.5, linewidth = 0.3, fatten = 1, show.legend = FALSE
    ) +
    facet_wrap(vars(.data$method), ncol = columns, scales = "free_y") +
    scale_colour_manual("Vocal tract", values = group_colours(), aesthetics = c("colour", "fill")) +
    scale_y_continuous(expand = expansion(mult = c(0.02, 0.05))) +
    labs(x = "Class of the frames", y = "NRMSE of the sum\nof the components (%)") +
    theme_figure() +
    theme(legend.position = if (nlevels(errors$group) > 1) "bottom" else "none")

  caption <- c("Bars: medians.", quality_caption(errors), if (n_methods > 1) "Each method has an axis of its own.")
  save_figure(plot, figure, height_mm = 48 * ceiling(n_methods / columns) + 24, caption = caption)
}

# Absolute correlations of every two components inside a frame: their means as matrices, and their densities.
correlograms <- function() {
  correlations <- read_quality(figure, "correlation") %>%
    separate("item", into = c("first", "second"), sep = "-", remove = FALSE)
  components <- component_levels(c(correlations$first, correlations$second))
  columns <- length(unique(correlations$content))
  # Numbers must fit their cells: without the zero before the point where these are small.
  strip_size <- if (columns > 4 && max(nchar(as.character(correlations$content))) > 7) 0.65 else 0.9
  matrix_mm <- min((style$width_mm - 14) / columns - 3, 28)
  as_number <- function(value) sub(if (matrix_mm < 18) "^0" else "^$", "", sprintf("%.2f", value))
  as_place <- function(component) factor(component, levels = components)
  pairs <- correlations %>%
    group_by(.data$method, .data$content, first = as_place(.data$first), second = as_place(.data$second)) %>%
    summarise(mean = mean(.data$value), .groups = "drop")
  whole <- expand_grid(
    method = unique(pairs$method), content = unique(pairs$content), component = as_place(components)
  )
  shade <- scale_fill_gradientn(
    colours = gradient_colours(64, begin = 0.05, end = 0.9, direction = -1), limits = c(0, figure$limit),
    oob = scales::squish, breaks = seq(0, figure$limit, length.out = 5)
  )

  # Upper triangle: the mean correlation as colour and text. The diagonal is 1 by definition and left blank.
  matrices <- ggplot(pairs, aes(.data$second, .data$first)) +
    geom_tile(aes(fill = .data$mean), colour = "white", linewidth = 0.4) +
    geom_tile(aes(.data$component, .data$component), whole, fill = "grey92", colour = "white", linewidth = 0.4) +
    geom_text(aes(.data$component, .data$component, label = .data$component), whole, size = 1.8, colour = "grey40") +
    geom_text(
      aes(label = as_number(.data$mean), colour = .data$mean > figure$limit / 3),
      size = if (matrix_mm < 18) 1.8 else 2, show.legend = FALSE
    ) +
    facet_grid(vars(.data$method), vars(.data$content)) +
    scale_y_discrete(limits = rev(components)) +
    scale_x_discrete(limits = components) +
    scale_colour_manual(values = c(`TRUE` = "white", `FALSE` = "grey15")) +
    shade +
    coord_equal() +
    labs(subtitle = "Mean absolute correlation", x = NULL, y = NULL, fill = "Mean |r|") +
    guides(fill = lying_colourbar()) +
    theme_figure() +
    without_axes() +
    theme(panel.border = element_blank())

  densities <- ggplot(correlations, aes(.data$value, colour = .data$item, fill = .data$item)) +
    geom_density(aes(y = after_stat(.data$scaled)), alpha = 0.2, linewidth = 0.35, bounds = c(0, 1)) +
    facet_grid(vars(.data$method), vars(.data$content)) +
    # The last number would run into the first of the next panel.
    scale_x_continuous(limits = c(0, 1), breaks = c(0, figure$limit)) +
    scale_y_continuous(breaks = NULL) +
    scale_colour_manual(
      "Components", values = class_colours(sort(unique(correlations$item))), aesthetics = c("colour", "fill")
    ) +
    coord_cartesian(xlim = c(0, 2 * figure$limit)) +
    labs(
      subtitle = wrap_heading("Its distribution over frames (densities, each with maximum 1)"), x = "|r|", y = "Density"
    ) +
    theme_figure()

  rows <- nlevels(droplevels(correlations$method))
  heights <- rows * c(matrix_mm + 2, 22)
  plot <- matrices + densities + plot_layout(nrow = 2, heights = heights)
  save_figure(plot, figure,
    height_mm = sum(heights) + 56, caption = quality_caption(correlations),
    look = theme(legend.position = "bottom", strip.text.x = element_text(size = rel(strip_size)))
  )
}

draw_view(figure, list(reconstruction_error = reconstruction_error, correlograms = correlograms))
