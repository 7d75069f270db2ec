"""The page of a study on scores that are worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from decvae.names.scores import score_named
from decvae.reporting.seeds import over_seeds
from decvae.reporting.study import (
    TARGETS,
    against_others,
    agreement,
    axes_around,
    distances_to_targets,
    scores_of,
)
from decvae.reporting.study_page import study_page
from decvae.settings.objective import with_objective

SETTING_OF = {"a0": "DecVAE", "a1": "DecVAE", "b0": "beta", "b1": "beta", "raw": "raw mel"}
BASE = {"model": "decvae", "decomposition": "filter", "input": "mel", "n_components": 3}


def branches(beta, frames):
    return {"branch_z": {"beta": beta, "frames": frames}, "branch_s": {"beta": beta}}


SETTINGS = {
    "DecVAE": BASE | {"seed": 0, **branches(0.1, 8)},
    "beta": BASE | {"seed": 0, **branches(1.0, 8)},
    "raw mel": {"model": "raw", "input": "mel", "seed": 0, "linear": {"n_components": 0}},
}
SHOWN = {"corpus": "c", "aggregation": "all", "classifier": "logistic_regression"}
# Disentanglement and speaker accuracy of every run.
VALUES = {"a0": (0.80, 0.97), "a1": (0.78, 0.99), "b0": (0.50, 0.60), "b1": (0.52, 0.62), "raw": (0.30, 0.70)}


def metrics():
    rows = []
    for run, (disentanglement, accuracy) in VALUES.items():
        setting, seed = SETTING_OF[run], int(run[1]) if run != "raw" else 0
        label = setting if run == "raw" else f"{setting} (seed={seed})"
        base = {"run": run, "label": label, "setting": setting, "seed": seed, "corpus": "c"}
        base |= {"branch": "Z", "space": "mu", "aggregation": "X" if run == "raw" else "all"}
        for protocol in ("published", "sound"):
            for checkpoint in ("best",) if run == "raw" else ("init", "best"):
                worse = 0.2 if checkpoint == "init" else 0.0
                own = base | {"protocol": protocol, "checkpoint": checkpoint}
                classifier = "best" if protocol == "published" else "logistic_regression"
                joint = {"metric": "disentanglement", "factors": "vowel+speaker", "classifier": ""}
                task = {"metric": "accuracy", "factors": "speaker", "classifier": classifier}
                rows.append(own | joint | {"value": disentanglement - worse, "ci_low": np.nan, "ci_high": np.nan})
                rows.append(
                    own | task | {"value": accuracy - worse, "ci_low": accuracy - 0.01, "ci_high": accuracy + 0.01}
                )
                rows.append(own | task | {"classifier": "knn", "value": 0.1, "ci_low": 0.0, "ci_high": 0.2})
                rows.append(own | joint | {"aggregation": "OC1", "value": 0.05, "ci_low": np.nan, "ci_high": np.nan})
    return pd.DataFrame(rows)


def summary(protocol="sound"):
    return over_seeds(scores_of(metrics(), protocol=protocol, **SHOWN), single=True)


def test_the_classifier_and_the_aggregation_are_chosen():
    rows = scores_of(metrics(), protocol="sound", **SHOWN)
    assert set(rows["classifier"]) == {"", "logistic_regression"} and set(rows["score"]) == {
        "disentanglement",
        "accuracy_speaker",
    }
    assert set(rows.loc[rows["run"] == "raw", "aggregation"]) == {"X"}
    assert set(scores_of(metrics(), protocol="published", **SHOWN)["classifier"]) == {"", "best"}
    with pytest.raises(ValueError, match="no scores with"):
        scores_of(metrics(), protocol="sound", **SHOWN | {"corpus": "other"})


def test_settings_have_mean_spread_and_interval_over_seeds():
    found = summary().set_index(["setting", "checkpoint", "score"])
    row = found.loc[("DecVAE", "best", "disentanglement")]
    assert row.runs == 2
    assert (row.value, row.spread) == (pytest.approx(0.79), pytest.approx(0.02 / np.sqrt(2)))
    half = 12.706 * 0.02 / 2  # Student's t with one degree of freedom, times the standard error 0.02 / 2
    assert (row.ci_low, row.ci_high) == (pytest.approx(0.79 - half, abs=1e-4), pytest.approx(0.79 + half, abs=1e-4))
    single = found.loc[("raw mel", "best", "accuracy_speaker")]
    assert single.runs == 1 and np.isnan(single.spread) and (single.ci_low, single.ci_high) == (0.69, 0.71)


def test_the_best_single_run_meets_most_targets():
    found = distances_to_targets(scores_of(metrics(), protocol="published", **SHOWN), "best")
    first = found.iloc[0]
    assert first["run"] == "a0" and first["met"] == 2
    assert (first["disentanglement"], first["accuracy_speaker"]) == (pytest.approx(0.04), pytest.approx(0.0))
    assert list(found["met"]) == [2, 2, 0, 0, 0] and found.iloc[-1]["run"] == "raw"
    assert all(score_named(name) for name in TARGETS)


def test_verdicts_follow_the_intervals():
    found = against_others(summary(), "DecVAE", "best").set_index(["setting", "checkpoint", "score"])["verdict"]
    assert found["raw mel", "best", "disentanglement"] == "no interval"
    assert found["beta", "best", "disentanglement"] == "better"  # 0.79 - 0.127 against 0.51 + 0.127
    assert found["DecVAE", "init", "disentanglement"] == "overlap"  # 0.79 - 0.127 against 0.59 + 0.127
    assert ("DecVAE", "best", "disentanglement") not in found.index
    swapped = against_others(summary(), "beta", "best").set_index(["setting", "checkpoint", "score"])["verdict"]
    assert swapped["DecVAE", "best", "disentanglement"] == "worse"


def test_axes_are_settings_that_differ_in_one_thing():
    others = {
        "frames": SETTINGS["DecVAE"] | branches(0.1, 16),
        "both": SETTINGS["beta"] | branches(1.0, 16),
        "Z": {key: value for key, value in SETTINGS["DecVAE"].items() if key != "branch_s"} | {"branches": "Z"},
    }
    found = axes_around(SETTINGS | others, "DecVAE")
    assert found["beta"] == {"DecVAE": "0.1", "beta": "1"}
    assert found["branch_z.frames"] == {"DecVAE": "8", "frames": "16"}
    assert set(found) == {"beta", "branch_z.frames"}  # neither raw nor Z, of other keys, nor both


def test_a_second_branch_is_one_axis_with_what_comes_with_it():
    frames = BASE | {"branches": "Z", "branch_z": {"beta": 0.1, "frames": 8}}
    dual = BASE | {"branches": "dual", **branches(0.1, 8)}
    found = axes_around({"ref": frames, "dual": dual, "other": dual | branches(1.0, 8)}, "ref")
    assert found == {"branches": {"ref": "Z", "dual": "dual"}}


def test_objectives_are_one_axis_whatever_their_options():
    def run(name, loss=None, branch_z=None):
        return with_objective(BASE | {"seed": 0, "objective": name, "loss": loss, "branch_z": branch_z})

    settings = {
        "ref": run("centred"),
        "published": run("published"),
        "cold": run("corrected", loss={"temperature": 0.5}),
        "norm": run("corrected", branch_z={"dense_norm": "batch"}),
        "option": run("centred", loss={"eps": 1e-4}),
    }
    found = axes_around(settings, "ref")
    assert found["objective"] == {
        "ref": "centred",
        "published": "published",
        "cold": "corrected, temperature=0.5",
        "norm": "corrected, dense_norm=batch",
    }
    assert found["loss.eps"] == {"ref": "0", "option": "0.0001"}


def test_agreement_is_kendalls_tau_over_common_settings():
    ours = pd.DataFrame({"score": "irs", "setting": ["0", "0.1", "1", "5", "99"], "value": [1.0, 2.0, 3.0, 4.0, 0.0]})
    theirs = pd.DataFrame({"score": "irs", "setting": ["0", "0.1", "1", "5"], "value": [0.1, 0.2, 0.4, 0.3]})
    found = agreement(ours, theirs)
    assert found.values.tolist() == [["irs", 4, pytest.approx(4 / 6)]]  # one of six pairs is in the other order
    assert agreement(ours, theirs.head(2)).empty


def test_the_page_has_every_part():
    page = study_page(metrics(), SETTINGS, reference="DecVAE", kind="sim_vowels", checkpoint="best", **SHOWN)
    for text in (
        "5 runs, up to 2 seeds",
        "| DecVAE (2) | 0.790 ± 0.014 |",
        "| DecVAE, untrained (2) | 0.590 ± 0.014 |",
        "| raw mel (1) | 0.300 |",
        "| DecVAE | 0.790 ± 0.014 / 0.526 |",  # β-DecVAE FD of the paper
        "| DecVAE (seed=0) | 2 of 2 | +0.040 | +0.000 |",
        "| model | better | worse | D |",
        "| beta | 2 | 0 | better (0.790 / 0.510) |",
        "### beta\n",
        "| 0.1 | 0.790 ± 0.014 |",
        "### aggregation\n",
        "| OC1 | 0.050",
    ):
        assert text in page, text


def test_latents_of_utterances_are_shown_where_there_are_any():
    frames, shown = metrics(), {"reference": "DecVAE", "kind": "sim_vowels", "checkpoint": "best", **SHOWN}
    assert "## Utterances" not in study_page(frames, SETTINGS, **shown)
    own = frames[(frames["run"] == "a0") & (frames["metric"] == "accuracy") & (frames["aggregation"] == "all")]
    utterances = own.assign(run="s0", label="alone", setting="alone", branch="S", value=0.9)
    table = pd.concat([frames, utterances, own.assign(branch="Z+S", value=0.8)])
    page = study_page(table, SETTINGS, **shown)
    part = page.split("## Utterances, sound protocol")[1].split("##")[0]
    rows = [line for line in part.splitlines() if line.startswith("|")]
    assert rows[0] == "| model | speaker acc. |"
    assert "| alone (1): S, all | 0.900 |" in rows and "| DecVAE (1): Z+S, all | 0.800 |" in rows
    assert len(rows) == 2 + 4  # trained and untrained of each


def test_a_score_that_is_not_defined_is_no_number():
    table = metrics()
    table.loc[table["run"].isin(["b0", "b1"]) & (table["metric"] == "disentanglement"), "value"] = np.nan
    page = study_page(table, SETTINGS, reference="DecVAE", kind="sim_vowels", checkpoint="best", **SHOWN)
    assert "| beta (2) | - |" in page and "nan" not in page
