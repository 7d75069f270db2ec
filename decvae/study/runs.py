"""The runs that a configuration describes: what reaches each of them, its name and its label.

Everything here reads a configuration that :func:`decvae.study.configuration.validate_config` has completed.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from decvae.artifacts import WEIGHTS, file_sha256, settings_hash
from decvae.names import AUTOENCODERS, FITTED, FIXED_BETA, MODELS, PAIRED_KEYS, decvae_name, dotted
from decvae.settings.base import ConfigError, suggest
from decvae.settings.branches import OBJECTIVE_KEYS, OPTIMISATION_KEYS, SECTIONS
from decvae.settings.objective import FRAME_OPTIONS, with_objective
from decvae.study.lineage import inherit, lineage_label, lineage_settings, making_order, source_places

EVERY = "every"  # in evaluation.checkpoints

_NOT_OF_CORPUS = ("traversal", "controlled_sets", "root", "content")
# Keys of a run, whole or by section, that reach every model, and those that reach some.
_COMMON_KEYS = ("corpus", "model", "decomposition", "n_components", "input", "seed")
_MODEL_KEYS: dict[str, tuple[str, ...]] = {
    "decvae": ("objective", "loss_space", "branches", "branch_z", "branch_s", "network", "loss", "training"),
    **dict.fromkeys(
        AUTOENCODERS, ("autoencoder", "training", *(f"branch_z.{key}" for key in ("beta", *OPTIMISATION_KEYS)))
    ),
    "pca": ("linear",),
    "ica": ("linear",),
    "kpca": ("linear", "kernel"),
    "raw": (),
}
_SOME_MODELS_SECTIONS = {key.partition(".")[0] for keys in _MODEL_KEYS.values() for key in keys}
# How labels call a key; others by their last part, those of a branch with its letter.
LABEL_SYMBOLS = {
    "beta": "β",
    "branch_z.beta": "βz",
    "branch_s.beta": "βs",
    "n_components": "C",
    "branch_s.n_components": "C_seq",
    "branch_z.frames": "frames",
    "branch_s.frames": "sequence_frames",
}
RUN_COLUMNS = (
    *("run", "label", "setting", "model", "objective", "corpus", "decomposition", "n_components", "input"),
    *("beta_z", "beta_s", "seed", "adaptation", "start_from"),
)
# Keys of a section that one of its choices leaves without use.
_UNUSED = {
    ("branch_z", "encoder"): {"dense": ("conv_dim", "conv_norm"), "conv": ("dense_dim", "dense_norm")},
    ("branch_s", "encoder"): {"fc": ("conv_dim",), "conv": ("dense_dim",)},
    ("branch_s", "pooling"): dict.fromkeys(("lstm", "average", "max"), ("attention_heads",)),
}
# What the result of each method depends on (equal to decvae.settings.decomposition.method_settings).
_SHARED_KEYS = ("weak_frame", "weak_sequence", "silence_rms", "silence_low_rms", "silence_low_hz", "notch", "storage")
_GROUPING_KEYS = ("grouping_frame", "grouping_sequence", "frequency_groups_hz")
_METHOD_KEYS = {
    "filter": (*_GROUPING_KEYS, "boundaries", "peaks", "filter"),
    "ewt": ("boundaries", "ewt"),
    "vmd": ("vmd",),
    "emd": (*_GROUPING_KEYS, "emd"),
}


def reaches(model: str, key: str) -> bool:
    """A key of a run, such as ``branch_z.frames``, has a use in runs of this model."""
    if model in FIXED_BETA and key == "branch_z.beta":
        return False
    section, own = key.partition(".")[0], _MODEL_KEYS.get(model, ())
    return section not in _SOME_MODELS_SECTIONS or section in own or key in own


def name_in_label(key: str) -> str:
    """How labels call a key of a run.

    >>> name_in_label("branch_z.beta"), name_in_label("branch_s.latent_dim"), name_in_label("loss.pairing")
    ('βz', 'latent_dim_s', 'pairing')
    """
    section, _, last = key.rpartition(".")
    return LABEL_SYMBOLS.get(key, f"{last}_{section[-1]}" if section in SECTIONS.values() else last)


def merge(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``override``; sections are merged, lists and values replaced."""
    merged = copy.deepcopy(base)
    for key, value in override.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def sure_epochs(training: dict[str, Any]) -> list[int]:
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


def without(settings: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A copy of settings without some of their keys, whether they have them or not.

    >>> without({"seed": 0, "branch_z": {"beta": 0.1, "frames": 8}}, "seed", "branch_z.beta", "loss.units")
    {'branch_z': {'frames': 8}}
    """
    found = copy.deepcopy(settings)
    for key in keys:
        section, _, last = key.rpartition(".")
        (found.get(section, {}) if section else found).pop(last, None)
    return found


def component_counts(full: dict[str, Any]) -> tuple[int, int]:
    """Components of frames and of sequences in settings with defaults."""
    own = full["branch_s"]["n_components"]
    return full["n_components"], full["n_components"] if own is None else own


def corpus_settings(config: dict[str, Any], corpus: str) -> dict[str, Any]:
    """What a corpus file depends on: its section without controlled sets, where it lies, and what figures show."""
    own = config["corpora"][corpus]
    return {key: value for key, value in own.items() if key not in _NOT_OF_CORPUS}


def controlled_sets(section: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Controlled sets of a corpus by the name of their split: the generator's grid, or what is drawn from its data."""
    if section["kind"] == "sim_vowels":
        return {"traversal": {"factors": ["vowel", "speaker"]}}
    return {f"traversal_{name}": own for name, own in section["controlled_sets"].items()}


def without_absent_corpora(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration without the runs on corpora whose ``root`` is not set, and those that start from such runs.

    Their labels are taken out of the choices of runs (``traversal.runs``, ``embeddings.runs``), too.

    Raises
    ------
    ConfigError
        If no run is left.
    """
    absent = {name for name, own in config["corpora"].items() if "root" in own and own["root"] is None}
    kept, places, unseeded, dropped = config["runs"], config["run_places"], config["unseeded_labels"], set()
    while True:
        runs = [merge(config["run_defaults"], run) for run in kept]
        sources = [(run.get("start_from") or {}).get("run") for run in runs]
        pairs = zip(runs, sources, strict=True)
        here = [run["corpus"] not in absent and source not in dropped for run, source in pairs]
        if all(here):
            break
        dropped |= {run["label"] for run, stays in zip(runs, here, strict=True) if not stays and run["label"]}
        kept, places, unseeded = (
            [item for item, stays in zip(items, here, strict=True) if stays] for items in (kept, places, unseeded)
        )
    if not kept:
        keys = ", ".join(f"`corpora.{name}.root`" for name in sorted(absent))
        raise ConfigError([f"No run is left, since {keys} is not set: give the folder of the corpus."])
    found = {**config, "runs": kept, "run_places": places, "unseeded_labels": unseeded}
    for section in ("traversal", "embeddings"):
        if (labels := config[section]["runs"]) is not None:
            found[section] = {**config[section], "runs": [label for label in labels if label not in dropped]}
    return found


def corpus_id(config: dict[str, Any], corpus: str) -> str:
    """Readable, unique name of a corpus, such as ``sim_vowels-3f2a1c``."""
    return f"{corpus}-{settings_hash([corpus_settings(config, corpus), config['seed']])}"


def decomposition_settings(section: dict[str, Any], method: str, n_components: int, n_components_seq: int) -> dict:
    """What a decomposition by ``method`` depends on: shared settings of the ``section`` and that method's own."""
    own = {key: section[key] for key in (*_SHARED_KEYS, *_METHOD_KEYS[method])}
    return {"method": method, "n_components": n_components, "n_components_seq": n_components_seq, **own}


def decomposition_section(config: dict[str, Any], full: dict[str, Any]) -> dict[str, Any]:
    """The section ``decomposition`` as it is for a run, given with its defaults."""
    return merge(config["decomposition"], full["decomposition_overrides"])


def decomposition_id(settings: dict[str, Any]) -> str:
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
    settings: dict[str, Any]
    corpus_id: str
    decomposition_id: str
    decomposition: dict[str, Any]
    source: Run | None = None

    @property
    def slug(self) -> str:
        """The label as part of a file name: ``β-DecVAE FD centred`` is ``beta_decvae_fd_centred``."""
        return re.sub(r"[^a-z0-9.]+", "_", self.label.replace("β", "beta").lower()).strip("_")

    @property
    def model(self) -> str:
        return self.settings["model"]

    @property
    def input(self) -> str:
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

    def checkpoints(self, wanted: list[str]) -> list[str]:
        """Those of the ``wanted`` checkpoints that the run has, each once.

        ``every`` stands for init, the periodic checkpoints that are sure to be there, best and last. A run that is not
        trained has best and last only, which are the same: ``every`` is its best.
        """
        if not self.is_trained:
            names = ["best" if name == EVERY else name for name in wanted]
            return list(dict.fromkeys(name for name in names if name in ("best", "last")))
        every = ["init", *(f"epoch-{epoch:04d}" for epoch in sure_epochs(self.settings["training"])), "best", "last"]
        return list(dict.fromkeys(state for name in wanted for state in (every if name == EVERY else [name])))

    def columns(self) -> dict[str, Any]:
        """The columns that identify the run in every table; None where a setting does not reach it."""
        own = {"run": self.name, "label": self.label, "setting": self.setting, "corpus": self.corpus_id}
        known = {**self.settings, **own}
        known["start_from"] = self.source.label if self.source else self.settings.get("start_from", {}).get("path")
        for letter in "zs":
            known[f"beta_{letter}"] = self.settings.get(f"branch_{letter}", {}).get("beta")
        return {name: known.get(name) for name in RUN_COLUMNS}


def resolve_runs(config: dict[str, Any]) -> dict[str, Run]:
    """Every run of a validated configuration, by name and in the order of ``runs``.

    Raises
    ------
    ConfigError
        If two runs are the same model, two labels are the same, or a checkpoint to start from does not exist.
    """
    resolved = inherit(config["runs"], [merge(config["run_defaults"], run) for run in config["runs"]])
    settings = [_run_settings(full, config["seed"]) for full in resolved]
    labels = _labels(settings, [full["label"] for full in resolved])
    unseeded = _unseeded_labels(config, resolved, settings)
    made = _make_runs(config, resolved, settings, labels, unseeded)
    runs: dict[str, Run] = {}
    problems, places, slugs, where = [], {}, {}, config["run_places"]
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
    config: dict[str, Any],
    resolved: list[dict[str, Any]],
    settings: list[dict[str, Any]],
    labels: list[str],
    unseeded: list[str],
) -> list[Run]:
    """All runs in their order; each is named after its source, whatever their order is.

    A setting has the unseeded label of the first of its runs; where another one has it, too, a number is added.
    """
    sources, made, names = source_places(resolved), {}, {}
    for place in making_order(resolved):
        own, source = settings[place], made.get(sources.get(place))
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


def select_runs(runs: dict[str, Run], config: dict[str, Any], section: str) -> list[Run]:
    """The runs that ``traversal`` or ``embeddings`` names; all DecVAE runs that it can use if it names none.

    Raises
    ------
    ConfigError
        If no run has one of the labels, or a traversal names a run without frame latents.
    """
    labels, key = config[section]["runs"], f"{section}.runs"
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


def evaluated_states(runs: dict[str, Run], evaluation: dict[str, Any]) -> list[tuple[Run, str]]:
    """Every (run, checkpoint) of the metric tables: ``evaluation.checkpoints``, init of those in ``untrained`` only.

    Raises
    ------
    ConfigError
        If no run has one of the labels in ``untrained``.
    """
    labels, by_label = evaluation["untrained"], {run.label: run for run in runs.values()}
    if problems := _unknown_labels(labels or [], by_label, "evaluation.untrained"):
        raise ConfigError(problems)
    states = [(run, state) for run in runs.values() for state in run.checkpoints(evaluation["checkpoints"])]
    return [(run, state) for run, state in states if state != "init" or labels is None or run.label in labels]


def over_seeds(runs: Iterable[Run]) -> list[list[Run]]:
    """The runs of every setting that several of them have, as they differ by seed only."""
    settings: dict[str, list[Run]] = {}
    for run in runs:
        settings.setdefault(run.setting, []).append(run)
    return [seeds for seeds in settings.values() if len(seeds) > 1]


def _unknown_labels(labels: list[str], by_label: dict[str, Run], key: str) -> list[str]:
    return [
        f"`{key}` names {label!r}, which is the label of no run.{suggest(label, by_label)}"
        for label in labels
        if label not in by_label
    ]


def _run_settings(full: dict[str, Any], master_seed: int) -> dict[str, Any]:
    """The settings that reach a run of its model and branches."""
    model = full["model"]
    own = _chosen(full, (*_COMMON_KEYS, *_MODEL_KEYS[model]))
    own["seed"] += master_seed
    if model in FIXED_BETA:
        own["branch_z"]["beta"] = FIXED_BETA[model]
    if model == "raw":
        own["linear"] = {"n_components": 0}  # nothing is reduced
    if model == "decvae":
        own = _of_its_branches(with_objective(own))
    if full["adaptation"] == "none":
        of_training = (*OBJECTIVE_KEYS[1:], *OPTIMISATION_KEYS)
        keys = [f"{section}.{key}" for section in SECTIONS.values() for key in of_training]
        own = without(own, "training", "loss", *keys)
    return own | lineage_settings(full)


def _chosen(full: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """A copy of some keys, given whole."""
    found: dict[str, Any] = {}
    for key in keys:
        section, _, last = key.rpartition(".")
        target, source = (found.setdefault(section, {}), full[section]) if section else (found, full)
        target[last] = copy.deepcopy(source[last])
    return found


def _of_its_branches(settings: dict[str, Any]) -> dict[str, Any]:
    """A DecVAE's settings without the section of an absent branch, and what its choices leave without use."""
    unused = {"Z": ["branch_s"], "S": ["branch_z", *(f"loss.{key}" for key in FRAME_OPTIONS)]}
    keys = unused.get(settings["branches"], [])
    for (section, choice), others in _UNUSED.items():
        keys += [f"{section}.{key}" for key in others.get(settings[section][choice], ())]
    sequences = {"n_components": settings["n_components"], **settings["branch_s"]}
    return without({**settings, "branch_s": sequences}, *keys)


def _make_run(
    config: dict[str, Any], full: dict[str, Any], settings: dict[str, Any], label: str, source: Run | None
) -> Run:
    corpus, method = settings["corpus"], settings["decomposition"]
    decomposition = decomposition_settings(decomposition_section(config, full), method, *component_counts(full))
    ids = (corpus_id(config, corpus), decomposition_id(decomposition))
    features = config["features"][settings["input"]]
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


def _labels(settings: list[dict[str, Any]], given: list[str | None], *left_out: str) -> list[str]:
    """Given labels, or names as in the paper with whatever settings, but those left out, tell runs apart."""
    labels, groups = list(given), {}
    for place, own in enumerate(settings):
        if not labels[place]:
            groups.setdefault(_base_label(own), {})[place] = dotted(own)
    for name, group in groups.items():
        first = next(iter(group.values()))
        differing = {key for flat in group.values() for key in first.keys() | flat if flat.get(key) != first.get(key)}
        differing -= set(left_out)
        for place, flat in group.items():
            labels[place] = name + _differences(flat, [key for key in flat if key in differing])
    return labels


def _unseeded_labels(
    config: dict[str, Any], resolved: list[dict[str, Any]], settings: list[dict[str, Any]]
) -> list[str]:
    """Labels without the seeds of the runs and of those that they start from."""
    given = [name or full["label"] for name, full in zip(config["unseeded_labels"], resolved, strict=True)]
    names = {full["label"]: name for full, name in zip(resolved, given, strict=True) if full["label"]}
    sourced = [
        {**own, "start_from": {**own["start_from"], "run": names[own["start_from"]["run"]]}}
        if own.get("start_from", {}).get("run") in names
        else own
        for own in settings
    ]
    return _labels(sourced, given, "seed")


def _base_label(settings: dict[str, Any]) -> str:
    model = settings["model"]
    if model == "raw":
        name = f"raw {settings['input']}"
    elif model != "decvae":
        name = MODELS[model].label
    else:
        name = decvae_series(settings, settings.get("branch_z", settings.get("branch_s"))["beta"])
    return name + lineage_label(settings)


def decvae_series(settings: dict[str, Any], beta: float | None) -> str:
    """Name of a DecVAE by its beta, decomposition, objective and kind of encoder."""
    dense = " dense" if has_dense_encoder(settings) else ""
    return f"{decvae_name(beta, settings['decomposition'])} {settings['objective']}{dense}"


def has_dense_encoder(settings: dict[str, Any]) -> bool:
    """The frames of a DecVAE are encoded by fully connected layers."""
    return settings.get("branch_z", {}).get("encoder") == "dense"


def _differences(flat: dict[str, Any], keys: list[str]) -> str:
    for name, pair in reversed(PAIRED_KEYS.items()):
        if set(pair) <= set(keys) and len({flat[key] for key in pair}) == 1:
            flat = {**flat, name: flat[pair[0]]}
            keys = [name, *(key for key in keys if key not in pair)]
    values = {name_in_label(key): f"{flat[key]:g}" if isinstance(flat[key], float) else flat[key] for key in keys}
    return f" ({', '.join(f'{name}={value}' for name, value in values.items())})" if values else ""
