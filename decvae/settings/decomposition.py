"""Settings of the decomposition: frozen dataclasses whose defaults are the published ones for SimVowels.

Frequencies are in Hz, durations in ms. A method reads only its own section and the shared values: see
:func:`method_settings`, which is what caches are named and hashed by.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin, get_type_hints

METHODS = ("filter", "ewt", "vmd", "emd")
GROUPINGS = ("equally_distribute", "high_freqs_first", "low_freqs_first", "frequency_groups")
SEQUENCE_GROUPINGS = (*GROUPINGS, "top_k")
SCALES = ("frame", "sequence")
N_COMPONENTS_RANGE = (2, 12)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(f"decomposition settings: {message}")


def _require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    _require(value in choices, f"{name} is {value!r}, must be one of {', '.join(choices)}")


@dataclass(frozen=True)
class PeakSettings:
    """Detection of spectral peaks and of the bands around them (:mod:`decvae.decomposition.peaks`).

    The speech range is divided into ``n_intervals`` intervals whose edges follow ``k ** power_law``; each gives its
    most prominent peaks. Above half of the sampling rate the range is cut.
    """

    lower_hz: float = 50.0  # speech range
    upper_hz: float = 5000.0
    n_intervals: int = 5
    power_law: float = 0.8  # < 1: upper intervals are narrower, > 1: wider
    peaks_per_interval: int = 6
    global_threshold: float = 0.001  # smallest maximum of an interval, relative to the maximum of the spectrum
    prominence_threshold: float = 0.01  # smallest prominence, relative to the largest of the interval
    min_distance_hz: float = 150.0  # between two peaks
    bandwidth_hz: float = 200.0  # of the band around a peak
    window_ms: float = 8.25  # Hann segments of the Welch spectrum: 132 samples at 16 kHz
    overlap_ms: float = 0.625
    resolution_hz: float = 31.25  # bin spacing: 512 points at 16 kHz

    def __post_init__(self) -> None:
        _require(0 < self.lower_hz < self.upper_hz, "peaks: 0 < lower_hz < upper_hz is needed")
        _require(self.n_intervals >= 1, "peaks: n_intervals must be at least 1")
        _require(self.peaks_per_interval >= 1, "peaks: peaks_per_interval must be at least 1")
        for name in ("power_law", "window_ms", "resolution_hz"):
            _require(getattr(self, name) > 0, f"peaks: {name} must be positive")
        _require(0 <= self.overlap_ms < self.window_ms, "peaks: overlap_ms must lie in [0, window_ms)")
        for name in ("global_threshold", "prominence_threshold"):
            _require(0 <= getattr(self, name) < 1, f"peaks: {name} must lie in [0, 1)")
        _require(self.min_distance_hz >= 0, "peaks: min_distance_hz must not be negative")
        _require(self.bandwidth_hz >= 2 * self.resolution_hz, "peaks: bandwidth_hz must be at least 2 resolution_hz")


@dataclass(frozen=True)
class BoundarySettings:
    """Where the bands of the filter bank and of the EWT come from (:mod:`decvae.decomposition.boundaries`)."""

    source: str = "detected"  # in each spectrum | given (edges_hz) | random (the same for all signals, by seed)
    edges_hz: tuple[float, ...] = ()  # given: the edges of n bands are n + 1 ascending numbers
    lower_hz: float = 50.0  # random: outermost edges
    upper_hz: float = 5000.0
    min_width_hz: float = 200.0  # random: of a band
    seed: int = 0  # random

    def __post_init__(self) -> None:
        _require_choice("boundaries: source", self.source, ("detected", "given", "random"))
        _require(0 < self.lower_hz < self.upper_hz, "boundaries: 0 < lower_hz < upper_hz is needed")
        _require(self.min_width_hz > 0, "boundaries: min_width_hz must be positive")
        _require(self.seed >= 0, "boundaries: seed must not be negative")
        if self.source == "given":
            ascending = all(a < b for a, b in itertools.pairwise((0.0, *self.edges_hz)))
            _require(
                len(self.edges_hz) >= 2 and ascending, "boundaries: edges_hz must be 2 or more, ascending, above 0"
            )


@dataclass(frozen=True)
class FilterSettings:
    """Filter bank: zero-phase Butterworth filters on the bands."""

    order: int = 2  # of the low-pass prototype; the band-pass filter has twice this order
    partition: bool = False  # bands without gap or overlap, which add up to the signal

    def __post_init__(self) -> None:
        _require(self.order >= 1, "filter: order must be at least 1")


@dataclass(frozen=True)
class EWTSettings:
    """Empirical wavelet transform (Gilles 2013): where the spectrum is cut into bands."""

    smoothing: str = "gaussian"  # of the magnitude spectrum before its maxima are sought: gaussian | average | none
    smoothing_bins: int = 11  # length of the kernel; odd, so that it is centred
    smoothing_sigma_bins: float = 2.0  # Gaussian only; 2 bins are 80 Hz on a 25 ms frame
    log_spectrum: bool = False
    sequence_bandwidth_hz: float = 60.0  # sequence scale: standard deviation of the Gaussian; 0 = kernel of the frames
    sequence_separation_hz: float = 150.0  # sequence scale: smallest distance of two maxima; 0 = none
    completion: bool = False  # too few maxima: cut the last band equally (else those components are absent)
    filters: str = "tight"  # squared and open at the top, which add up to the signal | single, as ewtpy
    low_band: str = "first"  # what lies below the first boundary is added to OC1 (first) or left over (residual)

    def __post_init__(self) -> None:
        _require_choice("ewt: smoothing", self.smoothing, ("gaussian", "average", "none"))
        _require_choice("ewt: filters", self.filters, ("tight", "single"))
        _require_choice("ewt: low_band", self.low_band, ("first", "residual"))
        _require(self.smoothing_bins >= 1 and self.smoothing_bins % 2 == 1, "ewt: smoothing_bins must be odd")
        _require(self.smoothing_sigma_bins > 0, "ewt: smoothing_sigma_bins must be positive")
        _require(self.sequence_bandwidth_hz >= 0, "ewt: sequence_bandwidth_hz must not be negative")
        _require(self.sequence_separation_hz >= 0, "ewt: sequence_separation_hz must not be negative")


@dataclass(frozen=True)
class VMDSettings:
    """Variational mode decomposition (Dragomiretskiy and Zosso 2014), on signals of unit variance."""

    alpha: float = 1500.0  # bandwidth penalty, in 1 / (cycles per sample) ** 2
    tau: float = 0.0  # step of the dual ascent; 0 leaves the noise out of the modes
    dc_mode: bool = False  # hold the first mode at 0 Hz
    init: str = "random"  # centre frequencies at the start: zero | uniform | random (log-uniform, seeded)
    tolerance: float = 1e-8  # stop when the mean squared change of all modes falls below
    max_iterations: int = 499
    restarts: int = 0  # frequency correction: new random starts at most, while the centre frequencies are implausible
    min_gap_hz: float = 240.0  # plausible: distances of neighbouring centre frequencies
    max_gap_hz: float = 1800.0
    highest_hz: float = 5000.0  # plausible: the highest centre frequency

    def __post_init__(self) -> None:
        _require(self.restarts >= 0, "vmd: restarts must not be negative")
        _require(0 <= self.min_gap_hz < self.max_gap_hz, "vmd: 0 <= min_gap_hz < max_gap_hz is needed")
        _require(self.highest_hz > 0, "vmd: highest_hz must be positive")
        _require_choice("vmd: init", self.init, ("zero", "uniform", "random"))
        _require(self.alpha > 0, "vmd: alpha must be positive")
        _require(self.tau >= 0, "vmd: tau must not be negative")
        _require(0 < self.tolerance < 1, "vmd: tolerance must lie in (0, 1)")
        _require(self.max_iterations >= 2, "vmd: max_iterations must be at least 2")


@dataclass(frozen=True)
class EMDSettings:
    """Empirical mode decomposition (Huang et al. 1998), on signals of unit variance; names follow PyEMD."""

    spline: str = "pchip"  # of the envelopes: pchip | cubic_hermite | cubic | akima
    extrema: str = "simple"  # simple (at samples) | parabol (interpolated)
    max_iterations: int = 1000  # siftings of one mode
    max_modes: int | None = None  # besides the residue; null = number of components
    energy_ratio_threshold: float = 5e-3
    std_threshold: float = 0.1
    scaled_variance_threshold: float = 0.01
    total_power_threshold: float = 1e-4
    range_threshold: float = 1e-3

    def __post_init__(self) -> None:
        _require_choice("emd: spline", self.spline, ("pchip", "cubic_hermite", "cubic", "akima"))
        _require_choice("emd: extrema", self.extrema, ("simple", "parabol"))
        _require(self.max_iterations >= 1, "emd: max_iterations must be at least 1")
        _require(self.max_modes is None or self.max_modes >= 1, "emd: max_modes must be at least 1")
        for item in dataclasses.fields(self):
            if item.name.endswith("_threshold"):
                _require(getattr(self, item.name) > 0, f"emd: {item.name} must be positive")


@dataclass(frozen=True)
class NotchSettings:
    """Band-stop filter against mains hum, on the whole utterance before anything else."""

    enabled: bool = True
    lower_hz: float = 55.0
    upper_hz: float = 70.0
    order: int = 4

    def __post_init__(self) -> None:
        _require(0 < self.lower_hz < self.upper_hz, "notch: 0 < lower_hz < upper_hz is needed")
        _require(self.order >= 1, "notch: order must be at least 1")


@dataclass(frozen=True)
class DecompositionSettings:
    """Everything that determines the components of a signal.

    Attributes
    ----------
    method : {"filter", "ewt", "vmd", "emd"}
    n_components, n_components_seq : int
        Components of a frame and of a whole utterance, 2 to 12.
    grouping_frame, grouping_sequence : str
        How more modes than components are summed to components, see :func:`decvae.decomposition.grouping.group_sizes`;
        ``top_k`` (sequences only) keeps the strongest modes and leaves the others to the residual;
        ``frequency_groups`` sums the modes of fixed frequency ranges, so that OCk has the same range in every signal
        (an absent one then keeps its place). For ``filter`` and ``emd``.
    frequency_groups_hz : tuple of float
        Limits of these ranges; C components take the first C - 1, the last range is open.
    weak_frame, weak_sequence : float
        A mode is dropped if the peak of its power spectral density stays below this value, in 1/Hz, relative to a
        signal of unit variance (so that loudness does not decide).
    silence_rms : float
        A signal of at most this standard deviation (in the unit of the signal) is silence: all components are absent.
        With 0 only constant signals are.
    silence_low_rms, silence_low_hz : float
        The same for signals whose spectrum has its peak at or below ``silence_low_hz`` (hum, breath); 0: no difference.
    storage : {"float32", "float16"}
        Type of the samples in a cache; float16 halves its size and keeps about 3 digits.
    """

    method: str = "filter"
    n_components: int = 3
    n_components_seq: int = 3
    grouping_frame: str = "equally_distribute"
    grouping_sequence: str = "equally_distribute"
    weak_frame: float = 1e-5
    weak_sequence: float = 1e-6
    silence_rms: float = 0.0
    silence_low_rms: float = 0.0
    silence_low_hz: float = 250.0
    frequency_groups_hz: tuple[float, ...] = (1200.0, 2210.0, 3200.0, 4120.0)
    storage: str = "float32"
    boundaries: BoundarySettings = field(default_factory=BoundarySettings)
    peaks: PeakSettings = field(default_factory=PeakSettings)
    notch: NotchSettings = field(default_factory=NotchSettings)
    filter: FilterSettings = field(default_factory=FilterSettings)
    ewt: EWTSettings = field(default_factory=EWTSettings)
    vmd: VMDSettings = field(default_factory=VMDSettings)
    emd: EMDSettings = field(default_factory=EMDSettings)

    def __post_init__(self) -> None:
        _require_choice("method", self.method, METHODS)
        _require_choice("grouping_frame", self.grouping_frame, GROUPINGS)
        _require_choice("grouping_sequence", self.grouping_sequence, SEQUENCE_GROUPINGS)
        lowest, highest = N_COMPONENTS_RANGE
        for name in ("n_components", "n_components_seq"):
            value = getattr(self, name)
            _require(lowest <= value <= highest, f"{name} is {value}, must lie in {lowest}..{highest}")
        for name in ("weak_frame", "weak_sequence", "silence_rms", "silence_low_rms", "silence_low_hz"):
            _require(getattr(self, name) >= 0, f"{name} must not be negative")
        _require_choice("storage", self.storage, ("float32", "float16"))
        groups = self.frequency_groups_hz
        _require(all(a < b for a, b in itertools.pairwise((0.0, *groups))), "frequency_groups_hz must ascend from 0")
        for grouping, count in (
            (self.grouping_frame, self.n_components),
            (self.grouping_sequence, self.n_components_seq),
        ):
            _require(
                grouping != "frequency_groups" or len(groups) >= count - 1,
                f"frequency_groups_hz has {len(groups)} limits; {count} components need {count - 1}",
            )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DecompositionSettings:
        """Build from nested plain dicts; missing keys take their defaults.

        Raises
        ------
        ValueError
            For unknown keys, values of a wrong type and values out of range; the message names the key.

        >>> DecompositionSettings.from_dict({"method": "vmd", "vmd": {"alpha": 2000}}).vmd.alpha
        2000.0
        """
        return _build(cls, values, "")


def _build(cls: type, values: Any, where: str) -> Any:
    _require(isinstance(values, dict), f"{where or 'settings'} must be a mapping, found {values!r}")
    types = get_type_hints(cls)
    unknown = sorted(set(values) - set(types))
    _require(
        not unknown,
        f"unknown key {', '.join(repr(where + key) for key in unknown)}; known are {', '.join(types)}",
    )
    return cls(**{key: _convert(types[key], value, where + key) for key, value in values.items()})


def _convert(kind: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, f"{where}.")
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        _require(isinstance(value, (list, tuple)), f"{where} must be a list, found {value!r}")
        return tuple(_convert(item, entry, f"{where}[{place}]") for place, entry in enumerate(value))
    allowed = get_args(kind) or (kind,)
    if float in allowed and type(value) is int:
        return float(value)
    names = " or ".join("null" if item is type(None) else item.__name__ for item in allowed)
    _require(type(value) in allowed, f"{where} must be {names}, found {value!r}")
    return value


# The sections and shared values that the result of each method depends on. EWT and VMD give at most as many modes as
# components, so that grouping never applies to them.
_SHARED = (
    *("method", "n_components", "n_components_seq", "weak_frame", "weak_sequence"),
    *("silence_rms", "silence_low_rms", "silence_low_hz", "notch", "storage"),
)
_GROUPING = ("grouping_frame", "grouping_sequence", "frequency_groups_hz")
_OWN = {
    "filter": (*_GROUPING, "boundaries", "peaks", "filter"),
    "ewt": ("boundaries", "ewt"),
    "vmd": ("vmd",),
    "emd": (*_GROUPING, "emd"),
}


def method_settings(settings: DecompositionSettings) -> dict[str, Any]:
    """The part of the settings that the result of the chosen method depends on, as plain nested dicts.

    A setting of VMD is not in the part of EWT, so that changing it makes no EWT cache stale.
    """
    plain = dataclasses.asdict(settings)
    return {key: plain[key] for key in (*_SHARED, *_OWN[settings.method])}
