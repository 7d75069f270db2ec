"""The tables of results that a study has, and the scores that they show: from its configuration and runs alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import paths

from decvae.settings.base import ConfigError
from decvae.study.runs import Run, StudyConfiguration

NEEDED_BY_STUDY = (
    "The target `study` needs a DecVAE with frame latents in `runs` and both protocols in `evaluation.protocols`, as "
    "config/study_cpu.yaml has."
)


def shown_scores(config: StudyConfiguration) -> dict[str, str]:
    """Which of all scores tables and figures show: checkpoint, aggregation, classifier and protocol."""
    return {
        "checkpoint": config.figures.checkpoint,
        "aggregation": config.figures.aggregation,
        "classifier": config.evaluation.classifiers[0],
        "protocol": config.evaluation.protocols[0],
    }


def compared_scores(config: StudyConfiguration, corpus: str, name: str) -> dict[str, str]:
    """Those that are shown by both protocols, of a corpus with this id and name, and its kind."""
    shown = {key: value for key, value in shown_scores(config).items() if key != "protocol"}
    return {"corpus": corpus, **shown, "kind": config.corpora[name].kind}


def result_tables(config: StudyConfiguration, runs: Iterable[Run]) -> list[str]:
    """Tables for every corpus with a run that has frame latents; of both protocols, too, if both are used."""
    evaluation, corpora = config.evaluation, dict.fromkeys(run.corpus_id for run in runs if run.has_frames)
    patterns = [paths.TABLE, paths.TABLE_LATEX] if "Z" in evaluation.branches else []
    if patterns and len(evaluation.protocols) > 1:
        patterns += [paths.PROTOCOLS, paths.PROTOCOLS_CSV]
    return [pattern.format(corpus=corpus) for pattern in patterns for corpus in corpora]


def study_page(config: StudyConfiguration, runs: Iterable[Run]) -> str:
    """The page of a study, on the corpus of its reference.

    Raises
    ------
    ConfigError
        If there is no reference, or only one protocol.
    """
    if len(config.evaluation.protocols) < 2:
        raise ConfigError([NEEDED_BY_STUDY])
    return paths.of_run(paths.STUDY, _reference(runs))


def studied_runs(runs: Iterable[Run], corpus: str) -> dict[str, Any]:
    """What the page of a study says of the runs on a corpus: the settings of each, and which one is the reference."""
    own = [run for run in runs if run.corpus_id == corpus]
    return {
        # Bands are an axis among the methods that have any.
        "settings": {run.setting: run.settings | ({"bands": run.bands} if run.bands else {}) for run in own},
        "reference": _reference(own).setting,
    }


def _reference(runs: Iterable[Run]) -> Run:
    """The first DecVAE with frame latents, which a study compares with all others."""
    for run in runs:
        if run.model == "decvae" and run.has_frames:
            return run
    raise ConfigError([NEEDED_BY_STUDY])
