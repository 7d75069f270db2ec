# What a study cost: time and memory of the jobs of every rule.
#
# Tables  rules: table with rule, jobs, seconds, longest_seconds, cpu_seconds, memory_mib

script <- grep("^--file=", commandArgs(), value = TRUE)
source(file.path(dirname(gsub("~+~", " ", substring(script, 8), fixed = TRUE)), "figure.R"))

figure <- read_figure("rules")

costs <- read_table(
  figure$rules,
  text = "rule", numeric = c("jobs", "seconds", "longest_seconds", "cpu_seconds", "memory_mib")
) %>%
  arrange(.data$seconds) %>%
  mutate(row = sprintf("%s (%.0f)", gsub("_", " ", .data$rule), .data$jobs), row = factor(.data$row, .data$row))

kinds <- c(seconds = "all jobs", cpu_seconds = "all jobs, CPU", longest_seconds = "longest job")
times <- costs %>%
  pivot_longer(all_of(names(kinds)), names_to = "kind", values_to = "value") %>%
  filter(.data$value > 0) %>%
  mutate(kind = factor(kinds[.data$kind], levels = kinds))

# Breaks of the logarithmic axes in units that people read.
time_breaks <- c(
  "0.1 s" = 0.1, "1 s" = 1, "10 s" = 10, "1 min" = 60, "10 min" = 600, "1 h" = 3600, "10 h" = 36000, "4 d" = 345600
)
memory_breaks <- 2^(5:20)
mebibytes <- function(values) ifelse(values < 1024, paste(values, "MiB"), paste(values / 1024, "GiB"))

duration <- ggplot(times, aes(.data$value, .data$row, colour = .data$kind, shape = .data$kind)) +
  geom_point(size = 1.8) +
  scale_x_log10(breaks = time_breaks, labels = names(time_breaks), guide = guide_axis(check.overlap = TRUE)) +
  scale_colour_manual(values = class_palette()[seq_along(kinds)]) +
  scale_shape_manual(values = c(16, 1, 17)) +
  labs(subtitle = "Time", x = NULL, y = NULL, colour = NULL, shape = NULL) +
  theme_figure() +
  theme(legend.position = "bottom")

# In a single column the memory stands below the time, with names of its own.
stacked <- is_narrow()
memory <- ggplot(filter(costs, !is.na(.data$memory_mib)), aes(.data$memory_mib, .data$row)) +
  geom_point(size = 1.8, colour = "grey25") +
  scale_x_log10(
    breaks = memory_breaks, labels = mebibytes, expand = expansion(mult = 0.15),
    guide = guide_axis(check.overlap = TRUE)
  ) +
  scale_y_discrete(drop = FALSE) +
  labs(subtitle = "Largest memory of a job", x = NULL, y = NULL) +
  theme_figure() +
  theme(axis.text.y = if (stacked) element_text() else element_blank(), axis.ticks.y = element_blank())

plot <- duration + memory + (if (stacked) plot_layout(ncol = 1) else plot_layout(widths = c(3, 2)))

save_figure(plot, figure,
  height_mm = (28 + 5 * nrow(costs)) * (if (stacked) 1.8 else 1),
  look = theme(panel.grid.major = element_line(colour = "grey92", linewidth = 0.2))
)
