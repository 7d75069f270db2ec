"""What the figures show, and how they look."""

from __future__ import annotations

from typing import Literal

from decvae.settings.base import Distinct, Section, setting
from decvae.settings.evaluation import Aggregation, Checkpoint


class TraversalSettings(Section):
    """Responses of the latents to the controlled set."""

    checkpoint: Checkpoint = setting(
        "best", "State of the models whose responses are drawn: init, best, last or a periodic one such as epoch-0010."
    )
    runs: Distinct[str] | None = setting(None, "Labels of the runs to traverse; null takes all DecVAE runs.")


class FigureSettings(Section):
    """What the figures show, and how they look."""

    checkpoint: Checkpoint = setting(
        "best",
        "State of the models in the metric figures; one of `evaluation.checkpoints`. Init is drawn beside it.",
    )
    aggregation: Aggregation = setting(
        "all", "Joint latent of the metric figures; one of `evaluation.aggregations` (runs without it show X)."
    )
    corpus: str | None = setting(
        None, "Corpus of the generative-model and front-end figures; null takes the corpus of the first run."
    )
    example_utterance: int = setting(
        0, "Utterance of the test split whose decompositions are drawn, counted from 0.", ge=0
    )
    dpi: int = setting(300, "Resolution of the PNG files, in dots per inch.", ge=72)
    width_mm: float = setting(
        183.0,
        "Width of all figures; 183 is a double column, 89 a single one (fewer panels side by side).",
        ge=85,
        le=400,
    )
    font: str = setting("sans", "Font family, one that is installed.")
    palette: Literal["okabe_ito", "tol_bright"] = setting(
        "okabe_ito", "Colours of classes and models, safe for colour-blind readers."
    )
    gradient: Literal["plasma", "viridis", "cividis", "magma"] = setting(
        "plasma", "Colours of numbers and of more than six components."
    )
    published: bool = setting(
        True,
        "Draw published values of the same models as hollow diamonds (decvae/reporting/published_scores.csv).",
    )
