"""The one table of scores: what tables and figures call each, and which way is better."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Score:
    """A score of latents, and what tables and figures call it.

    Attributes
    ----------
    name : str
        Its metric in tables of scores. That of one factor is ``name_factor``, as ``accuracy_vowel``.
    symbol, title : str
        Heading of a column; name beside an axis.
    unit : str
        Empty for a share.
    better : {"high", "low"}
    group : str
        What is drawn in one colour.
    factors : {"none", "all", "one"}
        Which factors it needs: none, all of them together, or one, whose classes are told apart.
    shown : {"figures", "tables", "file"}
        In figures and tables of results, in tables only, or in ``metrics.csv`` alone.
    """

    name: str
    symbol: str
    title: str
    unit: str
    better: Literal["high", "low"]
    group: str
    factors: Literal["none", "all", "one"]
    shown: Literal["figures", "tables", "file"]

    def of(self, factor: str) -> Score:
        """The score of one factor.

        >>> score_named("accuracy").of("king_stage").title
        'King stage accuracy'
        """
        words = factor.replace("_", " ")
        title = f"{words[:1].upper()}{words[1:]} {self.title[0].lower()}{self.title[1:]}"
        return replace(self, name=f"{self.name}_{factor}", symbol=f"{factor} {self.symbol}", title=title)

    def margin(self, value: float, other: float) -> float:
        """How much better ``value`` is than ``other``."""
        return value - other if self.better == "high" else other - value


_DEPENDENCE = "Independence of codes"
_ROBUSTNESS = "Modularity, explicitness, robustness"
_PAIRS, _ACCURACY = "Codes and single factors", "Classification accuracy"
SCORES = (
    Score("mutual_information", "MI", "Mutual information", "adjusted", "low", _DEPENDENCE, "none", "figures"),
    Score(
        "total_correlation_corr", "TC", "Total correlation", "nats per dimension", "low", _DEPENDENCE, "none", "figures"
    ),
    Score("total_correlation_norm", "TC norm.", "Normalised total correlation", "", "low", _DEPENDENCE, "none", "file"),
    Score("total_correlation", "TC sum", "Total correlation of all codes", "nats", "low", _DEPENDENCE, "none", "file"),
    Score("disentanglement", "D", "Disentanglement", "", "high", "DCI", "all", "figures"),
    Score("completeness", "C", "Completeness", "", "high", "DCI", "all", "figures"),
    Score("informativeness", "I", "Informativeness", "", "high", "DCI", "all", "figures"),
    Score("modularity", "Mod.", "Modularity", "", "high", _ROBUSTNESS, "all", "figures"),
    Score("explicitness", "Expl.", "Explicitness", "", "high", _ROBUSTNESS, "all", "figures"),
    Score("irs", "IRS", "Robustness (IRS)", "", "high", _ROBUSTNESS, "all", "figures"),
    Score("mig", "MIG", "Mutual information gap", "", "high", _PAIRS, "all", "tables"),
    Score("sap", "SAP", "Separated attribute predictability", "", "high", _PAIRS, "all", "tables"),
    Score("factor_vae", "FactorVAE", "FactorVAE score", "", "high", _PAIRS, "all", "file"),
    Score("beta_vae", "β-VAE", "β-VAE score", "", "high", _PAIRS, "all", "file"),
    Score("accuracy", "acc.", "Accuracy", "", "high", _ACCURACY, "one", "figures"),
    Score("unweighted_accuracy", "UA", "Unweighted accuracy", "", "high", _ACCURACY, "one", "file"),
    Score("f1_macro", "F1", "Macro F1", "", "high", _ACCURACY, "one", "file"),
    Score("f1_weighted", "weighted F1", "Weighted F1", "", "high", _ACCURACY, "one", "file"),
    Score("kmeans_accuracy", "k-means", "k-means accuracy", "", "high", _ACCURACY, "one", "file"),
)


def split_score(name: str) -> tuple[str, str]:
    """The metric and the factor of a score; no factor if it is not of one.

    >>> split_score("kmeans_accuracy_king_stage"), split_score("irs")
    (('kmeans_accuracy', 'king_stage'), ('irs', ''))
    """
    for score in SCORES:
        if score.factors == "one" and name.startswith(f"{score.name}_"):
            return score.name, name.removeprefix(f"{score.name}_")
    return name, ""


def score_named(name: str) -> Score:
    """The score of a name, which may have a factor.

    Raises
    ------
    ValueError
        If there is none.

    >>> score_named("accuracy_vowel").symbol
    'vowel acc.'
    """
    metric, factor = split_score(name)
    found = next((score for score in SCORES if score.name == metric), None)
    if found is None:
        raise ValueError(f"unknown score {name!r}; decvae.names.scores has {[score.name for score in SCORES]}")
    return found.of(factor) if factor else found


def drawn_scores() -> list[dict[str, str]]:
    """The scores of figures as plain records of strings, in their order, for R."""
    return [asdict(score) for score in SCORES if score.shown == "figures"]
