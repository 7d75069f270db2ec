# What a corpus holds: durations, amounts of every class, speakers and label coverage of each split.
#
# Tables      summary: split, quantity, factor, class, value; utterances: split, utterance, seconds
# Parameters  classes: how many of a factor are drawn

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))

figure <- read_figure(c("summary", "utterances"), list(classes = 24))

summary <- read_table(figure$summary, text = c("split", "quantity", "factor", "class"), numeric = "value")
utterances <- read_table(figure$utterances, text = c("split", "utterance"), numeric = "seconds")
splits <- intersect(c("train", "dev", "test"), unique(utterances$split))
as_split <- function(split) factor(split, levels = splits)
colours <- setNames(class_palette()[seq_along(splits)], splits)

# One row per quantity, one column per split.
titles <- c(utterances = "Utterances", seconds = "Minutes", classes = "Classes of ", coverage = "Labelled, ")
of_splits <- keep_rows(summary, figure$summary, quantity = names(titles)) %>%
  mutate(
    split = as_split(.data$split),
    row = paste0(titles[.data$quantity], gsub("_", " ", coalesce(.data$factor, ""))),
    row = factor(.data$row, levels = rev(unique(.data$row))),
    text = case_when(
      .data$quantity == "seconds" ~ scales::comma(.data$value / 60, accuracy = 0.1),
      .data$quantity == "coverage" ~ scales::percent(.data$value, accuracy = 0.1),
      TRUE ~ scales::comma(.data$value, accuracy = 1)
    )
  )
numbers <- ggplot(of_splits, aes(.data$split, .data$row)) +
  geom_text(aes(label = .data$text), size = 2.4) +
  scale_x_discrete(position = "top") +
  labs(subtitle = "Splits", x = NULL, y = NULL) +
  theme_figure() +
  theme(panel.border = element_blank(), axis.ticks = element_blank(), panel.grid.major = element_blank())

# Thirty bins of the range; recordings of one length (to a thousandth) are one bar.
longest <- max(utterances$seconds)
span <- longest - min(utterances$seconds)
one_length <- span < 0.001 * longest

durations <- ggplot(mutate(utterances, split = as_split(.data$split)), aes(.data$seconds, fill = .data$split)) +
  (if (one_length) {
    list(
      geom_bar(aes(longest), width = 0.1 * longest),
      scale_x_continuous(breaks = signif(longest, 3), limits = longest * c(0.5, 1.5))
    )
  } else {
    geom_histogram(bins = 30, colour = "white", linewidth = 0.1, boundary = 0)
  }) +
  scale_y_continuous(breaks = whole_breaks(4)) +
  scale_fill_manual(values = colours) +
  facet_wrap(vars(.data$split), ncol = 1, scales = "free_y") +
  labs(subtitle = "Durations of the utterances", x = "Duration (s)", y = "Utterances") +
  guides(fill = "none") +
  theme_figure()

# The classes of each factor that take most of the time.
classes <- filter(summary, .data$quantity == "seconds_of_class") %>%
  add_count(.data$factor, .data$class, wt = .data$value, name = "total") %>%
  group_by(.data$factor) %>%
  mutate(n_classes = n_distinct(.data$class)) %>%
  filter(dense_rank(desc(.data$total)) <= figure$classes) %>%
  ungroup() %>%
  mutate(split = factor(.data$split, levels = rev(splits)))
amounts <- lapply(unique(classes$factor), function(name) {
  rows <- filter(classes, .data$factor == name)
  rows$class <- ordered_levels(rows$class)
  n_all <- rows$n_classes[1]
  n_shown <- nlevels(rows$class)
  title <- sentence_case(name)
  in_minutes <- max(rows$total) >= 120
  ggplot(rows, aes(.data$class, .data$value / if (in_minutes) 60 else 1, fill = .data$split)) +
    geom_col(width = 0.8) +
    scale_fill_manual(values = colours, breaks = splits) +
    scale_y_continuous(expand = expansion(mult = c(0, 0.05))) +
    labs(
      subtitle = if (n_shown < n_all) sprintf("%s: the %d longest of %d", title, n_shown, n_all) else title,
      x = NULL, y = if (in_minutes) "Minutes" else "Seconds", fill = "Split"
    ) +
    theme_figure() +
    theme(
      axis.text.x = if (n_shown > 8) element_text(angle = 90, hjust = 1, vjust = 0.5) else element_text(),
      panel.grid.major.x = element_blank()
    )
})

left_out <- filter(summary, .data$quantity %in% c("skipped", "omitted"))
caption <- if (nrow(left_out) > 0) {
  sprintf("Left out: %s.", paste0(left_out$class, " (", left_out$value, ")", collapse = ", "))
}
columns <- fitting_columns(2)
rows <- ceiling(length(amounts) / columns)
# The long names of the table must not push the other panels apart.
whole <- wrap_plots(wrap_elements(full = numbers), durations, ncol = columns) & theme(plot.margin = margin(0, 4, 0, 0))
top <- max(1, n_distinct(of_splits$row) / 8) * 2 / columns
plot <- (wrap_elements(full = whole) / wrap_plots(amounts, ncol = columns, guides = "collect")) +
  plot_layout(heights = c(top, 0.8 * rows))

save_figure(plot, figure,
  height_mm = 65 * top + 52 * rows + 16, title = if (nzchar(figure$about)) figure$about, caption = caption,
  look = theme(legend.position = "bottom")
)
