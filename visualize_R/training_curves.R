# Training curves (supplementary figure 22): every part of the loss against the training step.
#
# Tables      history: merged history.csv with run, label, step, split, branch, quantity, value
# Parameters  runs: `run` and `label` of those that are drawn (all by default); seeds, of one label, have one colour

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))

figure <- read_figure("history", list(runs = NULL))

titles <- c(
  total = "Total loss (nats)",
  total_autoencoder = "Total loss, autoencoders",
  decomposition = "Decomposition loss (nats)",
  prior = "Prior loss (nats)",
  prior_autoencoder = "Prior loss, autoencoders (nats)",
  reconstruction = "Reconstruction loss (squared error)",
  divergence_positive = "Divergence, X to components",
  divergence_negative = "Divergence, between components",
  probability_positive = "Probability of a difference, X to components",
  probability_negative = "Probability of a difference, between components",
  cross_entropy_positive = "Cross-entropy, X to components (nats)",
  cross_entropy_negative = "Cross-entropy, between components (nats)",
  between_component_share = "Between-component share of variance",
  classification = "Classification loss (nats)",
  accuracy = "Accuracy",
  f1_macro = "Macro F1",
  learning_rate = "Learning rate",
  gradient_norm = "Gradient norm"
)

history <- read_table(
  figure$history,
  text = c("run", "label", "split", "branch", "quantity"), numeric = c("step", "value")
)
check_names(history$quantity, names(titles), figure$history, "quantity")
curves <- history %>%
  pick_runs(figure$runs, figure$history) %>%
  filter(!is.na(.data$value)) %>%
  group_by(.data$run) %>%
  mutate(autoencoder = any(.data$quantity == "reconstruction")) %>%
  ungroup() %>%
  mutate(
    # Beside reconstruction losses those of the decomposition would be flat: they have axes of their own.
    quantity = if_else(
      .data$autoencoder & !all(.data$autoencoder) & .data$quantity %in% c("total", "prior"),
      paste0(.data$quantity, "_autoencoder"), .data$quantity
    ),
    quantity = factor(titles[.data$quantity], levels = titles),
    split = factor(.data$split, levels = c("train", "validation"))
  )
# A run that logs a quantity once has no line: its points are drawn.
lone <- curves %>%
  group_by(.data$run, .data$split, .data$branch, .data$quantity) %>%
  filter(n() == 1) %>%
  ungroup()

branch_names <- c(all = "Whole model", Z = "Branch Z (frames)", S = "Branch S (utterances)")

# The curves of some branches: one row per quantity, one column per branch; NULL if no run logs them.
curve_block <- function(branches) {
  in_block <- function(data) {
    data %>%
      filter(.data$branch %in% branches) %>%
      mutate(branch = factor(branch_names[.data$branch], levels = branch_names))
  }
  block <- in_block(curves)
  if (nrow(block) == 0) {
    return(NULL)
  }
  absent <- anti_join(
    expand_grid(quantity = unique(block$quantity), branch = unique(block$branch)), block, by = c("quantity", "branch")
  )
  ggplot(block, aes(.data$step, .data$value, colour = .data$label, linetype = .data$split)) +
    geom_line(aes(group = interaction(.data$run, .data$split)), linewidth = 0.4) +
    (if (nrow(absent) > 0) {
      geom_text(
        aes(mean(range(curves$step)), Inf), absent,
        label = "not in this branch", vjust = 3.5, size = 2, colour = "grey40", inherit.aes = FALSE
      )
    }) +
    geom_point(data = in_block(lone), size = 0.8, show.legend = FALSE) +
    facet_grid(
      vars(.data$quantity), vars(.data$branch),
      scales = "free_y", labeller = labeller(
        .rows = label_wrap_gen(20), .cols = label_wrap_gen(if (is_narrow()) 10 else 40)
      )
    ) +
    scale_x_continuous(limits = range(curves$step), breaks = whole_breaks(5), labels = scales::label_comma()) +
    scale_colour_manual(values = class_colours(levels(curves$label)), drop = FALSE) +
    scale_linetype_manual(values = c(train = "solid", validation = "22"), drop = FALSE) +
    labs(x = "Training step", y = NULL, colour = "Model", linetype = "Data") +
    guides(colour = guide_legend(order = 1, ncol = fitting_columns(3)), linetype = guide_legend(order = 2)) +
    theme_figure() +
    theme(
      strip.text.y = element_text(angle = 0, hjust = 0, face = "plain"), panel.spacing = unit(2.5, "mm")
    )
}

branches <- list("all", c("Z", "S"))
blocks <- lapply(branches, curve_block)
rows <- vapply(branches, function(names) n_distinct(curves$quantity[curves$branch %in% names]), integer(1))
plot <- wrap_plots(blocks[rows > 0], ncol = 1, heights = rows[rows > 0], guides = "collect")

legend_mm <- 5 + 4 * ceiling(nlevels(curves$label) / fitting_columns(3))
save_figure(plot, figure,
  height_mm = 17 * sum(rows) + 14 * sum(rows > 0) + legend_mm, look = legends_on_top(),
  caption = if (has_seeds(figure$runs)) "Every seed of a setting is a line of its own."
)
