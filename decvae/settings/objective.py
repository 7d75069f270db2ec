"""The named objectives and every option in which they differ; free of torch, which takes seconds to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from decvae.settings.branches import FrameBranchSettings, SequenceBranchSettings

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
# By section of a run; what is not here has the default.
NAMED: dict[str, dict[str, dict[str, Any]]] = {
    "published": {
        "loss": {
            "units": "nats",
            "eps": 1e-8,
            "log_floor": 0.0,
            "frame_reduction": "sum_clamp",
            "pairing": "legacy",
            "frame_index": "legacy",
            "absent_pairs": "include",
            "prior_on_x": False,
            "prior_reduction": "sum",
            "validation_frames": "drawn",
            "gradient_scale": "published",
            "early_stopping": "published",
        },
        "branch_z": {"prior_weight": 10.0, "conv_norm": "batch", "dense_norm": "batch"},
        "branch_s": {"prior_weight": 400.0},
    },
    "corrected": {},
    "centred": {"loss": {"centring": "level"}},
}
# Options of the branches that a named objective sets.
BRANCH_OPTIONS = {"branch_z": ("prior_weight", "conv_norm", "dense_norm"), "branch_s": ("prior_weight",)}


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
    validation_frames : {"all", "drawn"}
        Frames in the validation loss: all, or (published) as many as in training.
    gradient_scale : {"none", "published"}
        ``published`` divides gradients by the weighted number of pairs, before clipping.
    early_stopping : {"improvement", "published"}
        ``published`` counts every validation after the warm-up as a failure, so that training has a fixed length.
    loss_space : {"features", "latents"}
        Where the decomposition loss acts: on the projected features (published) or on the posterior means.
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
    validation_frames: str = "all"
    gradient_scale: str = "none"
    early_stopping: str = "improvement"
    loss_space: str = "features"

    def __post_init__(self):
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, found {getattr(self, name)!r}")
        for name in ("eps", "log_floor"):
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
        return cls(
            **{**NAMED[name].get("loss", {}), **{key: value for key, value in overrides.items() if value is not None}}
        )

    def to_dict(self) -> dict[str, Any]:
        """Every option by name."""
        return asdict(self)

    @property
    def has_published_loss(self) -> bool:
        """Whether the loss or the prior needs :mod:`decvae.models.published_objective`."""
        return any(getattr(self, name) != getattr(type(self), name) for name in PUBLISHED_LOSS_OPTIONS)


OPTIONS = tuple(field.name for field in fields(ObjectiveSettings))
LOSS_OPTIONS = tuple(name for name in OPTIONS if name != "loss_space")  # those in the config's section `loss`
PUBLISHED_LOSS_OPTIONS = ("units", "eps", "log_floor", "frame_reduction", "pairing")  # of the published loss alone
PUBLISHED_LOSS_OPTIONS += ("absent_pairs", "prior_on_x", "prior_reduction")
FRAME_OPTIONS = ("frame_reduction", "pairing", "frame_index")  # no matter to branch S, whose rows are utterances


def named_settings(name: str) -> dict[str, Any]:
    """Every setting of a run that a named objective sets, with its value: ``loss_space`` and options by section.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    options = ObjectiveSettings.named(name).to_dict()
    branches = {
        kind.name: {key: getattr(kind, key) for key in BRANCH_OPTIONS[kind.name]} | NAMED[name].get(kind.name, {})
        for kind in (FrameBranchSettings, SequenceBranchSettings)
    }
    return {"loss_space": options.pop("loss_space"), "loss": options, **branches}


def with_objective(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run's settings in which every option that was null, or not there, has the value of its named objective.

    Parameters
    ----------
    run : mapping
        With ``objective``, and any of ``loss_space``, ``loss``, ``branch_z``, ``branch_s``. It is not changed.
    """
    found = dict(run)
    for section, named in named_settings(run["objective"]).items():
        given = run.get(section)
        if isinstance(named, dict):
            found[section] = {**named, **{key: value for key, value in (given or {}).items() if value is not None}}
        elif given is None:
            found[section] = named
    return found
