"""From recordings to latents in one call: normalisation, decomposition, features and the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.signal import resample_poly
from torch import Tensor

from decvae.artifacts import ArtifactError
from decvae.corpora.store import check_audio
from decvae.decomposition.cache import decompose_utterance, with_signal
from decvae.features.batches import decvae_batch, move
from decvae.features.extract import frame_features, sequence_features
from decvae.framing import SPEECH, Framing, cut_frames, frame_length
from decvae.settings.decomposition import DecompositionSettings
from decvae.settings.features import FeatureSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from decvae.features.store import FeatureFile

Latents = dict[str, dict[str, np.ndarray]]  # branch -> name (mu, logvar, features, present) -> rows of one utterance


@dataclass(frozen=True)
class BranchLatents:
    """Latents of one branch; ``latents["OC1"]`` are the means of one subspace, (rows, d).

    Attributes
    ----------
    subspaces : tuple of str
        X, OC1..OCC[, OCs_proj].
    mu, logvar : (rows, n_subspaces, d) float32
        A row per frame (branch Z), or one row (branch S).
    features : (rows, C + 1, projection_dim) float32
    present : (rows, C) bool
        The component is there; the latents of an absent one say nothing.
    centre_hz : (rows, C) float32
        Centre frequency of each component in Hz, NaN where absent.
    """

    subspaces: tuple[str, ...]
    mu: np.ndarray
    logvar: np.ndarray
    features: np.ndarray
    present: np.ndarray
    centre_hz: np.ndarray

    def __getitem__(self, subspace: str) -> np.ndarray:
        if subspace not in self.subspaces:
            raise KeyError(f"there is no subspace {subspace!r}; there are {', '.join(self.subspaces)}")
        return self.mu[:, self.subspaces.index(subspace)]


@dataclass(frozen=True)
class Encoding:
    """Latents of one recording.

    Attributes
    ----------
    times : (F,) float64
        Centre of every frame in s.
    z, s : BranchLatents or None
        Branch Z has a row per frame, branch S one row; None where the model lacks the branch.
    """

    times: np.ndarray
    z: BranchLatents | None = None
    s: BranchLatents | None = None


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

    def __init__(self, audio: np.ndarray, preprocessing: dict[str, Any], seed: int):
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


def encode(
    model: PreTrainedModel,
    waveform: np.ndarray | Tensor | Sequence[np.ndarray | Tensor],
    sampling_rate: int,
    *,
    seed: int = 0,
) -> Encoding | list[Encoding]:
    """Latents of one or several recordings; see :meth:`decvae.models.modeling_decvae.DecVAEModel.encode`."""
    made = model.config.preprocessing
    lacking = [key for key in ("sampling_rate", "framing", "decomposition", "features", "input") if key not in made]
    if lacking or not isinstance(made["decomposition"], dict):
        raise ValueError(
            f"the model's configuration does not say how its inputs were made: `preprocessing` lacks "
            f"{lacking or ['decomposition settings']}. Train it with this version, or set config.preprocessing"
        )
    single = isinstance(waveform, Tensor) or (isinstance(waveform, np.ndarray) and waveform.dtype != object)
    recordings = [waveform] if single else list(waveform)
    framing, found = Framing(**made["framing"]), []
    for index, item in enumerate(recordings):
        audio = prepare_audio(item, sampling_rate, made["sampling_rate"], f"recording {index}", framing)
        found.append(_encode_recording(model, Recording(audio, made, seed)))
    return found[0] if single else found


def prepare_audio(
    waveform: np.ndarray | Tensor, sampling_rate: int, target_rate: int, name: str, framing: Framing = SPEECH
) -> np.ndarray:
    """One channel of float32 samples at ``target_rate``.

    Raises
    ------
    ValueError
        If it is not one channel, has NaN, infinite or only zero samples, or is shorter than one frame.
    """
    audio = np.asarray(waveform.detach().cpu() if isinstance(waveform, Tensor) else waveform, dtype=np.float32)
    check_audio(audio, name)
    if sampling_rate != int(sampling_rate) or sampling_rate < 1:
        raise ValueError(f"sampling_rate must be a positive whole number of Hz, found {sampling_rate}")
    if sampling_rate != target_rate:
        common = gcd(int(sampling_rate), target_rate)
        audio = resample_poly(audio, target_rate // common, int(sampling_rate) // common).astype(np.float32)
    if len(audio) < (shortest := frame_length(target_rate, framing)):
        raise ValueError(f"{name}: {len(audio)} samples at {target_rate} Hz are less than one frame of {shortest}")
    return audio


def latents_of(model: PreTrainedModel, data: FeatureFile | Recording, indices: Sequence[int]) -> list[Latents]:
    """Latents of some utterances as one batch, in evaluation mode: {branch: {"mu": (rows, n_subspaces, d), ...}}.

    Raises
    ------
    ArtifactError
        If model and data have another number of components.
    """
    config, training = model.config, model.training
    for branch, found in {"Z": data.n_components, "S": data.n_components_seq}.items():
        if found != config.components(branch):
            raise ArtifactError(
                f"{data.path} has {found} components for branch {branch}, the checkpoint {config.components(branch)}"
            )
    batch = move(decvae_batch(data, indices, config.branches), model.device)
    with torch.inference_mode():
        output = model.eval()(**batch)
    model.train(training)
    latents: list[Latents] = [{} for _ in indices]
    for row, found in enumerate(latents):
        if output.z is not None:
            rows = batch["frame_mask"][row]
            found["Z"] = {name: value[row, rows] for name, value in output.z.items()}
            found["Z"]["present"] = batch["frames_present"][row, rows]
        if output.s is not None:
            found["S"] = {name: value[row : row + 1] for name, value in output.s.items()}
            found["S"]["present"] = batch["sequence_present"][row : row + 1]
    return [{branch: {n: _array(v) for n, v in part.items()} for branch, part in found.items()} for found in latents]


def _array(values: Tensor) -> np.ndarray:
    return (values.float() if values.is_floating_point() else values).cpu().numpy()


def _encode_recording(model: PreTrainedModel, recording: Recording) -> Encoding:
    (latents,) = latents_of(model, recording, [0])
    branches = {}
    for branch, scale in (("Z", "frames"), ("S", "sequences")):
        if branch in latents:
            centres = recording.parts[f"{scale}/centre_hz"]
            subspaces = tuple(model.config.subspaces(branch))
            branches[branch.lower()] = BranchLatents(subspaces, **latents[branch], centre_hz=centres)
    framing = recording.framing
    times = np.arange(recording.n_frames(0)) * framing.hop_seconds + framing.frame_seconds / 2
    return Encoding(times, **branches)
