"""Every figure script draws its figure from a small table, and says what is wrong with a table it cannot draw."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from decvae.analysis.embedding import COLUMNS as EMBEDDING_COLUMNS
from decvae.names.models import METHODS
from decvae.names.scores import drawn_scores

SCRIPTS = Path(__file__).resolve().parents[2] / "visualize_R"

VOWELS = ["a", "e", "I", "aw", "u"]
MODELS = {  # label: (model, quality of its latent between 0 and 1)
    "β-DecVAE FD centred": ("decvae", 0.62),
    "β-DecVAE FD corrected": ("decvae", 0.68),
    "DecVAE EWT centred": ("decvae", 0.55),
    "AE": ("ae", 0.35),
    "VAE": ("vae", 0.1),
    "β-VAE": ("beta_vae", 0.15),
    "PCA": ("pca", 0.25),
    "ICA": ("ica", 0.12),
    "raw mel": ("raw", 0.3),
}


STYLE = ("font", "palette", "gradient", "width_mm", "dpi")
WITH_METHODS = ("component_quality.R", "component_frequencies.R", "signals.R")


def describe_figure(script: str, tables: dict[str, Path], folder: Path, parameters: dict[str, Any]) -> Path:
    """The JSON of a figure, as ``workflow/scripts/describe_figure.py`` writes it."""
    style = {name: parameters[name] for name in STYLE if name in parameters}
    shown = {name: value for name, value in parameters.items() if name not in (*style, "about")}
    if script in WITH_METHODS:
        shown["methods"] = METHODS
    scores = {"definitions": drawn_scores()} if script.startswith("metrics") else {}
    paths = {name: str(path) for name, path in tables.items()}
    figure = {"family": script.removesuffix(".R"), "tables": paths, "shown": shown, "scores": scores, "style": style}
    figure["about"] = parameters.get("about", "")
    (folder / "figure.json").write_text(json.dumps(figure, ensure_ascii=False), encoding="utf-8")
    return folder / "figure.json"


def run_script(path: Path, words: list[Path], environment: dict[str, str] | None = None):
    command = ["Rscript", "--vanilla", str(path), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def shown_runs(runs: list[str], labels: list[str], **columns: list[str]) -> list[dict[str, str]]:
    """The parameter ``runs``: a record of each run."""
    rows = zip(runs, labels, *columns.values(), strict=True)
    return [dict(zip(("run", "label", *columns), row, strict=True)) for row in rows]


def circled_runs(table: pd.DataFrame) -> list[dict[str, str]]:
    """Those of circles: with their family and their corpus."""
    families = {"decvae": "DecVAE", **dict.fromkeys(("ae", "vae", "beta_vae"), "Autoencoders")}
    rows = table[table["model"].isin(families)].drop_duplicates("run")
    corpora = ["sim_vowels"] * len(rows)
    return shown_runs(list(rows["run"]), list(rows["label"]), family=list(rows["model"].map(families)), corpus=corpora)


def panels_of(*axes: str) -> list[dict[str, str]]:
    return [dict(zip(("x", "y", "area"), scores.split(":"), strict=False)) for scores in axes]


def needed_by(script: str) -> dict[str, Any]:
    """Parameters that have no default."""
    return {
        "metrics_scatter.R": {
            "panels": panels_of("disentanglement:informativeness", "modularity:explicitness"),
        },
        "metrics_circular.R": {
            "runs": circled_runs(metrics_table()),
            "scores": ["total_correlation_corr", "disentanglement", "completeness", "informativeness", "irs"],
        },
    }.get(script, {})


def metrics_table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for index, (label, (model, quality)) in enumerate(MODELS.items()):
        checkpoints = {"best": quality} if model in ("pca", "ica", "raw") else {"init": 0.05, "best": quality}
        run = f"sim_vowels-{model}-s0-{index:06x}"
        for checkpoint, level in checkpoints.items():
            scores = {
                ("mutual_information", "vowel+speaker"): 0.02 + 0.15 * (1 - level) * rng.uniform(0.6, 1),
                ("total_correlation_corr", "vowel+speaker"): 0.2 + 1.2 * (1 - level) * rng.uniform(0.5, 1),
                ("disentanglement", "vowel+speaker"): level * rng.uniform(0.8, 1.1),
                ("completeness", "vowel+speaker"): 0.2 + 0.3 * rng.uniform(),
                ("informativeness", "vowel+speaker"): 0.5 + 0.35 * level + 0.1 * rng.uniform(),
                ("modularity", "vowel+speaker"): 0.45 + 0.5 * level * rng.uniform(0.6, 1),
                ("explicitness", "vowel+speaker"): 0.6 + 0.3 * level + 0.08 * rng.uniform(),
                ("irs", "vowel+speaker"): 0.4 + 0.4 * rng.uniform(),
                ("accuracy", "vowel"): 0.5 + 0.5 * level**0.3 * rng.uniform(0.9, 1),
                ("accuracy", "speaker"): 0.3 + 0.6 * level**0.5 * rng.uniform(0.9, 1),
                ("kmeans_accuracy", "vowel"): 0.4,
            }
            for aggregation in ["X", "OCs_joint", "all"] if model == "decvae" else ["X"]:
                for (metric, factors), value in scores.items():
                    rows.append(
                        {
                            "run": run,
                            "label": label,
                            "model": model,
                            "corpus": "sim_vowels-3f2a1c",
                            "checkpoint": checkpoint,
                            "branch": "Z",
                            "space": "mu",
                            "aggregation": aggregation,
                            "factors": factors,
                            "metric": metric,
                            "classifier": "logistic_regression" if metric == "accuracy" else None,
                            "protocol": "sound",
                            "value": value if aggregation in ("all", "X") else value / 2,
                            "spread": 0.03 if metric == "accuracy" else None,
                            "ci_low": None if metric == "irs" else value - 0.05,
                            "ci_high": None if metric == "irs" else value + 0.05,
                            "n": 5,
                        }
                    )
    return pd.DataFrame(rows)


def history_table() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    finals = {
        "decomposition": 0.6,
        "prior": 0.06,
        "divergence_positive": 0.38,
        "divergence_negative": 0.85,
        "cross_entropy_positive": 1.2,
        "cross_entropy_negative": 0.4,
        "between_component_share": 0.5,
        "learning_rate": 8e-5,
    }
    steps = np.arange(250, 10001, 250)
    rows = []
    for run, label, speed in [("r1-aaaaaa", "β-DecVAE FD centred", 1.0), ("r2-bbbbbb", "β-DecVAE FD corrected", 1.6)]:
        for split, offset in [("train", 0.0), ("validation", 0.05)]:
            for branch in ["Z", "S"]:
                for quantity, final in finals.items():
                    curve = final * (
                        1 + offset + 2 * np.exp(-steps * speed / 2000) + 0.03 * rng.normal(size=steps.size)
                    )
                    rows += [
                        (run, label, s, s // 250, split, branch, quantity, v) for s, v in zip(steps, curve, strict=True)
                    ]
            total = 1.4 * (1 + offset + 2 * np.exp(-steps * speed / 2000))
            rows += [(run, label, s, s // 250, split, "all", "total", v) for s, v in zip(steps, total, strict=True)]
    return pd.DataFrame(rows, columns=["run", "label", "step", "epoch", "split", "branch", "quantity", "value"])


def responses_table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    speakers = np.round(np.arange(0.705, 1.3, 0.02), 3)
    rows = []
    for subspace in ["X", "OC1", "OC2", "OC3", "OCs_proj"]:
        for dimension in range(8):
            size = 2.0 / (1 + dimension) ** 1.5
            for vowel in VOWELS:
                level, slope = size * rng.normal(), size * rng.normal() * 2
                for speaker in speakers:
                    mean = level + slope * (speaker - 1) + 0.05 * size * rng.normal()
                    rows.append(
                        (
                            "r1",
                            "β-DecVAE FD centred",
                            "best",
                            subspace,
                            dimension,
                            vowel,
                            speaker,
                            mean,
                            0.15 * size,
                            10,
                        )
                    )
    identity = ["run", "label", "checkpoint", "subspace", "dimension"]
    table = pd.DataFrame(rows, columns=[*identity, "factor_vowel", "factor_speaker", "mean", "sd", "n"])
    # A pair of vowel and speaker without frames.
    empty = (table["factor_vowel"] == "u") & (table["factor_speaker"] == speakers[5])
    table.loc[empty, ["mean", "sd", "n"]] = [np.nan, np.nan, 0]
    return table


def embedding_points() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for i in range(900):
        vowel, speaker = rng.integers(5), rng.integers(10)
        centre = 20 * np.array([np.cos(vowel * 1.26), np.sin(vowel * 1.26)]) + speaker * 0.8 + rng.normal(size=2) * 2
        common = ("r1", "β-DecVAE FD centred", "best", "Z")
        labels = (VOWELS[vowel], f"{0.7 + 0.06 * speaker:.2f}")
        rows.append((*common, "all", "tsne", i, 0, "all", None, 2, *centre, None, 0.96, *labels))
        rows.append((*common, "all", "tsne", i, 0, "all", None, 3, *centre, rng.normal(), 0.97, *labels))
        for level in range(4):
            where = centre / 3 + 25 * np.array([np.cos(level * 1.57), np.sin(level * 1.57)])
            hertz = None if level == 0 else 600.0 * level**1.3 * rng.uniform(0.8, 1.2)
            rows.append(
                (
                    *common,
                    "levels",
                    "tsne",
                    i,
                    0,
                    "X" if level == 0 else f"OC{level}",
                    hertz,
                    2,
                    *where,
                    None,
                    0.93,
                    *labels,
                )
            )
            name = "X" if level == 0 else f"OC{level}"
            rows.append((*common, "prior", "none", i, 0, name, hertz, 2, *rng.normal(size=2), None, None, *labels))
    return pd.DataFrame(rows, columns=[*EMBEDDING_COLUMNS, "factor_vowel", "factor_speaker"])


def generative_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    formants = {
        "a": (710, 1100, 2540),
        "e": (550, 1770, 2490),
        "I": (400, 1920, 2560),
        "aw": (590, 880, 2540),
        "u": (310, 870, 2250),
    }
    rng = np.random.default_rng(4)
    time = np.arange(0, 100, 0.125)
    waves, mels = [], []
    for vowel, frequencies in formants.items():
        parts = {
            f"F{k + 1}": a
            * np.sin(2 * np.pi * f / 1.105 * time / 1000)
            * np.exp(-0.3 * np.abs(rng.normal(size=time.size)))
            for k, (f, a) in enumerate(zip(frequencies, (0.5, 0.3, 0.15), strict=True))
        }
        parts = {"X": sum(parts.values()), **parts}
        waves += [
            (vowel, 1.105, signal, t, v) for signal, wave in parts.items() for t, v in zip(time, wave, strict=True)
        ]
        for speaker in np.round(np.arange(0.705, 1.3, 0.05), 3):
            for signal in parts:
                chosen = frequencies if signal == "X" else [frequencies[int(signal[1]) - 1]]
                for band in range(80):
                    hertz = 700 * (10 ** (band * 35.6 / 2595) - 1)
                    power = 10 * np.log10(sum(np.exp(-(((hertz - f / speaker) / 250) ** 2)) for f in chosen) + 1e-8)
                    mels.append((vowel, speaker, signal, band, power))
    return (
        pd.DataFrame(waves, columns=["vowel", "speaker_factor", "signal", "time_ms", "amplitude"]),
        pd.DataFrame(mels, columns=["vowel", "speaker_factor", "signal", "mel_band", "power_db"]),
    )


def example_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(5)
    signals, spectra = [], []
    for scale, n in [("frame", 400), ("sequence", 1000)]:
        time = np.arange(n) / (16000 if scale == "frame" else 4000)
        hertz = np.linspace(0, 8000, 257)
        tones = [a * np.sin(2 * np.pi * f * time) for f, a in [(310, 1.2), (870, 0.6), (2250, 0.3)]]
        mixture = sum(tones) + 0.1 * rng.normal(size=n)
        for method in ["filter", "ewt", "vmd", "emd"]:
            parts = {
                "X": mixture,
                **{f"OC{k + 1}": t * rng.uniform(0.8, 1) for k, t in enumerate(tones)},
                "sum": sum(tones),
            }
            bumps = [np.exp(-(((hertz - f) / 120) ** 2)) for f in (310, 870, 2250)]
            powers = {
                "X": bumps[0] + 0.3 * bumps[1] + 0.1 * bumps[2],
                "OC1": bumps[0],
                "OC2": bumps[1],
                "OC3": bumps[2],
            }
            powers["sum"] = powers["X"]
            signals += [(scale, method, c, t, v) for c, wave in parts.items() for t, v in zip(time, wave, strict=True)]
            spectra += [(scale, method, c, f, v) for c, p in powers.items() for f, v in zip(hertz, p, strict=True)]
    return (
        pd.DataFrame(signals, columns=["scale", "method", "component", "time_s", "amplitude"]),
        pd.DataFrame(spectra, columns=["scale", "method", "component", "frequency_hz", "power"]),
    )


def quality_table() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    formants = {"a": (710, 1100, 2540), "e": (550, 1770, 2490), "u": (310, 870, 2250)}
    rows = []
    for method in ("filter", "ewt", "vmd", "emd"):
        for frame in range(240):
            vowel, speaker = list(formants)[frame % 3], (0.765, 1.005, 1.245)[frame // 3 % 3]
            true = np.array(formants[vowel]) / speaker
            values = [("nrmse", "", 0.08 * rng.uniform(0.5, 1.5))]
            values += [("formant_hz", f"OC{k + 1}", f) for k, f in enumerate(true)]
            values += [("peak_hz", f"OC{k + 1}", f * rng.uniform(0.9, 1.1)) for k, f in enumerate(true)]
            values += [("correlation", pair, rng.beta(1, 12)) for pair in ("OC1-OC2", "OC1-OC3", "OC2-OC3")]
            rows += [(method, 3, "frame", frame, 0, vowel, speaker, frame % 20 == 0, *value) for value in values]
    columns = ["method", "n_components", "scale", "utterance", "frame", "content", "speaker", "overlap"]
    return pd.DataFrame(rows, columns=[*columns, "quantity", "item", "value"])


def corpus_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(7)
    rows, utterances = [], []
    for split, n in (("train", 300), ("dev", 60), ("test", 40)):
        seconds = rng.gamma(6, 0.6, n)
        utterances += [(split, f"{split}{k}", value) for k, value in enumerate(seconds)]
        rows += [(split, "utterances", None, None, n), (split, "seconds", None, None, seconds.sum())]
        for factor, names in {"phoneme": [f"p{k:02d}" for k in range(39)], "emotion": ["ang", "hap", "sad"]}.items():
            rows += [(split, "classes", factor, None, len(names)), (split, "coverage", factor, None, 0.93)]
            share = rng.dirichlet(np.ones(len(names))) * seconds.sum()
            rows += [(split, "seconds_of_class", factor, name, v) for name, v in zip(names, share, strict=True)]
    rows += [(None, "omitted", None, "SA sentences", 120), (None, "skipped", None, "unreadable audio", 2)]
    columns = ["split", "quantity", "factor", "class", "value"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(utterances, columns=["split", "utterance", "seconds"])


def training_metrics() -> pd.DataFrame:
    table = metrics_table()
    middle = table[table["checkpoint"] == "init"].assign(checkpoint="epoch-0010", epoch=10)
    epochs = table["checkpoint"].map({"init": 0, "best": 28})
    return pd.concat([table.assign(epoch=epochs), middle])


def published_table() -> pd.DataFrame:
    scores = {"disentanglement": 0.526, "informativeness": 0.81, "accuracy_vowel": 0.95, "f1_vowel": 0.9}
    rows = [("sim_vowels", name, score, value) for name in ("β-DecVAE FD", "VAE") for score, value in scores.items()]
    return pd.DataFrame(rows, columns=["corpus", "model", "score", "value"])


def cost_table() -> pd.DataFrame:
    rows = [("pretrain_model", 9, 9e4, 2e4, 7e4, 900.0), ("merge_metrics", 1, 0.4, 0.4, 0.0, None)]
    columns = ["rule", "jobs", "seconds", "longest_seconds", "cpu_seconds", "memory_mib"]
    return pd.DataFrame(rows, columns=columns)


def tables_of(script: str) -> dict[str, pd.DataFrame]:
    """The inputs of a script by argument name."""
    makers = {
        "metrics_lines.R": lambda: {"metrics": training_metrics()},
        "training_curves.R": lambda: {"history": history_table()},
        "latent_responses.R": lambda: {"responses": responses_table()},
        "response_maps.R": lambda: {"responses": responses_table()},
        "embedding.R": lambda: {"embedding": embedding_points()},
        "signals.R": lambda: {"signals": generative_tables()[0]},
        "corpus.R": lambda: dict(zip(["summary", "utterances"], corpus_tables(), strict=True)),
        "costs.R": lambda: {"rules": cost_table()},
        "component_quality.R": lambda: {"quality": quality_table()},
        "component_frequencies.R": lambda: {"quality": quality_table()},
    }
    return makers.get(script, lambda: {"metrics": metrics_table()})()


DEFINING_COLUMN = {
    "metrics_scatter.R": "aggregation",
    "metrics_bars.R": "ci_low",
    "metrics_lines.R": "epoch",
    "metrics_circular.R": "aggregation",
    "training_curves.R": "quantity",
    "latent_responses.R": "mean",
    "response_maps.R": "subspace",
    "embedding.R": "level",
    "corpus.R": "split",
    "costs.R": "longest_seconds",
    "signals.R": "time_ms",
    "component_quality.R": "value",
    "component_frequencies.R": "content",
}
OTHER_VIEWS = {
    "mel": ("signals.R", lambda: {"signals": generative_tables()[1]}),
    "front_end": ("signals.R", lambda: dict(zip(["signals", "spectra"], example_tables(), strict=True))),
    "correlograms": ("component_quality.R", lambda: {"quality": quality_table()}),
    "prior": ("embedding.R", lambda: {"embedding": embedding_points()}),
    "frames": ("component_frequencies.R", lambda: {"quality": quality_table()}),
}


def write_inputs(tables: dict[str, pd.DataFrame], folder: Path) -> dict[str, Path]:
    paths = {name: folder / f"{name}.csv" for name in tables}
    for name, table in tables.items():
        table.to_csv(paths[name], index=False)
    return paths


def draw(script: str, tables: dict[str, pd.DataFrame], folder: Path, environment=None, **parameters):
    outputs = {"pdf": folder / "figures" / "figure.pdf", "png": folder / "figures" / "figure.png"}
    parameters = {**needed_by(script), "dpi": 100, **parameters}
    figure = describe_figure(script, write_inputs(tables, folder), folder, parameters)
    return run_script(SCRIPTS / script, [figure, *outputs.values()], environment), outputs


def assert_drawn(done: subprocess.CompletedProcess, outputs: dict[str, Path], width_mm: float = 183) -> None:
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    assert outputs["pdf"].read_bytes().startswith(b"%PDF")
    with Image.open(outputs["png"]) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=float)
    assert pixels.shape[1] == pytest.approx(width_mm / 25.4 * 100, abs=2)
    assert pixels.std() > 10, "the picture is blank"
    edges = np.concatenate([pixels[:, :2], pixels[:, -2:]], axis=1)
    assert edges.min() == 255, "something is cut off at the left or the right"
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50, "the picture has hardly any colour"
    assert sorted(path.name for path in outputs["pdf"].parent.iterdir()) == ["figure.pdf", "figure.png"]


def assert_refused(done: subprocess.CompletedProcess, outputs: dict[str, Path], *words: str) -> None:
    assert done.returncode != 0
    for word in words:
        assert word in done.stderr
    assert not outputs["pdf"].exists() and not outputs["png"].exists()


@pytest.mark.parametrize("script", DEFINING_COLUMN)
def test_figure_is_drawn(script, tmp_path):
    assert_drawn(*draw(script, tables_of(script), tmp_path))


@pytest.mark.parametrize("script", DEFINING_COLUMN)
def test_missing_column_is_named(script, tmp_path):
    column = DEFINING_COLUMN[script]
    tables = {name: table.drop(columns=column, errors="ignore") for name, table in tables_of(script).items()}
    assert_refused(*draw(script, tables, tmp_path), f"lacks the column '{column}'", str(tmp_path))


@pytest.mark.parametrize("view", OTHER_VIEWS)
def test_every_view_of_a_script_is_drawn(view, tmp_path):
    script, tables = OTHER_VIEWS[view]
    assert_drawn(*draw(script, tables(), tmp_path, **{"views" if script == "embedding.R" else "view": view}))


@pytest.mark.parametrize("script", DEFINING_COLUMN)
def test_figure_of_a_single_column(script, tmp_path):
    assert_drawn(*draw(script, tables_of(script), tmp_path, width_mm=89), width_mm=89)


@pytest.mark.parametrize("view", OTHER_VIEWS)
def test_view_of_a_single_column(view, tmp_path):
    script, tables = OTHER_VIEWS[view]
    chosen = {"views" if script == "embedding.R" else "view": view}
    assert_drawn(*draw(script, tables(), tmp_path, width_mm=89, **chosen), width_mm=89)


def test_a_map_in_three_dimensions_is_drawn(tmp_path):
    assert_drawn(*draw("embedding.R", tables_of("embedding.R"), tmp_path, n_dims=3))


def test_sequence_scale_and_another_width(tmp_path):
    tables = OTHER_VIEWS["front_end"][1]()
    found = draw("signals.R", tables, tmp_path, view="front_end", scale="sequence", width_mm=120)
    assert_drawn(*found, width_mm=120)


def test_a_view_that_does_not_exist(tmp_path):
    words = "unknown view 'violins'; known are 'reconstruction_error', 'correlograms'"
    assert_refused(*draw("component_quality.R", {"quality": quality_table()}, tmp_path, view="violins"), words)


def test_the_same_input_gives_the_same_content(tmp_path):
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        assert_drawn(
            *draw("component_frequencies.R", {"quality": quality_table()}, tmp_path / str(number), view="frames")
        )
    first, second = (tmp_path / str(number) / "figures" for number in (1, 2))
    assert (first / "figure.png").read_bytes() == (second / "figure.png").read_bytes()
    dated = re.compile(rb"/CreationDate \(.*?\)")
    pages = [dated.sub(b"", (folder / "figure.pdf").read_bytes()) for folder in (first, second)]
    assert pages[0] == pages[1]


def test_embedding_of_inputs_has_no_run_and_no_vowel(tmp_path):
    points = embedding_points().assign(run=None, label=None, checkpoint=None, factor_vowel=None)
    assert_drawn(*draw("embedding.R", {"embedding": points}, tmp_path))


def test_greek_labels_survive_the_c_locale(tmp_path):
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    assert_drawn(*draw("embedding.R", tables_of("embedding.R"), tmp_path, environment))


def read_scores(tables: list[pd.DataFrame], calls: list[dict[str, str]], folder: Path, then: str) -> list[str]:
    """What R's read_scores() makes of each table: the text that ``then`` prints of `drawn`, or the error message."""
    (folder / "definitions.json").write_text(json.dumps(drawn_scores()))
    lines = [f"source('{SCRIPTS / 'figure.R'}')", "source_shared('scores.R')"]
    lines.append(f"score_parameters['definitions'] <- list(jsonlite::read_json('{folder / 'definitions.json'}', TRUE))")
    for index, (table, call) in enumerate(zip(tables, calls, strict=True)):
        path = folder / f"metrics{index}.csv"
        table.to_csv(path, index=False)
        words = [f"metrics = '{path}'", *(f"{key} = {value}" for key, value in call.items())]
        reading = f"drawn <- read_scores(modifyList(score_parameters, list({', '.join(words)})))"
        lines.append(f"cat(tryCatch({{{reading}; {then}}}, error = conditionMessage), '\\n')")
    return run_r(lines, folder)


def run_r(lines: list[str], folder: Path) -> list[str]:
    """What the lines of an R script print."""
    (folder / "script.R").write_text("\n".join(lines))
    done = subprocess.run(["Rscript", str(folder / "script.R")], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_scores_are_the_rows_asked_for(tmp_path):
    table = metrics_table()
    table = table[(table["label"] != "VAE") | (table["metric"] != "irs")]
    then = (
        f"readr::write_csv(drawn$scores, '{tmp_path / 'scores.csv'}'); undefined_note(drawn$scores, drawn$definitions)"
    )
    assert read_scores([table], [{}], tmp_path, then) == ["Not defined: VAE (Robustness (IRS)). "]
    # DecVAE is scored on all its subspaces, a baseline on its only one.
    found = pd.read_csv(tmp_path / "scores.csv")
    wanted = table[table["aggregation"] == np.where(table["model"] == "decvae", "all", "X")]
    for metric, factors, score in [
        ("disentanglement", "vowel+speaker", "disentanglement"),
        ("total_correlation_corr", "vowel+speaker", "total_correlation_corr"),
        ("accuracy", "speaker", "accuracy_speaker"),
        ("accuracy", "vowel", "accuracy_vowel"),
    ]:
        for checkpoint, state in [("best", "shown"), ("init", "untrained")]:
            rows = (wanted["metric"] == metric) & (wanted["factors"] == factors) & (wanted["checkpoint"] == checkpoint)
            expected = wanted[rows].set_index("run")["value"]
            values = found[(found["score"] == score) & (found["state"] == state)].set_index("run")["value"]
            assert len(values) == len(expected) > 0
            np.testing.assert_allclose(values[expected.index], expected)


def test_metric_tables_that_cannot_be_drawn(tmp_path):
    table = metrics_table()
    no_number = table.assign(value=table["value"].astype(object).where(table.index != 4, "x"))
    other_space = table.assign(aggregation=table["aggregation"].where(table["model"] != "pca", "OCs_joint"))
    unmeasured = (table["label"] == "PCA") & (table["factors"] == "speaker")
    lacking = "is incomplete: it lacks the rows model PCA (sim_vowels-pca-s0-000006), factors speaker"
    cases = [
        (table[~unmeasured], {}, lacking),
        (table, {"runs": "tibble(run = 'nobody', label = 'A')"}, "no rows that can be drawn for the run 'nobody'"),
        (table, {"checkpoint": "'last'"}, "branch 'Z', space 'mu' and checkpoint 'last'"),
        (table, {"classifier": "'svc'"}, "no accuracy by the classifier 'svc'; it has 'logistic_regression'"),
        (table.iloc[:0], {}, "has no rows: there is nothing to draw"),
        (no_number, {}, "column 'value' holds 'x' in data row 5, which is not a number"),
        (pd.concat([table, table]), {}, "has 2 rows for metric"),
        (table.assign(protocol="published"), {}, "no rows with protocol 'sound'; it has 'published'"),
        (other_space, {}, "scores neither the aggregation 'all' nor 'X' of 'PCA'"),
    ]
    messages = read_scores([case[0] for case in cases], [case[1] for case in cases], tmp_path, then="'drawn'")
    for index, (message, (_, _, expected)) in enumerate(zip(messages, cases, strict=True)):
        assert expected in message
        assert f"metrics{index}.csv" in message


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"chekpoint": "best"}, "figure.json has the unknown parameter 'chekpoint'; known are 'runs', 'checkpoint'"),
        ({"dpi": "high"}, "figure.json must be a number, found 'high'"),
        ({"palette": "rainbow"}, "figure.json has the unknown palette 'rainbow'; known are 'okabe_ito', 'tol_bright'"),
        ({"runs": [{"run": "nobody", "label": "A"}]}, "no rows that can be drawn for the run 'nobody'"),
    ],
)
def test_wrong_parameters_are_named(parameters, words, tmp_path):
    assert_refused(*draw("metrics_bars.R", {"metrics": metrics_table()}, tmp_path, **parameters), words)


def test_one_state_of_each_model_is_no_course(tmp_path):
    table = metrics_table()
    table = table[table["checkpoint"] == "best"].assign(epoch=28)
    assert_refused(*draw("metrics_lines.R", {"metrics": table}, tmp_path), "no run at two epochs or more")


def test_two_runs_in_one_response_table_are_refused(tmp_path):
    table = responses_table()
    both = pd.concat([table, table.assign(run="r2")])
    assert_refused(*draw("latent_responses.R", {"responses": both}, tmp_path), "draws one run at one checkpoint")


def test_classes_are_in_the_order_of_their_numbers(tmp_path):
    cases = {
        "c('control', '5-10', '0-1', '10-20', '20+')": "0-1 5-10 10-20 20+ control",
        "c('4B', 'control', '4A', '1', '4')": "1 4 4A 4B control",
        "c('u', 'I', 'aw', NA, 'a', '-x')": "-x a aw I u",
        "c('10', '9', '1.5', '-2')": "-2 1.5 9 10",
    }
    shown = [f"cat(levels(ordered_levels({values})), '\\n')" for values in cases]
    printed = run_r([f"source('{SCRIPTS / 'figure.R'}')", *shown], tmp_path)
    assert [line.strip() for line in printed] == list(cases.values())


def test_several_speakers_need_a_choice(tmp_path):
    table = tables_of("signals.R")["signals"]
    both = {"signals": pd.concat([table, table.assign(speaker_factor=0.9)])}
    assert_refused(*draw("signals.R", both, tmp_path), "speaker factors '1.105', '0.9': choose one by `speaker_factor`")
    assert_refused(*draw("signals.R", both, tmp_path, speaker_factor=1.1), "no rows with speaker_factor 1.1")
    assert_drawn(*draw("signals.R", both, tmp_path, speaker_factor=0.9))


def test_a_response_table_with_a_missing_cell_names_it(tmp_path):
    table = responses_table()
    gone = (table["factor_vowel"] == "I") & (table["factor_speaker"] == 0.725) & (table["subspace"] == "OC2")
    words = "it lacks the rows subspace OC2, factor_vowel I, factor_speaker 0.725"
    assert_refused(*draw("response_maps.R", {"responses": table[~gone]}, tmp_path), words)


@pytest.mark.parametrize("script", ["latent_responses.R", "response_maps.R"])
def test_responses_to_classes_and_a_third_factor_are_drawn(script, tmp_path):
    table = responses_table()
    table = table[table["factor_speaker"] < 0.8].rename(columns={"factor_speaker": "factor_king_stage"})
    table["factor_king_stage"] = "stage " + table["factor_king_stage"].astype(str)
    table = pd.concat([table.assign(factor_group=group) for group in ("HC", "ALS")])
    (tmp_path / "two").mkdir()
    assert_drawn(*draw(script, {"responses": table}, tmp_path / "two"))
    without = table.drop(columns=["factor_king_stage", "factor_group"])
    assert_refused(*draw(script, {"responses": without}, tmp_path), "needs two columns factor_NAME")


def test_a_figure_is_redrawn_by_hand_as_one_file(tmp_path):
    figure = describe_figure("costs.R", write_inputs({"rules": cost_table()}, tmp_path), tmp_path, {})
    done = run_script(SCRIPTS / "costs.R", [figure, tmp_path / "out.png"])
    assert done.returncode == 0, done.stderr
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".json", ".png"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tables": {}}, "figure.json lacks the table 'rules'; this figure needs 'rules'"),
        ({"tables": {"rules": "nowhere.csv"}}, "figure.json: the file nowhere.csv does not exist"),
        ({"tables": {"rulse": "nowhere.csv"}}, "figure.json has the unknown table 'rulse'; known are 'rules'"),
    ],
)
def test_a_description_that_cannot_be_drawn(change, words, tmp_path):
    figure = describe_figure("costs.R", write_inputs({"rules": cost_table()}, tmp_path), tmp_path, {})
    figure.write_text(json.dumps(json.loads(figure.read_text()) | change))
    done = run_script(SCRIPTS / "costs.R", [figure, tmp_path / "out.png"])
    assert done.returncode != 0 and words in done.stderr


@pytest.mark.parametrize("words", [[], ["figure.json"], ["figure.json", "out.jpg"]])
def test_a_command_that_is_none_shows_its_use(words, tmp_path):
    done = run_script(SCRIPTS / "costs.R", words)
    assert done.returncode != 0 and "Usage: Rscript visualize_R/FAMILY.R figure.json out.pdf" in done.stderr


def test_text_that_is_no_json_is_named(tmp_path):
    (tmp_path / "figure.json").write_text("{family: costs")
    done = run_script(SCRIPTS / "costs.R", [tmp_path / "figure.json", tmp_path / "out.png"])
    assert done.returncode != 0 and "figure.json cannot be read" in done.stderr


def test_scripts_in_a_folder_with_spaces_find_each_other(tmp_path):
    folder = shutil.copytree(SCRIPTS, tmp_path / "a folder" / "visualize_R")
    figure = describe_figure("costs.R", write_inputs({"rules": cost_table()}, tmp_path), tmp_path, {})
    done = run_script(folder / "costs.R", [figure, tmp_path / "an image.png"])
    assert done.returncode == 0 and (tmp_path / "an image.png").is_file(), done.stderr


def test_many_runs_with_names_in_greek_are_drawn(tmp_path):
    history = history_table()
    first = history[history["run"] == "r1-aaaaaa"].query("branch == 'all'")
    runs = [f"r{number}-β" for number in range(400)]
    table = pd.concat([first[:3].assign(run=run) for run in runs])
    shown = shown_runs(runs, ["β-VAE FD"] * len(runs))
    assert_drawn(*draw("training_curves.R", {"history": table}, tmp_path, runs=shown))
