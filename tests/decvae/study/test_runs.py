"""Runs of a configuration: what reaches them, their names, labels and checkpoints."""

import pytest

from decvae.names import METHODS, dotted
from decvae.settings.base import ConfigError
from decvae.settings.branches import DENSE_NORMS, NORMS
from decvae.settings.objective import CHOICES, NAMED, named_settings
from decvae.study.runs import (
    controlled_sets,
    corpus_id,
    decomposition_id,
    decomposition_settings,
    evaluated_states,
    over_seeds,
    resolve_runs,
    select_runs,
)
from tests.decvae.configurations import SCHEMA, nested, only, runs_of, valid


def test_a_run_is_the_defaults_with_its_overrides():
    run = only({"training": {"batch_size": 4}, "decomposition": "ewt"}, run_defaults={"training": {"max_epochs": 7}})
    assert run.settings["training"]["batch_size"] == 4
    assert run.settings["training"]["max_epochs"] == 7
    assert run.settings["training"]["adam_beta1"] == 0.5
    assert run.decomposition["method"] == "ewt"


def test_names_are_readable():
    run = only({"objective": "centred", "branch_s": {"beta": 1}}, seed=2)
    assert run.name.startswith("sim_vowels-decvae_centred-filter_C3-mel-bz0.1_bs1-s2-")
    assert run.corpus_id.startswith("sim_vowels-") and len(run.corpus_id) == len("sim_vowels-") + 6
    assert run.decomposition_id.startswith("filter-C3-")
    assert only({"branches": "S"}).name.startswith("sim_vowels-decvae_centred-filter_C3-mel-bs0.1-s0-")
    assert only({"model": "vae"}).name.startswith("sim_vowels-vae-filter_C3-mel-s0-")
    assert only({"model": "beta_vae", "branch_z": {"beta": 4}}).name.startswith(
        "sim_vowels-beta_vae-filter_C3-mel-bz4-s0-"
    )


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


def test_the_schema_has_the_options_and_values_of_the_objectives():
    run = SCHEMA["$defs"]["run"]["properties"]
    assert set(run["objective"]["enum"]) == set(NAMED)
    choices = {**CHOICES, "conv_norm": NORMS, "dense_norm": DENSE_NORMS}
    for key, value in dotted(named_settings("corrected")).items():
        section, _, name = key.rpartition(".")
        option = run[section]["properties"][name] if section else run[name]
        assert option["default"] is None
        if name in choices:
            assert set(option["enum"]) == {*choices[name], None}
        assert value in option.get("enum", [value])


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


def test_linear_models_have_no_untrained_state_and_need_no_gpu():
    pca, decvae = runs_of({"model": "pca"}, {})
    assert pca.checkpoints(["init", "best", "last"]) == ["best", "last"] and not pca.is_trained
    assert decvae.checkpoints(["init", "best"]) == ["init", "best"] and decvae.is_trained


def test_decompositions_depend_on_their_own_method_only():
    base = valid()["decomposition"]
    names = {method: decomposition_id(decomposition_settings(base, method, 3, 3)) for method in METHODS}
    changed = valid(decomposition={"vmd": {"alpha": 10}})["decomposition"]
    after = {method: decomposition_id(decomposition_settings(changed, method, 3, 3)) for method in METHODS}
    assert {method for method in METHODS if names[method] != after[method]} == {"vmd"}


def test_a_run_may_override_keys_of_its_decomposition():
    bands = {"boundaries": {"source": "given", "edges_hz": [50, 1000, 2000, 4000]}}
    common, own, ewt = runs_of(
        {"label": "common"},
        {"label": "own", "decomposition_overrides": bands},
        {"label": "ewt", "decomposition": "ewt", "decomposition_overrides": {"filter": {"order": 3}}},
    )
    boundaries = {**common.decomposition["boundaries"], "source": "given", "edges_hz": [50.0, 1000.0, 2000.0, 4000.0]}
    assert own.decomposition == {**common.decomposition, "boundaries": boundaries}
    assert own.decomposition_id != common.decomposition_id and own.setting != common.setting
    assert (common.bands, own.bands, runs_of({"decomposition": "emd"})[0].bands) == (
        "detected",
        "given, 50 1000 2000 4000 Hz",
        None,
    )
    # What does not reach a method changes nothing.
    assert ewt.decomposition_id == runs_of({"decomposition": "ewt"})[0].decomposition_id


def test_a_corpus_does_not_depend_on_its_traversal_set():
    assert corpus_id(valid(), "sim_vowels") == corpus_id(
        valid(corpora={"sim_vowels": {"traversal": {"repetitions": 2}}}), "sim_vowels"
    )
    assert corpus_id(valid(), "sim_vowels") != corpus_id(valid(seed=1), "sim_vowels")


# ---- Labels ----


@pytest.mark.parametrize(
    ("entry", "label"),
    [
        ({"branch_z": {"beta": 0}, "branch_s": {"beta": 0}}, "DecAE FD centred"),
        ({"branch_z": {"beta": 1}, "decomposition": "ewt"}, "DecVAE EWT centred"),
        ({"branch_z": {"beta": 5}, "decomposition": "vmd", "objective": "corrected"}, "β-DecVAE VMD corrected"),
        ({"branches": "S", "branch_s": {"beta": 1}, "decomposition": "emd"}, "DecVAE EMD centred"),
        ({"model": "ae"}, "AE"),
        ({"model": "vae"}, "VAE"),
        ({"model": "beta_vae"}, "β-VAE"),
        ({"model": "pca"}, "PCA"),
        ({"model": "ica"}, "ICA"),
        ({"model": "raw"}, "raw mel"),
        ({"model": "raw", "input": "waveform"}, "raw waveform"),
        ({"label": "my run"}, "my run"),
    ],
)
def test_labels_are_those_of_the_paper(entry, label):
    assert only(entry).label == label


def test_runs_of_one_name_are_told_apart_by_what_differs():
    entries = [{"branch_z": {"beta": beta}, "branch_s": {"beta": beta}} for beta in (5, 10, 0)]
    assert [run.label for run in runs_of(*entries)] == [
        "β-DecVAE FD centred (β=5)",
        "β-DecVAE FD centred (β=10)",
        "DecAE FD centred",
    ]
    entries = [{}, {"n_components": 4}, {"n_components": 4, "seed": 1}]
    assert [run.label for run in runs_of(*entries)] == [
        "β-DecVAE FD centred (C=3, seed=0)",
        "β-DecVAE FD centred (C=4, seed=0)",
        "β-DecVAE FD centred (C=4, seed=1)",
    ]
    entries = [{"branch_s": {"n_components": 4, "latent_dim": 9}}, {"branch_z": {"frames": 50, "latent_dim": 9}}]
    assert [run.label for run in runs_of(*entries)] == [
        "β-DecVAE FD centred (frames=100, latent_dim_z=48, C_seq=4, latent_dim_s=9)",
        "β-DecVAE FD centred (frames=50, latent_dim_z=9, C_seq=3, latent_dim_s=24)",
    ]


def test_slugs_are_file_names():
    assert only({}).slug == "beta_decvae_fd_centred"
    assert runs_of({"branch_z": {"beta": 5}}, {"branch_z": {"beta": 0.5}})[1].slug == "beta_decvae_fd_centred_betaz_0.5"


def test_runs_are_selected_by_label():
    config = valid(runs=[{}, {"model": "pca"}, {"branches": "S", "label": "S"}], traversal={"runs": ["PCA"]})
    runs = resolve_runs(config)
    assert [run.label for run in select_runs(runs, config, "traversal")] == ["PCA"]
    assert [run.label for run in select_runs(runs, config, "embeddings")] == ["β-DecVAE FD centred", "S"]
    config["traversal"]["runs"] = None
    assert [run.label for run in select_runs(runs, config, "traversal")] == ["β-DecVAE FD centred"]
    config["traversal"]["runs"] = ["S", "PCa"]
    with pytest.raises(ConfigError) as caught:
        select_runs(runs, config, "traversal")
    assert "Did you mean `PCA`" in caught.value.problems[0] and "branch Z" in caught.value.problems[1]


def test_every_checkpoint_is_those_that_are_sure_to_be_there():
    training = {"max_epochs": 30, "validation_epochs": 2, "checkpoint_epochs": 5, "early_stopping_warmup_epochs": 20}
    (run,) = runs_of({"training": {**training, "keep_checkpoints": 3}})
    # Saved at 10 and 20 (5, 15, 25 are not validated); training may stop at 20 + 4 * 2.
    assert run.checkpoints(["every"]) == ["init", "epoch-0010", "epoch-0020", "best", "last"]
    assert run.checkpoints(["best", "every"])[0] == "best" and len(run.checkpoints(["best", "every"])) == 5
    (short,) = runs_of({"training": {**training, "keep_checkpoints": 1}})
    assert short.checkpoints(["every"]) == ["init", "epoch-0020", "best", "last"]
    (stopping,) = runs_of({"training": {**training, "early_stopping_warmup_epochs": 4, "early_stopping_patience": 4}})
    assert stopping.checkpoints(["every"]) == ["init", "epoch-0010", "best", "last"]
    (linear,) = runs_of({"model": "pca"})
    assert linear.checkpoints(["every"]) == ["best"] and linear.checkpoints(["init", "epoch-0010", "last"]) == ["last"]


def test_the_untrained_state_is_measured_of_all_runs_or_of_those_named():
    config = valid(runs=[{"label": "a"}, {"label": "b", "branch_z": {"beta": 1.0}}, {"model": "pca"}])
    runs, evaluation = resolve_runs(config), config["evaluation"]

    def states(untrained):
        return [(run.label, state) for run, state in evaluated_states(runs, {**evaluation, "untrained": untrained})]

    best = [("a", "best"), ("b", "best"), ("PCA", "best")]
    assert sorted(states(None)) == sorted([("a", "init"), ("b", "init"), *best])
    assert sorted(states(["b"])) == sorted([("b", "init"), *best]) and states([]) == best
    with pytest.raises(ConfigError, match=r"`evaluation\.untrained` names 'c', which is the label of no run"):
        states(["c"])


def test_runs_that_differ_by_seed_are_of_one_setting():
    first, second, third = (run.setting for run in runs_of({}, {"seed": 1}, {"branch_z": {"beta": 5.0}}))
    assert first == second != third


def test_a_setting_is_called_as_its_runs_without_the_seed():
    runs = runs_of({}, {"seed": 1}, {"n_components": 4}, {"label": "mine"} | {"n_components": 5})
    assert [run.setting for run in runs] == [*["β-DecVAE FD centred (C=3)"] * 2, "β-DecVAE FD centred (C=4)", "mine"]
    assert [run.columns()["setting"] for run in runs] == [run.setting for run in runs]
    one, again = runs_of({"label": "A"}, {"label": "B", "seed": 1})
    assert (one.setting, again.setting) == ("A", "A")  # the first of them names all


def test_settings_of_equal_names_are_numbered():
    bands = {"decomposition_overrides": {"vmd": {"alpha": 50.0}}}
    one, other = runs_of({"decomposition": "vmd"}, {"decomposition": "vmd", "seed": 1, **bands})
    assert (one.setting, other.setting) == ("β-DecVAE VMD centred", "β-DecVAE VMD centred (2)")


def test_runs_that_differ_by_seed_and_betas_are_of_one_family():
    runs = runs_of({}, {"seed": 1, "branch_z": {"beta": 5.0}}, {"branch_s": {"beta": 2.0}}, {"n_components": 4})
    first, second, third, other = (run.family for run in runs)
    assert first == second == third != other


def test_controlled_sets_are_named_after_their_splits():
    assert controlled_sets({"kind": "sim_vowels"})["traversal"]["factors"] == ["vowel", "speaker"]
    drawn = {"vowel": {"factors": ["vowel"]}}
    assert controlled_sets({"kind": "timit", "controlled_sets": drawn}) == {"traversal_vowel": drawn["vowel"]}


def test_runs_that_differ_by_seed_belong_together():
    runs = list(runs_of({"seed": 1}, {"model": "vae"}, {"seed": 2}, {"seed": 3, "branch_z": {"beta": 0.7}}))
    assert over_seeds(runs) == [[runs[0], runs[2]]]
