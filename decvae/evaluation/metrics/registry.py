"""Every metric once: which function computes it, from what, and which rows of the table of scores it gives.

A new metric is a file beside this one and an entry here; what tables and figures call it, if they are to show it, is a
row of :data:`decvae.names.scores.SCORES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from decvae.evaluation.metrics.beta_vae import beta_vae_score
from decvae.evaluation.metrics.dci import compute_dci, dci_over_factors
from decvae.evaluation.metrics.explicitness import compute_explicitness, explicitness_over_factors
from decvae.evaluation.metrics.factor_vae import factor_vae_score
from decvae.evaluation.metrics.irs import compute_irs
from decvae.evaluation.metrics.mig import compute_mig
from decvae.evaluation.metrics.modularity import compute_modularity
from decvae.evaluation.metrics.mutual_information import mutual_information_score
from decvae.evaluation.metrics.sap import compute_sap, sap_over_factors
from decvae.evaluation.metrics.total_correlation import total_correlation_scores
from decvae.settings.evaluation import EvaluationSettings


@dataclass(frozen=True)
class Metric:
    """A metric and the scores that it gives.

    Attributes
    ----------
    scores : {name: attribute}
        Rows of the table of scores, and where the result of ``compute`` has each value (None: undefined, no row).
    needs : {"codes", "factors", "parts"}
        What ``compute`` takes: ``(z)``; ``(z, y)``; or ``(z_train, y_train, z_test, y_test)``.
    compute : function
    over_factors : function, optional
        Joins the results of single factors, each on training and test parts of its own groups. A metric without it
        takes all factors together, on the parts of the first.
    jackknifed : bool
        Scores of the training part, so that folds are a jackknife; else folds are disjoint test parts.
    """

    scores: Mapping[str, str]
    needs: Literal["codes", "factors", "parts"]
    compute: Callable[..., Any]
    over_factors: Callable[[Sequence[Any]], Any] | None = None
    jackknifed: frozenset[str] = frozenset()

    def values(self, result: object) -> dict[str, float | None]:
        """The named scores of a result of ``compute``."""
        return {name: getattr(result, attribute) for name, attribute in self.scores.items()}


DCI_SCORES = {name: name for name in ("disentanglement", "completeness", "informativeness")}


def sound_metrics(settings: EvaluationSettings, seed: int) -> tuple[Metric, ...]:
    """The metrics of the sound protocol, in the order of their rows."""
    n_bins = settings.n_bins
    dci = partial(compute_dci, backend=settings.dci_backend, seed=seed)
    correlations = {"total_correlation": "tc", "total_correlation_norm": "tc_norm", "total_correlation_corr": "tc_corr"}
    return (
        Metric({"mutual_information": "score"}, "codes", partial(mutual_information_score, n_bins=n_bins)),
        Metric(correlations, "codes", total_correlation_scores),
        Metric({"irs": "score"}, "factors", partial(compute_irs, diff_quantile=settings.irs_quantile)),
        Metric({"modularity": "score"}, "factors", partial(compute_modularity, n_bins=n_bins)),
        Metric({"mig": "score"}, "factors", compute_mig),
        Metric(DCI_SCORES, "parts", dci, dci_over_factors, frozenset({"disentanglement", "completeness"})),
        Metric({"explicitness": "score"}, "parts", compute_explicitness, explicitness_over_factors),
        Metric({"sap": "score"}, "parts", compute_sap, sap_over_factors),
        Metric({"factor_vae": "score"}, "parts", partial(factor_vae_score, seed=seed)),
        Metric({"beta_vae": "score"}, "parts", partial(beta_vae_score, seed=seed)),
    )


def published_metrics(settings: EvaluationSettings, seed: int) -> tuple[Metric, ...]:
    """The metrics of the paper: IRS on codes as they are, explicitness from optimisers that stop after 100 steps."""
    dci = partial(compute_dci, backend=settings.dci_backend, seed=seed)
    return (
        Metric({"mutual_information": "score"}, "codes", mutual_information_score),
        Metric({"total_correlation": "tc", "total_correlation_norm": "tc_norm"}, "codes", total_correlation_scores),
        Metric({"irs": "score"}, "factors", partial(compute_irs, standardise=False)),
        Metric({"modularity": "score"}, "factors", compute_modularity),
        Metric(DCI_SCORES, "parts", dci),
        Metric({"explicitness": "score"}, "parts", partial(compute_explicitness, max_iterations=100)),
    )


def statistics(metrics: Sequence[Metric], z: np.ndarray, y: np.ndarray | None) -> dict[str, float | None]:
    """Scores of the metrics without a training part; without factors those that need none."""
    found: dict[str, float | None] = {}
    for metric in metrics:
        if metric.needs == "codes":
            found |= metric.values(metric.compute(z))
        elif metric.needs == "factors" and y is not None:
            found |= metric.values(metric.compute(z, y))
    return found
