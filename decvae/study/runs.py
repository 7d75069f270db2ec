"""The runs that a configuration describes, and those of them that a section of it names.

Everything here reads a configuration that :func:`decvae.study.configuration.validate_config` has completed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from decvae.artifacts import WEIGHTS, file_sha256, settings_hash
from decvae.names.models import FITTED, PAIRED_KEYS
from decvae.settings.base import ConfigError, Items, suggest
from decvae.settings.configuration import Configuration
from decvae.settings.corpora import CorpusSettings, SimVowelsSettings
from decvae.settings.decomposition import DecompositionSettings, SharedDecomposition, method_settings
from decvae.settings.evaluation import EvaluationSettings
from decvae.study.keys import Settings, merge, without
from decvae.study.labels import has_dense_encoder, labels_of, unseeded_labels
from decvae.study.lineage import inherit, lineage_label, making_order, source_places
from decvae.study.reach import component_counts, run_settings

EVERY = "every"  # in evaluation.checkpoints

_NOT_OF_CORPUS = ("traversal", "controlled_sets", "root", "content")
RUN_COLUMNS = (
    *("run", "label", "setting", "model", "objective", "corpus", "decomposition", "n_components", "input"),
    *("beta_z", "beta_s", "seed", "adaptation", "start_from"),
)


class StudyConfiguration(Configuration):
    """A configuration with one of ``runs`` for every run.

    Attributes
    ----------
    run_places : tuple of str
        Where each of the ``runs`` was written.
    unseeded_labels : tuple of str or None
        How a sweep calls it without its seed.
    """

    run_places: Items[str]
    unseeded_labels: Items[str | None]

    @property
    def entries(self) -> list[Settings]:
        """Each of the ``runs`` with the keys that it has."""
        return [run.model_dump(mode="json", exclude_unset=True) for run in self.runs]

    @property
    def full_runs(self) -> list[Settings]:
        """Each of the ``runs``, laid over ``run_defaults``."""
        defaults = self.run_defaults.plain()
        return [merge(defaults, entry) for entry in self.entries]


def sure_epochs(training: Settings) -> list[int]:
    """Epochs before the last one whose periodic checkpoint is there when training has ended, wherever it stopped.

    States are saved at validations; the newest ``keep_checkpoints`` stay; early stopping counts failures from the first
    validation after its warm-up.
    """
    step, interval = training["validation_epochs"], training["checkpoint_epochs"]
    periodic = [epoch for epoch in range(interval, training["max_epochs"], interval) if epoch % step == 0]
    kept = periodic[max(0, len(periodic) - training["keep_checkpoints"]) :]
    patience = training["early_stopping_patience"]
    if patience == 0:
        return kept
    first = -(-max(1, training["early_stopping_warmup_epochs"]) // step) * step
    return [epoch for epoch in kept if epoch <= first + (patience - 1) * step]


def corpus_settings(config: StudyConfiguration, corpus: str) -> Settings:
    """What a corpus file depends on: its section without controlled sets, where it lies, and what figures show."""
    return config.corpora[corpus].plain(without=_NOT_OF_CORPUS)


def controlled_sets(section: CorpusSettings) -> dict[str, Settings]:
    """Controlled sets of a corpus by the name of their split: the generator's grid, or what is drawn from its data."""
    if isinstance(section, SimVowelsSettings):
        return {"traversal": {"factors": ["vowel", "speaker"]}}
    return {f"traversal_{name}": own.plain() for name, own in section.controlled_sets.items()}


def without_absent_corpora(config: StudyConfiguration) -> StudyConfiguration:
    """The configuration without the runs on corpora whose ``root`` is not set, and those that start from such runs.

    Their labels are taken out of the choices of runs (``traversal.runs``, ``embeddings.runs``), too.

    Raises
    ------
    ConfigError
        If no run is left.
    """
    absent = {name for name, own in config.corpora.items() if getattr(own, "root", "") is None}
    runs, kept = config.full_runs, set()
    sources = source_places(runs)
    for place in making_order(runs):
        if runs[place]["corpus"] not in absent and (place not in sources or sources[place] in kept):
            kept.add(place)
    if not kept:
        keys = ", ".join(f"`corpora.{name}.root`" for name in sorted(absent))
        raise ConfigError([f"No run is left, since {keys} is not set: give the folder of the corpus."])
    of_runs = ("runs", "run_places", "unseeded_labels")
    found: Settings = {key: [getattr(config, key)[place] for place in sorted(kept)] for key in of_runs}
    dropped = {run["label"] for place, run in enumerate(runs) if place not in kept}
    for section in ("traversal", "embeddings"):
        own = getattr(config, section)
        if own.runs is not None:
            found[section] = own.replace(runs=[label for label in own.runs if label not in dropped])
    return config.replace(**found)


def corpus_id(config: StudyConfiguration, corpus: str) -> str:
    """Readable, unique name of a corpus, such as ``sim_vowels-3f2a1c``."""
    return f"{corpus}-{settings_hash([corpus_settings(config, corpus), config.seed])}"


def decomposition_settings(
    section: SharedDecomposition, method: str, n_components: int, n_components_seq: int
) -> Settings:
    """What a decomposition by ``method`` depends on: shared settings of the ``section`` and that method's own."""
    own = without(dict(section), "device")  # where it is computed, not what it is
    counts = {"n_components": n_components, "n_components_seq": n_components_seq}
    return method_settings(DecompositionSettings(**own, method=method, **counts))


def decomposition_section(config: StudyConfiguration, full: Settings, key: str = "") -> SharedDecomposition:
    """The section ``decomposition`` as it is for a run, given with its defaults; mistakes are named after ``key``."""
    own = full["decomposition_overrides"]
    if not own:
        return config.decomposition
    given = config.decomposition.model_dump(mode="json", exclude_unset=True)  # without defaults, which `preset` decides
    return SharedDecomposition.parse(merge(given, own), key)


def decomposition_id(settings: Settings) -> str:
    """Readable, unique name of a decomposition, such as ``filter-C3-8be1d2``."""
    return f"{settings['method']}-C{settings['n_components']}-{settings_hash(settings)}"


@dataclass(frozen=True)
class Run:
    """One model of the study.

    Attributes
    ----------
    name : str
        Readable and unique; the folder of the run's results.
    label : str
        Name in figures; unique within the study.
    setting : str
        The label without the seed: equal for runs that differ by seed only, as their sources may, and for no others.
    settings : dict
        Every setting that reaches the run and no other: a linear baseline has no ``network``, a Z-only run no
        ``branch_s``.
    corpus_id, decomposition_id : str
        Folders of the corpus and of the decomposition that the run reads.
    decomposition : dict
        Settings of that decomposition.
    source : Run or None
        The run of the study whose checkpoint it starts from.
    """

    name: str
    label: str
    setting: str
    settings: Settings
    corpus_id: str
    decomposition_id: str
    decomposition: Settings
    source: Run | None = None

    @property
    def slug(self) -> str:
        """The label as part of a file name: ``β-DecVAE FD centred`` is ``beta_decvae_fd_centred``."""
        return re.sub(r"[^a-z0-9.]+", "_", self.label.replace("β", "beta").lower()).strip("_")

    @property
    def model(self) -> str:
        """A model of :data:`decvae.names.models.MODELS`."""
        return self.settings["model"]

    @property
    def input(self) -> str:
        """What the model reads of every frame: a section of ``features``."""
        return self.settings["input"]

    @property
    def beta_z(self) -> float | None:
        """Beta of branch Z, or of an autoencoder; None for other models."""
        return self.settings.get("branch_z", {}).get("beta")

    @property
    def bands(self) -> str | None:
        """Where the bands of its decomposition come from, such as ``detected``; None for a method without bands."""
        if (boundaries := self.decomposition.get("boundaries")) is None:
            return None
        source = boundaries["source"]
        if source == "given":
            return f"given, {' '.join(f'{edge:g}' for edge in boundaries['edges_hz'])} Hz"
        return f"random, seed {boundaries['seed']}" if source == "random" else source

    @property
    def has_frames(self) -> bool:
        """Branch Z is there."""
        return self.settings.get("branches") != "S"

    @property
    def adaptation(self) -> str | None:
        """``none`` (zero-shot), ``objective`` or ``supervised``; None for a run that is trained from scratch."""
        return self.settings.get("adaptation")

    @property
    def is_trained(self) -> bool:
        """Trained by steps. Others have no history, GPU or untrained state; their best and last are the same."""
        return self.model not in FITTED and self.adaptation != "none"

    @property
    def family(self) -> str:
        """Equal for runs that differ by seed and betas only."""
        return self.hash_without("seed", *PAIRED_KEYS["beta"])

    def hash_without(self, *keys: str) -> str:
        """Hash of what the run depends on but for some of its settings and the seed of its source."""
        others = without(self.settings, *keys)
        if self.source is not None:
            others["start_from"] = {**others["start_from"], "run": self.source.setting}
        return settings_hash([others, self.corpus_id, self.decomposition_id])

    def checkpoints(self, wanted: Sequence[str]) -> list[str]:
        """Those of the ``wanted`` checkpoints that the run has, each once.

        ``every`` stands for init, the periodic checkpoints that are sure to be there, best and last. A run that is not
        trained has best and last only, which are the same: ``every`` is its best.
        """
        if not self.is_trained:
            names = ["best" if name == EVERY else name for name in wanted]
            return list(dict.fromkeys(name for name in names if name in ("best", "last")))
        every = ["init", *(f"epoch-{epoch:04d}" for epoch in sure_epochs(self.settings["training"])), "best", "last"]
        return list(dict.fromkeys(state for name in wanted for state in (every if name == EVERY else [name])))

    def columns(self) -> Settings:
        """The columns that identify the run in every table; None where a setting does not reach it."""
        own = {"run": self.name, "label": self.label, "setting": self.setting, "corpus": self.corpus_id}
        known = {**self.settings, **own}
        known["start_from"] = self.source.label if self.source else self.settings.get("start_from", {}).get("path")
        for letter in "zs":
            known[f"beta_{letter}"] = self.settings.get(f"branch_{letter}", {}).get("beta")
        return {name: known.get(name) for name in RUN_COLUMNS}


def resolve_runs(config: StudyConfiguration) -> dict[str, Run]:
    """Every run of a validated configuration, by name and in the order of ``runs``.

    Raises
    ------
    ConfigError
        If two runs are the same model, two labels are the same, or a checkpoint to start from does not exist.
    """
    resolved = inherit(config.entries, config.full_runs)
    settings = [run_settings(full, config.seed) for full in resolved]
    labels = labels_of(settings, [full["label"] for full in resolved])
    unseeded = unseeded_labels(config.unseeded_labels, resolved, settings)
    made = _make_runs(config, resolved, settings, labels, unseeded)
    runs: dict[str, Run] = {}
    places: dict[str, int] = {}
    slugs: dict[str, int] = {}
    problems, where = [], config.run_places
    for place, (run, label) in enumerate(zip(made, labels, strict=True)):
        if run.name in runs:
            problems.append(
                f"`{where[place]}` is the same model as `{where[places[run.name]]}` ({run.name}): no setting that "
                f"reaches a run of model `{run.model}` differs. Remove one of them or change a setting."
            )
        elif run.slug in slugs:
            problems.append(
                f"The label of `{where[place]}` is {label!r}, and `{where[slugs[run.slug]]}` is called the same in "
                f"file names ({run.slug}). Give each run a label of its own."
            )
        runs[run.name] = run
        places.setdefault(run.name, place)
        slugs.setdefault(run.slug, place)
    if problems:
        raise ConfigError(problems)
    return runs


def _make_runs(
    config: StudyConfiguration,
    resolved: list[Settings],
    settings: list[Settings],
    labels: list[str],
    unseeded: list[str],
) -> list[Run]:
    """All runs in their order; each is named after its source, whatever their order is.

    A setting has the unseeded label of the first of its runs; where another one has it, too, a number is added.
    """
    sources = source_places(resolved)
    made: dict[int, Run] = {}
    names: dict[str, str] = {}
    for place in making_order(resolved):
        own, source = settings[place], made[sources[place]] if place in sources else None
        if source is not None:
            own["start_from"]["run"] = source.name
        elif "start_from" in own:
            own["start_from"]["sha256"] = _sha256_of(own["start_from"]["path"], f"runs[{place}].start_from.path")
        run = _make_run(config, resolved[place], own, labels[place], source)
        name = unseeded[place] if unseeded[place] not in names.values() else f"{unseeded[place]} ({len(names) + 1})"
        made[place] = replace(run, setting=names.setdefault(run.hash_without("seed"), name))
    return [made[place] for place in range(len(settings))]


def _sha256_of(path: str, key: str) -> str:
    weights = Path(path) / WEIGHTS
    if not weights.is_file():
        raise ConfigError([f"`{key}` is {path!r}, which is no checkpoint folder: it has no {WEIGHTS}."])
    return file_sha256(weights)


def select_runs(runs: dict[str, Run], config: StudyConfiguration, section: str) -> list[Run]:
    """The runs that ``traversal`` or ``embeddings`` names; all DecVAE runs that it can use if it names none.

    Raises
    ------
    ConfigError
        If no run has one of the labels, or a traversal names a run without frame latents.
    """
    labels, key = getattr(config, section).runs, f"{section}.runs"
    if labels is None:
        return [run for run in runs.values() if run.model == "decvae" and (run.has_frames or section != "traversal")]
    by_label = {run.label: run for run in runs.values()}
    problems = _unknown_labels(labels, by_label, key)
    if section == "traversal":
        problems += [
            f"`{key}` names {label!r}, which has no branch Z; the controlled set consists of single frames."
            for label in labels
            if label in by_label and not by_label[label].has_frames
        ]
    if problems:
        raise ConfigError(problems)
    return [by_label[label] for label in labels]


def evaluated_states(runs: dict[str, Run], evaluation: EvaluationSettings) -> list[tuple[Run, str]]:
    """Every (run, checkpoint) of the metric tables: ``evaluation.checkpoints``, init of those in ``untrained`` only.

    Raises
    ------
    ConfigError
        If no run has one of the labels in ``untrained``.
    """
    labels, by_label = evaluation.untrained, {run.label: run for run in runs.values()}
    if problems := _unknown_labels(labels or (), by_label, "evaluation.untrained"):
        raise ConfigError(problems)
    states = [(run, state) for run in runs.values() for state in run.checkpoints(evaluation.checkpoints)]
    return [(run, state) for run, state in states if state != "init" or labels is None or run.label in labels]


def over_seeds(runs: Iterable[Run]) -> list[list[Run]]:
    """The runs of every setting that several of them have, as they differ by seed only."""
    settings: dict[str, list[Run]] = {}
    for run in runs:
        settings.setdefault(run.setting, []).append(run)
    return [seeds for seeds in settings.values() if len(seeds) > 1]


def _unknown_labels(labels: Iterable[str], by_label: dict[str, Run], key: str) -> list[str]:
    return [
        f"`{key}` names {label!r}, which is the label of no run.{suggest(label, by_label)}"
        for label in labels
        if label not in by_label
    ]


def _make_run(config: StudyConfiguration, full: Settings, settings: Settings, label: str, source: Run | None) -> Run:
    corpus, method = settings["corpus"], settings["decomposition"]
    decomposition = decomposition_settings(decomposition_section(config, full), method, *component_counts(full))
    ids = (corpus_id(config, corpus), decomposition_id(decomposition))
    features = getattr(config.features, settings["input"]).plain()
    parts = [corpus, settings["model"], f"{method}_C{settings['n_components']}", settings["input"]]
    if settings["model"] == "decvae":
        parts[1] += f"_{settings['objective']}"
        parts[1] += "_dense" if has_dense_encoder(settings) else ""
    parts[1] += lineage_label(settings).replace(" ", "_")
    if settings["model"] in ("decvae", "beta_vae"):
        betas = {letter: settings[f"branch_{letter}"]["beta"] for letter in "zs" if f"branch_{letter}" in settings}
        parts.append("_".join(f"b{letter}{beta:g}" for letter, beta in betas.items()))
    parts += [f"s{settings['seed']}", settings_hash([settings, ids, features])]
    return Run("-".join(parts), label, label, settings, *ids, decomposition, source)
