"""The numbers that the paper reports, beside those of the same models here under the published protocol.

``published_scores.csv`` has the scores that are printed in figures 2g, 3g, 4g and 5g of arXiv:2601.06844, without
uncertainty: the paper gives one seed per model. Columns corpus (the kind; VOC-ALS zero-shot, IEMOCAP fine-tuned),
figure, model (our name of it, :func:`decvae.names.name_in_paper`), score and value. What to bear in mind: the published
cross-validation splits frames, not utterances; the speaker accuracies of DecVAE on SimVowels and its emotion accuracies
on IEMOCAP are those of whole utterances (branch S), those of the other models of frames. PCA and ICA on VOC-ALS are
left out, since the figure has them swapped.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from decvae.names import METHODS, MODELS, PAPER_BETAS, name_in_paper
from decvae.reporting.tables import escaped, markdown, matching

VALUES = Path(__file__).with_name("published_scores.csv")
BEST = "best"  # the paper reports the classifier with the highest test accuracy
HEADINGS = {
    "mutual_information": "MI",
    "total_correlation_norm": "TC norm.",
    "disentanglement": "D",
    "completeness": "C",
    "informativeness": "I",
    "explicitness": "Expl.",
    "modularity": "Mod.",
    "irs": "IRS",
    "accuracy": "acc.",
    "unweighted_accuracy": "UA",
    "kmeans_accuracy": "k-means",
}
TASKS = ("accuracy", "unweighted_accuracy", "kmeans_accuracy")  # of one factor each
COLUMNS = ("run", "label", "model", "aggregation", "metric", "factor", "value", "paper")
_OWN_NAMES = {"gaussian_correlation_norm": "total_correlation_norm"}


def paper_values(kind: str) -> pd.DataFrame:
    """What the paper reports of the models that were trained on a corpus of a kind (empty for one that it lacks).

    Returns
    -------
    DataFrame with columns model, decomposition, beta_z, input, metric, factor, value
        The first two and ``factor`` are empty strings, ``beta_z`` NaN, where they do not apply.
    """
    table = pd.read_csv(VALUES, keep_default_na=False)
    models, rows = _models_by_name(), []
    for row in table[table["corpus"] == kind].itertuples():
        metric, factor = _metric_and_factor(row.score)
        if row.model in models and metric in HEADINGS:
            rows.append({**models[row.model], "metric": metric, "factor": factor, "value": row.value})
    return pd.DataFrame(rows, columns=["model", "decomposition", "beta_z", "input", "metric", "factor", "value"])


def _models_by_name() -> dict[str, dict[str, Any]]:
    """Kinds of models that are trained on the corpus that they are scored on, by their names in the paper."""
    kinds = [(model, "", float("nan")) for model in MODELS if model != "decvae"]
    kinds += [("decvae", decomposition, beta) for decomposition, beta in product(METHODS, PAPER_BETAS)]
    return {
        name_in_paper(model, features, decomposition, beta): {
            "model": model,
            "decomposition": decomposition,
            "beta_z": beta,
            "input": features,
        }
        for (model, decomposition, beta), features in product(kinds, ("mel", "waveform"))
    }


def _metric_and_factor(score: str) -> tuple[str, str]:
    for task in TASKS:
        if score.startswith(f"{task}_"):
            return task, score.removeprefix(f"{task}_")
    return _OWN_NAMES.get(score, score), ""


def beside_paper(metrics: pd.DataFrame, *, kind: str, corpus: str, checkpoint: str, aggregation: str) -> pd.DataFrame:
    """Scores by the published protocol of the runs that the paper has, too.

    A run is the paper's model if kind of model and input agree, and for a DecVAE the decomposition, beta_z and the
    published objective. Sizes and amounts of data are not compared: those of the default study are far smaller.

    Parameters
    ----------
    metrics : DataFrame
        ``metrics.parquet``; branch Z is compared.
    aggregation : str
        Of DecVAEs; all others are compared on X, as in the paper.

    Returns
    -------
    DataFrame with columns ``COLUMNS``
        Empty if the paper has none of the models.
    """
    wanted = {"corpus": corpus, "checkpoint": checkpoint, "branch": "Z", "space": "mu", "protocol": "published"}
    rows = matching(metrics, **wanted)
    decvae = rows["model"] == "decvae"
    rows = rows[(~decvae | (rows["objective"] == "published")) & rows["start_from"].isna()]
    decvae = rows["model"] == "decvae"
    tasks = rows["metric"].isin(["accuracy", "unweighted_accuracy"])
    chosen = decvae.map({True: aggregation, False: "X"})
    rows = rows[(rows["aggregation"] == chosen) & (~tasks | (rows["classifier"] == BEST))]
    decvae = rows["model"] == "decvae"
    keys = rows.assign(
        decomposition=rows["decomposition"].where(decvae, ""),
        beta_z=rows["beta_z"].where(decvae),
        factor=rows["factors"].where(rows["metric"].isin(TASKS), ""),
    )
    shared = ["model", "decomposition", "beta_z", "input", "metric", "factor"]
    return keys.merge(paper_values(kind).rename(columns={"value": "paper"}), on=shared)[list(COLUMNS)]


def paper_table(found: pd.DataFrame) -> str:
    """Markdown of :func:`beside_paper`, ``here / paper`` in the cells; empty for an empty table."""
    if found.empty:
        return ""
    heading = found["metric"].map(HEADINGS)
    heading = heading.where(found["factor"] == "", found["factor"] + " " + heading)
    pairs = dict.fromkeys(zip(found["metric"], heading, strict=True))  # factors in the order of the scores
    ordered = sorted(pairs, key=lambda pair: list(HEADINGS).index(pair[0]))
    cells = {
        (row.label, name): f"{row.value:.3f} / {row.paper:.3f}"
        for row, name in zip(found.itertuples(), heading, strict=True)
    }
    headings = [name for _, name in ordered]
    body = [
        [escaped(label, "markdown"), *(cells.get((label, name), "-") for name in headings)]
        for label in dict.fromkeys(found["label"])
    ]
    return "Branch Z under the published protocol, `here / paper`:\n\n" + markdown(headings, body)
