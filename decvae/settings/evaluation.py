"""What to score and how."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from decvae.settings.base import Distinct, Section, Split, setting

Protocol = Literal["sound", "published"]
Classifier = Literal["logistic_regression", "random_forest", "svc", "knn", "dummy", "dummy_uniform"]
Branches = Literal["Z", "S", "Z+S"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
TEST_FOLDS = 5
CHECKPOINT = r"init|best|last|epoch-[0-9]{4}|step-[0-9]{6}"
Checkpoint = Annotated[str, Field(pattern=f"^({CHECKPOINT})$")]
Aggregation = Annotated[str, Field(pattern=r"^(X|OC[1-9][0-9]*|OCs_joint|OCs_proj|all)$")]
_Latents = Annotated[str, Field(pattern=r"^(X|OC[1-9][0-9]*|OCs_joint|all)$")]
_Wanted = Annotated[str, Field(pattern=f"^(every|{CHECKPOINT})$")]
_Factor = Annotated[str, Field(min_length=1)]
_Grouping = Annotated[
    str,
    Field(
        min_length=1,
        description="What is never divided when this factor is scored: utterance, a factor such as speaker or patient, "
        "or leave_one_NAME_out.",
    ),
]


def group_of_choice(choice: str) -> str:
    """What a choice of ``evaluation.groups`` groups by: ``patient`` of ``patient`` and of ``leave_one_patient_out``."""
    found = choice.removeprefix("leave_one_")
    return found.removesuffix("_out") if found != choice and found.endswith("_out") else choice


class EvaluationSettings(Section):
    """What to score and how; see :mod:`decvae.evaluation`. What a table of latents lacks is left out."""

    checkpoints: Distinct[_Wanted] = setting(
        ("init", "best"),
        "States of each model to measure; epoch-0010 or step-003000 and so on are periodic ones, every is all of those "
        "by epoch (models fitted at once have only best).",
        min_length=1,
    )
    untrained: Distinct[str] | None = setting(
        None,
        "Labels of the runs whose untrained state (init) is measured where `checkpoints` has it; null takes all. Runs "
        "that differ in their loss only start from the same weights.",
    )
    splits: Distinct[Split] = setting(
        ("dev", "test"), "Splits whose latents are pooled for metrics and embeddings.", min_length=1
    )
    protocols: Distinct[Protocol] = setting(
        ("sound",),
        "Sound never divides utterances (speakers, for clinical labels and emotion); published is the paper's, which "
        "does.",
        min_length=1,
    )
    groups: dict[_Factor, _Grouping] = setting(
        {},
        "What the sound protocol never divides, by factor, where it is to differ: utterance, any factor, or "
        "leave_one_NAME_out; vowel: speaker asks for vowels of unseen speakers.",
    )
    branches: Distinct[Branches] = setting(
        ("Z", "S"),
        "Branches to measure; Z+S sets every frame beside the vector of its utterance (runs without both skip it).",
        min_length=1,
    )
    aggregations: Distinct[Aggregation] = setting(
        ("X", "OCs_joint", "all"),
        "Joint latents to measure; X, OC1 and so on, OCs_joint, OCs_proj, or all (X and every component).",
        min_length=1,
    )
    feature_aggregations: Distinct[_Latents] = setting(
        ("X", "all"), "The same for the projected features, the space of the decomposition loss."
    )
    max_frames: int = setting(10000, "Frames drawn (seeded, balanced over utterances) for the metrics.", ge=100)
    discard_overlaps: bool = setting(False, "Leave out frames whose window straddles two labels.")
    n_bins: int = setting(30, "Bins per code where a metric needs discrete codes.", ge=2)
    dci_backend: Literal["histogram", "sklearn"] = setting(
        "histogram",
        "Boosted trees behind disentanglement, completeness and informativeness; on histograms, or exact and many "
        "times slower.",
    )
    disentanglement_folds: int = setting(
        TEST_FOLDS,
        "How many of the five folds the metrics with a training part are fitted on; intervals need three.",
        ge=1,
        le=TEST_FOLDS,
    )
    irs_quantile: float = setting(
        0.99, "Quantile of the deviations in the interventional robustness score.", gt=0, le=1
    )
    classifiers: Distinct[Classifier] = setting(
        ("logistic_regression",), "Classifiers of the factors; figures show the first.", min_length=1
    )
    folds: int = setting(5, "Cross-validation folds of the classifiers.", ge=2)
    seeds: Distinct[Annotated[int, Field(ge=0)]] = setting((0,), "Repetitions of the cross-validation.", min_length=1)
    kmeans_seeds: int = setting(10, "Starts of k-means clustering; 0 leaves it out.", ge=0)
    bootstrap: int = setting(
        1000,
        "Resamples of utterances (or speakers) behind the intervals of classification and clustering; 0 leaves them "
        "out.",
        ge=0,
    )
    subspace_evidence: bool = setting(
        True,
        "Also measure what each subspace tells alone and what is lost without it, overlaps, and accuracy under label "
        "noise and class imbalance.",
    )
