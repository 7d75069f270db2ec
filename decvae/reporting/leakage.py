"""What leakage is worth: scores that have a training and a test part, by the published and by the sound protocol."""

from __future__ import annotations

import pandas as pd

from decvae.names.scores import score_named
from decvae.reporting.selection import BEST, in_order, matching, on_aggregation
from decvae.reporting.tables import bold, grid
from decvae.settings.evaluation import PROTOCOLS

# Metrics whose test part can leak. The others have no test part, or (k-means) no training part.
JOINT = ("disentanglement", "completeness", "informativeness", "explicitness")
TASK = ("accuracy", "unweighted_accuracy", "f1_macro")
KEY = ["corpus", "run", "label", "checkpoint", "epoch", "branch", "aggregation", "factors", "metric", "classifier"]
COLUMNS = (*KEY, "published", "sound", "sound_low", "sound_high", "worth")


def compare_protocols(metrics: pd.DataFrame, classifier: str) -> pd.DataFrame:
    """Scores of both protocols side by side.

    Parameters
    ----------
    metrics : DataFrame
        ``metrics.parquet`` of runs that were scored by both.
    classifier : str
        The one that the sound protocol fixed in advance: what the published headline (classifier ``best``) stands
        against.

    Returns
    -------
    DataFrame with columns ``COLUMNS``
        One row per score of the latents that both have. ``worth`` is published minus sound, ``sound_low`` and
        ``sound_high`` the 95 % interval of the sound score.

    Raises
    ------
    ValueError
        If one of the protocols has no scores.
    """
    rows = metrics[(metrics["space"] == "mu") & metrics["metric"].isin([*JOINT, *TASK])]
    of = {name: matching(rows, protocol=name) for name in PROTOCOLS}
    absent = [name for name, found in of.items() if found.empty]
    if absent:
        raise ValueError(f"the metrics have no scores by the protocol(s) {absent}: set `evaluation.protocols` to both")
    headline = matching(of["sound"], classifier=classifier).assign(classifier=BEST)
    sound = pd.concat([of["sound"], headline])[[*KEY, "value", "ci_low", "ci_high"]]
    sound = sound.rename(columns={"value": "sound", "ci_low": "sound_low", "ci_high": "sound_high"})
    published = of["published"][[*KEY, "value"]].rename(columns={"value": "published"})
    found = published.merge(sound, on=KEY)
    return found.assign(worth=found["published"] - found["sound"])[list(COLUMNS)]


def protocol_tables(compared: pd.DataFrame, *, corpus: str, checkpoint: str, aggregation: str, classifier: str) -> str:
    """Markdown: for each branch a table with ``published / sound`` of every model, and below it their mean difference.

    Parameters
    ----------
    compared : DataFrame
        Of :func:`compare_protocols`.
    aggregation : str
        Runs that lack it are shown on X.
    classifier : str
        Named in the heading of the headline.

    Raises
    ------
    ValueError
        If nothing is left to show; the message says what was looked for.
    """
    rows = on_aggregation(matching(compared, corpus=corpus, checkpoint=checkpoint), aggregation, ["run", "branch"])
    rows = rows[rows["metric"].isin([*JOINT, "accuracy"])]
    if rows.empty:
        raise ValueError(f"no score of corpus {corpus!r} at checkpoint {checkpoint!r} has both protocols")
    symbols = rows["metric"].map({name: score_named(name).symbol for name in JOINT})
    classifiers = rows["classifier"].replace({BEST: "headline"}).str.replace("_", " ")
    rows = rows.assign(heading=symbols.where(symbols.notna(), rows["factors"] + ", " + classifiers))
    lead = f"`published / sound` (headline: best on the test data / {classifier.replace('_', ' ')})"
    return "\n".join(
        f"Branch {branch}, {lead}:\n\n{_one_branch(found)}" for branch, found in rows.groupby("branch", sort=False)
    )


def _one_branch(rows: pd.DataFrame) -> str:
    joint = in_order(rows.loc[rows["metric"].isin(JOINT), "metric"])
    columns = list(dict.fromkeys([*(score.symbol for score in joint), *rows["heading"]]))
    cells = {(row.label, row.heading): f"{row.published:.3f} / {row.sound:.3f}" for row in rows.itertuples()}
    for heading, worth in rows.groupby("heading")["worth"].mean().items():
        cells["mean difference", heading] = bold(f"{worth:+.3f}")
    return grid(cells, columns)
