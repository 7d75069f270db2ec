"""The study's configuration: mistakes, the project's files, and agreement of the schema with the library."""

import copy
import io

import pandas as pd
import pytest
import yaml

from decvae.artifacts import as_plain
from decvae.names.models import METHODS
from decvae.settings.base import ConfigError
from decvae.settings.objective import with_objective
from decvae.study.configuration import load_config, main, validate_config
from decvae.study.runs import decomposition_settings, resolve_runs
from tests.decvae.configurations import ROOT, runs_of, valid

# ---- Mistakes ----

MISTAKES = {
    "unknown section": ({"evaluatoin": {}}, "evaluatoin", "evaluation"),
    "unknown key of a run": ({"runs": [{}, {"bramch_z": {}}]}, "runs[1].bramch_z", "Did you mean `branch_z`"),
    "unknown nested key": ({"run_defaults": {"branch_z": {"lr": 1.0}}}, "run_defaults.branch_z.lr", "learning_rate"),
    "wrong type": ({"run_defaults": {"branch_z": {"beta": "high"}}}, "run_defaults.branch_z.beta", "a number >= 0"),
    "negative beta": ({"runs": [{"branch_z": {"beta": -0.1}}]}, "runs[0].branch_z.beta", ">= 0"),
    "one component": ({"runs": [{"n_components": 1}]}, "runs[0].n_components", ">= 2 and <= 12"),
    "thirteen components": ({"runs": [{"branch_s": {"n_components": 13}}]}, "runs[0].branch_s.n_components", "<= 12"),
    "unknown method": ({"run_defaults": {"decomposition": "wavelet"}}, "run_defaults.decomposition", "ewt, vmd, emd"),
    "unknown model": ({"runs": [{"model": "gan"}]}, "runs[0].model", "decvae, ae, vae, beta_vae, pca, ica, kpca, raw"),
    "number as text": (
        {"runs": [{"branch_z": {"learning_rate": "1e-4"}}]},
        "runs[0].branch_z.learning_rate",
        "write 1.0e-4",
    ),
    "no without quotes": (
        {"runs": [{"training": {"precision": False}}]},
        "runs[0].training.precision",
        'quotes ("no")',
    ),
    "three layers": (
        {"run_defaults": {"branch_z": {"conv_dim": [8, 8, 8]}}},
        "run_defaults.branch_z.conv_dim",
        "a list of exactly 7, each an integer >= 1",
    ),
    "zero epochs": ({"run_defaults": {"training": {"max_epochs": 0}}}, "run_defaults.training.max_epochs", ">= 1"),
    "six vowels": ({"corpora": {"mine": {"n_vowels": 6}}}, "corpora.mine.n_vowels", "one of 5, 8"),
    "corpus name": ({"corpora": {"my-set": {}}}, "corpora", "my-set"),
    "no corpora": ({"corpora": {}}, "corpora", "non-empty"),
    "no runs": ({"runs": []}, "runs", "at least 1"),
    "unknown aggregation": ({"evaluation": {"aggregations": ["OC0"]}}, "evaluation.aggregations[0]", "OC0"),
    "absent corpus": ({"runs": [{"corpus": "sim_vowel"}]}, "runs[0].corpus", "Did you mean `sim_vowels`"),
    "absent default corpus": ({"run_defaults": {"corpus": "timit"}}, "run_defaults.corpus", "sim_vowels"),
    "beta of a vae": ({"runs": [{"model": "vae", "branch_z": {"beta": 0.5}}]}, "runs[0].branch_z.beta", "beta_vae"),
    "beta_vae that is a vae": (
        {"runs": [{"model": "beta_vae", "branch_z": {"beta": 1}}]},
        "runs[0].branch_z.beta",
        "model: vae",
    ),
    "attention heads": (
        {"runs": [{"branch_s": {"attention_heads": 7}}]},
        "runs[0].branch_s.attention_heads",
        "projection_dim",
    ),
    "figure of no checkpoint": ({"figures": {"checkpoint": "last"}}, "figures.checkpoint", "evaluation.checkpoints"),
    "figure of no aggregation": ({"figures": {"aggregation": "OC1"}}, "figures.aggregation", "evaluation.aggregations"),
    "aggregations that a baseline lacks": (
        {"runs": [{}, {"model": "vae"}], "evaluation": {"aggregations": ["all"]}},
        "evaluation.aggregations",
        "add X",
    ),
    "figure of no corpus": ({"figures": {"corpus": "other"}}, "figures.corpus", "sim_vowels"),
    "perplexity": ({"embeddings": {"n_points": 20}}, "embeddings.perplexity", "embeddings.n_points"),
    "given bands": ({"decomposition": {"boundaries": {"source": "given"}}}, "decomposition.boundaries.edges_hz", "two"),
    "given bands of a run": (
        {"runs": [{}, {"decomposition_overrides": {"boundaries": {"source": "given"}}}]},
        "runs[1].decomposition_overrides.boundaries.edges_hz",
        "two",
    ),
    "device of a run": (
        {"runs": [{"decomposition_overrides": {"device": "cuda"}}]},
        "runs[0].decomposition_overrides.device",
        "decomposition.device",
    ),
    "limits of groups": (
        {"decomposition": {"frequency_groups_hz": [9.0, 8.0]}},
        "decomposition.frequency_groups_hz",
        "ascend",
    ),
    "too few groups": (
        {"decomposition": {"grouping_frame": "frequency_groups"}, "runs": [{"n_components": 7}]},
        "decomposition.frequency_groups_hz",
        "needs 6",
    ),
    "processes that cannot share a batch": (
        {"execution": {"processes": 3}, "runs": [{"training": {"batch_size": 16}}]},
        "runs[0]",
        "multiple of 3",
    ),
    "gaps": ({"decomposition": {"vmd": {"min_gap_hz": 2000.0}}}, "decomposition.vmd.min_gap_hz", "max_gap_hz"),
}


@pytest.mark.parametrize(("config", "key", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_by_its_full_key(config, key, expected):
    with pytest.raises(ConfigError) as caught:
        validate_config(config)
    (problem,) = caught.value.problems
    assert f"`{key}`" in problem
    assert expected in problem


def test_mistakes_in_one_file_are_reported_together():
    config = {"runs": [{"branch_z": {"beta": -1}}, {"model": "gan"}], "seed": "one"}
    with pytest.raises(ConfigError, match="3 problems"):
        validate_config(config)


def test_equal_runs_are_an_error_even_if_settings_that_do_not_reach_them_differ():
    with pytest.raises(ConfigError, match=r"runs\[2\].*runs\[0\]"):
        runs_of({"model": "pca"}, {}, {"model": "pca", "training": {"batch_size": 2}})


def test_equal_labels_are_an_error():
    with pytest.raises(ConfigError, match=r"label of `runs\[1\]`"):
        runs_of({"label": "mine"}, {"seed": 1, "label": "Mine"})


# ---- Files of the project ----


@pytest.mark.parametrize(
    "name", ["config/config.yaml", "config/paper.yaml", "config/objectives.yaml", "tests/workflow/tiny.yaml"]
)
def test_configurations_of_the_project_are_valid(name):
    assert resolve_runs(load_config(ROOT / name))


def test_the_paper_overlay_leaves_nothing_of_the_default_study():
    from snakemake.utils import update_config

    default, paper = (yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("config", "paper"))
    laid_over = copy.deepcopy(default)
    update_config(laid_over, copy.deepcopy(paper))
    assert validate_config(laid_over) == validate_config(paper)


def test_the_command_lists_runs_and_explains_mistakes(tmp_path, capsys):
    main([str(ROOT / "config/config.yaml"), str(ROOT / "config/objectives.yaml")])
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(table["label"]) == [
        f"{name} (seed={seed})" for name in ("published", "corrected", "centred") for seed in range(3)
    ]
    assert list(table["seed"]) == 3 * [0, 1, 2] and table["run"].is_unique
    path = tmp_path / "bad.yaml"
    path.write_text("sed: 1\n")
    with pytest.raises(SystemExit):
        main([str(path)])
    assert "Did you mean `seed`" in capsys.readouterr().err


# ---- Defaults of models are those of the settings ----


@pytest.mark.parametrize("method", METHODS)
def test_decompositions_are_named_by_what_the_library_says_they_depend_on(method):
    from decvae.settings.decomposition import DecompositionSettings, method_settings

    own = decomposition_settings(valid().decomposition, method, 3, 3)
    assert own == as_plain(method_settings(DecompositionSettings.parse(own)))


def test_model_defaults():
    from decvae.models.autoencoders import AutoencoderConfig
    from decvae.models.configuration_decvae import DecVAEConfig

    model, run = DecVAEConfig(), valid().run_defaults.plain()
    named = with_objective(run)
    flat = {**{key: named[key] for key in ("objective", "branches", "n_components", "loss_space")}, **named["network"]}
    assert flat == {key: getattr(model, key) for key in flat}
    assert named["loss"] == model.loss and set(run["loss"].values()) == {None}
    assert named["branch_z"] == as_plain(model.branch_z)
    assert {**named["branch_s"], "n_components": 3} == as_plain(model.branch_s)
    autoencoder = AutoencoderConfig()
    assert run["autoencoder"] == {"widths": autoencoder.widths, "latent_dim": autoencoder.latent_dim}


def test_an_epoch_that_a_run_may_not_keep_is_refused():
    with pytest.raises(ConfigError, match=r"\['epoch-0015'\], which `runs\[0\]` may not have.*sure to keep are \[\]"):
        runs_of({}, evaluation={"checkpoints": ["init", "best", "epoch-0015"]})
    assert valid(evaluation={"checkpoints": ["every"]}).figures.checkpoint == "best"
    with pytest.raises(ConfigError, match=r"evaluation\.checkpoints"):
        valid(evaluation={"checkpoints": ["best", "epoch-10"]})


def test_a_checkpoint_by_step_is_a_multiple_of_its_interval():
    often = {"training": {"checkpoint_steps": 30}}
    runs_of(often, evaluation={"checkpoints": ["best", "step-000060"]})
    for run, name in ((often, "step-000050"), ({}, "step-000060")):
        with pytest.raises(ConfigError, match=rf"\['{name}'\], which `runs\[0\]` may not have"):
            runs_of(run, evaluation={"checkpoints": ["best", name]})


def test_a_checkpoint_to_start_from_is_one_that_its_run_keeps():
    def runs(name):
        source = {"label": "source", "training": {"early_stopping_patience": 0}}
        return [source, {"label": "adapted", "start_from": {"run": "source", "checkpoint": name}}]

    valid(runs=runs("epoch-0140"))
    with pytest.raises(ConfigError, match=r"\['epoch-0003'\], which `runs\[0\]` may not have"):
        valid(runs=runs("epoch-0003"))
