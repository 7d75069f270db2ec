import numpy as np
import pytest

from decvae.artifacts import provenance
from decvae.corpora.store import Utterance, write_corpus
from decvae.decomposition.examples import example_tables
from decvae.settings.decomposition import METHODS, DecompositionSettings

FS = 16000


@pytest.fixture
def corpus(tmp_path, make_vowel):
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


def test_tables(corpus):
    methods = {method: DecompositionSettings(method=method, n_components_seq=4) for method in METHODS}
    signals, spectra = example_tables(corpus, "dev", 0, methods)
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


def test_frame_is_the_loudest_within_one_label(corpus):
    signals, _ = example_tables(corpus, "dev", 0, {"filter": DecompositionSettings()})
    start = round(signals[signals.scale == "frame"].time_s.min() * FS)
    # Frames start every 320 samples; those from 1280 straddle the change at 1600, 1600 is the loudest that does not.
    assert start == 1600


def test_unknown_utterance(corpus):
    with pytest.raises(IndexError, match="no index 1"):
        example_tables(corpus, "dev", 1, {"filter": DecompositionSettings()})
