"""Scores of fine-tuned classification heads on held-out splits, as a tidy table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from decvae.evaluation.intervals import bootstrap_scores, confusion_by_group
from decvae.evaluation.protocols import classes_scored_as

COLUMNS = ("split", "branch", "factor", "head", "class", "metric", "value", "ci_low", "ci_high", "n")
OVERALL = ("accuracy", "unweighted_accuracy", "f1_macro")
BY_CLASS = ("recall", "precision", "f1")


def classifier_scores(
    truth: np.ndarray,
    predicted: np.ndarray,
    utterance: np.ndarray,
    names: Sequence[str],
    columns: dict[str, str],
    *,
    bootstrap: int,
    seed: int,
) -> pd.DataFrame:
    """Accuracy, unweighted accuracy and macro F1, and recall, precision and F1 of every class.

    Parameters
    ----------
    truth, predicted, utterance : (n,) int
    names : sequence of str
        Of the classes; 48 phonemes are scored as 39 (:func:`decvae.evaluation.protocols.classes_scored_as`).
    columns : dict
        Values of the columns split, branch, factor and head.
    bootstrap : int
        Resamples of utterances behind the 95 % intervals; 0 leaves them out.

    Returns
    -------
    DataFrame with columns ``COLUMNS``
        ``class`` is empty for scores over all classes; ``n`` counts rows (of the class). Classes that neither occur nor
        are predicted have no rows; nor has the recall of a class that does not occur.
    """
    folded = classes_scored_as(columns["factor"], list(names))
    if folded is not None:
        truth, predicted = folded[truth], folded[predicted]
    classes, counts = confusion_by_group(truth, predicted[None], utterance)
    pooled, intervals = bootstrap_scores(counts, bootstrap, seed)
    rows = []

    def add(name: str, metric: str, place: tuple, n: int) -> None:
        low, high = (bound[place] for bound in intervals.get(metric, (np.full(pooled[metric].shape, np.nan),) * 2))
        value = pooled[metric][place]
        if not np.isnan(value):
            found = {"class": name, "metric": metric, "value": value, "ci_low": low, "ci_high": high, "n": n}
            rows.append({**columns, **found})

    for metric in OVERALL:
        add("", metric, (), len(truth))
    for place, code in enumerate(classes):
        for metric in BY_CLASS:
            add(names[code], metric, (place,), int((truth == code).sum()))
    return pd.DataFrame(rows, columns=list(COLUMNS))
