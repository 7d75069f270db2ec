"""From a recording to latents: equal to the workflow's, resampled, named, and refused with reasons."""

import numpy as np
import pytest
import soundfile
import torch
from scipy.signal import resample_poly
from transformers import AutoModel

from decvae.corpora.ingest import ingest_corpus
from decvae.corpora.store import Corpus
from decvae.decomposition.cache import DecompositionCache
from decvae.evaluation.encode import SplitFiles, encode_splits
from decvae.evaluation.latents import read_latents
from decvae.features.extract import write_features
from decvae.features.store import FeatureFile
from decvae.models.checkpoints import resolve_checkpoint
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.modeling_decvae import DecVAEModel
from decvae.models.processing import prepare_audio
from decvae.settings.corpora import FolderSettings
from decvae.settings.features import FeatureSettings
from decvae.training.pretrain import build_model, pretrain_run


@pytest.fixture
def model(study, run_settings):
    """An untrained model that knows how its inputs are made."""
    return build_model(run_settings, FeatureFile(study.features["train"]), 0).decvae


def _audio(study, index, split="dev"):
    with Corpus(study.corpus) as corpus:
        return corpus[split].audio(index)


@pytest.mark.parametrize("kind", ["mel", "waveform", "fft"])
def test_a_corpus_utterance_has_the_latents_that_the_workflow_writes(study, run_settings, tmp_path, kind):
    files = {split: tmp_path / f"{split}.h5" for split in ("train", "dev")}
    for split, path in files.items():
        write_features(study.decompositions[split], path, kind, FeatureSettings())
    run_settings["input"], run_settings["training"]["max_epochs"] = kind, 1
    pretrain_run(run_settings, files["train"], files["dev"], tmp_path, device="cpu", fingerprint="x")
    encode_splits(tmp_path, "best", [SplitFiles("dev", files["dev"], study.corpus, tmp_path / "latents.h5")])
    tables = read_latents([tmp_path / "latents.h5"])
    loaded = AutoModel.from_pretrained(resolve_checkpoint(tmp_path, "best")[0])
    assert isinstance(loaded, DecVAEModel)
    found = loaded.encode(_audio(study, 4), 16000)
    for branch, latents in (("Z", found.z), ("S", found.s)):
        rows = tables[branch].utterance == 4
        np.testing.assert_allclose(latents.mu, tables[branch].mu[rows], atol=1e-5)
        np.testing.assert_allclose(latents.logvar, tables[branch].logvar[rows], atol=1e-5)
        assert list(latents.subspaces) == tables[branch].subspaces
        np.testing.assert_array_equal(latents["OC2"], latents.mu[:, 2])


def test_frame_times_presence_and_centre_frequencies(study, model):
    found = model.encode(_audio(study, 1), 16000)
    assert found.times[:2].tolist() == [0.0125, 0.0325]
    assert len(found.times) == len(found.z.mu) == 19
    with DecompositionCache(study.decompositions["dev"]) as cache:
        rows = slice(*cache.offsets[1:3])
        np.testing.assert_array_equal(found.z.present, cache.quantity("frame", "present")[rows])
        np.testing.assert_array_equal(found.z.centre_hz, cache.quantity("frame", "centre_hz")[rows])
        np.testing.assert_array_equal(found.s.present[0], cache.quantity("sequence", "present")[1])
    assert found.s.mu.shape[0] == 1
    with pytest.raises(KeyError, match="no subspace 'OC9'; there are X, OC1, OC2, OC3"):
        found.z["OC9"]


def test_lists_tensors_and_scales_give_the_same(study, model):
    audio = _audio(study, 0)
    expected = model.encode(audio, 16000)
    model.train()
    tensor, louder = model.encode([torch.from_numpy(audio), 5 * audio], 16000)
    assert model.training
    np.testing.assert_array_equal(tensor.z.mu, expected.z.mu)
    np.testing.assert_allclose(louder.z.mu, expected.z.mu, atol=1e-4)


def test_other_sampling_rates_are_resampled(study, model):
    times = np.arange(8000) / 8000
    tone = prepare_audio(np.sin(2 * np.pi * 440 * times), 8000, 16000, "tone")
    exact = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    np.testing.assert_allclose(tone[1000:-1000], exact[1000:-1000], atol=5e-3)
    audio = _audio(study, 2)
    with_rate = model.encode(resample_poly(audio, 3, 1), 48000)
    plain = model.encode(audio, 16000)
    assert with_rate.z.mu.shape == plain.z.mu.shape
    assert np.corrcoef(with_rate.s.mu.ravel(), plain.s.mu.ravel())[0, 1] > 0.9


def test_a_file_of_another_rate_has_the_latents_of_its_corpus(model, tmp_path):
    time = np.arange(12000) / 8000
    audio = np.sin(2 * np.pi * 500 * time) + 0.1 * np.random.default_rng(0).normal(size=12000)
    for split in ("train", "dev", "test"):
        soundfile.write(tmp_path / f"{split}.wav", 0.2 * audio, 8000, subtype="FLOAT")
    rows = "".join(f"{split}.wav,{split},{mood}\n" for split, mood in zip(("train", "dev", "test"), "aba", strict=True))
    (tmp_path / "manifest.csv").write_text("path,split,mood\n" + rows)
    ingest_corpus(tmp_path, FolderSettings(), tmp_path / "out.h5", corpus="mine", seed=0)
    with Corpus(tmp_path / "out.h5") as corpus:
        stored = corpus["dev"].audio(0)
    samples, rate = soundfile.read(tmp_path / "dev.wav")
    np.testing.assert_array_equal(prepare_audio(samples, rate, 16000, "dev"), stored)
    np.testing.assert_array_equal(model.encode(samples, rate).z.mu, model.encode(stored, 16000).z.mu)


def test_one_channel_as_torchaudio_and_soundfile_give_it(study, model):
    audio = _audio(study, 1)
    expected = model.encode(audio, 16000).z.mu
    for shape in ((1, -1), (-1, 1)):
        np.testing.assert_array_equal(model.encode(audio.reshape(shape), 16000).z.mu, expected)
    np.testing.assert_array_equal(model.encode(torch.from_numpy(audio)[None], 16000).z.mu, expected)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-4), ("float16", 0.1), ("bfloat16", 0.3)])
def test_models_of_other_precisions_encode(study, model, dtype, tolerance):
    audio = _audio(study, 1)
    expected = model.encode(audio, 16000)
    found = model.to(getattr(torch, dtype)).encode(audio, 16000)
    for one, other in ((found.z.mu, expected.z.mu), (found.s.mu, expected.s.mu)):
        assert one.dtype == np.float32
        assert np.abs(one - other).max() < tolerance * max(1, np.abs(other).max())


def test_a_recording_of_one_frame_has_latents(study, model):
    found = model.encode(_audio(study, 0)[:400], 16000)
    assert found.times.tolist() == [0.0125]
    assert all(np.isfinite(latents.mu).all() for latents in (found.z, found.s))


@pytest.mark.parametrize(
    ("audio", "rate", "message"),
    [
        (np.zeros(800), 16000, "recording 0: all samples are 0: nothing sounds"),
        (np.full(800, np.nan), 16000, "sample 0 is NaN or infinite"),
        (np.ones((2, 800)), 16000, r"recording 0 has shape \(2, 800\), which is several channels"),
        ([0.1, 0.2], 16000, "recording 0 is one number: pass an array of samples"),
        (["a.wav"], 16000, "recording 0 is the path 'a.wav': pass its samples"),
        (np.ones((2, 2, 800)), 16000, "must be a non-empty 1-D array"),
        (np.arange(399), 16000, "399 samples at 16000 Hz are less than one frame of 400"),
        (np.arange(800), 0, "sampling_rate must be a positive whole number"),
    ],
)
def test_bad_recordings_are_refused(model, audio, rate, message):
    with pytest.raises(ValueError, match=message):
        model.encode(audio, rate)


def test_a_model_that_does_not_know_its_inputs_says_so():
    with pytest.raises(ValueError, match=r"`preprocessing` lacks .'sampling_rate'"):
        DecVAEModel(DecVAEConfig(branches="Z", branch_z={"conv_dim": [4] * 7})).encode(np.ones(800), 16000)
