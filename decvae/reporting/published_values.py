"""The numbers that the paper reports, and those of the same models here under the published protocol.

``published_scores.csv`` has the scores that are printed in figures 2g, 3g, 4g and 5g of arXiv:2601.06844, without
uncertainty: the paper gives one seed per model. Columns corpus (the kind; VOC-ALS zero-shot, IEMOCAP fine-tuned),
figure, model (our name of it, :func:`decvae.names.models.name_in_paper`), score and value. What to bear in mind: the
published cross-validation splits frames, not utterances; the speaker accuracies of DecVAE on SimVowels and its emotion
accuracies on IEMOCAP are those of whole utterances (branch S), those of the other models of frames. PCA and ICA on
VOC-ALS are left out, since the figure has them swapped. ``published_trends.csv`` has the paper's ablations. Scores are
called as in :mod:`decvae.names.scores`.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd

from decvae.names.models import METHODS, MODELS, PAPER_BETAS, name_in_paper
from decvae.names.scores import SCORES, score_named, split_score
from decvae.reporting.selection import BEST, in_order, matching, with_score_names
from decvae.reporting.tables import grid

MODEL_COLUMNS = ("model", "decomposition", "beta_z", "input")  # that tell the paper's models apart
COLUMNS = ("run", "label", "model", "aggregation", "score", "value", "paper")


def published(name: str) -> pd.DataFrame:
    """The rows of ``published_NAME.csv`` whose score :data:`decvae.names.scores.SCORES` has, too."""
    path = Path(__file__).with_name(f"published_{name}.csv")
    table = pd.read_csv(path, comment="#", dtype={"setting": str}, keep_default_na=False)
    known = {score.name for score in SCORES}
    return table[[split_score(score)[0] in known for score in table["score"]]]


def paper_values(kind: str) -> pd.DataFrame:
    """What the paper reports of the models that were trained on a corpus of a kind (empty for one that it lacks).

    Returns
    -------
    DataFrame with columns model, decomposition, beta_z, input, score, value
        The second is an empty string, ``beta_z`` NaN, where they do not apply.
    """
    rows = matching(published("scores"), corpus=kind).rename(columns={"model": "name"})
    return rows.merge(_models_by_name(), on="name")[[*MODEL_COLUMNS, "score", "value"]]


def published_trend(axis: str) -> pd.DataFrame:
    """What the paper reports along an axis: columns score, setting, value; empty for an axis that it lacks."""
    return matching(published("trends"), axis=axis)[["score", "setting", "value"]]


def _models_by_name() -> pd.DataFrame:
    """Kinds of models that are trained on the corpus that they are scored on, and their names in the paper."""
    kinds = [(model, "", float("nan")) for model in MODELS if model != "decvae"]
    kinds += [("decvae", decomposition, beta) for decomposition, beta in product(METHODS, PAPER_BETAS)]
    rows = [
        (model, decomposition, beta, features, name_in_paper(model, features, decomposition, beta))
        for (model, decomposition, beta), features in product(kinds, ("mel", "waveform"))
    ]
    return pd.DataFrame(rows, columns=[*MODEL_COLUMNS, "name"])


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
    rows = rows[rows["classifier"].isin(["", BEST]) & rows["start_from"].isna()]
    decvae = rows["model"] == "decvae"
    comparable = ~decvae | (rows["objective"] == "published")
    rows = rows[comparable & (rows["aggregation"] == decvae.map({True: aggregation, False: "X"}))]
    decvae = rows["model"] == "decvae"
    keys = with_score_names(rows).assign(
        decomposition=rows["decomposition"].where(decvae, ""), beta_z=rows["beta_z"].where(decvae)
    )
    paper = paper_values(kind).rename(columns={"value": "paper"})
    return keys.merge(paper, on=[*MODEL_COLUMNS, "score"])[list(COLUMNS)]


def paper_table(found: pd.DataFrame) -> str:
    """Markdown of :func:`beside_paper`, ``here / paper`` in the cells; empty for an empty table."""
    if found.empty:
        return ""
    cells = {
        (row.label, score_named(row.score).symbol): f"{row.value:.3f} / {row.paper:.3f}" for row in found.itertuples()
    }
    columns = [score.symbol for score in in_order(found["score"])]
    return "Branch Z under the published protocol, `here / paper`:\n\n" + grid(cells, columns)
