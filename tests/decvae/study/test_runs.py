"""Runs of a configuration: what reaches them, their names, labels and checkpoints."""

import pytest

from decvae.names.models import METHODS
from decvae.settings.base import ConfigError
from decvae.settings.corpora import ControlledSet, SimVowelsSettings, TimitSettings
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
from tests.decvae.configurations import only, runs_of, valid


def test_a_run_is_the_defaults_with_its_overrides():
    run = only({"training": {"batch_size": 4}, "decomposition": "ewt"}, run_defaults={"training": {"max_epochs": 7}})
    assert run.settings["training"]["batch_size"] == 4
    assert run.settings["training"]["max_epochs"] == 7
    assert run.settings["training"]["adam_beta1"] == 0.5
    assert run.decomposition["method"] == "ewt"


def test_a_preset_fills_in_what_neither_the_section_nor_the_run_gives():
    own = {"decomposition_overrides": {"preset": "published", "vmd": {"alpha": 50.0}}}
    shared = {"notch": {"order": 2}, "ewt": {"smoothing_bins": 7}, "amplitude": "unit"}
    run = only({**own, "decomposition": "ewt"}, decomposition=shared)
    found = run.decomposition
    assert found["ewt"]["filters"] == "single" and found["row_order"] == "published"  # of the preset
    assert (found["notch"]["order"], found["ewt"]["smoothing_bins"], found["amplitude"]) == (2, 7, "unit")  # given
    back = only({"decomposition_overrides": {"preset": "default"}}, decomposition={"preset": "published"})
    assert back.decomposition_id == only({}).decomposition_id
    everywhere = only({}, decomposition={"preset": "published"})
    alone = only({"decomposition_overrides": {"preset": "published"}})
    assert everywhere.decomposition == alone.decomposition != back.decomposition


def test_a_preset_reaches_the_decomposition_of_its_runs_only():
    preset = {"decomposition_overrides": {"preset": "published"}}
    before = runs_of({"label": "a"}, {"label": "b", "objective": "corrected"})
    after = runs_of({"label": "a"}, {"label": "b", "objective": "corrected", **preset})
    assert before[0].name == after[0].name and before[0].decomposition_id == after[0].decomposition_id
    assert before[1].decomposition_id != after[1].decomposition_id and before[1].corpus_id == after[1].corpus_id


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


def test_linear_models_have_no_untrained_state_and_need_no_gpu():
    pca, decvae = runs_of({"model": "pca"}, {})
    assert pca.checkpoints(["init", "best", "last"]) == ["best", "last"] and not pca.is_trained
    assert decvae.checkpoints(["init", "best"]) == ["init", "best"] and decvae.is_trained


def test_decompositions_depend_on_their_own_method_only():
    base = valid().decomposition
    names = {method: decomposition_id(decomposition_settings(base, method, 3, 3)) for method in METHODS}
    changed = valid(decomposition={"vmd": {"alpha": 10}}).decomposition
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


def test_slugs_are_file_names():
    assert only({}).slug == "beta_decvae_fd_centred"
    assert runs_of({"branch_z": {"beta": 5}}, {"branch_z": {"beta": 0.5}})[1].slug == "beta_decvae_fd_centred_betaz_0.5"


def test_runs_are_selected_by_label():
    config = valid(runs=[{}, {"model": "pca"}, {"branches": "S", "label": "S"}], traversal={"runs": ["PCA"]})
    runs = resolve_runs(config)
    assert [run.label for run in select_runs(runs, config, "traversal")] == ["PCA"]
    assert [run.label for run in select_runs(runs, config, "embeddings")] == ["β-DecVAE FD centred", "S"]
    every = config.replace(traversal={"runs": None})
    assert [run.label for run in select_runs(runs, every, "traversal")] == ["β-DecVAE FD centred"]
    with pytest.raises(ConfigError) as caught:
        select_runs(runs, config.replace(traversal={"runs": ["S", "PCa"]}), "traversal")
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
    runs, evaluation = resolve_runs(config), config.evaluation

    def states(untrained):
        return [(run.label, state) for run, state in evaluated_states(runs, evaluation.replace(untrained=untrained))]

    best = [("a", "best"), ("b", "best"), ("PCA", "best")]
    assert sorted(states(None)) == sorted([("a", "init"), ("b", "init"), *best])
    assert sorted(states(["b"])) == sorted([("b", "init"), *best]) and states([]) == best
    with pytest.raises(ConfigError, match=r"`evaluation\.untrained` names 'c', which is the label of no run"):
        states(["c"])


def test_runs_that_differ_by_seed_are_of_one_setting():
    first, second, third = (run.setting for run in runs_of({}, {"seed": 1}, {"branch_z": {"beta": 5.0}}))
    assert first == second != third


def test_runs_that_differ_by_seed_and_betas_are_of_one_family():
    runs = runs_of({}, {"seed": 1, "branch_z": {"beta": 5.0}}, {"branch_s": {"beta": 2.0}}, {"n_components": 4})
    first, second, third, other = (run.family for run in runs)
    assert first == second == third != other


def test_controlled_sets_are_named_after_their_splits():
    assert controlled_sets(SimVowelsSettings())["traversal"]["factors"] == ["vowel", "speaker"]
    drawn = ControlledSet(factors=("vowel", "speaker"))
    assert controlled_sets(TimitSettings(controlled_sets={"vowel": drawn})) == {"traversal_vowel": drawn.plain()}


def test_runs_that_differ_by_seed_belong_together():
    runs = list(runs_of({"seed": 1}, {"model": "vae"}, {"seed": 2}, {"seed": 3, "branch_z": {"beta": 0.7}}))
    assert over_seeds(runs) == [[runs[0], runs[2]]]
