"""Settings of the decomposition. ``preset: published`` makes them those of the published code (:data:`PUBLISHED`).

A method reads only its own section and the shared values: see :func:`method_settings`, which is what caches are named
and hashed by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, ModelWrapValidatorHandler, model_validator

from decvae.settings.base import Items, Section, mistake, setting

Method = Literal["filter", "ewt", "vmd", "emd"]
Grouping = Literal["equally_distribute", "high_freqs_first", "low_freqs_first", "frequency_groups"]
SequenceGrouping = Literal[Grouping, "top_k"]
Frequencies = Items[Annotated[float, Field(gt=0)]]
METHODS: tuple[Method, ...] = get_args(Method)
SCALES = ("frame", "sequence")
Components = Annotated[int, Field(ge=2, le=12)]


def _check_range(section: BoundarySettings | PeakSettings | NotchSettings) -> None:
    if section.lower_hz >= section.upper_hz:
        raise mistake("lower_hz", f"is {section.lower_hz:g}; it must be less than `upper_hz` ({section.upper_hz:g}).")


class BoundarySettings(Section):
    """Where the bands of the filter bank and of the EWT come from (:mod:`decvae.decomposition.bands`)."""

    source: Literal["detected", "given", "random"] = setting(
        "detected", "In each spectrum, from edges_hz, or at random (by seed, the same for all frames)."
    )
    edges_hz: Frequencies = setting(
        (),
        "Edges of n bands for source given, n + 1 ascending numbers in Hz (ewt takes at most n_components bands, the "
        "last up to half the sampling rate).",
    )
    lower_hz: float = setting(50.0, "Lower end of random bands, in Hz.", gt=0)
    upper_hz: float = setting(5000.0, "Upper end of random bands, in Hz.", gt=0)
    min_width_hz: float = setting(200.0, "Smallest width of a random band, in Hz.", gt=0)
    seed: int = setting(0, "Seed of random bands.", ge=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_range(self)
        edges = list(self.edges_hz)
        if self.source == "given" and (len(edges) < 2 or edges != sorted(set(edges))):
            raise mistake("edges_hz", f"is {edges}; source `given` needs two or more ascending edges.")
        return self


class PeakSettings(Section):
    """Detection of spectral peaks and of the bands around them (:mod:`decvae.decomposition.bands`).

    The speech range is divided into ``n_intervals`` intervals whose edges follow ``k ** power_law``; each gives its
    most prominent peaks. Above half of the sampling rate the range is cut. At 16 kHz the Hann segments of the Welch
    spectrum are 132 samples long, and it has 512 points.
    """

    search: Literal["spectrum", "published"] = setting(
        "spectrum",
        "Peaks and prominences in the whole spectrum, or inside each interval with the published choice of peaks.",
    )
    lower_hz: float = setting(50.0, "Lower end of the speech range, in Hz.", gt=0)
    upper_hz: float = setting(5000.0, "Upper end of the speech range, in Hz.", gt=0)
    n_intervals: int = setting(5, "Intervals that the range is divided into.", ge=1)
    power_law: float = setting(0.8, "Exponent of the edges; below 1 the upper intervals are narrower.", gt=0)
    peaks_per_interval: int = setting(6, "Most prominent peaks taken from each interval.", ge=1)
    global_threshold: float = setting(0.001, "Smallest maximum of an interval, relative to the spectrum's.", ge=0, lt=1)
    prominence_threshold: float = setting(0.01, "Smallest prominence, relative to the interval's largest.", ge=0, lt=1)
    min_distance_hz: float = setting(150.0, "Smallest distance of two peaks, in Hz.", ge=0)
    bandwidth_hz: float = setting(200.0, "Width of the band around a peak, in Hz.", gt=0)
    window_ms: float = setting(8.25, "Segments of the Welch spectrum, in ms.", gt=0)
    overlap_ms: float = setting(0.625, "Overlap of the segments, in ms.", ge=0)
    resolution_hz: float = setting(31.25, "Bin spacing of the spectrum, in Hz.", gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_range(self)
        if self.overlap_ms >= self.window_ms:
            raise mistake(
                "overlap_ms", f"is {self.overlap_ms:g}; it must be less than `window_ms` ({self.window_ms:g})."
            )
        if self.bandwidth_hz < 2 * self.resolution_hz:
            least = 2 * self.resolution_hz
            raise mistake(
                "bandwidth_hz", f"is {self.bandwidth_hz:g}; at least 2 `resolution_hz` ({least:g}) are needed."
            )
        return self


class NotchSettings(Section):
    """Band-stop filter against mains hum, on the whole utterance before anything else."""

    enabled: bool = setting(True, "Whether to filter.")
    lower_hz: float = setting(55.0, "Lower edge of the stop band, in Hz.", gt=0)
    upper_hz: float = setting(70.0, "Upper edge of the stop band, in Hz.", gt=0)
    order: int = setting(4, "Order of the Butterworth filter.", ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_range(self)
        return self


class FilterSettings(Section):
    """Filter bank: zero-phase Butterworth filters on the bands; a band-pass has twice the order of its prototype."""

    order: int = setting(2, "Order of the Butterworth prototype.", ge=1)
    partition: bool = setting(False, "Bands without gap or overlap, which add up to the signal.")


class EWTSettings(Section):
    """Empirical wavelet transform (Gilles 2013): where the spectrum is cut into bands.

    On a 25 ms frame, 2 bins are 80 Hz. The band below the first boundary is added to OC1 (``first``) or left over.
    """

    smoothing: Literal["gaussian", "average", "none"] = setting(
        "gaussian", "Smoothing of the magnitude spectrum before its maxima are sought."
    )
    smoothing_bins: int = setting(
        11, "Length of the smoothing kernel in bins; an even one is half a bin off centre (10 is published).", ge=1
    )
    smoothing_sigma_bins: float = setting(2.0, "Standard deviation of the Gaussian kernel, in bins.", gt=0)
    log_spectrum: bool = setting(False, "Seek the maxima in the logarithmic spectrum.")
    sequence_bandwidth_hz: float = setting(
        60.0, "Sequences; standard deviation of the Gaussian, in Hz (0 takes the kernel of the frames).", ge=0
    )
    sequence_separation_hz: float = setting(150.0, "Sequences; smallest distance of two maxima, in Hz.", ge=0)
    completion: bool = setting(
        False, "Cut the last band where there are too few maxima, instead of leaving components absent."
    )
    filters: Literal["tight", "single"] = setting(
        "tight", "Squared filters, which add up to the signal, or filters applied once, as ewtpy."
    )
    low_band: Literal["first", "residual"] = setting("first", "Where the band below the first boundary goes.")


class VMDSettings(Section):
    """Variational mode decomposition (Dragomiretskiy and Zosso 2014), on signals of unit variance.

    ``init: random`` draws the centre frequencies log-uniformly, by seed.
    """

    alpha: float = setting(1500.0, "Bandwidth penalty, in 1 / (cycles per sample)^2.", gt=0)
    tau: float = setting(0.0, "Step of the dual ascent; 0 leaves noise out of the modes.", ge=0)
    dc_mode: bool = setting(False, "Hold the first mode at 0 Hz.")
    init: Literal["zero", "uniform", "random"] = setting("random", "Centre frequencies at the start.")
    tolerance: float = setting(1e-8, "Stop when the mean squared change of the modes falls below.", gt=0, lt=1)
    max_iterations: int = setting(499, "Iterations at most.", ge=2)
    restarts: int = setting(
        0, "Frequency correction; new random starts at most while the centre frequencies are implausible.", ge=0
    )
    min_gap_hz: float = setting(
        240.0, "Frequency correction; smallest plausible distance of neighbouring centre frequencies, in Hz.", ge=0
    )
    max_gap_hz: float = setting(1800.0, "Frequency correction; largest plausible distance, in Hz.", gt=0)
    highest_hz: float = setting(5000.0, "Frequency correction; highest plausible centre frequency, in Hz.", gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_gap_hz >= self.max_gap_hz:
            raise mistake(
                "min_gap_hz", f"is {self.min_gap_hz:g}; it must be less than `max_gap_hz` ({self.max_gap_hz:g})."
            )
        return self


class EMDSettings(Section):
    """Empirical mode decomposition (Huang et al. 1998), on signals of unit variance; names follow PyEMD."""

    spline: Literal["pchip", "cubic_hermite", "cubic"] = setting("pchip", "Spline of the envelopes.")
    extrema: Literal["simple", "parabol"] = setting("simple", "Extrema at samples or interpolated.")
    max_iterations: int = setting(1000, "Siftings of one mode at most.", ge=1)
    max_modes: int | None = setting(None, "Modes besides the residue; null takes the number of components.", ge=1)
    energy_ratio_threshold: float = setting(
        5e-3, "Sifting stops when the relative energy of a change falls below.", gt=0
    )
    std_threshold: float = setting(0.1, "Sifting stops when the normalised squared change falls below.", gt=0)
    scaled_variance_threshold: float = setting(
        0.01, "Sifting stops when the scaled variance of a change falls below.", gt=0
    )
    total_power_threshold: float = setting(
        1e-4, "Decomposition stops when the residue's summed magnitude falls below.", gt=0
    )
    range_threshold: float = setting(1e-3, "Decomposition stops when the residue's range falls below.", gt=0)


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of :data:`PUBLISHED` laid under the given ones; sections that are made already stay as they are."""
    found = {}
    for key, value in PUBLISHED.items():
        given = values.get(key)
        if key not in values:
            found[key] = value
        elif isinstance(value, dict) and isinstance(given, Mapping):
            found[key] = {**value, **given}
    return found


PUBLISHED: dict[str, Any] = {
    "group_sizes": "published",
    "absent_place": "published",
    "row_order": "published",
    "amplitude": "signal",
    "peaks": {"search": "published"},
    "ewt": {
        "smoothing_bins": 10,
        "sequence_bandwidth_hz": 0.0,
        "sequence_separation_hz": 0.0,
        "filters": "single",
        "low_band": "residual",
    },
}
"""What ``preset: published`` sets where a configuration does not; all else is the same as published (SimVowels)."""


class DecompositionSection(Section):
    """What every run may share: see :func:`decvae.decomposition.grouping.group_sizes` on the groupings.

    With ``frequency_groups``, OCk has the same range in every signal, and an absent component keeps its place. What is
    weak is told on signals of unit variance, so that loudness does not decide; silence in the unit of the signal.
    """

    preset: Literal["default", "published"] = setting(
        "default",
        "Defaults of this section; published takes the published code's for every key that is not given "
        "(docs/method.md lists them).",
    )
    grouping_frame: Grouping = setting(
        "equally_distribute", "How the modes of a frame are summed to components (filter and emd)."
    )
    grouping_sequence: SequenceGrouping = setting(
        "equally_distribute", "The same for sequences; top_k keeps the strongest modes only."
    )
    frequency_groups_hz: Frequencies = setting(
        (1200.0, 2210.0, 3200.0, 4120.0),
        "Limits (Hz, ascending) of the ranges of frequency_groups; C components take the first C - 1.",
    )
    group_sizes: Literal["even", "published"] = setting(
        "even", "Sizes of equally_distribute; differ by at most one, or as the published rounding has them."
    )
    absent_place: Literal["last", "published"] = setting(
        "last",
        "Which components are absent if there are fewer modes than components; the last ones, or as published those "
        "whose own modes are missing.",
    )
    row_order: Literal["centroid", "published"] = setting(
        "centroid", "Components ascend by spectral centroid, or keep the published order (EMD descends for sequences)."
    )
    amplitude: Literal["unit", "signal"] = setting(
        "unit",
        "What thresholds and stopping rules see; each signal at zero mean and unit variance, or as it is in its "
        "utterance (published), so that loudness decides.",
    )
    weak_frame: float = setting(
        1e-5,
        "Modes of a frame whose power spectral density stays below this (1/Hz, at unit variance) are dropped.",
        ge=0,
    )
    weak_sequence: float = setting(1e-6, "The same for sequences, in 1/Hz.", ge=0)
    silence_rms: float = setting(
        0.0,
        "Frames of at most this standard deviation are silence, without components; 0 means constant frames only.",
        ge=0,
    )
    silence_low_rms: float = setting(
        0.0, "The same for frames whose spectrum has its peak at or below silence_low_hz.", ge=0
    )
    silence_low_hz: float = setting(250.0, "Highest spectral peak (Hz) of frames that silence_low_rms is for.", ge=0)
    storage: Literal["float32", "float16"] = setting(
        "float32", "Type of the samples in the caches; float16 halves their size and keeps about 3 digits."
    )
    boundaries: BoundarySettings = setting(BoundarySettings(), "Where the bands of filter and ewt come from.")
    peaks: PeakSettings = setting(PeakSettings(), "Detection of spectral peaks and of the bands around them (filter).")
    notch: NotchSettings = setting(
        NotchSettings(), "Band-stop filter against mains hum, applied to the utterance before anything else."
    )
    filter: FilterSettings = setting(FilterSettings(), "Filter bank (FD).")
    ewt: EWTSettings = setting(EWTSettings(), "Empirical wavelet transform.")
    vmd: VMDSettings = setting(VMDSettings(), "Variational mode decomposition.")
    emd: EMDSettings = setting(EMDSettings(), "Empirical mode decomposition.")

    @model_validator(mode="wrap")
    @classmethod
    def _with_preset(cls, values: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """The preset's values where none are given; they do not count as set, so that overrides may change it."""
        if not isinstance(values, Mapping) or values.get("preset") != "published":
            return handler(values)
        found = handler({**values, **_filled(values)})
        for key, value in _filled(values).items():
            if key not in values:
                found.__pydantic_fields_set__.discard(key)
            elif isinstance(value, dict):
                getattr(found, key).__pydantic_fields_set__.intersection_update(values[key])
        return found

    def replace(self, **changes: object) -> Self:
        """A copy with other values, checked again.

        Raises
        ------
        ValueError
            For another preset, which only fills in what is not given and so cannot change a copy.
        """
        if changes.get("preset", self.preset) != self.preset:
            raise ValueError(
                f"preset is {self.preset!r} and a copy keeps it; give it first: "
                f"{type(self).__name__}.parse({{'preset': {changes['preset']!r}, ...}})"
            )
        return super().replace(**changes)

    @model_validator(mode="after")
    def _check_groups(self) -> Self:
        limits = list(self.frequency_groups_hz)
        if limits != sorted(set(limits)):
            raise mistake("frequency_groups_hz", f"is {limits}; the limits must ascend.")
        return self


class SharedDecomposition(DecompositionSection):
    """The section ``decomposition`` of the configuration."""

    device: Literal["cpu", "cuda"] = setting(
        "cpu",
        "Where filter, ewt and vmd run (emd on the CPU always); results are equal but for rounding and stay valid.",
    )


class DecompositionSettings(DecompositionSection):
    """Everything that determines the components of a signal."""

    method: Method = setting(
        "filter", "How signals are decomposed; filter bank (FD), empirical wavelets, variational or empirical modes."
    )
    n_components: Components = setting(3, "Components of a frame.")
    n_components_seq: Components = setting(3, "Components of a sequence.")

    @classmethod
    def published(cls, method: Method, **changes: object) -> Self:
        """What the published code does by default (for SimVowels), but for ``changes``.

        >>> DecompositionSettings.published("ewt").ewt.smoothing_bins
        10
        """
        return cls.parse({"preset": "published", "method": method, **changes})

    @model_validator(mode="after")
    def _check_counts(self) -> Self:
        limits = self.frequency_groups_hz
        for grouping, key in ((self.grouping_frame, "n_components"), (self.grouping_sequence, "n_components_seq")):
            if grouping == "frequency_groups" and (count := getattr(self, key)) > len(limits) + 1:
                raise mistake("frequency_groups_hz", f"has {len(limits)} limits, but {key} {count} needs {count - 1}.")
        return self


# The sections and shared values that the result of each method depends on. EWT and VMD give at most as many modes as
# components, so that grouping never applies to them.
_SHARED = (
    *("method", "n_components", "n_components_seq", "weak_frame", "weak_sequence"),
    *("silence_rms", "silence_low_rms", "silence_low_hz", "notch", "storage"),
    *("absent_place", "row_order", "amplitude"),
)
_GROUPING = ("grouping_frame", "grouping_sequence", "frequency_groups_hz", "group_sizes")
_PLACING = ("frequency_groups_hz", "peaks")  # what the published place of absent components depends on
_OWN: dict[Method, tuple[str, ...]] = {
    "filter": (*_GROUPING, "boundaries", "peaks", "filter"),
    "ewt": ("boundaries", "ewt"),
    "vmd": ("vmd",),
    "emd": (*_GROUPING, "emd"),
}


def method_settings(settings: DecompositionSettings) -> dict[str, Any]:
    """The part of the settings that the result of the chosen method depends on, as plain nested dicts.

    A setting of VMD is not in the part of EWT, so that changing it makes no EWT cache stale.
    """
    placing = _PLACING if settings.absent_place == "published" else ()
    return settings.model_dump(mode="json", include={*_SHARED, *_OWN[settings.method], *placing})
