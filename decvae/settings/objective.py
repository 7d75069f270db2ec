"""The named objectives and every option in which they differ; free of torch, which takes seconds to import."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

CHOICES = {
    "divergence": ("js", "kl"),
    "units": ("bits", "nats"),
    "frame_reduction": ("mean", "sum_clamp"),
    "pairing": ("aligned", "legacy"),
    "frame_index": ("own", "legacy"),
    "centring": ("none", "level"),
    "absent_pairs": ("exclude", "include"),
    "prior_reduction": ("mean", "sum"),
    "validation_frames": ("all", "drawn"),
    "gradient_scale": ("none", "published"),
    "early_stopping": ("improvement", "published"),
    "loss_space": ("features", "latents"),
}
NAMED: dict[str, dict[str, Any]] = {
    "published": {
        "units": "nats",
        "eps": 1e-8,
        "log_floor": 0.0,
        "frame_reduction": "sum_clamp",
        "pairing": "legacy",
        "frame_index": "legacy",
        "absent_pairs": "include",
        "prior_on_x": False,
        "prior_reduction": "sum",
        "prior_weight_z": 10.0,
        "prior_weight_s": 400.0,
        "validation_frames": "drawn",
        "gradient_scale": "published",
        "early_stopping": "published",
        "feat_extract_norm": "batch",
        "dense_norm": "batch",
    },
    "corrected": {},
    "centred": {"centring": "level"},
}


@dataclass(frozen=True)
class ObjectiveSettings:
    """What is computed, and how training uses it; the defaults are the objective ``corrected``.

    Attributes
    ----------
    divergence : {"js", "kl"}
        Between the distributions of two levels of one frame (:func:`decvae.models.objective.decomposition_loss`).
    units : {"bits", "nats"}
        Of the Jensen-Shannon divergence: in bits it lies in [0, 1], in nats (published) in [0, ln 2].
    eps : float
        Added to the probabilities inside the Jensen-Shannon divergence, at least 0 (published 1e-8).
    log_floor : float
        Added to the probability inside the cross-entropy's logarithm, at least 0; 0 (published) clamps the logarithm at
        -100 instead, as ``torch.nn.BCELoss`` does.
    frame_reduction : {"mean", "sum_clamp"}
        From frames to an utterance: mean, or (published) the sum, clamped to [0, 1].
    pairing : {"aligned", "legacy"}
        Levels of the same frame, or (published) of the frames and components that a reshape put side by side.
    frame_index : {"own", "legacy"}
        Frames drawn from the utterance itself, or (published) by the frame numbers of the batch's first utterances.
    centring : {"none", "level"}
        Standardise the features of each level over the batch first.
    temperature : float
        Of the softmax, above 0 (published 1); the lower, the fewer features make up a distribution.
    absent_pairs : {"exclude", "include"}
        Whether pairs with an absent component count (published: they do).
    prior_on_x : bool
        X has a prior like every subspace (published: its heads get no gradient at all).
    prior_reduction : {"mean", "sum"}
        Of the prior over frames and utterances (published: sum).
    prior_weight_z, prior_weight_s : float
        Factors of the prior beside beta, at least 0 (published 10 and 400).
    validation_frames : {"all", "drawn"}
        Frames in the validation loss: all, or (published) as many as in training.
    gradient_scale : {"none", "published"}
        ``published`` divides gradients by the weighted number of pairs, before clipping.
    early_stopping : {"improvement", "published"}
        ``published`` counts every validation after the warm-up as a failure, so that training has a fixed length.
    loss_space : {"features", "latents"}
        Where the decomposition loss acts: on the projected features (published) or on the posterior means.
    feat_extract_norm, dense_norm : str
        Norm of branch Z's encoder, convolutions or dense layers; see :class:`decvae.models.auto.DecVAEConfig`.
    """

    divergence: str = "js"
    units: str = "bits"
    eps: float = 0.0
    log_floor: float = 1e-7
    frame_reduction: str = "mean"
    pairing: str = "aligned"
    frame_index: str = "own"
    centring: str = "none"
    temperature: float = 1.0
    absent_pairs: str = "exclude"
    prior_on_x: bool = True
    prior_reduction: str = "mean"
    prior_weight_z: float = 1.0
    prior_weight_s: float = 1.0
    validation_frames: str = "all"
    gradient_scale: str = "none"
    early_stopping: str = "improvement"
    loss_space: str = "features"
    feat_extract_norm: str = "group"
    dense_norm: str = "layer"

    def __post_init__(self):
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, found {getattr(self, name)!r}")
        for name in ("eps", "log_floor", "prior_weight_z", "prior_weight_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, found {getattr(self, name)}")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be above 0, found {self.temperature}")

    @classmethod
    def named(cls, name: str, **overrides: Any) -> ObjectiveSettings:
        """The objective ``published``, ``corrected`` or ``centred``; overrides that are not None replace its options.

        Raises
        ------
        ValueError
            For an unknown name or option, or a value that an option does not have.

        Examples
        --------
        >>> ObjectiveSettings.named("published", pairing="aligned").frame_reduction
        'sum_clamp'
        """
        if name not in NAMED:
            raise ValueError(f"objective must be one of {tuple(NAMED)}, found {name!r}")
        if unknown := set(overrides) - set(OPTIONS):
            raise ValueError(f"the objective has no option {sorted(unknown)}; it has {OPTIONS}")
        return cls(**{**NAMED[name], **{key: value for key, value in overrides.items() if value is not None}})

    def to_dict(self) -> dict[str, Any]:
        """Every option by name."""
        return asdict(self)

    @property
    def divergence_options(self) -> dict[str, Any]:
        """Keyword arguments of :func:`decvae.models.objective.decomposition_loss`."""
        names = ("divergence", "units", "eps", "log_floor", "frame_reduction", "pairing")
        names += ("temperature",)
        centring = None if self.centring == "none" else self.centring
        return {**{name: getattr(self, name) for name in names}, "centring": centring}


OPTIONS = tuple(field.name for field in fields(ObjectiveSettings))
NORM_OPTIONS = ("feat_extract_norm", "dense_norm")  # those in the config's section `network`
LOSS_OPTIONS = tuple(name for name in OPTIONS if name not in ("loss_space", *NORM_OPTIONS))  # and in `loss`
FRAME_OPTIONS = ("frame_reduction", "pairing", "frame_index")  # no matter to branch S, whose rows are utterances


def with_objective(run: dict[str, Any]) -> dict[str, Any]:
    """A run's settings in which every option that was null has the value of its named objective.

    Parameters
    ----------
    run : dict
        With ``objective``, ``loss_space``, ``loss`` and ``network`` of the config; it is not changed.
    """
    loss, network = run["loss"], run["network"]
    given = {name: loss.get(name) for name in LOSS_OPTIONS} | {name: network.get(name) for name in NORM_OPTIONS}
    full = ObjectiveSettings.named(run["objective"], loss_space=run["loss_space"], **given).to_dict()
    return {
        **run,
        "loss_space": full["loss_space"],
        "loss": {**loss, **{name: full[name] for name in LOSS_OPTIONS}},
        "network": {**network, **{name: full[name] for name in NORM_OPTIONS}},
    }
