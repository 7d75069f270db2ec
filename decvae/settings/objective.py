"""The named objectives and every option in which they differ; free of torch, which takes seconds to import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field, create_model

from decvae.settings.base import Section, setting
from decvae.settings.branches import FrameBranchSettings, SequenceBranchSettings

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
            "sequence_components": "frames",
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


class LossOptions(Section):
    """What is computed of the loss, and how training uses it; the defaults are the objective ``corrected``.

    In bits the Jensen-Shannon divergence lies in [0, 1], in nats (published) in [0, ln 2]. A ``log_floor`` of 0 is what
    ``torch.nn.BCELoss`` does. The lower the temperature, the fewer features make up a distribution. Without a prior on
    X, its heads get no gradient at all (published). Gradients are divided before they are clipped.
    """

    divergence: Literal["js", "kl"] = setting(
        "js",
        "Divergence of two levels: Jensen-Shannon, or 1 - exp(-K) of the mean K of both Kullback-Leibler divergences.",
    )
    units: Literal["bits", "nats"] = setting("bits", "Units of the Jensen-Shannon divergence.")
    eps: float = setting(0.0, "Added to probabilities inside the Jensen-Shannon divergence.", ge=0, le=0.001)
    log_floor: float = setting(
        1e-7, "Added inside the logarithm of the cross-entropy; 0 clamps the logarithm at -100 instead.", ge=0, le=0.1
    )
    frame_reduction: Literal["mean", "sum_clamp"] = setting(
        "mean", "From frames to an utterance: mean, or sum clamped at 1."
    )
    pairing: Literal["aligned", "legacy"] = setting(
        "aligned", "Levels of the same frame, or those that the published reshape puts side by side."
    )
    frame_index: Literal["own", "legacy"] = setting(
        "own", "Frames drawn of the utterance, or by frame numbers of the batch's first utterances."
    )
    centring: Literal["none", "level"] = setting(
        "none", "Standardise each level's features over the batch first (level)."
    )
    temperature: float = setting(1.0, "Of the softmax that makes features a distribution.", gt=0)
    absent_pairs: Literal["exclude", "include"] = setting("exclude", "Whether pairs with an absent component count.")
    prior_on_x: bool = setting(True, "X has a prior, too.")
    prior_reduction: Literal["mean", "sum"] = setting("mean", "Of the prior over frames and utterances.")
    sequence_components: Literal["own", "frames"] = setting(
        "own",
        "Components that branch S counts in the weights of its pairs and in its prior; its own, or as many as frames "
        "have. Matters where these numbers differ.",
    )
    validation_frames: Literal["all", "drawn"] = setting(
        "all", "Frames in the validation loss: all, or as many as in training."
    )
    gradient_scale: Literal["none", "published"] = setting(
        "none", "Gradients as they are, or divided by the weighted number of pairs."
    )
    early_stopping: Literal["improvement", "published"] = setting(
        "improvement", "When early stopping counts a failure: without improvement, or always (a fixed length)."
    )


class ObjectiveSettings(LossOptions):
    """The options of the loss, and where it acts."""

    loss_space: Literal["features", "latents"] = setting(
        "features", "Where DecVAE's decomposition loss acts: on the projected features or on the posterior means."
    )

    @classmethod
    def named(cls, name: str, **overrides: Any) -> ObjectiveSettings:
        """The objective ``published``, ``corrected`` or ``centred``; overrides that are not None replace its options.

        Raises
        ------
        ValueError
            For an unknown name.
        ConfigError
            For an unknown option, or a value that an option does not have.

        Examples
        --------
        >>> ObjectiveSettings.named("published", pairing="aligned").frame_reduction
        'sum_clamp'
        """
        if name not in NAMED:
            raise ValueError(f"objective must be one of {tuple(NAMED)}, found {name!r}")
        given = {key: value for key, value in overrides.items() if value is not None}
        return cls.parse({**NAMED[name].get("loss", {}), **given})

    @property
    def has_published_loss(self) -> bool:
        """Whether the loss or the prior needs :mod:`decvae.models.published_objective`."""
        return any(getattr(self, name) != type(self).model_fields[name].default for name in PUBLISHED_LOSS_OPTIONS)


CHOICES = {
    name: kinds for name, field in ObjectiveSettings.model_fields.items() if (kinds := get_args(field.annotation))
}
LOSS_OPTIONS = tuple(LossOptions.model_fields)  # those in the config's section `loss`
PUBLISHED_LOSS_OPTIONS = (  # of the published loss alone
    *("units", "eps", "log_floor", "frame_reduction", "pairing"),
    *("absent_pairs", "prior_on_x", "prior_reduction", "sequence_components"),
)
FRAME_OPTIONS = ("frame_reduction", "pairing", "frame_index")  # no matter to branch S, whose rows are utterances


def named_settings(name: str) -> dict[str, Any]:
    """Every setting of a run that a named objective sets, with its value: ``loss_space`` and options by section.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    options = ObjectiveSettings.named(name).plain()
    branches = {
        kind.name: {key: kind.model_fields[key].default for key in BRANCH_OPTIONS[kind.name]}
        | NAMED[name].get(kind.name, {})
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


# ---- The same in a configuration: what is null has the value of the named objective ----


def _nullable(model: type[Section], section: str, keys: Iterable[str]) -> Any:
    """The section whose keys may be null, by default; its descriptions say what they are then."""
    own: dict[str, Any] = {}
    for key in keys:
        field = model.model_fields[key]
        named = {name: sections[section][key] for name, sections in NAMED.items() if key in sections.get(section, {})}
        others = [f"{_shown(value)} for {name}" for name, value in named.items()]
        null = ", ".join([*others, f"else {_shown(field.default)}"]) if named else _shown(field.default)
        meaning = f"{(field.description or '').removesuffix('.')}; null is {null}."
        own[key] = (Annotated[field.annotation, *field.metadata, Field()] | None, Field(None, description=meaning))
    return create_model(model.__name__.replace("Options", "Settings"), __base__=model, __doc__=model.__doc__, **own)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}".replace("e-0", "e-")
    return str(value).lower() if isinstance(value, bool) else str(value)


if TYPE_CHECKING:
    LossSettings = LossOptions
    FrameBranch = FrameBranchSettings
    SequenceBranch = SequenceBranchSettings
else:
    LossSettings = _nullable(LossOptions, "loss", LOSS_OPTIONS)
    FrameBranch = _nullable(FrameBranchSettings, "branch_z", BRANCH_OPTIONS["branch_z"])
    SequenceBranch = _nullable(SequenceBranchSettings, "branch_s", BRANCH_OPTIONS["branch_s"])
