"""Tables of what a corpus holds: durations, classes, speakers, label coverage, and what was left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from decvae.corpora.store import Corpus, CorpusSplit

Row = dict[str, str | float]
COLUMNS = ("split", "quantity", "factor", "class", "value")


def summary_tables(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Summary of a corpus, and one row for every utterance.

    Returns
    -------
    summary : columns split, quantity, factor, class, value
        Of each split: ``utterances``; ``seconds``; ``classes`` of each factor that occur; ``seconds_of_class``;
        ``coverage``, the labelled share of the time (of a factor: of the utterances). Of the corpus (split empty):
        ``skipped`` and ``omitted``, with the reason as class.
    utterances : columns split, utterance, seconds, coverage and one per factor
        ``coverage`` is that of the first time-aligned label (NaN without one).
    """
    rows, tables = [], []
    with Corpus(path) as corpus:
        for name in corpus.splits:
            split = corpus[name]
            rows += [{"split": name, **row} for row in _of_split(split)]
            tables.append(_of_utterances(split, name))
        for quantity in ("skipped", "omitted"):
            for reason, count in corpus.provenance.get(quantity, {}).items():
                rows.append({"split": "", "quantity": quantity, "factor": "", "class": reason, "value": count})
    return pd.DataFrame(rows, columns=COLUMNS), pd.concat(tables, ignore_index=True)


def _row(quantity: str, value: float, factor: str = "", name: str = "") -> Row:
    return {"quantity": quantity, "factor": factor, "class": name, "value": value}


def _of_split(split: CorpusSplit) -> list[Row]:
    seconds = split.lengths() / split.sampling_rate
    rows = [_row("utterances", len(split)), _row("seconds", seconds.sum())]
    factors, labels = split.factors, {name: _labels(split, name) for name in split.interval_names}
    weighted = {name: (codes, seconds) for name, codes in factors.items()}
    weighted |= {name: (codes, durations) for name, (_, codes, durations) in labels.items()}
    for name, (codes, durations) in weighted.items():
        known = codes >= 0
        total = np.bincount(codes[known], durations[known], minlength=len(split.class_names(name)))
        coverage = known.mean() if name in factors else total.sum() / seconds.sum()
        rows += [_row("coverage", float(coverage), name), _row("classes", int(np.count_nonzero(total)), name)]
        occurring = zip(split.class_names(name), total, strict=True)
        rows += [_row("seconds_of_class", value, name, label) for label, value in occurring if value > 0]
    return rows


def _labels(split: CorpusSplit, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Utterance, code and duration in seconds of every label of a split."""
    utterance, starts, stops, codes = split.all_intervals(name)
    return utterance, codes, (stops - starts) / split.sampling_rate


def _of_utterances(split: CorpusSplit, name: str) -> pd.DataFrame:
    seconds = split.lengths() / split.sampling_rate
    coverage = np.full(len(split), np.nan)
    if split.interval_names:
        utterance, _, durations = _labels(split, split.interval_names[0])
        coverage = np.bincount(utterance, durations, minlength=len(split)) / seconds
    table = {"split": name, "utterance": split.utterance_ids, "seconds": seconds, "coverage": coverage}
    for factor, codes in split.factors.items():
        table[factor] = np.array([*split.class_names(factor), ""], dtype=object)[codes]
    return pd.DataFrame(table)
