"""Scores of fine-tuned classification heads on held-out splits, as a tidy table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from decvae.evaluation.intervals import BY_CLASS, OVERALL, bootstrap_scores, confusion_by_group, rows_of_scores
from decvae.evaluation.protocols import classes_scored_as

COLUMNS = ("split", "branch", "factor", "head", "class", "metric", "value", "ci_low", "ci_high", "n")


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
    rows = [{"class": "", "n": len(truth)} | row for row in rows_of_scores(OVERALL, pooled, intervals)]
    for place, code in enumerate(classes):
        same = {"class": names[code], "n": int((truth == code).sum())}
        rows += [same | row for row in rows_of_scores(BY_CLASS, pooled, intervals, place)]
    return pd.DataFrame([columns | row for row in rows], columns=list(COLUMNS))
