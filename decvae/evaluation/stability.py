"""What holds over runs: evidence on subspaces under noise, over betas and training seeds; agreement without labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from decvae.evaluation.aggregation import aggregate, available_aggregations
from decvae.evaluation.latents import balanced_rows, read_latents
from decvae.evaluation.metrics.udr import compute_udr
from decvae.evaluation.subspaces import PERTURBATIONS


def ranking_stability(evidence: pd.DataFrame) -> pd.DataFrame:
    """How far label noise and class imbalance reorder the models.

    Parameters
    ----------
    evidence : DataFrame
        Rows of several runs at several checkpoints, with the columns run, corpus, checkpoint, branch and those of the
        evidence.

    Returns
    -------
    DataFrame with columns corpus, checkpoint, branch, factor, evidence, level, models, kendall_tau
        Rank correlation of the accuracies of the models of a corpus with and without the perturbation, 1 if none
        changes its place; NaN where all models tie. Fewer than three models have no row.
    """
    columns = ["corpus", "checkpoint", "branch", "factor"]
    clean = evidence[evidence["evidence"] == "all"].set_index([*columns, "run"])["value"]
    perturbed = evidence[evidence["evidence"].isin(PERTURBATIONS)]
    rows = []
    for key, group in perturbed.groupby([*columns, "evidence", "level"], sort=False):
        values = group.set_index([*columns, "run"])["value"]
        pairs = pd.concat([clean, values], axis=1, join="inner", keys=["clean", "perturbed"])
        if len(pairs) > 2:
            rows.append((*key, len(pairs), kendalltau(pairs["clean"], pairs["perturbed"]).statistic))
    return pd.DataFrame(rows, columns=[*columns, "evidence", "level", "models", "kendall_tau"])


def orthogonality_over_beta(evidence: pd.DataFrame, family_of: dict[str, str]) -> pd.DataFrame:
    """Whether a stronger prior makes the subspaces more orthogonal.

    Parameters
    ----------
    evidence : DataFrame
        As for :func:`ranking_stability`, with the columns beta_z and beta_s.
    family_of : {run: name}
        Equal names for runs that differ by seed and betas only.

    Returns
    -------
    DataFrame with columns family, corpus, checkpoint, branch, beta, runs, value, spread, kendall_tau
        Mean orthogonality of the runs of each beta (of the branch: beta_z or beta_s), its standard deviation over them
        (ddof 1, NaN for one), and the rank correlation of orthogonality and beta over all runs of the family. Families
        with a single beta have no row.
    """
    rows = evidence[(evidence["evidence"] == "orthogonality") & evidence["branch"].isin(["Z", "S"])]
    beta = rows["beta_z"].where(rows["branch"] == "Z", rows["beta_s"])
    rows = rows.assign(beta=beta, family=rows["run"].map(family_of)).dropna(subset=["beta"])
    columns, found = ["family", "corpus", "checkpoint", "branch"], []
    for key, group in rows.groupby(columns, sort=False):
        if group["beta"].nunique() < 2:
            continue
        tau = kendalltau(group["beta"], group["value"]).statistic
        for value, same in group.groupby("beta"):
            found.append((*key, value, len(same), same["value"].mean(), same["value"].std(ddof=1), tau))
    return pd.DataFrame(found, columns=[*columns, "beta", "runs", "value", "spread", "kendall_tau"])


def importance_stability(evidence: pd.DataFrame) -> pd.DataFrame:
    """Whether training seeds give the same subspace the same factor.

    Parameters
    ----------
    evidence : DataFrame
        As for :func:`ranking_stability`, with the ``setting`` of each run, which runs share that differ by seed only.

    Returns
    -------
    DataFrame with columns setting, checkpoint, branch, runs, correlation
        Mean Pearson correlation over pairs of seeds of the matrices (subspaces x factors) of DCI importance. Settings
        with a single run have no row.
    """
    rows = evidence[evidence["evidence"] == "importance"]
    found = []
    for key, group in rows.groupby(["setting", "checkpoint", "branch"], sort=False):
        matrices = group.pivot(index=["subspace", "factor"], columns="run", values="value").to_numpy()
        n_runs = matrices.shape[1]
        if n_runs > 1:
            correlation = np.corrcoef(matrices.T)[np.triu_indices(n_runs, k=1)].mean()
            found.append((*key, n_runs, float(correlation)))
    return pd.DataFrame(found, columns=["setting", "checkpoint", "branch", "runs", "correlation"])


def agreement_of_seeds(
    latents: Sequence[str | Path],
    settings: Sequence[Sequence[Mapping[str, object]]],
    *,
    aggregation: str,
    max_frames: int,
    seed: int,
) -> pd.DataFrame:
    """Unsupervised disentanglement ranking (UDR) of the frame latents of runs that differ by seed only.

    Parameters
    ----------
    latents : sequence of paths
        One file per run of the same frames, setting by setting.
    settings : sequence of sequences of mappings
        For each setting the columns of its runs.
    aggregation : str
        Settings without it are compared on X.
    max_frames : int
        Rows that are drawn, balanced over utterances.

    Returns
    -------
    DataFrame with the columns of the runs, aggregation and value
    """
    rows: list[dict[str, object]] = []
    paths = iter(latents)
    for runs in settings:
        tables = [read_latents([next(paths)])["Z"] for _ in runs]
        name = aggregation if aggregation in available_aggregations(tables[0]) else "X"
        drawn = balanced_rows(tables[0].utterance, max_frames, seed)
        scores = compute_udr([aggregate(table.select(drawn), name) for table in tables])
        rows += [{**run, "aggregation": name, "value": value} for run, value in zip(runs, scores, strict=True)]
    return pd.DataFrame(rows)
