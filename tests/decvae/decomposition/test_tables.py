import numpy as np
import pandas as pd
import pytest

from decvae.artifacts import provenance, write_table
from decvae.corpora.simvowels import simulate
from decvae.corpora.store import Corpus, Utterance, write_corpus
from decvae.decomposition import tables as module
from decvae.decomposition.cache import DecompositionCache, write_cache
from decvae.decomposition.quality import correlogram, nrmse
from decvae.decomposition.tables import SAMPLE_COLUMNS, SUMMARY_COLUMNS, example_tables, quality_tables
from decvae.settings.corpora import SimVowelsSettings
from decvae.settings.decomposition import METHODS, DecompositionSettings

FS = 16000


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A corpus and its cache, whose third component is often absent."""
    folder = tmp_path_factory.mktemp("quality")
    settings = SimVowelsSettings.parse({"utterance_seconds": 0.5, "n_utterances": {"train": 1, "dev": 1, "test": 10}})
    simulate(folder / "corpus.h5", settings, 0)
    settings = DecompositionSettings(n_components=3, n_components_seq=2, weak_frame=1e-4)
    write_cache(folder / "corpus.h5", "test", folder / "test.h5", settings, seed=0, state_dir=folder / "state")
    return folder / "corpus.h5", folder / "test.h5"


@pytest.fixture(scope="module")
def tables(made):
    return quality_tables(*made)


def row(summary, **wanted):
    kept = summary[np.logical_and.reduce([summary[key] == value for key, value in wanted.items()])]
    assert len(kept) == 1
    return kept.iloc[0]


def test_tables_are_tidy(tables):
    summary, sample = tables
    assert tuple(summary.columns) == SUMMARY_COLUMNS and tuple(sample.columns) == SAMPLE_COLUMNS
    assert set(summary["content"]) == {"all", "a", "e", "I", "aw", "u"}
    quantities = {"nrmse", "absent", "centre_hz", "peak_hz", "energy_share", "correlation"}
    assert set(summary["quantity"]) == quantities | {"formant_hz"}
    assert set(summary[summary["scale"] == "sequence"]["quantity"]) == quantities
    assert (
        sample["value"].notna().all()
        and not sample.duplicated(["scale", "utterance", "frame", "quantity", "item"]).any()
    )


def test_values_are_those_of_the_stored_components(made, tables):
    summary, sample = tables
    with DecompositionCache(made[1]) as cache:
        frames = np.concatenate([cache.frames(i) for i in range(len(cache))])
        present = cache.quantity("frame", "present")
    x, components = frames[:, 0], frames[:, 1:]
    errors, matrices = nrmse(x, components), correlogram(components, present)
    found = row(summary, scale="frame", content="all", quantity="nrmse")
    np.testing.assert_allclose([found["mean"], found["sd"]], [np.nanmean(errors), np.nanstd(errors)], rtol=1e-4)
    found = row(summary, scale="frame", content="all", quantity="correlation", item="OC2-OC3")
    np.testing.assert_allclose(found["mean"], np.nanmean(matrices[:, 1, 2]), rtol=1e-3)
    assert found["n"] == np.isfinite(matrices[:, 1, 2]).sum() == present[:, 2].sum() < len(present)
    found = row(summary, scale="frame", content="all", quantity="absent", item="OC3")
    np.testing.assert_allclose(found["mean"], 1 - present[:, 2].mean())
    energy = (components[:, 0] ** 2).sum(axis=1) / (x**2).sum(axis=1)
    found = row(summary, scale="frame", content="all", quantity="energy_share", item="OC1")
    np.testing.assert_allclose(found["median"], np.median(energy), rtol=1e-4)
    shown = sample[(sample["scale"] == "frame") & (sample["quantity"] == "nrmse")]["value"]
    np.testing.assert_allclose(shown, errors, rtol=1e-4)


def test_formants_are_those_of_the_frames_vowel_and_speaker(made, tables):
    sample = tables[1]
    true = sample[(sample["quantity"] == "formant_hz") & (sample["item"] == "OC2")]
    second = {"a": 1100, "e": 1770, "I": 1920, "aw": 880, "u": 870}
    expected = true["content"].map(second) / true["speaker"].astype(float)
    np.testing.assert_allclose(true["value"], expected)
    with Corpus(made[0]) as corpus:
        split = corpus["test"]
        labels, overlap = split.frame_labels("vowel", 4)
        names = split.class_names("vowel")
    mine = true[true["utterance"] == 4].sort_values("frame")
    assert mine["content"].tolist() == [names[code] for code in labels]
    assert mine["overlap"].tolist() == overlap.tolist()


def test_detected_frequencies_follow_the_first_formant(tables):
    wide = (
        tables[1]
        .query("item == 'OC1' and not overlap")
        .pivot_table(index=["utterance", "frame"], columns="quantity", values="value")
    )
    assert np.corrcoef(wide["peak_hz"], wide["formant_hz"])[0, 1] > 0.8


def test_classes_count_frames_inside_one_label_only(made, tables):
    with Corpus(made[0]) as corpus:
        labels = [corpus["test"].frame_labels("vowel", i) for i in range(10)]
        code = corpus["test"].class_names("vowel").index("e")
    inside = sum(((label == code) & ~overlap).sum() for label, overlap in labels)
    assert row(tables[0], scale="frame", content="e", quantity="absent", item="OC1")["n"] == inside


def test_the_sample_is_limited_and_even(made, monkeypatch):
    monkeypatch.setattr(module, "SAMPLE_FRAMES", 50)
    _, sample = quality_tables(*made)
    errors = sample[sample["quantity"] == "nrmse"]
    assert (errors["scale"] == "frame").sum() == 50 and (errors["scale"] == "sequence").sum() == 10
    assert errors["utterance"].nunique() == 10


def test_tables_are_written_as_csv(tables, tmp_path):
    for name, table in zip(("summary", "sample"), tables, strict=True):
        write_table(table, tmp_path / f"{name}.csv", float_format="%.6g")
    summary = pd.read_csv(tmp_path / "summary.csv")
    np.testing.assert_allclose(summary["mean"], tables[0]["mean"], rtol=1e-5)
    assert len(pd.read_csv(tmp_path / "sample.csv")) == len(tables[1])


@pytest.fixture
def toy(tmp_path, make_vowel):
    rng = np.random.default_rng(0)
    audio = np.concatenate([0.1 * make_vowel(rng, 1600), make_vowel(rng, 1600, (400, 1920, 2560)), np.zeros(3200)])
    audio[1400:1800] *= 5  # the loudest frames straddle the change at 1600
    edges = np.array([0, 1600, 6400])
    interval = (edges[:-1], edges[1:], np.array([0, 1]))
    utterance = Utterance(id="u0", audio=audio.astype(np.float32), intervals={"vowel": interval})
    path = tmp_path / "corpus.h5"
    write_corpus(
        path,
        {"dev": [utterance]},
        corpus="toy",
        sampling_rate=FS,
        class_names={"vowel": ["a", "b"]},
        provenance=provenance({}, 0),
    )
    return path


def test_examples_are_tidy(toy):
    methods = {method: DecompositionSettings(method=method, n_components_seq=4) for method in METHODS}
    signals, spectra = example_tables(toy, "dev", 0, methods)
    assert list(signals.columns) == ["scale", "method", "component", "time_s", "amplitude"]
    assert list(spectra.columns) == ["scale", "method", "component", "frequency_hz", "power"]
    assert set(signals.method) == set(METHODS) == set(spectra.method)
    for (scale, _), table in signals.groupby(["scale", "method"]):
        n = 3 if scale == "frame" else 4
        wide = table.pivot(index="time_s", columns="component", values="amplitude")
        assert set(wide.columns) == {"X", "sum", *(f"OC{k}" for k in range(1, n + 1))}
        assert len(wide) == (400 if scale == "frame" else 4000)
        np.testing.assert_allclose(wide[[f"OC{k}" for k in range(1, n + 1)]].sum(axis=1), wide["sum"], atol=1e-12)
    assert spectra.groupby(["scale", "method", "component"]).power.max().isin([0.0, 1.0]).all()
    assert (spectra[spectra.component == "X"].groupby(["scale", "method"]).power.max() == 1.0).all()


def test_frame_is_the_loudest_within_one_label(toy):
    signals, _ = example_tables(toy, "dev", 0, {"filter": DecompositionSettings()})
    start = round(signals[signals.scale == "frame"].time_s.min() * FS)
    # Frames start every 320 samples; those from 1280 straddle the change at 1600, 1600 is the loudest that does not.
    assert start == 1600


def test_unknown_utterance(toy):
    with pytest.raises(IndexError, match="no index 1"):
        example_tables(toy, "dev", 1, {"filter": DecompositionSettings()})
