# What the figures of decomposition quality share: the reading of quality tables.

# Published grouping of simulated speakers by the vocal tract length factor: up to 0.98 short, from 1.02 long.
group_names <- c("short", "long", "all")
group_colours <- function() setNames(class_palette()[c(2, 1, 8)], group_names)
shown_contents <- function() max(5, fitting_columns(8))

# One quantity of single frames inside one label, from the quality tables of one or several methods. Simulated speakers
# between the two groups are left out; speakers that are not numbers are one group. Of many classes the most frequent
# are kept.
read_quality <- function(figure, quantity) {
  tables <- lapply(figure$quality, function(path) {
    table <- read_table(
      path,
      text = c("method", "scale", "content", "speaker", "overlap", "quantity", "item"),
      numeric = c("utterance", "frame", "value")
    )
    keep_rows(table, path, scale = "frame", overlap = "False", quantity = quantity) %>%
      mutate(method = method_titles(.data$method, figure$methods, path))
  })
  whole <- bind_rows(tables) %>% mutate(content = coalesce(.data$content, "all"))
  frequent <- head(count(whole, .data$content, sort = TRUE)$content, shown_contents())
  factor_of_speaker <- suppressWarnings(as.numeric(whole$speaker))
  whole %>%
    mutate(
      group = case_when(
        anyNA(factor_of_speaker) ~ "all", factor_of_speaker <= 0.98 ~ "short", factor_of_speaker >= 1.02 ~ "long"
      )
    ) %>%
    filter(!is.na(.data$group), .data$content %in% frequent) %>%
    mutate(
      content = ordered_levels(.data$content),
      group = droplevels(factor(.data$group, group_names))
    )
}

quality_caption <- function(table) {
  counts <- table %>%
    group_by(.data$method) %>%
    summarise(n = n_distinct(.data$utterance, .data$frame))
  frames <- sprintf("Frames inside one label: %s.", paste(counts$method, counts$n, collapse = ", "))
  if ("all" %in% levels(table$group)) {
    return(frames)
  }
  paste(frames, "Vocal tract: factor up to 0.98 (short) or from 1.02 (long).")
}
