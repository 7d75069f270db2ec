"""Settings of the inputs of models."""

from __future__ import annotations

from typing import Literal

from decvae.settings.base import Section, setting


class MelSettings(Section):
    """Mel front end (Slaney scale and norm); the defaults are the published ones."""

    n_mels: int = setting(80, "Mel bands from 0 Hz to half the sampling rate.", ge=1)
    columns: int = setting(5, "Positions of the Hann window along a frame.", ge=2)
    dynamic_range_db: float = setting(
        80.0, "Power this far (dB) below the maximum of a level within an utterance is the floor.", gt=0
    )


class FFTSettings(Section):
    """Power spectrum of each frame."""

    dynamic_range_db: float = setting(80.0, "The same for spectra.", gt=0)
    sequence: Literal["blocks", "whole"] = setting(
        "blocks", "Sequences as the spectra of abutting frames, or as one of as many points as samples (published)."
    )


class WaveformSettings(Section):
    """Samples."""

    standardise: Literal["levels", "none"] = setting(
        "levels",
        "Each level to unit variance within the utterance, or none beyond the utterance's own (published), which keeps "
        "how strong a component is.",
    )


class FeatureSettings(Section):
    """Settings of every input of models."""

    mel: MelSettings = setting(MelSettings(), "Mel patches; n_mels x columns must be the 400 samples of a frame.")
    fft: FFTSettings = setting(FFTSettings(), "Power spectrum of each frame, as many values as samples.")
    waveform: WaveformSettings = setting(WaveformSettings(), "Samples of each level.")
