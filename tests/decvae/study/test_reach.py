"""What reaches a run: its name changes with that and with nothing else."""

from typing import get_args

import pytest

from decvae.settings.base import ConfigError
from decvae.settings.objective import NAMED, named_settings
from decvae.settings.run import RunSettings
from decvae.study.keys import dotted
from tests.decvae.configurations import nested, only, runs_of, valid

# Key of run_defaults or section, a value that is not the default, and the models whose runs it reaches.
DECVAE, AUTOENCODERS, FITTED = {"decvae"}, {"ae", "vae", "beta_vae"}, {"pca", "ica", "kpca"}
ALL = DECVAE | AUTOENCODERS | FITTED | {"raw"}
REACH = {
    "run_defaults.objective": ("corrected", DECVAE),
    "run_defaults.branches": ("Z", DECVAE),
    "run_defaults.branch_z.beta": (0.5, DECVAE | {"beta_vae"}),
    "run_defaults.branch_s.beta": (0.5, DECVAE),
    "run_defaults.seed": (1, ALL),
    "run_defaults.input": ("waveform", ALL),
    "run_defaults.decomposition": ("ewt", ALL),
    "run_defaults.n_components": (4, ALL),
    "run_defaults.branch_s.n_components": (4, ALL),  # decompositions have both
    "run_defaults.branch_z.conv_dim": ([8] * 7, DECVAE),
    "run_defaults.branch_z.frames": (7, DECVAE | AUTOENCODERS),
    "run_defaults.branch_s.frames": (7, DECVAE),
    "run_defaults.branch_s.decomposition_weight": (2.0, DECVAE),
    "run_defaults.loss.pairing": ("legacy", DECVAE),
    "run_defaults.loss_space": ("latents", DECVAE),
    "run_defaults.branch_z.conv_norm": ("layer", DECVAE),
    "run_defaults.autoencoder.latent_dim": (3, AUTOENCODERS),
    "run_defaults.linear.n_components": (3, FITTED),
    "run_defaults.kernel.n_landmarks": (50, {"kpca"}),
    "run_defaults.branch_z.learning_rate": (1.0, DECVAE | AUTOENCODERS),
    "run_defaults.branch_s.learning_rate": (1.0, DECVAE),
    "run_defaults.branch_z.latent_dim": (7, DECVAE),
    "features.mel.dynamic_range_db": (60.0, ALL),
    "decomposition.filter.order": (3, ALL),
    "decomposition.notch.order": (2, ALL),
    "decomposition.vmd.alpha": (100.0, set()),
    "corpora.sim_vowels.snr_db": (5.0, ALL),
    "corpora.sim_vowels.traversal.repetitions": (3, set()),
    "seed": (3, ALL),
    "evaluation.folds": (3, set()),
    "embeddings.n_points": (99, set()),
    "figures.dpi": (72, set()),
}


@pytest.mark.parametrize(("key", "change"), REACH.items(), ids=REACH)
def test_a_setting_changes_the_names_of_the_runs_that_it_reaches_and_of_no_others(key, change):
    value, reached = change
    entries = [{"model": model} for model in sorted(ALL)]
    before = {run.model: run.name for run in runs_of(*entries)}
    after = {run.model: run.name for run in runs_of(*entries, **nested(key, value))}
    assert {model for model in ALL if before[model] != after[model]} == reached


def test_a_run_has_every_option_of_its_objective():
    published, spelt = runs_of({"objective": "published"}, {"objective": "published", "loss": {"pairing": "aligned"}})
    assert (published.settings["loss"]["pairing"], published.settings["loss"]["units"]) == ("legacy", "nats")
    assert published.settings["branch_s"]["prior_weight"] == 400.0
    assert published.settings["branch_z"]["conv_norm"] == "batch"
    assert published.settings["loss_space"] == "features"
    assert [run.label for run in (published, spelt)] == [
        "β-DecVAE FD published (pairing=legacy)",
        "β-DecVAE FD published (pairing=aligned)",
    ]
    with pytest.raises(ConfigError, match="same model"):  # what a name says and what is spelt out are one setting
        runs_of({}, {"loss": {"centring": "level", "units": "bits"}})


def test_options_of_frames_do_not_reach_a_run_of_sequences():
    names = [only({"branches": "S", "loss": {"pairing": pairing}}).name for pairing in ("aligned", "legacy")]
    assert names[0] == names[1]
    assert only({"branches": "S", "loss": {"units": "nats"}}).name != names[0]
    assert only({"branches": "Z", "branch_s": {"prior_weight": 3}}).name == only({"branches": "Z"}).name


def test_options_are_null_and_take_the_values_of_the_objectives():
    assert get_args(RunSettings.model_fields["objective"].annotation) == tuple(NAMED)
    for objective in NAMED:
        for key, value in dotted(named_settings(objective)).items():
            section, _, name = key.rpartition(".")
            owner = RunSettings.model_fields[section].annotation if section else RunSettings
            assert getattr(owner(), name) is None
            assert getattr(owner(**{name: value}), name) == value


@pytest.mark.parametrize("frames", ["0%", "101%", "half", 0.5, -1])
def test_shares_of_frames_are_checked(frames):
    with pytest.raises(ConfigError, match=r"run_defaults\.branch_z\.frames"):
        valid(run_defaults={"branch_z": {"frames": frames}})
    assert only({"branch_z": {"frames": "50%"}}).settings["branch_z"]["frames"] == "50%"


def test_settings_of_an_absent_branch_do_not_reach_a_run():
    frames, sequences = only({"branches": "Z"}), only({"branches": "S"})
    for other in ({"beta": 9.0}, {"frames": 5}, {"conv_dim": [6] * 7}, {"learning_rate": 1.0}, {"hidden_size": 7}):
        for branch, own, absent in (("Z", frames, "branch_s"), ("S", sequences, "branch_z")):
            present = "branch_z" if absent == "branch_s" else "branch_s"
            assert only({"branches": branch, absent: other}).name == own.name
            assert only({"branches": branch, present: other}).name != own.name
    assert "branch_s" not in frames.settings and "branch_z" not in sequences.settings
    assert frames.columns()["beta_z"] == 0.1 and frames.columns()["beta_s"] is None
    assert sequences.columns()["beta_z"] is None and sequences.columns()["beta_s"] == 0.1


def test_a_sequence_has_the_components_of_a_frame_unless_its_branch_says_otherwise():
    both, apart = runs_of({"n_components": 4}, {"n_components": 4, "branch_s": {"n_components": 5}})
    assert [run.settings["branch_s"]["n_components"] for run in (both, apart)] == [4, 5]
    assert [run.decomposition["n_components_seq"] for run in (both, apart)] == [4, 5]
    assert only({"model": "pca", "branch_s": {"n_components": 5}}).decomposition["n_components_seq"] == 5


@pytest.mark.parametrize(
    ("base", "unused"),
    [
        ({"branch_z": {"encoder": "dense"}}, {"conv_norm": "instance", "conv_dim": [8] * 7}),
        ({"branch_z": {"encoder": "conv"}}, {"dense_norm": "instance", "dense_dim": [8]}),
        ({"branch_s": {"encoder": "fc"}}, {"conv_dim": [8] * 7}),
        ({"branch_s": {"encoder": "conv"}}, {"dense_dim": [8]}),
        ({"branch_s": {"pooling": "average"}}, {"attention_heads": 5}),
    ],
)
def test_what_a_choice_of_a_branch_leaves_without_use_does_not_reach_a_run(base, unused):
    (section,) = base
    assert only(base).name == only({section: base[section] | unused}).name


def test_the_setting_of_spectra_reaches_runs_that_see_them():
    changed = {"features": {"fft": {"dynamic_range_db": 60.0}}}
    assert only({"input": "fft"}).name != only({"input": "fft"}, **changed).name
    assert only({"input": "mel"}).name == only({"input": "mel"}, **changed).name


def test_integers_and_floats_of_one_value_hash_alike():
    assert only({"branch_z": {"beta": 1}}).name == only({"branch_z": {"beta": 1.0}}).name


def test_autoencoders_have_the_beta_of_their_name():
    ae, vae, beta_vae = runs_of({"model": "ae"}, {"model": "vae"}, {"model": "beta_vae", "branch_z": {"beta": 4}})
    assert [run.beta_z for run in (ae, vae, beta_vae)] == [0.0, 1.0, 4.0]


def test_seeds_of_runs_are_added_to_the_master_seed():
    assert only({"seed": 2}, seed=5).settings["seed"] == 7
