import numpy as np
import pandas as pd
import pytest
from scipy import stats

from decvae.reporting.seeds import histories_by_epoch, over_seeds, with_run_columns

SCRATCH = {"adaptation": None, "start_from": None}


def run(name, seed, setting, beta_s=0.1):
    names = {"run": name, "label": f"{setting} (seed={seed})", "setting": setting}
    return {**names, "objective": "centred", "beta_z": 0.1, "beta_s": beta_s, "seed": seed, **SCRATCH}


RUNS = [run("a", 0, "DecVAE"), run("b", 1, "DecVAE"), run("c", 2, "DecVAE"), run("d", 0, "VAE", beta_s=None)]


def table(accuracy):
    scores = {"metric": ["accuracy", "irs"], "value": [accuracy, 0.5], "n": 5}
    return pd.DataFrame({**scores, "ci_low": [accuracy - 0.196, np.nan], "ci_high": [accuracy + 0.196, np.nan]})


def test_tables_of_runs_are_stacked():
    merged = with_run_columns([table(0.1), table(0.2)], [RUNS[0], RUNS[3]])
    assert list(merged.columns[:6]) == ["run", "label", "setting", "objective", "beta_z", "beta_s"]
    assert (
        merged["run"].tolist() == ["a", "a", "d", "d"] and merged["beta_s"].isna().tolist() == [False] * 2 + [True] * 2
    )
    assert merged["beta_s"].dtype == "float64"


def test_histories_keep_their_epochs():
    rows = {"step": [1, 2, 2], "interval": ["step", "step", "epoch"], "value": [3.0, 2.0, 2.5]}
    merged = histories_by_epoch([pd.DataFrame(rows), pd.DataFrame(rows)], [RUNS[0], RUNS[3]])
    expected = {"run": ["a", "d"], "label": ["DecVAE (seed=0)", "VAE (seed=0)"], "step": 2, "value": 2.5}
    pd.testing.assert_frame_equal(merged, pd.DataFrame(expected))


def test_seeds_of_one_setting_have_a_mean_and_an_interval():
    values = np.array([0.7, 0.8, 0.75])
    merged = with_run_columns([*(table(value) for value in values), table(0.3)], RUNS)
    found = over_seeds(merged).set_index("metric")
    assert list(found.index) == ["accuracy", "irs"] and (found["runs"] == 3).all()  # the VAE has one seed
    accuracy = found.loc["accuracy"]
    assert accuracy["setting"] == "DecVAE" and "label" not in found
    assert accuracy["value"] == pytest.approx(0.75) and accuracy["spread"] == pytest.approx(0.05)
    expected = stats.t.interval(0.95, 2, loc=0.75, scale=stats.sem(values))
    assert (accuracy["ci_low"], accuracy["ci_high"]) == pytest.approx(expected)
    assert accuracy["within"] == pytest.approx(0.1, rel=1e-3) and np.isnan(found.loc["irs", "within"])


def test_runs_that_start_from_seeds_of_one_run_are_of_one_setting():
    adapted = [
        run(f"from {source['run']}", source["seed"], "adapted")
        | {"adaptation": "objective", "start_from": source["label"]}
        for source in RUNS[:3]
    ]
    runs = [*RUNS[:3], *adapted]
    found = over_seeds(with_run_columns([table(value) for value in (0.7, 0.8, 0.75, 0.1, 0.2, 0.3)], runs))
    found = found[found["setting"] == "adapted"]
    assert found["runs"].tolist() == [3, 3] and set(found["start_from"]) == {"DecVAE"}


def test_a_checkpoint_from_elsewhere_stays_a_path():
    runs = [{**RUNS[seed], "adaptation": "objective", "start_from": "/models/a"} for seed in (0, 1)]
    found = over_seeds(with_run_columns([table(0.7), table(0.8)], runs))
    assert set(found["start_from"]) == {"/models/a"} and (found["runs"] == 2).all()


def test_one_seed_each_gives_an_empty_table_with_all_columns():
    found = over_seeds(with_run_columns([table(0.1), table(0.2)], [RUNS[0], RUNS[3]]))
    assert found.empty and {"setting", "runs", "value", "ci_low", "within"} <= set(found.columns)
