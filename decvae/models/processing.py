"""From recordings to a model's inputs: resampling, normalisation, decomposition and features as in training."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from torch import Tensor

from decvae.corpora.audio import resample
from decvae.corpora.store import check_audio
from decvae.decomposition.cache import decompose_utterance, with_signal
from decvae.features.extract import frame_features, sequence_features
from decvae.framing import SPEECH, Framing, cut_frames, frame_length
from decvae.settings.decomposition import DecompositionSettings
from decvae.settings.features import FeatureSettings

Waveform = np.ndarray | Tensor


class Recording:
    """One recording, decomposed and turned into a model's inputs; reads like a feature file of one utterance.

    Parameters
    ----------
    audio : (T,)
        At the sampling rate of ``preprocessing``.
    preprocessing : dict
        ``input``, ``sampling_rate``, ``framing``, ``decomposition``, ``features``: that of
        :class:`decvae.features.store.FeatureFile`.
    seed : int
        Of decompositions with a random start (VMD).
    """

    path = "the recording"

    def __init__(self, audio: np.ndarray, preprocessing: dict[str, Any], seed: int) -> None:
        fs, kind = preprocessing["sampling_rate"], preprocessing["input"]
        settings = DecompositionSettings.parse(preprocessing["decomposition"])
        features = FeatureSettings.parse(preprocessing["features"])
        self.framing = Framing(**preprocessing["framing"])
        self.frame_length = frame_length(fs, self.framing)
        self.n_components, self.n_components_seq = settings.n_components, settings.n_components_seq
        rng = np.random.default_rng(seed)
        self.parts = decompose_utterance(audio, fs, settings, rng, framing=self.framing)
        signal = self.parts["signal"].astype(np.float32)
        frames = with_signal(cut_frames(signal, fs, self.framing), self.parts["frames/components"])
        sequence = with_signal(signal, self.parts["sequences/components"])
        self._frames = frame_features(frames, kind, features, fs)
        self._sequence = sequence_features(sequence, kind, features, fs, self.frame_length)

    def n_frames(self, index: int) -> int:
        """Frames of the recording."""
        return len(self._frames)

    def frames(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Frame features (F, C + 1, L) and presence (F, C)."""
        return self._frames, self.parts["frames/present"]

    def sequence(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Sequence features (C_seq + 1, T') and presence (C_seq,)."""
        return self._sequence, self.parts["sequences/present"][0]


def process(
    waveforms: Sequence[Waveform], sampling_rate: int, preprocessing: dict[str, Any], *, seed: int = 0
) -> list[Recording]:
    """Inputs of some recordings, made as ``preprocessing`` of a model's configuration says; see :class:`Recording`.

    Raises
    ------
    ValueError
        If ``preprocessing`` does not say it all, or a recording is refused by :func:`prepare_audio`.
    """
    needed = ("sampling_rate", "framing", "decomposition", "features", "input")
    lacking = [key for key in needed if key not in preprocessing]
    if lacking or not isinstance(preprocessing["decomposition"], dict):
        raise ValueError(
            f"the model's configuration does not say how its inputs were made: `preprocessing` lacks "
            f"{lacking or ['decomposition settings']}. Train it with this version, or set config.preprocessing"
        )
    framing, found = Framing(**preprocessing["framing"]), []
    for index, waveform in enumerate(waveforms):
        name = f"recording {index}"
        audio = prepare_audio(waveform, sampling_rate, preprocessing["sampling_rate"], name, framing)
        found.append(Recording(audio, preprocessing, seed))
    return found


def prepare_audio(
    waveform: Waveform, sampling_rate: int, target_rate: int, name: str, framing: Framing = SPEECH
) -> np.ndarray:
    """One channel of float32 samples at ``target_rate``.

    Raises
    ------
    ValueError
        If it is no array of one channel, (T,), (1, T) or (T, 1), has NaN, infinite or equal samples only, or is shorter
        than one frame.
    """
    if isinstance(waveform, (str, bytes, PathLike)):
        raise ValueError(f"{name} is the path {waveform!r}: pass its samples, as of soundfile.read, and their rate")
    if isinstance(waveform, Tensor):
        waveform = waveform.detach().cpu().float().numpy()
    audio = np.asarray(waveform, dtype=np.float32)
    if audio.ndim == 0:
        raise ValueError(f"{name} is one number: pass an array of samples, or a list of such arrays")
    if audio.ndim == 2 and 1 in audio.shape:
        audio = audio.reshape(-1)
    if audio.ndim == 2:
        raise ValueError(f"{name} has shape {audio.shape}, which is several channels: pass one of them, or their mean")
    check_audio(audio, name)
    if sampling_rate != int(sampling_rate) or sampling_rate < 1:
        raise ValueError(f"sampling_rate must be a positive whole number of Hz, found {sampling_rate}")
    if sampling_rate != target_rate:
        audio = resample(audio, int(sampling_rate), target_rate)
    if len(audio) < (shortest := frame_length(target_rate, framing)):
        raise ValueError(f"{name}: {len(audio)} samples at {target_rate} Hz are less than one frame of {shortest}")
    return audio
