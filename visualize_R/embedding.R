# Maps (a to f of figures 2 to 5): points of inputs or latents in two or three dimensions, coloured by every factor, by
# component and by centre frequency; or latents as they are, beside their prior.
#
# Tables      embedding: run, label, checkpoint, branch, view, method, level, centre_hz, n_dims, dim1, dim2, dim3,
#             trustworthiness, and a column factor_NAME for every factor
# Parameters  branch; n_dims; views: all and levels (joint latents by factor, X and components in one map), or prior

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))

figure <- read_figure("embedding", list(branch = "Z", n_dims = 2, views = c("all", "levels")))
path <- figure$embedding
views <- figure$views

factors <- factor_columns(path)
points <- read_table(
  path,
  text = c("run", "label", "checkpoint", "branch", "view", "method", "level", factors),
  numeric = c("centre_hz", "n_dims", "dim1", "dim2", "dim3", "trustworthiness")
) %>%
  keep_rows(path, branch = figure$branch, n_dims = figure$n_dims, view = views)
require_one_state(points, path)

# More classes than this have colours without a legend.
legend_limit <- 60
dimension_names <- c(tsne = "t-SNE", umap = "UMAP", none = "Dimension")
# Components of slow signals (pulse waves, say) lie below a kilohertz.
in_khz <- max(0, points$centre_hz, na.rm = TRUE) >= 1000

# The scales of a column: a colour bar for numbers (logarithmic for frequencies), colours and shapes for classes.
colour_scale <- function(values, title) {
  if (is.numeric(values)) {
    frequencies <- startsWith(title, "Centre")
    return(list(
      scale_colour_gradientn(
        colours = unname(ordered_colours(1:64)), name = title, trans = if (frequencies) "log10" else "identity",
        breaks = if (frequencies) scales::breaks_log(5) else scales::breaks_extended(5),
        guide = if (is_narrow()) lying_colourbar() else guide_colourbar()
      ),
      scale_shape_identity()
    ))
  }
  colours <- if (title == "Component") component_colours(levels(values)) else class_colours(levels(values))
  guide <- function(...) {
    if (nlevels(values) > legend_limit) {
      return("none")
    }
    guide_legend(ncol = legend_columns(levels(values)), title.position = "top", ...)
  }
  list(
    scale_colour_manual(values = colours, name = title, guide = guide(override.aes = list(size = 1.6, alpha = 1))),
    scale_shape_manual(values = class_shapes(levels(values)), name = title, guide = guide())
  )
}

# Fifteen classes are a column beside the panel; below a narrow panel stand as many columns as their names allow.
legend_columns <- function(levels) {
  if (is_narrow()) floor(style$width_mm / (8 + 1.6 * max(nchar(levels)))) else ceiling(length(levels) / 15)
}

# Numbers have one shape, classes the shape of their class.
shape_values <- function(values) if (is.numeric(values)) 16 else values

# Fewer points are larger. Open shapes need a stroke, which makes solid ones larger, too.
point_size <- function(n) if (n < 150) 1.3 else if (n < 500) 0.9 else 0.6

# The values of a column that are coloured: classes, or numbers if it holds numbers (the vocal tract factors of
# simulated speakers).
colour_values <- function(panel, column) {
  values <- panel[[column]]
  if (column == "level") {
    as_components(values)
  } else if (is.numeric(values)) {
    # A component at rest (0 Hz) has the colour of the slowest that moves.
    pmax(values, min(values[values > 0])) / if (in_khz) 1000 else 1
  } else {
    as_axis(ordered_levels(values))
  }
}

# Three dimensions as they are seen from a fixed place, without perspective: two on the page, and the depth.
azimuth <- 35
elevation <- 25
projected <- function(table) {
  if (figure$n_dims == 2) {
    return(mutate(table, depth = 0))
  }
  around <- azimuth * pi / 180
  up <- elevation * pi / 180
  first <- table$dim1
  second <- table$dim2
  third <- table$dim3
  back <- first * sin(around) + second * cos(around)
  mutate(
    table,
    dim1 = first * cos(around) - second * sin(around), dim2 = third * cos(up) + back * sin(up),
    depth = back * cos(up) - third * sin(up)
  )
}

axis_titles <- function(method) {
  name <- dimension_names[method]
  if (figure$n_dims == 2) {
    return(paste(name, 1:2))
  }
  c(sprintf("%s in three dimensions,", name), sprintf("seen from %d\u00b0, %d\u00b0 above", azimuth, elevation))
}

# The points that a column colours, in random order, so that no class hides the others. A single class is no colour, and
# NULL.
coloured <- function(table, column) {
  table <- filter(table, !is.na(.data[[column]]))
  if (n_distinct(table[[column]]) > 1) {
    table$colour <- colour_values(table, column)
    set.seed(0)
    slice_sample(table, prop = 1)
  }
}

map_panel <- function(view, column, title) {
  whole_view <- projected(filter(points, .data$view == .env$view))
  panel <- coloured(whole_view, column)
  if (is.null(panel)) {
    return(NULL)
  }
  titles <- axis_titles(panel$method[1])
  space <- if (view %in% c("all", "levels")) NULL else sprintf(" (%s)", gsub("_", " ", view))
  # In three dimensions the near ones are drawn last, and larger.
  ggplot(arrange(panel, desc(.data$depth)), aes(.data$dim1, .data$dim2, colour = .data$colour)) +
    geom_point(aes(size = -.data$depth, shape = shape_values(.data$colour)), stroke = 0.3, alpha = 0.8) +
    scale_size(
      range = point_size(nrow(panel)) * (if (figure$n_dims == 2) c(1, 1) else c(0.4, 1.7)), guide = "none"
    ) +
    colour_scale(panel$colour, title) +
    labs(
      title = paste0(gsub("\n", " ", title, fixed = TRUE), space), x = titles[1], y = titles[2],
      subtitle = sprintf("%s points, trustworthiness %.2f", scales::comma(nrow(panel)), panel$trustworthiness[1])
    ) +
    # The panels of one view share their limits, even where some points have no colour.
    coord_cartesian(xlim = range(whole_view$dim1), ylim = range(whole_view$dim2)) +
    theme_figure() +
    without_axes() +
    theme(aspect.ratio = 1, legend.position = beside_or_below())
}

# Latents of every level in the plane of their two widest dimensions; circles hold 50 and 95 % of the prior.
# Means often huddle in the middle: the headings say how far they spread.
prior_panel <- function(column, title) {
  table <- filter(points, .data$view == "prior") %>%
    group_by(.data$level) %>%
    mutate(heading = sprintf("%s, sd %#.2g, %#.2g", .data$level[1], sd(.data$dim1), sd(.data$dim2))) %>%
    ungroup()
  levels <- component_levels(table$level)
  table$level <- factor(table$level, levels = levels, labels = table$heading[match(levels, table$level)])
  panel <- coloured(table, column)
  if (is.null(panel)) {
    return(NULL)
  }
  circles <- expand_grid(share = c(0.5, 0.95), angle = seq(0, 2 * pi, length.out = 181)) %>%
    mutate(radius = sqrt(-2 * log(1 - .data$share)))
  ggplot(panel, aes(.data$dim1, .data$dim2)) +
    geom_point(aes(colour = .data$colour, shape = shape_values(.data$colour)), size = 0.6, stroke = 0.3, alpha = 0.8) +
    geom_path(
      aes(.data$radius * cos(.data$angle), .data$radius * sin(.data$angle), group = .data$share), circles,
      linewidth = 0.3, linetype = "22"
    ) +
    facet_wrap(vars(.data$level), ncol = fitting_columns(nlevels(panel$level))) +
    colour_scale(panel$colour, title) +
    coord_equal() +
    labs(x = "Mean of the widest dimension", y = "Of the second widest", subtitle = title) +
    theme_figure() +
    theme(strip.text = element_text(face = "plain"), legend.position = beside_or_below())
}

by_every_factor <- function(panel) lapply(factors, \(column) panel(column = column, title = factor_title(column)))
drawn <- function(panels) Filter(Negate(is.null), panels)

named_panels <- function() {
  of_view <- function(view) by_every_factor(\(column, title) map_panel(view, column, title))
  by_factor <- drawn(unlist(lapply(setdiff(views, c("levels", "prior")), of_view), recursive = FALSE))
  by_level <- if ("levels" %in% views) {
    frequency <- sprintf("Centre\nfrequency\n(%s)", if (in_khz) "kHz" else "Hz")
    drawn(list(map_panel("levels", "level", "Component"), map_panel("levels", "centre_hz", frequency)))
  }
  # The two maps of the components stand side by side.
  gap <- if (length(by_level) == 2 && length(by_factor) %% 2 == 1 && fitting_columns(2) == 2) list(plot_spacer())
  c(by_factor, gap, by_level)
}
against_prior <- identical(views, "prior")
panels <- if (against_prior) drawn(by_every_factor(prior_panel)) else named_panels()
if (length(panels) == 0) {
  refuse(
    "%s has neither joint latents with a factor nor components in view 'levels'; it has views %s.", path,
    quoted(unique(points$view))
  )
}

# The input features belong to no run: the workflow says of which corpus they are.
rows_are <- c(Z = "frames", S = "utterances")[[figure$branch]]
source_is <- if (is.na(points$run[1]) && nzchar(figure$about)) {
  capitalised(figure$about)
} else {
  na.omit(c(points$label[1], points$checkpoint[1]))
}
title <- paste(c(source_is, rows_are), collapse = ", ")
explanation <- if (against_prior) {
  paste(
    "Latent means as they are: of each subspace the two dimensions of largest variance. Dashed circles hold 50 and",
    "95 % of the standard Gaussian prior."
  )
}
columns <- if (against_prior) 1 else min(fitting_columns(2), length(panels))
# Title and explanation of the whole figure.
around_mm <- 9 + if (against_prior) 7 * ceiling(120 / style$width_mm) else 0
save_figure(wrap_plots(panels, ncol = columns), figure,
  height_mm = fitting_height(panels, columns) + around_mm, title = title, caption = explanation
)
