"""What is in the figures: panels, labels, classes and numbers of marks, as ggplot2 builds them."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE.parents[1] / "visualize_R"
spec = importlib.util.spec_from_file_location("figure_tables", HERE / "test_figures.py")
tables = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tables)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """A copy of the scripts that describe their figures instead of drawing them."""
    folder = tmp_path_factory.mktemp("scripts") / "visualize_R"
    shutil.copytree(SCRIPTS, folder)
    with (folder / "theme.R").open("a") as file:
        file.write((HERE / "describe.R").read_text())
    return folder


@pytest.fixture
def describe(scripts, tmp_path):
    def run(script, inputs, **parameters):
        paths = tables.write_inputs(inputs, tmp_path)
        arguments = {**paths, "pdf": tmp_path / "none.pdf", "png": tmp_path / "figure.json", **parameters}
        words = [word for key, value in arguments.items() for word in (f"--{key}", str(value))]
        done = subprocess.run(["Rscript", str(scripts / script), *words], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "figure.json").read_text())

    return run


RUNS = list(dict.fromkeys(tables.metrics_table()["run"]))
MODELS = list(tables.MODELS)
JOINT = ["Disentanglement", "Completeness", "Informativeness", "Modularity", "Explicitness", "Robustness (IRS)"]


def test_scatter_has_the_planes_asked_for_and_a_mark_per_model_and_state(describe):
    found = describe(
        "metrics_scatter.R",
        {"metrics": tables.metrics_table()},
        panels="disentanglement:informativeness,accuracy_speaker:accuracy_vowel:irs",
    )
    first, second = found["plots"]
    assert first["x"] == "Disentanglement (higher is better)" and second["y"] == "Vowel accuracy\n(higher is better)"
    assert second["subtitle"] == "Area: Robustness (IRS)" and first["colours"] == MODELS
    # Lines from untrained to trained, intervals, untrained and trained marks, names of all.
    assert first["rows"] == [6, 9, 9, 6, 9, 15]


def test_published_values_are_extra_marks_of_the_models_that_have_them(describe):
    found = describe(
        "metrics_scatter.R",
        {"metrics": tables.metrics_table(), "published": tables.published_table()},
        runs=",".join(RUNS),
        published_as="β-DecVAE FD,β-DecVAE FD,-,-,VAE,-,-,-,-",
        published_corpus="sim_vowels",
    )
    assert found["plots"][0]["rows"] == [6, 9, 9, 6, 9, 2, 2, 15]  # two models, drawn once each, and their names
    assert found["plots"][1]["rows"] == [6, 9, 9, 6, 9, 15]  # no modularity is published here
    assert "arXiv:2601.06844" in found["caption"]


def test_bars_have_a_panel_per_score(describe):
    metrics = {"metrics": tables.metrics_table()}
    (whole,) = describe("metrics_bars.R", metrics)["plots"]
    assert whole["panels"] == ["1 − MI", "1 − TC", *JOINT, "Vowel accuracy", "Speaker accuracy"]
    assert whole["rows"][0] == 10 * (9 + 6)
    (tasks,) = describe("metrics_bars.R", metrics, shown="tasks")["plots"]
    assert tasks["panels"] == ["Vowel accuracy", "Speaker accuracy"]
    published = {**metrics, "published": tables.published_table()}
    found = describe(
        "metrics_bars.R",
        published,
        runs=",".join(RUNS),
        published_as="β-DecVAE FD,β-DecVAE FD,-,-,VAE,-,-,-,-",
        published_corpus="sim_vowels",
    )
    assert found["plots"][0]["rows"][2] == 3 * 3  # three runs with a counterpart, three scores that are drawn


def test_bars_of_the_joint_latents_of_one_run(describe):
    (plot,) = describe(
        "metrics_bars.R", {"metrics": tables.metrics_table()}, runs=RUNS[0], aggregation="X,OCs_joint,all"
    )["plots"]
    assert plot["rows"][0] == 10 * 3 * 2


def test_lines_over_training_and_over_a_setting(describe):
    over_training = describe("metrics_lines.R", {"metrics": tables.training_metrics()})
    (plot,) = over_training["plots"]
    assert plot["x"] == "Epoch" and len(plot["panels"]) == 10 and plot["colours"] == MODELS
    assert plot["rows"][0] == 3 * 10 and plot["rows"][2] == 6 * 3 * 10  # 3 models without course, 6 at 3 epochs
    over_setting = describe(
        "metrics_lines.R",
        {"metrics": tables.training_metrics()},
        runs=",".join(RUNS[:3]),
        values="10,0,0",
        series="FD,FD,EWT",
        axis="Weight",
    )
    (plot,) = over_setting["plots"]
    assert plot["x"] == "Weight" and plot["colours"] == ["FD", "EWT"]
    assert plot["rows"][2] == 2 * 10 and plot["rows"][0] == 10


def test_the_mean_over_seeds_is_one_point(describe):
    (plot,) = describe(
        "metrics_lines.R",
        {"metrics": tables.training_metrics()},
        runs=",".join(RUNS[:3]),
        values="0,0,1",
        series="FD,FD,FD",
    )["plots"]
    assert plot["rows"][2] == 2 * 10


def test_circles_show_the_two_families_apart(describe):
    plots = describe("metrics_circular.R", {"metrics": tables.metrics_table()})["plots"]
    assert [plot["title"] for plot in plots] == ["Autoencoders", "DecVAE"]
    assert [plot["fills"] for plot in plots] == [["AE", "VAE", "β-VAE"], MODELS[:3]]
    assert [plot["rows"][2] for plot in plots] == [15, 15]


def test_curves_have_a_row_per_quantity_and_a_column_per_branch(describe):
    whole, branches = describe("training_curves.R", {"history": tables.history_table()})["plots"]
    assert whole["panels"] == ["Total loss (nats) | Whole model"]
    assert len(branches["panels"]) == 8 * 2 and branches["x"] == "Training step"
    assert branches["rows"][0] == 2 * 2 * 2 * 8 * 40  # runs, splits, branches, quantities, steps


def test_responses_show_the_dimensions_that_vary_most_and_least(describe):
    responses = {"responses": tables.responses_table()}
    (lines,) = describe("latent_responses.R", responses)["plots"]
    assert len(lines["panels"]) == 4 * 6 and lines["colours"] == sorted(tables.VOWELS, key=str.lower)
    variance = tables.responses_table().groupby(["subspace", "dimension"])["mean"].var()
    for subspace in SUBSPACES:
        order = variance[subspace].sort_values(ascending=False).index
        wanted = [f"{subspace}, dim {d}" for d in order[:4]] + [f"{subspace}, dim {d} (low)" for d in order[-2:]]
        assert [panel for panel in lines["panels"] if panel.startswith(f"{subspace},")] == wanted
    assert lines["rows"][1] == 24 * 5 * 30
    (maps,) = describe("response_maps.R", responses)["plots"]
    assert maps["panels"] == lines["panels"] and maps["rows"] == [24 * 5 * 30]
    (turned,) = describe("latent_responses.R", responses, lines="speaker", along="vowel")["plots"]
    assert turned["x"] == "Vowel" and len(turned["colours"]) == 30


def test_a_third_factor_is_a_row_of_maps(describe):
    table = tables.responses_table()
    both = pd.concat([table.assign(factor_emotion="neu"), table.assign(factor_emotion="sad", mean=2 * table["mean"])])
    found = describe("response_maps.R", {"responses": both})
    (plot,) = found["plots"]
    assert plot["panels"] == [f"{emotion} | {space}, dim 0" for emotion in ("neu", "sad") for space in SUBSPACES]
    assert "Rows: Emotion." in found["caption"]
    (lines,) = describe("latent_responses.R", {"responses": both})["plots"]
    assert lines["rows"][1] == 24 * 5 * 30  # averaged over the emotions


SUBSPACES = ["X", "OC1", "OC2", "OC3"]


def test_many_classes_are_thinned_out_evenly(describe):
    table = tables.responses_table()
    table["factor_speaker"] = [f"s{round(1000 * value):04d}" for value in table["factor_speaker"]]
    found = describe("latent_responses.R", {"responses": table}, most=10)
    (plot,) = found["plots"]
    assert plot["rows"][1] == 24 * 5 * 10 and "At most 10 values of a factor are drawn" in found["caption"]


def test_violins_and_correlograms(describe):
    quality = {"quality": tables.quality_table()}
    (violins,) = describe("component_quality.R", quality)["plots"]
    assert violins["panels"] == ["FD", "EWT", "VMD", "EMD"] and violins["fills"] == ["short", "long"]
    means, densities = describe("component_quality.R", quality, view="correlograms")["plots"]
    assert len(means["panels"]) == len(densities["panels"]) == 4 * 3
    assert means["rows"][0] == 4 * 3 * 3 and densities["colours"] == ["OC1-OC2", "OC1-OC3", "OC2-OC3"]


def test_frequencies_lie_beside_the_formants(describe):
    quality = {"quality": tables.quality_table()}
    plots = describe("component_frequencies.R", quality)["plots"]
    assert [plot["y"] for plot in plots] == ["OC2 (kHz)", "OC3 (kHz)", "Frequency (kHz)"]
    # Medians of components and formants: 4 methods x 3 vowels x 2 groups, each tied to its formant.
    assert plots[0]["rows"] == [24, 48]
    frames = describe("component_frequencies.R", quality, view="frames")["plots"]
    assert [plot["title"] for plot in frames if plot["title"]] == ["FD", "EWT", "VMD", "EMD"] * 2


def test_signals_of_the_generator_and_of_the_decompositions(describe):
    waves, mel = tables.generative_tables()
    (plot,) = describe("signals.R", {"signals": waves})["plots"]
    assert len(plot["panels"]) == 4 * 5 and plot["rows"] == [4 * 5 * 800]
    (plot,) = describe("signals.R", {"signals": mel}, view="mel")["plots"]
    assert plot["y"] == "Mel band" and plot["rows"] == [len(mel)]
    examples = dict(zip(["signals", "spectra"], tables.example_tables(), strict=True))
    plots = describe("signals.R", examples, view="front_end")["plots"]
    assert [plot["x"] for plot in plots] == ["Time (ms)", "Time (ms)", "Frequency (kHz)"]
    assert plots[0]["panels"] == ["FD", "EWT", "VMD", "EMD"] and plots[0]["rows"] == [4 * 2 * 400]


def test_a_corpus_has_a_panel_for_every_factor(describe):
    summary, utterances = tables.corpus_tables()
    plots = describe("corpus.R", {"summary": summary, "utterances": utterances}, classes=24)["plots"]
    assert [plot["subtitle"] for plot in plots] == [
        *["Splits", "Durations of the utterances"],
        *["phoneme: the 24 longest of 39", "emotion"],
    ]


def test_costs_have_a_row_per_rule(describe):
    times, memory = describe("costs.R", {"rules": tables.cost_table()})["plots"]
    assert times["colours"] == ["all jobs", "all jobs, CPU", "longest job"]
    assert times["rows"] == [5] and memory["rows"] == [1]  # nothing is drawn of a CPU time of 0, of no memory


def test_maps_are_coloured_by_every_factor_and_by_component(describe):
    plots = describe("embedding.R", {"embedding": tables.embedding_points()})["plots"]
    titles = [plot["title"] for plot in plots]
    assert titles == ["Vowel", "Speaker", "Component", "Centre frequency (kHz)"]
    assert plots[0]["rows"] == [900] and plots[2]["rows"] == [3600] and plots[3]["rows"] == [2700]
    assert plots[2]["colours"] == SUBSPACES


def test_latents_lie_beside_their_prior(describe):
    found = describe("embedding.R", {"embedding": tables.embedding_points()}, views="prior")
    vowels, speakers = found["plots"]
    assert vowels["panels"] == SUBSPACES and vowels["subtitle"] == "Vowel" and speakers["subtitle"] == "Speaker"
    assert vowels["rows"] == [3600, 4 * 2 * 181] and "95 % of the standard Gaussian prior" in found["caption"]


def test_three_dimensions_are_seen_from_a_fixed_place(describe):
    plots = describe("embedding.R", {"embedding": tables.embedding_points()}, n_dims=3)["plots"]
    assert [plot["title"] for plot in plots] == ["Vowel", "Speaker"] and plots[0]["y"] == "seen from 35°, 25° above"


def test_a_narrow_figure_has_fewer_panels_side_by_side(describe):
    metrics = {"metrics": tables.metrics_table()}
    wide, narrow = (describe("metrics_bars.R", metrics, width_mm=width) for width in (183, 89))
    assert narrow["width_mm"] == 89 and narrow["height_mm"] > 1.5 * wide["height_mm"]
