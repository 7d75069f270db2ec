"""Maps of inputs and latents."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from decvae.settings.base import Distinct, Section, mistake, setting
from decvae.settings.evaluation import Checkpoint

_View = Annotated[str, Field(pattern=r"^(levels|prior|all|OCs_joint|X|OC[1-9][0-9]*)$")]


class EmbeddingSettings(Section):
    """Which points are mapped, and how (:mod:`decvae.analysis.embedding`). More points are thinned out by a draw."""

    checkpoint: Checkpoint = setting(
        "best", "State of the models whose latents are mapped: init, best, last or a periodic one such as epoch-0010."
    )
    runs: Distinct[str] | None = setting(
        None, "Labels of the runs to map; null takes all DecVAE runs. The inputs of the first one are mapped, too."
    )
    method: Literal["tsne", "umap"] = setting("tsne", "Method of the map.")
    branches: Distinct[Literal["Z", "S"]] = setting(
        ("Z", "S"),
        "Points are frames (Z), utterances (S; of inputs, means over their frames), or both in maps of their own.",
        min_length=1,
    )
    views: Distinct[_View] = setting(
        ("all", "levels", "prior"),
        "What the points are. Levels has X and the components in one map; all, OCs_joint, X, OC1 ... a joint latent or "
        "a subspace; prior shows latents as they are beside their prior.",
        min_length=1,
    )
    dimensions: Distinct[Literal[2, 3]] = setting((2,), "Dimensions of the maps.", min_length=1)
    pages: bool = setting(
        True,
        "Also make an interactive page for the maps of every run and of the inputs, results/pages (5 MB each, opens "
        "offline).",
    )
    n_points: int = setting(3000, "Points (frames or utterances) in a map.", ge=10)
    perplexity: float = setting(30.0, "t-SNE's effective number of neighbours; less than the number of points.", gt=1)
    sequence_perplexity: float = setting(
        15.0, "The same for maps of utterances, in which it is at most a third of their number.", gt=1
    )
    n_neighbors: int = setting(30, "UMAP's number of neighbours.", ge=2)
    min_dist: float = setting(0.2, "UMAP's smallest distance between points of the map.", ge=0, le=1)
    metric: Literal["cosine", "euclidean"] = setting("cosine", "Distance between points before the map.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.method == "tsne" and self.perplexity >= self.n_points:
            least = f"it must be less than `embeddings.n_points` ({self.n_points})."
            raise mistake("perplexity", f"is {self.perplexity:g}; {least}")
        return self
