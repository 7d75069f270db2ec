# Embeddings (figure 2): two-dimensional maps of inputs or latents, coloured by factor and by component.
#
# Input   embedding: embeddings table with run, label, checkpoint, branch, view, method, level, centre_hz, dim1, dim2,
#         trustworthiness, and a column factor_NAME for every factor
# Output  pdf, png
# Command Rscript visualize_R/embedding.R --embedding table.csv --pdf out.pdf --png out.png [--branch Z]

source(if (exists("snakemake")) {
  snakemake@input[["theme"]]
} else {
  script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE), fixed = TRUE)
  file.path(dirname(gsub("~+~", " ", script, fixed = TRUE)), "theme.R")
})

arguments <- figure_arguments(inputs = "embedding", parameters = list(branch = "Z"))

factors <- factor_columns(arguments$embedding)
points <- read_table(
  arguments$embedding,
  text = c("run", "label", "checkpoint", "branch", "view", "method", "level", factors),
  numeric = c("centre_hz", "dim1", "dim2", "trustworthiness")
)
points <- keep_rows(
  points, points$branch == arguments$branch, arguments$embedding, sprintf("branch '%s'", arguments$branch),
  points$branch
)
runs <- unique(paste(points$run, points$checkpoint, sep = " at "))
if (length(runs) > 1) {
  stop(sprintf("%s holds %s; this figure draws one run at one checkpoint.", arguments$embedding, quoted(runs)),
    call. = FALSE
  )
}

# More classes than this have colours without a legend.
legend_limit <- 60

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

# Components of slow signals (pulse waves, say) lie below a kilohertz.
in_khz <- max(0, points$centre_hz, na.rm = TRUE) >= 1000

map_panel <- function(view, column, title) {
  whole_view <- filter(points, .data$view == .env$view)
  panel <- filter(whole_view, !is.na(.data[[column]]))
  # A model without components has a single level, which is no colour.
  if (nrow(panel) == 0 || (column == "level" && n_distinct(panel$level) == 1)) {
    return(NULL)
  }
  values <- panel[[column]]
  panel$colour <- if (column == "level") {
    factor(values, levels = component_levels(values))
  } else if (is.numeric(values)) {
    values / if (in_khz) 1000 else 1
  } else {
    as_scale_values(values)
  }
  method <- c(tsne = "t-SNE", umap = "UMAP")[panel$method[1]]
  # Drawn in random order, so that no class hides the others.
  set.seed(0)
  panel <- slice_sample(panel, prop = 1)
  ggplot(panel, aes(.data$dim1, .data$dim2, colour = .data$colour)) +
    geom_point(size = 0.7, stroke = 0, shape = 16, alpha = 0.8) +
    colour_scale(panel$colour, title) +
    labs(
      title = gsub("\n", " ", title, fixed = TRUE), x = paste(method, "1"), y = paste(method, "2"),
      subtitle = sprintf("%s points, trustworthiness %.2f", scales::comma(nrow(panel)), panel$trustworthiness[1])
    ) +
    # The panels of one view share their limits, even where some points have no colour.
    coord_cartesian(xlim = range(whole_view$dim1), ylim = range(whole_view$dim2)) +
    theme_figure() +
    theme(
      aspect.ratio = 1, axis.text = element_blank(), axis.ticks = element_blank(), panel.grid.major = element_blank()
    )
}

panels <- c(
  lapply(factors, function(column) map_panel("all", column, factor_title(column))),
  list(
    map_panel("levels", "level", "Component"),
    map_panel("levels", "centre_hz", sprintf("Centre\nfrequency\n(%s)", if (in_khz) "kHz" else "Hz"))
  )
)
panels <- panels[!vapply(panels, is.null, logical(1))]
if (length(panels) == 0) {
  stop(sprintf(
    "%s has neither rows of view 'all' with a factor nor components in view 'levels'; it has views %s.",
    arguments$embedding, quoted(unique(points$view))
  ), call. = FALSE)
}

# The input features belong to no run: their figure has no title unless the table gives a label.
title <- paste(na.omit(c(points$label[1], points$checkpoint[1])), collapse = ", checkpoint ")
figure <- wrap_plots(panels, ncol = min(2, length(panels))) +
  plot_annotation(title = if (nzchar(title)) title, theme = theme_figure())

save_figure(figure, arguments, height_mm = 76 * ceiling(length(panels) / 2) + 8)
