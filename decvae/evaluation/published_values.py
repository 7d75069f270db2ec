"""The numbers that the paper reports, beside those of the same models here under the published protocol."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from decvae.evaluation.report import escaped, markdown

VALUES = Path(__file__).with_suffix(".csv")
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
COLUMNS = ("run", "label", "model", "aggregation", "metric", "factor", "value", "paper")


def paper_values(kind: str) -> pd.DataFrame:
    """What the paper reports of the models that were trained on a corpus of a kind (empty for one that it lacks).

    Returns
    -------
    DataFrame with columns model, decomposition, beta_z, input, metric, factor, value
        The first two and ``factor`` are empty strings, ``beta_z`` NaN, where they do not apply.
    """
    text = dict.fromkeys(("model", "decomposition", "metric", "factor"), str)
    table = pd.read_csv(VALUES, comment="#", dtype=text, keep_default_na=False, na_values={"beta_z": [""]})
    return table[table["kind"] == kind].drop(columns="kind")


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
    rows = metrics
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
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
        factor=rows["factors"].where(rows["metric"].isin(["accuracy", "unweighted_accuracy", "kmeans_accuracy"]), ""),
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
