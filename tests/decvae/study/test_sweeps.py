"""Sweeps: which runs an entry becomes, what they are called and start from, and where mistakes are reported."""

import itertools

import pytest

from decvae.settings.base import ConfigError
from decvae.study.keys import dotted
from decvae.study.runs import select_runs
from decvae.study.sweeps import expand_sweeps
from tests.decvae.configurations import resolve_runs, runs_of, valid


def points(runs, *keys):
    return [tuple(dotted(run.settings)[key] for key in keys) for run in runs]


def test_axes_are_crossed_in_their_order_the_first_slowest():
    runs = runs_of({"sweep": {"beta": [0.0, 1], "n_components": [3, 4], "seed": [0, 1, 2]}})
    found = points(runs, "branch_z.beta", "branch_s.beta", "n_components", "seed")
    assert found == [(b, b, c, s) for b, c, s in itertools.product([0.0, 1.0], [3, 4], range(3))]


def test_a_sweep_is_the_entries_written_one_by_one():
    swept = runs_of({"objective": "corrected", "sweep": {"branch_z.beta": [0.0, 0.5], "branch_z.frames": [5, 7]}})
    written = runs_of(
        *[{"objective": "corrected", "branch_z": {"beta": b, "frames": n}} for b in (0.0, 0.5) for n in (5, 7)]
    )
    assert swept == written


def test_overlays_are_laid_over_the_entry():
    overlays = [
        {"decomposition": "ewt", "training": {"max_epochs": 3}},
        {"label": "deep", "branch_z": {"hidden_size": 9}},
    ]
    runs = runs_of({"training": {"batch_size": 2}, "sweep": {"overlays": overlays, "seed": [0, 1]}})
    assert [run.decomposition["method"] for run in runs] == ["ewt", "ewt", "filter", "filter"]
    assert [run.settings["training"]["max_epochs"] for run in runs] == [3, 3, 150, 150]
    assert all(run.settings["training"]["batch_size"] == 2 for run in runs)
    assert [run.label for run in runs[2:]] == ["deep (seed=0)", "deep (seed=1)"]
    assert runs[2].settings["branch_z"]["hidden_size"] == 9


def test_axes_of_the_defaults_reach_models_with_a_use_for_them_and_entries_override_them():
    defaults = {"sweep": {"beta": [0.2, 0.4], "seed": [0, 1]}}
    runs = runs_of(
        {}, {"model": "vae"}, {"model": "beta_vae", "sweep": {"seed": [5]}}, {"model": "pca"}, run_defaults=defaults
    )
    counts = {model: sum(run.model == model for run in runs) for model in ("decvae", "vae", "beta_vae", "pca")}
    assert counts == {"decvae": 4, "vae": 2, "beta_vae": 2, "pca": 2}
    assert {run.settings["seed"] for run in runs if run.model == "beta_vae"} == {5}


def test_axes_of_a_branch_reach_models_with_a_use_for_them():
    defaults = {"sweep": {"branch_z.frames": [5, 7], "branch_z.latent_dim": [4, 6]}}
    runs = runs_of({"label": "mine"}, {"model": "vae", "label": "VAE"}, {"model": "pca"}, run_defaults=defaults)
    assert [run.label for run in runs] == [
        *(f"mine (frames={count}, latent_dim_z={size})" for count in (5, 7) for size in (4, 6)),
        *("VAE (frames=5)", "VAE (frames=7)", "PCA"),
    ]


def test_labels_tell_the_runs_of_an_entry_apart_by_what_varies():
    runs = runs_of({"label": "mine", "sweep": {"beta": [0.0, 0.1], "n_components": [4], "seed": [0, 1]}})
    assert [run.label for run in runs] == [f"mine (β={beta}, seed={seed})" for beta in ("0", "0.1") for seed in (0, 1)]
    assert [run.setting for run in runs] == ["mine (β=0)"] * 2 + ["mine (β=0.1)"] * 2
    assert {run.setting for run in runs_of({"label": "seeds", "sweep": {"seed": [0, 1]}})} == {"seeds"}
    assert runs_of({"label": "one", "sweep": {"seed": [3]}})[0].label == "one"


def test_runs_start_from_the_run_with_the_same_values():
    entries = [
        {"label": "source", "sweep": {"beta": [0.1, 0.2]}},
        {"label": "adapted", "start_from": {"run": "source"}, "n_components": 4, "sweep": {"beta": [0.2, 0.1]}},
        {"label": "as it is", "corpus": "other", "start_from": {"run": "source"}, "adaptation": "none"},
    ]
    runs = runs_of(
        *entries, corpora={"sim_vowels": {}, "other": {"snr_db": 5}}, run_defaults={"sweep": {"seed": [0, 1]}}
    )
    assert len(runs) == 12
    for run in runs[4:]:
        assert (run.beta_z, run.settings["seed"]) == (run.source.beta_z, run.source.settings["seed"])
    assert {run.label for run in runs[8:]} == {f"as it is (seed={s}, β={b})" for s in (0, 1) for b in (0.1, 0.2)}


def test_a_start_without_a_twin_is_an_error_that_lists_the_runs():
    entries = [{"label": "source", "sweep": {"seed": [0, 1]}}, {"start_from": {"run": "source"}}]
    with pytest.raises(ConfigError, match=r"`runs\[1\]\.start_from\.run` is 'source'(.|\n)*source \(seed=1\)"):
        runs_of(*entries)


def test_the_label_of_an_entry_selects_all_its_runs():
    config = valid(
        runs=[{"label": "mine", "sweep": {"seed": [0, 1]}}, {"label": "else", "seed": 7}],
        embeddings={"runs": ["mine"]},
        evaluation={"untrained": ["mine"]},
    )
    assert config.evaluation.untrained == ("mine (seed=0)", "mine (seed=1)")
    assert [run.label for run in select_runs(resolve_runs(config), config, "embeddings")] == [
        "mine (seed=0)",
        "mine (seed=1)",
    ]


def test_mistakes_name_the_entry_as_written_and_the_values():
    with pytest.raises(ConfigError) as caught:
        runs_of({}, {"sweep": {"beta": [0.1, -1], "seed": [0, 1]}})
    assert "`runs[1].branch_z.beta` is -1;" in str(caught.value)
    assert "runs[1] at beta=-1, seed=1" in str(caught.value) and "runs[4]" not in str(caught.value)
    with pytest.raises(
        ConfigError, match=r"`runs\[0\] at linear.n_components=5` is the same model as `runs\[0\] at li"
    ):
        runs_of({"model": "raw", "sweep": {"linear.n_components": [4, 5]}})


@pytest.mark.parametrize(
    "sweep", [{"seed": []}, {"seed": 3}, ["seed"], {"overlays": [1]}, {"sead": [1, 2]}, {"seed": ["1e-4"]}]
)
def test_what_is_no_sweep_is_refused(sweep):
    with pytest.raises(ConfigError, match=r"runs\[0\]"):
        runs_of({"sweep": sweep})


def test_a_configuration_without_sweeps_stays_as_it_is():
    config = {"runs": [{"seed": 1}, {"model": "vae"}], "run_defaults": {"branch_z": {"beta": 0.5}}}
    assert expand_sweeps(config) == (config, ["runs[0]", "runs[1]"], [None, None])
