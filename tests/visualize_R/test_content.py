"""What is in the figures: panels, labels, classes and numbers of marks, as ggplot2 builds them."""

from __future__ import annotations

import importlib.util
import json
import shutil
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
    with (folder / "save.R").open("a") as file:
        file.write((HERE / "describe.R").read_text())
    return folder


@pytest.fixture
def describe(scripts, tmp_path):
    def run(script, inputs, **parameters):
        paths = tables.write_inputs(inputs, tmp_path)
        figure = tables.describe_figure(script, paths, tmp_path, {**tables.needed_by(script), **parameters})
        done = tables.run_script(scripts / script, [figure, tmp_path / "figure.png"])
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "figure.txt").read_text())

    return run


RUNS = list(dict.fromkeys(tables.metrics_table()["run"]))
MODELS = list(tables.MODELS)
PUBLISHED = ["β-DecVAE FD", "β-DecVAE FD", "-", "-", "VAE", "-", "-", "-", "-"]
BESIDE_PUBLISHED = {
    "runs": tables.shown_runs(RUNS, MODELS, published_as=PUBLISHED),
    "published_corpus": "sim_vowels",
}
JOINT = ["Disentanglement", "Completeness", "Informativeness", "Modularity", "Explicitness", "Robustness (IRS)"]


def test_scatter_has_the_planes_asked_for_and_a_mark_per_model_and_state(describe):
    found = describe(
        "metrics_scatter.R",
        {"metrics": tables.metrics_table()},
        panels=tables.panels_of("disentanglement:informativeness", "accuracy_speaker:accuracy_vowel:irs"),
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
        **BESIDE_PUBLISHED,
    )
    assert found["plots"][0]["rows"] == [6, 9, 9, 6, 9, 2, 17]  # two models, drawn once each, and their names
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
    found = describe("metrics_bars.R", published, **BESIDE_PUBLISHED)
    assert found["plots"][0]["rows"][2] == 3 * 3  # three runs with a counterpart, three scores that are drawn


def test_bars_of_the_joint_latents_of_one_run(describe):
    (plot,) = describe(
        "metrics_bars.R",
        {"metrics": tables.metrics_table()},
        runs=tables.shown_runs(RUNS[:1], MODELS[:1]),
        aggregation=["X", "OCs_joint", "all"],
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
        runs=tables.shown_runs(RUNS[:3], MODELS[:3], value=["10", "0", "0"], series=["FD", "FD", "EWT"]),
        axis="Weight",
    )
    (plot,) = over_setting["plots"]
    assert plot["x"] == "Weight" and plot["colours"] == ["FD", "EWT"]
    assert plot["rows"][2] == 2 * 10 and plot["rows"][0] == 10


def test_the_mean_over_seeds_is_one_point(describe):
    (plot,) = describe(
        "metrics_lines.R",
        {"metrics": tables.training_metrics()},
        runs=tables.shown_runs(RUNS[:3], MODELS[:3], value=["0", "0", "1"], series=["FD"] * 3),
    )["plots"]
    assert plot["rows"][2] == 2 * 10


def test_seeds_of_a_setting_are_drawn_as_one(describe):
    table, settings = tables.metrics_table(), ["FD", "FD", *MODELS[2:]]
    metrics = {"metrics": table}
    seeds = {"runs": tables.shown_runs(RUNS, settings)}
    found = describe("metrics_bars.R", metrics, **seeds)
    bars, intervals = found["plots"][0]["rows"][:2]
    assert bars == 10 * (8 + 5)  # before training without what is only fitted
    shown = table[table["aggregation"].eq("all") | ~table["model"].eq("decvae")]
    totals = shown[shown["metric"] == "total_correlation_corr"].assign(
        setting=lambda rows: rows["run"].map(dict(zip(RUNS, settings, strict=True)))
    )
    cut = (totals.groupby(["setting", "checkpoint"])["value"].mean() >= 1).sum()
    assert intervals == bars - cut - (7 + 4)  # one run's IRS has none
    assert "range of the seeds" in found["caption"]
    circled = tables.circled_runs(table)
    for run in circled[:2]:
        run["label"] = "FD"
    (_, circle) = describe("metrics_circular.R", metrics, runs=circled)["plots"]
    assert circle["fills"] == ["FD", MODELS[2]]
    scatter = describe("metrics_scatter.R", metrics, **seeds)["plots"][0]
    assert scatter["rows"] == [5, 8, 8, 5, 8, 13]


def test_a_mean_over_seeds_is_at_epochs_that_all_have(describe):
    table = tables.training_metrics()
    dropped = table[(table["run"] != RUNS[0]) | (table["checkpoint"] != "init")]
    rows = [
        describe("metrics_lines.R", {"metrics": own}, runs=tables.shown_runs(RUNS[:3], ["FD", "FD", "EWT"]))["plots"][
            0
        ]["rows"][1]
        for own in (table, dropped)
    ]
    assert rows[0] - rows[1] == 10


def test_curves_of_seeds_have_the_colour_of_their_setting(describe):
    history = tables.history_table()
    runs = list(dict.fromkeys(history["run"]))
    seeds = tables.shown_runs(runs, ["FD"] * len(runs))
    found = describe("training_curves.R", {"history": history}, runs=seeds)
    assert found["plots"][1]["colours"] == ["FD"] and "seed" in found["caption"]
    alone = describe("training_curves.R", {"history": history})["plots"][1]
    assert found["plots"][1]["rows"][0] == alone["rows"][0]


def test_circles_show_the_two_families_apart(describe):
    plots = describe("metrics_circular.R", {"metrics": tables.metrics_table()})["plots"]
    assert [plot["title"] for plot in plots] == ["Autoencoders", "DecVAE"]
    assert [plot["fills"] for plot in plots] == [["AE", "VAE", "β-VAE"], MODELS[:3]]
    assert [plot["rows"][1] for plot in plots] == [15, 15]


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
        *["Phoneme: the 24 longest of 39", "Emotion"],
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
    assert vowels["subtitle"] == "Vowel" and speakers["subtitle"] == "Speaker"
    spread = tables.embedding_points().query("view == 'prior'").groupby("level")[["dim1", "dim2"]].std()
    assert [panel.split(", sd ")[0] for panel in vowels["panels"]] == SUBSPACES  # each with the spread of its means
    for panel in vowels["panels"]:
        space, numbers = panel.split(", sd ")
        assert [float(number) for number in numbers.split(", ")] == pytest.approx(list(spread.loc[space]), rel=0.06)
    assert vowels["rows"] == [3600, 4 * 2 * 181] and "95 % of the standard Gaussian prior" in found["caption"]


def test_three_dimensions_are_seen_from_a_fixed_place(describe):
    plots = describe("embedding.R", {"embedding": tables.embedding_points()}, n_dims=3)["plots"]
    assert [plot["title"] for plot in plots] == ["Vowel", "Speaker"] and plots[0]["y"] == "seen from 35°, 25° above"


def test_every_class_has_a_mark_of_its_own(describe):
    table = tables.embedding_points()
    table["factor_speaker"] = "s" + table["factor_speaker"]
    plots = describe("embedding.R", {"embedding": table.assign(factor_session="one")})["plots"]
    assert [plot["title"] for plot in plots] == [
        "Vowel",
        "Speaker",
        "Component",
        "Centre frequency (kHz)",
    ]  # no session
    assert len(plots[1]["colours"]) == 10 and plots[1]["shapes"] == 2 and plots[0]["shapes"] == 1


def test_figures_say_what_they_are_about(describe):
    inputs = tables.embedding_points().assign(run=None, label="mel inputs", checkpoint=None)
    found = describe("embedding.R", {"embedding": inputs}, about="mel inputs, corpus timit")
    assert found["title"] == "Mel inputs, corpus timit, frames"
    found = describe("embedding.R", {"embedding": tables.embedding_points()}, about="mel inputs, corpus timit")
    assert found["title"] == "β-DecVAE FD centred, best, frames"
    for script in ("metrics_bars.R", "metrics_scatter.R"):
        assert describe(script, {"metrics": tables.metrics_table()}, about="corpus timit")["title"] == "Corpus timit"


def test_a_total_correlation_beyond_the_panel_is_written(describe):
    metrics = tables.metrics_table()
    chosen = (metrics["metric"] == "total_correlation_corr") & (metrics["label"] == MODELS[0])
    metrics.loc[chosen & (metrics["checkpoint"] == "best"), "value"] = 2.345
    (plot,) = describe("metrics_bars.R", {"metrics": metrics})["plots"]
    assert "TC 2.35" in plot["words"] or "TC 2.34" in plot["words"]
    (plot,) = describe("metrics_bars.R", {"metrics": metrics}, shown="tasks")["plots"]
    assert not plot["words"]


def test_panels_of_bars_leave_few_places_empty(describe):
    metrics = tables.metrics_table()
    vowels = (metrics["metric"] == "accuracy") & (metrics["factors"] == "vowel")
    metrics = pd.concat([metrics, metrics[vowels].assign(factors="accent")])
    (eleven,) = describe("metrics_bars.R", {"metrics": metrics})["plots"]
    assert len(eleven["panels"]) == 11 and eleven["columns"] == 4


def test_intervals_are_explained_where_there_are_some(describe):
    metrics = tables.metrics_table()
    assert "Crosses" in describe("metrics_scatter.R", {"metrics": metrics})["caption"]
    metrics[["ci_low", "ci_high"]] = None
    assert "Crosses" not in describe("metrics_scatter.R", {"metrics": metrics})["caption"]


def test_autoencoders_have_axes_of_their_own(describe):
    history = tables.history_table()
    own = history[(history["run"] == history["run"].iloc[0]) & history["quantity"].isin(["total", "prior"])]
    own = own[own["branch"] != "S"].assign(run="vae", label="VAE", value=lambda rows: 40 * rows["value"])
    reconstruction = own[own["branch"] == "Z"].assign(quantity="reconstruction")
    together = pd.concat([history, own, reconstruction])
    whole, branches = describe("training_curves.R", {"history": together})["plots"]
    assert whole["panels"] == ["Total loss (nats) | Whole model", "Total loss, autoencoders | Whole model"]
    assert "Prior loss, autoencoders (nats) | Branch S (utterances)" in branches["panels"]
    assert branches["words"] == ["not in this branch"]
    alone, _ = describe("training_curves.R", {"history": pd.concat([own, reconstruction])})["plots"]
    assert alone["panels"] == ["Total loss (nats) | Whole model"]


def test_as_many_classes_as_are_drawn_are_not_thinned_out(describe):
    table = tables.responses_table()
    table["factor_speaker"] = [f"s{round(1000 * value):04d}" for value in table["factor_speaker"]]
    caption = describe("latent_responses.R", {"responses": table}, most=table["factor_speaker"].nunique())["caption"]
    assert "evenly spread" not in caption


def test_recordings_of_one_length_are_one_bar(describe):
    summary, utterances = tables.corpus_tables()
    same = {"summary": summary, "utterances": utterances.assign(seconds=1.6)}
    durations = describe("corpus.R", same)["plots"][1]
    assert durations["rows"] == [utterances["split"].nunique()]


@pytest.mark.parametrize(
    ("script", "parameters", "wide", "narrow"),
    [
        ("metrics_scatter.R", {}, 2, 1),
        ("metrics_bars.R", {}, 5, 2),
        ("metrics_lines.R", {}, 4, 2),
        ("metrics_circular.R", {}, 2, 1),
        ("latent_responses.R", {}, 6, 3),
        ("response_maps.R", {}, 6, 3),
        ("embedding.R", {}, 2, 1),
        ("embedding.R", {"views": "prior"}, 4, 2),
        ("component_quality.R", {}, 2, 1),
        ("component_frequencies.R", {}, 4, 2),
    ],
)
def test_a_single_column_has_half_the_panels_side_by_side(describe, script, parameters, wide, narrow):
    """Of one plot by its facets, of several by the plots: a figure has the same panels at both widths."""
    double, single = (describe(script, tables.tables_of(script), width_mm=width, **parameters) for width in (183, 89))
    assert single["width_mm"] == 89 and single["height_mm"] > 1.15 * double["height_mm"]
    assert [len(plot["panels"]) for plot in single["plots"]] == [len(plot["panels"]) for plot in double["plots"]]
    found = [figure["columns"] or figure["plots"][0]["columns"] for figure in (double, single)]
    assert found == [wide, narrow]
