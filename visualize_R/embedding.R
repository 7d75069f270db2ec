# Maps (a to f of figures 2 to 5): points of inputs or latents in two or three dimensions, coloured by every factor, by
# component and by centre frequency; or latents as they are, beside their prior.
#
# Input   embedding: embeddings table with run, label, checkpoint, branch, view, method, level, centre_hz, n_dims, dim1,
#         dim2, dim3, trustworthiness, and a column factor_NAME for every factor
# Output  pdf, png
# Command Rscript visualize_R/embedding.R --embedding table.csv --pdf out.pdf --png out.png [--branch Z] [--n_dims 2]
#         [--views all,levels (joint latents by factor, X and components in one map) or prior]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(
  inputs = "embedding", parameters = list(branch = "Z", n_dims = 2, views = character())
)
path <- arguments$embedding
views <- if (length(arguments$views) > 0) arguments$views else c("all", "levels")

factors <- factor_columns(path)
points <- read_table(
  path,
  text = c("run", "label", "checkpoint", "branch", "view", "method", "level", factors),
  numeric = c("centre_hz", "n_dims", "dim1", "dim2", "dim3", "trustworthiness")
)
points <- keep_rows(
  points, points$branch == arguments$branch & points$n_dims == arguments$n_dims, path,
  sprintf("branch '%s' in %g dimensions", arguments$branch, arguments$n_dims),
  sprintf("%s in %g", points$branch, points$n_dims)
)
# Joint latents that a model does not have are in no map.
points <- keep_rows(points, points$view %in% views, path, sprintf("a view among %s", quoted(views)), points$view)
runs <- unique(paste(points$run, points$checkpoint, sep = " at "))
if (length(runs) > 1) {
  stop(sprintf("%s holds %s; this figure draws one run at one checkpoint.", path, quoted(runs)), call. = FALSE)
}

# More classes than this have colours without a legend.
legend_limit <- 60
method_titles <- c(tsne = "t-SNE", umap = "UMAP", none = "Dimension")
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
        guide = if (is_narrow()) {
          guide_colourbar(barwidth = unit(35, "mm"), barheight = unit(2.5, "mm"), title.vjust = 1)
        } else {
          guide_colourbar()
        }
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

# A column as numbers if it holds numbers (the vocal tract factors of simulated speakers), else as classes.
as_scale_values <- function(values) {
  values <- ordered_levels(values)
  numbers <- suppressWarnings(as.numeric(levels(values)))
  if (anyNA(numbers)) values else numbers[values]
}

colour_values <- function(panel, column) {
  values <- panel[[column]]
  if (column == "level") {
    factor(values, levels = component_levels(values))
  } else if (is.numeric(values)) {
    # A component at rest (0 Hz) has the colour of the slowest that moves.
    pmax(values, min(values[values > 0])) / if (in_khz) 1000 else 1
  } else {
    as_scale_values(values)
  }
}

# Three dimensions as they are seen from a fixed place, without perspective: two on the page, and the depth.
azimuth <- 35
elevation <- 25
projected <- function(table) {
  if (arguments$n_dims == 2) {
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
  name <- method_titles[method]
  if (arguments$n_dims == 2) {
    return(paste(name, 1:2))
  }
  c(sprintf("%s in three dimensions,", name), sprintf("seen from %d\u00b0, %d\u00b0 above", azimuth, elevation))
}

map_panel <- function(view, column, title) {
  whole_view <- projected(filter(points, .data$view == .env$view))
  panel <- filter(whole_view, !is.na(.data[[column]]))
  # A single class is no colour.
  if (nrow(panel) == 0 || n_distinct(panel[[column]]) == 1) {
    return(NULL)
  }
  panel$colour <- colour_values(panel, column)
  titles <- axis_titles(panel$method[1])
  space <- if (view %in% c("all", "levels")) NULL else sprintf(" (%s)", gsub("_", " ", view))
  # Drawn in random order, so that no class hides the others; in three dimensions the near ones last, and larger.
  set.seed(0)
  panel <- slice_sample(panel, prop = 1) %>% arrange(desc(.data$depth))
  ggplot(panel, aes(.data$dim1, .data$dim2, colour = .data$colour)) +
    geom_point(aes(size = -.data$depth, shape = shape_values(.data$colour)), stroke = 0.3, alpha = 0.8) +
    scale_size(
      range = point_size(nrow(panel)) * (if (arguments$n_dims == 2) c(1, 1) else c(0.4, 1.7)), guide = "none"
    ) +
    colour_scale(panel$colour, title) +
    labs(
      title = paste0(gsub("\n", " ", title, fixed = TRUE), space), x = titles[1], y = titles[2],
      subtitle = sprintf("%s points, trustworthiness %.2f", scales::comma(nrow(panel)), panel$trustworthiness[1])
    ) +
    # The panels of one view share their limits, even where some points have no colour.
    coord_cartesian(xlim = range(whole_view$dim1), ylim = range(whole_view$dim2)) +
    theme_figure() +
    theme(
      aspect.ratio = 1, axis.text = element_blank(), axis.ticks = element_blank(), panel.grid.major = element_blank(),
      legend.position = if (is_narrow()) "bottom" else "right"
    )
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
  panel <- filter(table, !is.na(.data[[column]]))
  if (nrow(panel) == 0 || n_distinct(panel[[column]]) == 1) {
    return(NULL)
  }
  panel$colour <- colour_values(panel, column)
  set.seed(0)
  panel <- slice_sample(panel, prop = 1)
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
    theme(strip.text = element_text(face = "plain"), legend.position = if (is_narrow()) "bottom" else "right")
}

named_panels <- function() {
  joint <- setdiff(views, c("levels", "prior"))
  of_view <- function(view) lapply(factors, function(column) map_panel(view, column, factor_title(column)))
  drawn <- function(panels) panels[!vapply(panels, is.null, logical(1))]
  by_factor <- drawn(unlist(lapply(joint, of_view), recursive = FALSE))
  by_level <- if ("levels" %in% views) {
    unit <- if (in_khz) "kHz" else "Hz"
    drawn(list(
      map_panel("levels", "level", "Component"),
      map_panel("levels", "centre_hz", sprintf("Centre\nfrequency\n(%s)", unit))
    ))
  }
  # The two maps of the components stand side by side.
  gap <- if (length(by_level) == 2 && length(by_factor) %% 2 == 1 && fitting_columns(2) == 2) list(plot_spacer())
  c(by_factor, gap, by_level)
}
against_prior <- identical(views, "prior")
panels <- if (against_prior) {
  lapply(factors, function(column) prior_panel(column, factor_title(column)))
} else {
  named_panels()
}
panels <- panels[!vapply(panels, is.null, logical(1))]
if (length(panels) == 0) {
  stop(sprintf(
    "%s has neither joint latents with a factor nor components in view 'levels'; it has views %s.", path,
    quoted(unique(points$view))
  ), call. = FALSE)
}

# The input features belong to no run: the workflow says of which corpus they are.
rows_are <- c(Z = "frames", S = "utterances")[[arguments$branch]]
source_is <- if (is.na(points$run[1]) && nzchar(arguments$about)) {
  capitalised(arguments$about)
} else {
  na.omit(c(points$label[1], points$checkpoint[1]))
}
title <- paste(c(source_is, rows_are), collapse = ", ")
explanation <- if (against_prior) {
  wrap_caption(
    paste(
      "Latent means as they are: of each subspace the two dimensions of largest variance. Dashed circles hold 50 and",
      "95 % of the standard Gaussian prior."
    ),
    arguments$width_mm
  )
}
columns <- if (against_prior) 1 else min(fitting_columns(2), length(panels))
figure <- wrap_plots(panels, ncol = columns) +
  plot_annotation(title = title, caption = explanation, theme = theme_figure())

# Title and explanation of the whole figure.
around_mm <- 9 + if (against_prior) 7 * ceiling(120 / arguments$width_mm) else 0
save_figure(figure, arguments, height_mm = fitting_height(panels, columns, arguments$width_mm) + around_mm)
