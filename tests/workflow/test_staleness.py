"""What a change makes stale, and what it leaves alone."""

import os
import shutil
import time
from collections import Counter

import yaml

from decvae.names.models import FITTED
from tests.workflow.conftest import ROOT, Project
from tests.workflow.described import Described

RUNS = yaml.safe_load((ROOT / "config/config.yaml").read_text())["runs"]
TRAINED = [run for run in RUNS if run.get("model") not in FITTED]
DECVAES = [run for run in RUNS if "model" not in run]
METRIC_FIGURES = ("metrics_bars", "metrics_circular", "metrics_scatter")


def rules(plan):
    return set(plan)


def test_a_finished_study_has_nothing_to_do(finished):
    assert finished.planned() == Counter()


def test_time_stamps_alone_rerun_nothing(finished):
    later = time.time() + 60
    for folder in ("workflow", "decvae", "visualize_R", "config"):
        for path in (finished.root / folder).rglob("*.*"):
            os.utime(path, (later, later))
    assert finished.planned() == Counter()


def test_a_copy_with_its_results_reruns_nothing(finished, tmp_path):
    copy = Project(tmp_path / "copy")
    shutil.copytree(finished.root, copy.root)  # all files are new, as in a clone or after rsync
    assert copy.planned() == Counter()
    for path in (copy.root / "workflow").rglob("*.*"):
        os.utime(path)
    assert copy.planned() == Counter()


def test_pages_of_documentation_reach_nothing(finished):
    append(finished, "config/README.md")
    append(finished, "workflow/profiles/default/config.yaml")
    append(finished, "workflow/schemas/config.schema.json")
    assert finished.planned() == Counter()


def test_a_run_more_trains_only_that_run(finished):
    finished.edit(
        "config/config.yaml", "  - {model: pca}", "  - {model: pca}\n  - {model: vae, seed: 1, branch_z: {frames: 40}}"
    )
    plan = finished.planned()
    assert plan["pretrain_model"] == 1 and plan["score_checkpoint"] == 2 and plan["encode_checkpoint"] == 2
    assert not rules(plan) & {"simulate_corpus", "decompose_split", "extract_features", "embed_latents"}


def test_the_corpus_reaches_everything_that_is_made_of_it(finished):
    finished.edit("config/config.yaml", "utterance_seconds: 2.0", "utterance_seconds: 2.5")
    plan = finished.planned()
    assert plan["simulate_corpus"] == 1 and plan["decompose_split"] == Described().decompositions()
    assert plan["pretrain_model"] == len(RUNS)


def test_a_sweep_trains_what_it_adds(finished):
    finished.edit("config/config.yaml", "{objective: centred}", "{objective: centred, sweep: {seed: [0, 1, 2]}}")
    assert finished.planned()["pretrain_model"] == 2


def test_where_models_train_and_what_they_log_reach_nothing(finished):
    finished.edit(
        "config/config.yaml", "seed: 0\n", "seed: 0\nexecution: {device: cpu}\nlogging: {tensorboard: false}\n"
    )
    assert finished.planned() == Counter()


def test_another_content_of_an_intermediate_result_reaches_what_is_made_of_it(finished):
    (path,) = (finished.root / "results/corpora").glob("*-traversal.h5")
    content, status = path.read_bytes(), path.stat()
    path.write_text("edited by hand\n")
    try:
        assert rules(finished.planned()) == {
            "decompose_split",
            "extract_features",
            "encode_controlled_set",
            "traverse_latents",
            "latent_responses",
            "response_maps",
        }
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_beta_of_one_run_reaches_this_run_only(finished):
    finished.edit(
        "config/config.yaml", "{objective: corrected, branch_z: {", "{objective: corrected, branch_z: {beta: 0.5, "
    )
    plan = finished.planned()
    assert plan["pretrain_model"] == 1
    assert plan["score_checkpoint"] == 2
    assert not rules(plan) & {"simulate_corpus", "decompose_split", "extract_features", "embed_inputs"}


def test_a_setting_of_another_method_reaches_its_examples_and_its_quality_only(finished):
    finished.edit("config/config.yaml", "seed: 0", "seed: 0\ndecomposition: {vmd: {alpha: 900.0}}")
    plan = finished.planned()
    quality = {"component_quality", "component_frequencies"}
    assert plan["decompose_split"] == 1
    # The tables of the other method have other names, which their figures hold.
    assert rules(plan) == {"decompose_split", "decompose_examples", "describe_figure", "signals"} | quality


def test_a_setting_of_a_decomposition_reaches_what_is_made_of_it(finished):
    finished.edit("config/config.yaml", "seed: 0", "seed: 0\ndecomposition: {filter: {order: 3}}")
    plan = finished.planned()
    assert plan["decompose_split"] == 8 and plan["pretrain_model"] == len(RUNS)  # four sets, two kinds of bands
    assert not rules(plan) & {"simulate_corpus", "simulate_traversal_set", "describe_generator"}


def test_the_preset_of_one_run_reaches_this_run_only(finished):
    finished.edit(
        "config/config.yaml",
        "{objective: centred}",
        "{objective: centred, decomposition_overrides: {preset: published}}",
    )
    plan = finished.planned()
    assert plan["pretrain_model"] == 1 and plan["decompose_split"] == 4  # train, dev, test and the traversal set
    assert not rules(plan) & {"simulate_corpus", "simulate_traversal_set", "describe_generator"}


def test_the_preset_reaches_every_decomposition_and_nothing_before(finished):
    finished.edit("config/config.yaml", "seed: 0", "seed: 0\ndecomposition: {preset: published}")
    plan = finished.planned()
    assert plan["decompose_split"] == Described().decompositions() and plan["pretrain_model"] == len(RUNS)
    assert not rules(plan) & {"simulate_corpus", "simulate_traversal_set", "describe_generator"}


def test_a_plot_setting_reaches_figures_only(finished):
    finished.edit("config/config.yaml", "seed: 0", "seed: 0\nfigures: {dpi: 150}")
    plan = finished.planned()
    assert plan["metrics_bars"] == 1 + len(DECVAES) and plan["training_curves"] == 1
    assert plan["describe_figure"] == len(list((finished.root / "results/figures").rglob("*.json")))
    assert not rules(plan) & {"merge_metrics", "score_checkpoint", "pretrain_model", "embed_latents"}


def test_an_evaluation_setting_reaches_scores(finished):
    finished.edit("config/config.yaml", "kmeans_seeds: 3", "kmeans_seeds: 4")
    plan = finished.planned()
    assert plan["score_checkpoint"] == len(RUNS) + len(TRAINED)  # trained runs have an untrained state, too
    assert rules(plan) == {"score_checkpoint", "merge_metrics", *METRIC_FIGURES}


def test_a_label_reaches_tables_and_figures(finished):
    finished.edit("config/config.yaml", "{model: pca}", "{model: pca, label: principal components}")
    assert rules(finished.planned()) == {"merge_metrics", "describe_figure", *METRIC_FIGURES}


def test_the_traversal_set_reaches_responses(finished):
    finished.edit("config/config.yaml", "repetitions: 10", "repetitions: 11")
    plan = finished.planned()
    assert plan["simulate_traversal_set"] == 1
    assert plan["decompose_split"] == plan["extract_features"] == 2  # by detected and by given bands
    assert not rules(plan) & {"simulate_corpus", "pretrain_model", "score_checkpoint"}


def test_a_new_checkpoint_to_evaluate_does_not_retrain(finished):
    finished.edit("config/config.yaml", "checkpoints: [init, best]", "checkpoints: [init, best, last]")
    plan = finished.planned()
    assert plan["score_checkpoint"] == len(RUNS) and "pretrain_model" not in plan


def test_every_checkpoint_is_measured_and_drawn_without_retraining(finished):
    finished.edit("config/config.yaml", "checkpoints: [init, best]", "checkpoints: [every]")
    plan = finished.planned()
    # Epochs 10 and 20, and the last, of trained runs; the linear ones have been measured.
    assert plan["score_checkpoint"] == 3 * len(TRAINED) and plan["metrics_lines"] == 1 and "pretrain_model" not in plan


def test_a_figure_script_reaches_its_figure_only(finished):
    finished.edit("visualize_R/metrics_bars.R", "figure", "figure ")
    assert finished.planned() == {"metrics_bars": 1 + len(DECVAES)}  # all runs, and the levels of each DecVAE


def test_what_some_scripts_share_reaches_their_figures_only(finished):
    append(finished, "visualize_R/scores.R")
    assert rules(finished.planned()) == set(METRIC_FIGURES)


def test_the_theme_reaches_all_figures_and_nothing_else(finished):
    drawn = len(list((finished.root / "results/figures").rglob("*.png")))
    for shared in ("theme.R", "figure.R", "save.R"):
        append(finished, f"visualize_R/{shared}")
        plan = finished.planned()
        assert plan["embedding"] == 14 and plan["signals"] == 4 and plan.total() == drawn


def test_one_caption_reaches_one_family(finished):
    append(finished, "workflow/report/corpus.rst")
    assert finished.planned() == Counter()
    finished.edit("workflow/report/signals.rst", "Signals", "The signals")
    assert finished.planned() == {"describe_figure": 4, "signals": 4}


def test_a_plot_setting_of_one_figure_reaches_it_alone(finished):
    finished.edit("config/config.yaml", "seed: 0", "seed: 0\nfigures: {published: false}")
    plan = finished.planned()
    assert rules(plan) == {"describe_figure", "metrics_bars", "metrics_scatter"}
    assert plan["metrics_bars"] == 1  # joint latents have no published values


def append(project, path):
    with (project.root / path).open("a") as file:
        file.write("# comment\n")


def test_a_module_reaches_the_rules_that_import_it(finished):
    append(finished, "decvae/analysis/traversal.py")
    assert rules(finished.planned()) == {"traverse_latents", "latent_responses", "response_maps"}


def test_training_code_reaches_training(finished):
    append(finished, "decvae/training/trainer.py")
    plan = finished.planned()
    assert plan["pretrain_model"] == len(RUNS)
    assert not rules(plan) & {"simulate_corpus", "decompose_split", "extract_features"}


def test_a_metric_reaches_scores(finished):
    append(finished, "decvae/evaluation/metrics/irs.py")
    assert rules(finished.planned()) == {"score_checkpoint", "merge_metrics", *METRIC_FIGURES}


def test_the_configuration_module_reaches_nothing(finished):
    append(finished, "decvae/study/configuration.py")
    append(finished, "workflow/rules/common.smk")
    assert finished.planned() == Counter()


def test_an_edit_that_is_taken_back_reruns_nothing(finished):
    finished.edit("decvae/training/trainer.py", "class Trainer", "class Trainers")
    assert finished.planned()["pretrain_model"] == len(RUNS)
    finished.edit("decvae/training/trainer.py", "class Trainers", "class Trainer")
    assert finished.planned() == Counter()


def test_a_lost_result_is_made_again_from_what_is_there(finished):
    path = finished.root / "results/metrics/metrics.csv"
    content, status = path.read_bytes(), path.stat()
    path.unlink()
    try:
        assert finished.planned("metrics") == {"merge_metrics": 1, "results_table": 1}
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
