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

# The colour scale of a column: a colour bar for numbers, classes otherwise.
colour_scale <- function(values, title) {
  if (is.numeric(values)) {
    return(scale_colour_gradientn(colours = unname(ordered_colours(1:64)), name = title))
  }
  colours <- if (title == "Component") component_colours(levels(values)) else class_colours(levels(values))
  guide <- if (nlevels(values) > legend_limit) {
    "none"
  } else {
    guide_legend(override.aes = list(size = 1.8, alpha = 1), ncol = ceiling(nlevels(values) / 12))
  }
  scale_colour_manual(values = colours, name = title, guide = guide)
}

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
    values / if (in_khz) 1000 else 1
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
  # A model without components has a single level, which is no colour.
  if (nrow(panel) == 0 || (column == "level" && n_distinct(panel$level) == 1)) {
    return(NULL)
  }
  panel$colour <- colour_values(panel, column)
  titles <- axis_titles(panel$method[1])
  space <- if (view %in% c("all", "levels")) NULL else sprintf(" (%s)", gsub("_", " ", view))
  # Drawn in random order, so that no class hides the others; in three dimensions the near ones last, and larger.
  set.seed(0)
  panel <- slice_sample(panel, prop = 1) %>% arrange(desc(.data$depth))
  ggplot(panel, aes(.data$dim1, .data$dim2, colour = .data$colour)) +
    geom_point(aes(size = -.data$depth), stroke = 0, shape = 16, alpha = 0.8) +
    (if (arguments$n_dims == 2) {
      scale_size(range = c(0.7, 0.7), guide = "none")
    } else {
      scale_size(range = c(0.3, 1.2), guide = "none")
    }) +
    colour_scale(panel$colour, title) +
    labs(
      title = paste0(gsub("\n", " ", title, fixed = TRUE), space), x = titles[1], y = titles[2],
      subtitle = sprintf("%s points, trustworthiness %.2f", scales::comma(nrow(panel)), panel$trustworthiness[1])
    ) +
    # The panels of one view share their limits, even where some points have no colour.
    coord_cartesian(xlim = range(whole_view$dim1), ylim = range(whole_view$dim2)) +
    theme_figure() +
    theme(
      aspect.ratio = 1, axis.text = element_blank(), axis.ticks = element_blank(), panel.grid.major = element_blank()
    )
}

# Latents of every level in the plane of their two widest dimensions; circles hold 50 and 95 % of the prior.
prior_panel <- function(column, title) {
  table <- filter(points, .data$view == "prior") %>%
    mutate(level = factor(.data$level, levels = component_levels(.data$level)))
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
    geom_point(aes(colour = .data$colour), size = 0.7, stroke = 0, shape = 16, alpha = 0.8) +
    geom_path(
      aes(.data$radius * cos(.data$angle), .data$radius * sin(.data$angle), group = .data$share), circles,
      linewidth = 0.3, linetype = "22"
    ) +
    facet_wrap(vars(.data$level), nrow = 1) +
    colour_scale(panel$colour, title) +
    coord_equal() +
    labs(x = "Widest dimension", y = "Second widest", subtitle = title) +
    theme_figure()
}

named_panels <- function() {
  joint <- setdiff(views, c("levels", "prior"))
  of_view <- function(view) lapply(factors, function(column) map_panel(view, column, factor_title(column)))
  by_factor <- lapply(joint, of_view)
  by_level <- if ("levels" %in% views) {
    unit <- if (in_khz) "kHz" else "Hz"
    list(
      map_panel("levels", "level", "Component"),
      map_panel("levels", "centre_hz", sprintf("Centre\nfrequency\n(%s)", unit))
    )
  }
  c(unlist(by_factor, recursive = FALSE), by_level)
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

# The input features belong to no run: their figure has no title unless the table gives a label.
rows_are <- c(Z = "frames", S = "utterances")[[arguments$branch]]
title <- paste(c(na.omit(c(points$label[1], points$checkpoint[1])), rows_are), collapse = ", ")
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

panel_mm <- if (against_prior) 24 + 120 / max(2, n_distinct(points$level)) else 76
save_figure(figure, arguments, height_mm = panel_mm * ceiling(length(panels) / columns) + 10)
