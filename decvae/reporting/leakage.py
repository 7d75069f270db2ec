"""What leakage is worth: scores that have a training and a test part, by the published and by the sound protocol."""

from __future__ import annotations

import pandas as pd

from decvae.reporting.published_values import BEST
from decvae.reporting.tables import escaped, markdown, matching, on_aggregation

# Metrics whose test part can leak, with their headings. The others have no test part, or (k-means) no training part.
JOINT = {"disentanglement": "D", "completeness": "C", "informativeness": "I", "explicitness": "Expl."}
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
    of = {name: rows[rows["protocol"] == name] for name in ("published", "sound")}
    absent = [name for name, found in of.items() if found.empty]
    if absent:
        raise ValueError(f"the metrics have no scores by the protocol(s) {absent}: set `evaluation.protocols` to both")
    headline = of["sound"][of["sound"]["classifier"] == classifier].assign(classifier=BEST)
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
    joint = rows["metric"].isin(JOINT)
    names = rows["classifier"].replace({BEST: "headline"}).str.replace("_", " ")
    heading = rows["metric"].map(JOINT).where(joint, rows["factors"] + ", " + names)
    lead = f"`published / sound` (headline: best on the test data / {classifier.replace('_', ' ')})"
    tables = [
        f"Branch {branch}, {lead}:\n\n{_one_branch(found)}"
        for branch, found in rows.assign(heading=heading).groupby("branch", sort=False)
    ]
    return "\n".join(tables)


def _one_branch(rows: pd.DataFrame) -> str:
    present = list(dict.fromkeys(rows["heading"]))
    headings = [heading for heading in JOINT.values() if heading in present]
    headings += [heading for heading in present if heading not in headings]
    cells = {(row.label, row.heading): f"{row.published:.3f} / {row.sound:.3f}" for row in rows.itertuples()}
    labels = list(dict.fromkeys(rows["label"]))
    body = [[escaped(label, "markdown"), *(cells.get((label, name), "-") for name in headings)] for label in labels]
    worth = rows.groupby("heading")["worth"].mean()
    return markdown(headings, [*body, ["mean difference", *(f"**{worth[name]:+.3f}**" for name in headings)]])
