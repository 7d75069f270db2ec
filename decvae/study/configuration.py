"""The study's configuration: reading and validation. :mod:`decvae.study.runs` makes runs of it.

:mod:`decvae.settings` knows every key, its type, range, default and meaning; what lies between keys is checked here.
``python -m decvae.study.configuration FILE...`` checks a configuration and writes the table of its runs.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from decvae.names.models import FITTED, FIXED_BETA, PAIRED_KEYS, WITH_COMPONENTS
from decvae.settings.base import ConfigError, suggest
from decvae.settings.configuration import Configuration
from decvae.study.keys import Settings, merge
from decvae.study.lineage import lineage_problems
from decvae.study.moved import moved_keys
from decvae.study.reach import component_counts
from decvae.study.runs import (
    EVERY,
    RUN_COLUMNS,
    StudyConfiguration,
    decomposition_section,
    resolve_runs,
    sure_epochs,
)
from decvae.study.sweeps import expand_sweeps, name_places


def load_config(paths: str | Path | Sequence[str | Path]) -> StudyConfiguration:
    """Read YAML configuration files, each laid over those before it, and validate them; see :func:`validate_config`."""
    config: Settings = {}
    for path in [paths] if isinstance(paths, (str, Path)) else paths:
        config = merge(config, yaml.safe_load(Path(path).read_text()) or {})
    return validate_config(config)


def validate_config(config: Settings) -> StudyConfiguration:
    """Expand sweeps, complete the configuration, and check what lies between keys of several sections.

    Parameters
    ----------
    config : dict
        As read from YAML. It is not changed.

    Raises
    ------
    ConfigError
        With all problems at once.
    """
    expanded, places, unseeded = expand_sweeps(config)
    try:
        if moved := list(moved_keys(expanded)):
            raise ConfigError(moved)
        filled = Configuration.parse(expanded)
        found = StudyConfiguration(**dict(filled), run_places=places, unseeded_labels=unseeded)
        if problems := list(_inconsistencies(found)):
            raise ConfigError(problems)
    except ConfigError as error:
        raise ConfigError(name_places(error.problems, places)) from None
    return found


def _inconsistencies(config: StudyConfiguration) -> Iterator[str]:
    """Problems that lie between keys of several sections."""
    owners = {"run_defaults": config.run_defaults, **{f"runs[{place}]": run for place, run in enumerate(config.runs)}}
    for key, owner in owners.items():
        if sweep := owner.plain()["sweep"]:  # what could be expanded is no longer there
            yield f"`{key}.sweep.overlays` is {sweep.get('overlays')}; allowed: a list of sections of keys."
            return
    runs = config.full_runs
    for place, (run, full) in enumerate(zip(config.entries, runs, strict=True)):
        yield from _run_inconsistencies(config, f"runs[{place}]", run, full)
    yield from lineage_problems(config.entries, runs)
    for place, full in enumerate(runs):
        yield from _decomposition_inconsistencies(config, f"runs[{place}]", full)
    evaluation, shown = config.evaluation, config.figures.corpus
    if shown is not None and shown not in config.corpora:
        yield f"`figures.corpus` is {shown!r}, which `corpora` does not have.{suggest(shown, config.corpora)}"
    for key, source in (("checkpoint", "checkpoints"), ("aggregation", "aggregations")):
        wanted, measured = getattr(config.figures, key), list(getattr(evaluation, source))
        if wanted not in measured and not (key == "checkpoint" and EVERY in measured):
            yield (
                f"`figures.{key}` is {wanted!r}, which is not in `evaluation.{source}` {measured}; add it there, since "
                "figures draw what is evaluated."
            )
    of_x = [place for place, run in enumerate(runs) if run["model"] not in WITH_COMPONENTS]
    if of_x and "X" not in evaluation.aggregations:
        yield (
            f"`evaluation.aggregations` is {list(evaluation.aggregations)}, but `runs[{of_x[0]}]` (model "
            f"{runs[of_x[0]]['model']}) has nothing but X; add X."
        )


def _decomposition_inconsistencies(config: StudyConfiguration, owner: str, full: Settings) -> Iterator[str]:
    """Problems of the settings that a run overrides, and of its numbers of components."""
    own = full["decomposition_overrides"]
    key = f"{owner}.decomposition_overrides" if own else "decomposition"
    try:
        section = decomposition_section(config, full, key)
    except ConfigError as error:
        yield from error.problems
        return
    if "device" in own:
        yield f"`{key}.device` is {own['device']!r}; the device is that of all runs, set `decomposition.device`."
    limits, groupings = len(section.frequency_groups_hz), (section.grouping_frame, section.grouping_sequence)
    for name, grouping, size in zip(PAIRED_KEYS["n_components"], groupings, component_counts(full), strict=True):
        if grouping == "frequency_groups" and size > limits + 1:
            found = f"`{owner}` has {name} {size}, which needs {size - 1}."
            yield f"`{key}.frequency_groups_hz` has {limits} limits, but {found}"


def _run_inconsistencies(config: StudyConfiguration, key: str, run: Settings, full: Settings) -> Iterator[str]:
    """Problems between the keys of one run: its entry as written, and with the defaults."""
    corpus, model, beta, sequences = full["corpus"], full["model"], full["branch_z"]["beta"], full["branch_s"]
    if corpus not in config.corpora:
        owner = key if "corpus" in run else "run_defaults"
        yield f"`{owner}.corpus` is {corpus!r}, which `corpora` does not have.{suggest(corpus, config.corpora)}"
    if model in FIXED_BETA and "beta" in run.get("branch_z", {}) and beta != FIXED_BETA[model]:
        yield (
            f"`{key}.branch_z.beta` is {beta:g}, but `model: {model}` is the autoencoder with beta "
            f"{FIXED_BETA[model]:g}. Leave the key out, or use `model: beta_vae`."
        )
    if model == "beta_vae" and beta in FIXED_BETA.values():
        name = "ae" if beta == 0 else "vae"
        yield f"`{key}.branch_z.beta` is {beta:g}, which makes it the autoencoder `model: {name}`; use that name."
    trained = model not in FITTED and full["adaptation"] != "none"
    missing = _unsure_checkpoints(_wanted_checkpoints(config, full["label"]), full["training"]) if trained else []
    if missing:
        sure = [f"epoch-{epoch:04d}" for epoch in sure_epochs(full["training"])]
        yield (
            f"`evaluation.checkpoints` (or that of `traversal`, `embeddings`, `start_from`) has {missing}, which "
            f"`{key}` may not have: the periodic checkpoints it is sure to keep are {sure}, and of those by step the "
            f"newest multiples of `checkpoint_steps` ({full['training']['checkpoint_steps']}). See "
            "`training.checkpoint_epochs`, `checkpoint_steps`, `keep_checkpoints` and `early_stopping_patience`."
        )
    training, processes = full["training"], config.execution.processes
    shares = training["accumulation"] * processes
    if trained and training["batch_size"] % shares:
        yield (
            f"`{key}` has training.batch_size {training['batch_size']}, which `execution.processes` {processes} and "
            f"training.accumulation {training['accumulation']} cannot share out evenly; make it a multiple of {shares}."
        )
    attends = model == "decvae" and full["branches"] != "Z" and sequences["pooling"] == "attention"
    width, heads = full["network"]["projection_dim"], sequences["attention_heads"]
    if attends and width % heads:
        yield (
            f"`{key}.branch_s.attention_heads` is {heads}, which does not divide `network.projection_dim` {width}; "
            "each head takes an equal part of it."
        )


def _wanted_checkpoints(config: StudyConfiguration, label: str | None) -> list[str]:
    """Checkpoints that are looked at in every run, and those of the run ``label`` that other runs start from."""
    starts = [run.start_from for run in config.runs if run.start_from is not None and label is not None]
    return [
        *config.evaluation.checkpoints,
        config.traversal.checkpoint,
        config.embeddings.checkpoint,
        *(start.checkpoint for start in starts if start.run == label),
    ]


def _unsure_checkpoints(wanted: list[str], training: Settings) -> list[str]:
    """Those that a run of these settings does not save, or, by epoch, may have removed or not reached."""
    sure = {f"epoch-{epoch:04d}" for epoch in sure_epochs(training)}
    every = training["checkpoint_steps"]

    def unsure(name: str) -> bool:
        if name.startswith("step-"):
            return every == 0 or int(name.removeprefix("step-")) % every != 0
        return name.startswith("epoch-") and name not in sure

    return [name for name in wanted if unsure(name)]


def table_of_runs(config: StudyConfiguration) -> str:
    """Every run of a validated configuration as CSV: its columns, and the corpus and decomposition that it reads."""
    text = io.StringIO()
    table = csv.DictWriter(text, [*RUN_COLUMNS, "decomposition_id"], lineterminator="\n")
    table.writeheader()
    for run in resolve_runs(config).values():
        table.writerow({**run.columns(), "decomposition_id": run.decomposition_id})
    return text.getvalue()


def main(arguments: list[str] | None = None) -> None:
    """Check a configuration and write the table of its runs (CSV)."""
    parser = argparse.ArgumentParser(prog="python -m decvae.study.configuration", description=main.__doc__)
    parser.add_argument("files", metavar="FILE", nargs="+", help="YAML files, each laid over those before it")
    try:
        print(table_of_runs(load_config(parser.parse_args(arguments).files)), end="")
    except ConfigError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
