"""The whole configuration: every key, its type, range, default and meaning."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from decvae.settings.base import Items, Name, Section, setting
from decvae.settings.corpora import OneOfCorpora, SimVowelsSettings
from decvae.settings.decomposition import SharedDecomposition
from decvae.settings.embeddings import EmbeddingSettings
from decvae.settings.evaluation import EvaluationSettings
from decvae.settings.execution import ExecutionSettings, LoggingSettings
from decvae.settings.features import FeatureSettings
from decvae.settings.figures import FigureSettings, TraversalSettings
from decvae.settings.run import RunSettings


class Configuration(Section):
    """Configuration of the DecVAE workflow; by default the SimVowels study at the published sizes and rates."""

    seed: int = setting(
        0,
        "Master seed of simulation, decomposition, evaluation and embeddings; it is added to the seed of each run.",
        ge=0,
    )
    corpora: Annotated[dict[Name, OneOfCorpora], Field(min_length=1)] = setting(
        {"sim_vowels": SimVowelsSettings()},
        "The corpora that runs may use, by name (letters, digits, underscores); only those that a run uses are made.",
    )
    decomposition: SharedDecomposition = setting(
        SharedDecomposition(),
        "Settings shared by the decompositions, and one section per method that reaches this method only.",
    )
    features: FeatureSettings = setting(
        FeatureSettings(), "Inputs of the models, made from the decomposed frames and sequences."
    )
    run_defaults: RunSettings = setting(
        RunSettings(), "One run is these values with the overrides of its entry in `runs`."
    )
    runs: Items[RunSettings] = setting(
        (RunSettings(),),
        "The models of the study; each entry overrides keys of `run_defaults`, and takes the same keys.",
        min_length=1,
    )
    evaluation: EvaluationSettings = setting(EvaluationSettings(), "Which latents are measured, and how.")
    traversal: TraversalSettings = setting(
        TraversalSettings(), "Responses of the latents to the controlled set (every vowel x every speaker factor)."
    )
    embeddings: EmbeddingSettings = setting(EmbeddingSettings(), "Maps of inputs and latents.")
    figures: FigureSettings = setting(FigureSettings(), "What the figures show and how they look.")
    execution: ExecutionSettings = setting(ExecutionSettings(), "Where models train; a trained run stays as it is.")
    logging: LoggingSettings = setting(
        LoggingSettings(),
        "Where training is logged besides its history; changes no result, so a trained run stays as it is.",
    )
