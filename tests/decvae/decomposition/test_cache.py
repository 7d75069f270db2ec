import json
import shutil

import h5py
import numpy as np
import pytest

from decvae.artifacts import ArtifactError, as_plain, provenance
from decvae.corpora.store import Corpus, Utterance, write_corpus
from decvae.decomposition import cache
from decvae.decomposition.cache import DecompositionCache, utterance_generator, write_cache
from decvae.decomposition.decompose import decompose
from decvae.decomposition.filterbank import normalise_utterance, notch
from decvae.framing import count_frames, cut_frames
from decvae.settings.decomposition import METHODS, DecompositionSettings, method_settings

FS = 16000

LENGTHS = (2000, 3333, 400, 2500, 1800)
VMD = DecompositionSettings(method="vmd", n_components=3, n_components_seq=2)


def make_corpus(path, audios):
    utterances = [Utterance(id=f"u{i}", audio=np.asarray(a, dtype=np.float32)) for i, a in enumerate(audios)]
    write_corpus(
        path, {"train": utterances}, corpus="toy", sampling_rate=FS, class_names={}, provenance=provenance({}, 0)
    )
    return path


@pytest.fixture
def corpus(tmp_path, make_vowel):
    rng = np.random.default_rng(0)
    return make_corpus(tmp_path / "corpus.h5", [0.1 * make_vowel(rng, n) for n in LENGTHS])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(cache, "_BLOCK", 2)


def make(corpus, path, settings=VMD, **options):
    write_cache(corpus, "train", path, settings, **{"seed": 3, "state_dir": path.with_suffix(".state"), **options})
    return path.read_bytes()


def test_contents(corpus, tmp_path):
    path = tmp_path / "out" / "train.h5"
    make(corpus, path)
    with DecompositionCache(path) as result:
        assert len(result) == 5 and result.utterance_ids == [f"u{i}" for i in range(5)]
        assert result.attrs["method"] == "vmd" and result.attrs["corpus"] == "toy" and result.attrs["split"] == "train"
        assert result.sampling_rate == FS and result.settings == VMD
        assert json.loads(result.attrs["provenance"])["seed"] == 3
        np.testing.assert_array_equal(np.diff(result.offsets), [count_frames(n) for n in LENGTHS])
        with Corpus(corpus) as source:
            for index, length in enumerate(LENGTHS):
                rows = slice(*result.offsets[index : index + 2])
                x = notch(normalise_utterance(source["train"].audio(index)), FS)
                rng = utterance_generator(3, "train", index)
                frames = decompose(cut_frames(x), fs=FS, settings=VMD, rng=rng)
                sequence = decompose(x, fs=FS, scale="sequence", settings=VMD, rng=rng)
                signal = result.frames(index)
                assert signal.shape == (count_frames(length), 4, 400) and signal.dtype == np.float32
                np.testing.assert_array_equal(signal[:, 0], cut_frames(x).astype(np.float32))
                np.testing.assert_allclose(signal[:, 1:], frames.components, atol=1e-6)
                np.testing.assert_array_equal(result.quantity("frame", "present")[rows], frames.present)
                centre_hz = result.quantity("frame", "centre_hz")[rows]
                np.testing.assert_allclose(centre_hz, frames.centre_hz, rtol=1e-6)
                assert result.sequence(index).shape == (3, length)
                np.testing.assert_array_equal(result.sequence(index)[0], x.astype(np.float32))
                np.testing.assert_array_equal(result.signal(index), result.sequence(index)[0])
                np.testing.assert_allclose(result.sequence(index)[1:], sequence.components, atol=1e-6)
                np.testing.assert_array_equal(result.quantity("sequence", "present")[index], sequence.present)
                centre_hz = result.quantity("sequence", "centre_hz")[index]
                np.testing.assert_allclose(centre_hz, sequence.centre_hz, rtol=1e-6)


def interrupt(corpus, path, monkeypatch):
    """Leave the shards of a job that was killed before it joined them."""

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cache, "_join_shards", killed)
        with pytest.raises(KeyboardInterrupt):
            make(corpus, path)
    assert not path.exists()
    return path.with_suffix(".state")


@pytest.fixture
def made(monkeypatch):
    """First utterances of the blocks that are decomposed from now on."""
    starts, write = [], cache._write_shard
    monkeypatch.setattr(cache, "_write_shard", lambda job, start: (starts.append(start), write(job, start)))
    return starts


@pytest.mark.parametrize("method", METHODS)
def test_a_cache_of_the_published_decomposition_holds_what_its_settings_give(corpus, tmp_path, method):
    path, settings = tmp_path / "train.h5", DecompositionSettings.published(method, n_components=4)
    make(corpus, path, settings)
    with DecompositionCache(path) as result, Corpus(corpus) as source:
        assert method_settings(result.settings) == method_settings(settings)
        x = notch(normalise_utterance(source["train"].audio(0)), FS)
        rng = utterance_generator(3, "train", 0)
        expected = decompose(cut_frames(x, FS), fs=FS, settings=settings, rng=rng)
        assert np.array_equal(result.frames(0)[:, 1:], expected.components.astype(np.float32))
        assert np.array_equal(result.quantity("frame", "present")[: len(expected.present)], expected.present)


def test_workers_change_nothing(corpus, tmp_path):
    assert make(corpus, tmp_path / "a.h5") == make(corpus, tmp_path / "b.h5", workers=2)
    assert not (tmp_path / "a.state").exists()


def test_a_killed_job_resumes_with_the_same_result(corpus, tmp_path, monkeypatch, made):
    expected = make(corpus, tmp_path / "a.h5")
    state = interrupt(corpus, tmp_path / "b.h5", monkeypatch)
    shards = sorted(state.glob("train-*.h5"))
    assert len(shards) == 3
    # One shard is whole, one is missing but for a half-written file, one is cut short.
    shards[1].unlink()
    (state / f".{shards[1].name}.partial-1").write_bytes(b"half")
    shards[2].write_bytes(shards[2].read_bytes()[:1000])
    made.clear()
    assert make(corpus, tmp_path / "b.h5") == expected
    assert made == [2, 4]
    assert not state.exists()


@pytest.mark.parametrize(
    ("change", "remade"),
    [
        ({}, []),
        ({"settings": DecompositionSettings.parse({**as_plain(VMD), "ewt": {"completion": True}})}, []),
        ({"settings": DecompositionSettings.parse({**as_plain(VMD), "weak_frame": 1e-4})}, [0, 2, 4]),
        ({"seed": 4}, [0, 2, 4]),
        ({"fingerprint": "other code"}, [0, 2, 4]),
        ({"engine": "torch"}, [0, 2, 4]),
    ],
)
def test_only_shards_of_the_same_origin_are_used(corpus, tmp_path, monkeypatch, made, change, remade):
    interrupt(corpus, tmp_path / "a.h5", monkeypatch)
    made.clear()
    make(corpus, tmp_path / "a.h5", **change)
    assert made == remade


def test_shards_of_other_audio_are_not_used(corpus, tmp_path, monkeypatch, made):
    interrupt(corpus, tmp_path / "a.h5", monkeypatch)
    made.clear()
    with Corpus(corpus) as source:
        audios = [source["train"].audio(i) for i in range(len(LENGTHS))]
    audios[3] = audios[3][::-1]
    make_corpus(corpus, audios)
    make(corpus, tmp_path / "a.h5")
    assert made == [2]


@pytest.mark.parametrize(
    ("audio", "named"),
    [
        (np.full(1000, np.nan), "u1.*NaN"),
        (np.zeros(1000), "u1.*samples are 0"),
        (np.ones(399) * np.arange(399), "u1.*399 samples"),
    ],
)
@pytest.mark.parametrize(("method", "workers"), [("filter", 1), ("filter", 2), ("ewt", 1), ("vmd", 1), ("emd", 1)])
def test_unusable_utterances_are_named_with_their_file(
    tmp_path, monkeypatch, audio, named, method, workers, make_vowel
):
    monkeypatch.setattr("decvae.corpora.store.check_audio", lambda *args: None)  # a file written by someone else
    rng = np.random.default_rng(0)
    path = make_corpus(tmp_path / "bad.h5", [make_vowel(rng, 500), audio])
    monkeypatch.undo()
    with pytest.raises(ValueError, match=f"bad.h5.*{named}"):
        make(path, tmp_path / "out.h5", DecompositionSettings(method=method), workers=workers)
    assert not (tmp_path / "out.h5").exists()


def test_missing_split_and_foreign_files_are_refused(corpus, tmp_path):
    with pytest.raises(KeyError, match="no split 'dev'"):
        write_cache(corpus, "dev", tmp_path / "x.h5", VMD, seed=0, state_dir=tmp_path / "state")
    with pytest.raises(ArtifactError, match=r"corpus\.h5 has format 'decvae-corpus'.*delete this one"):
        DecompositionCache(corpus)
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["signal"] = np.zeros(3)
    with pytest.raises(ArtifactError, match=r"foreign\.h5 has format None.*delete this one"):
        DecompositionCache(tmp_path / "foreign.h5")
    make(corpus, tmp_path / "a.h5", DecompositionSettings(method="ewt"))
    short = tmp_path / "short.h5"
    shutil.copy(tmp_path / "a.h5", short)
    short.write_bytes(short.read_bytes()[:5000])
    with pytest.raises(ArtifactError, match=r"short\.h5.*cut short.*Delete it"):
        DecompositionCache(short)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file.attrs["format_version"] = 1
    with pytest.raises(ArtifactError, match=r"a\.h5 has format version 1.*Delete it"):
        DecompositionCache(tmp_path / "a.h5")


def test_a_missing_block_is_refused(corpus, tmp_path):
    make(corpus, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file["blocks/0000001"]
    with pytest.raises(ArtifactError, match=r"a\.h5: its index .* and its signals .* disagree.*Delete it"):
        DecompositionCache(tmp_path / "a.h5")


def test_a_cache_can_be_moved(corpus, tmp_path):
    make(corpus, tmp_path / "a.h5")
    with DecompositionCache(tmp_path / "a.h5") as cache:
        expected = [cache.frames(index) for index in range(len(cache))]
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "a.h5").rename(tmp_path / "elsewhere" / "b.h5")
    with DecompositionCache(moved) as cache:
        for index, frames in enumerate(expected):
            np.testing.assert_array_equal(cache.frames(index), frames)


def test_engine_and_device_are_recorded(corpus, tmp_path):
    settings = DecompositionSettings(method="ewt")
    make(corpus, tmp_path / "a.h5", settings)
    make(corpus, tmp_path / "b.h5", settings, engine="torch", device="cpu")
    with DecompositionCache(tmp_path / "a.h5") as default, DecompositionCache(tmp_path / "b.h5") as other:
        for cache, engine in ((default, "batched"), (other, "torch")):
            record = json.loads(cache.attrs["provenance"])["settings"]
            assert (record["engine"], record["device"]) == (engine, "cpu")
        for index in range(len(default)):
            np.testing.assert_allclose(other.frames(index), default.frames(index), atol=1e-6)
            np.testing.assert_allclose(other.sequence(index), default.sequence(index), atol=1e-6)
