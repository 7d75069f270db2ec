import numpy as np
import pandas as pd
import pytest

from decvae.evaluation.latents import LatentTable, write_latents
from decvae.evaluation.metrics.udr import compute_udr
from decvae.evaluation.stability import (
    agreement_of_seeds,
    importance_stability,
    orthogonality_over_beta,
    ranking_stability,
)


def rows_of(runs, evidence, values, level=np.nan):
    cell = {"corpus": "c", "checkpoint": "best", "branch": "Z"}
    cell |= {"factor": "vowel", "evidence": evidence, "level": level}
    return [cell | {"run": run, "value": value} for run, value in zip(runs, values, strict=True)]


def test_ranking_under_noise():
    runs = ["a", "b", "c", "d"]
    table = pd.DataFrame(
        rows_of(runs, "all", [0.9, 0.8, 0.7, 0.6])
        + rows_of(runs, "label_noise", [0.5, 0.4, 0.3, 0.2], 0.2)
        + rows_of(runs, "class_imbalance", [0.4, 0.5, 0.3, 0.2], 0.1)
    )
    found = ranking_stability(table).set_index("evidence")
    assert found.kendall_tau.to_dict() == pytest.approx({"label_noise": 1, "class_imbalance": 2 / 3})
    assert (found.models == 4).all() and ranking_stability(table[table.run.isin(["a", "b"])]).empty
    # Models of another corpus are ranked among themselves.
    both = ranking_stability(pd.concat([table, table.assign(corpus="d", run=table.run + "2", value=-table.value)]))
    assert both.groupby("corpus").kendall_tau.apply(list).to_dict() == {
        corpus: pytest.approx([1, 2 / 3]) for corpus in ("c", "d")
    }


def test_importance_over_seeds():
    rows = []
    for run, values in (("a", [0.9, 0.1]), ("b", [0.8, 0.2]), ("c", [0.1, 0.9])):
        for subspace, share in zip(["OC1", "OC2"], values, strict=True):
            rows += [row | {"subspace": subspace} for row in rows_of([run], "importance", [share])]
    table = pd.DataFrame(rows)
    same = importance_stability(table.assign(setting=table["run"].map({"a": "s", "b": "s", "c": "t"})))
    assert same.correlation.tolist() == pytest.approx([1]) and same.runs.tolist() == [2]
    swapped = importance_stability(table.assign(setting=table["run"].map({"a": "s", "b": "t", "c": "s"})))
    assert swapped.correlation.tolist() == pytest.approx([-1])


def test_orthogonality_over_beta():
    rows = []
    for run, beta, value in (("a", 0.1, 0.5), ("b", 0.1, 0.7), ("c", 1.0, 0.8), ("d", 4.0, 0.9), ("e", 1.0, 0.1)):
        rows += [row | {"beta_z": beta, "beta_s": 0.1} for row in rows_of([run], "orthogonality", [value])]
        rows += [row | {"branch": "S", "factor": ""} for row in rows[-1:]]
    table = pd.DataFrame(rows)
    found = orthogonality_over_beta(table, {**dict.fromkeys("abcd", "f"), "e": "other"})
    assert (found.family == "f").all() and (found.branch == "Z").all()  # one beta_s and one other run: nothing to see
    assert found.beta.tolist() == [0.1, 1.0, 4.0] and found.runs.tolist() == [2, 1, 1]
    assert found.value.tolist() == pytest.approx([0.6, 0.8, 0.9])
    assert found.spread[0] == pytest.approx(0.2 / np.sqrt(2)) and np.isnan(found.spread[1])
    # Five of six pairs are in order, one is tied in beta: tau-b = 5 / sqrt(6 * 5).
    assert (found.kendall_tau - 5 / np.sqrt(30)).abs().max() < 1e-12


@pytest.fixture
def latents(tmp_path):
    """Two runs of a setting with a component, two of one without: paths and what they hold."""
    rng, paths, held = np.random.default_rng(0), [], []
    for number, subspaces in enumerate([["X", "OC1"]] * 2 + [["X"]] * 2):
        mu = rng.normal(size=(40, len(subspaces), 3)).astype(np.float32)
        utterance, frame = np.divmod(np.arange(40), 10)
        table = LatentTable("Z", subspaces, mu, utterance, frame, np.zeros(40, dtype=bool))
        paths.append(tmp_path / f"{number}.h5")
        held.append(mu.reshape(40, -1))
        write_latents(paths[-1], [table], {"run": str(number), "checkpoint": "best"})
    return paths, held


def test_runs_are_ranked_within_their_setting(latents):
    paths, held = latents
    settings = [[{"run": "a0"}, {"run": "a1"}], [{"run": "b0"}, {"run": "b1"}]]
    found = agreement_of_seeds(paths, settings, aggregation="all", max_frames=100, seed=0)
    assert found["run"].tolist() == ["a0", "a1", "b0", "b1"]
    assert found["aggregation"].tolist() == ["all", "all", "X", "X"]  # baselines have no components
    assert found["value"].tolist() == [*compute_udr(held[:2]), *compute_udr(held[2:])]
    fewer = agreement_of_seeds(paths, settings, aggregation="all", max_frames=20, seed=0)
    assert (fewer["value"] != found["value"]).all()
