"""The figures of a study: the name, the tables and the parameters of each, from the configuration alone.

A figure is named after the figure of the paper that it stands for (``fig2/metrics_bars``, ``si9/correlograms``), and
is there only if the corpora and runs that it shows are part of the study. Figures of a family share an R script and a
caption.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import paths
import yaml
from source import as_input
from tables import shown_scores

from decvae.artifacts import settings_hash
from decvae.corpora.factors import kept_factors
from decvae.names.models import AUTOENCODERS, METHODS, PAIRED_KEYS, PAPER_BETAS, name_in_paper
from decvae.names.scores import drawn_scores
from decvae.settings.corpora import FolderSettings
from decvae.study.keys import dotted, without
from decvae.study.labels import decvae_series
from decvae.study.reach import component_counts
from decvae.study.runs import (
    Run,
    StudyConfiguration,
    corpus_id,
    decomposition_id,
    decomposition_settings,
)

PUBLISHED = Path(__file__).resolve().parents[2] / "decvae" / "reporting" / "published_scores.csv"
CAPTIONS = Path(__file__).resolve().parents[1] / "report"
PAPER = yaml.safe_load(Path(__file__).with_name("paper.yaml").read_text(encoding="utf-8"))  # where it shows what
# Ablations: a setting, and the title of its axis.
ABLATIONS = {
    "beta": (PAIRED_KEYS["beta"], "Weight of the prior (β)"),
    "n_components": (PAIRED_KEYS["n_components"], "Number of components"),
    "frames": (("branch_z.frames",), "Frames of an utterance in the loss (number or %)"),
}
CIRCLES = {"decvae": "DecVAE", **dict.fromkeys(AUTOENCODERS, "Autoencoders")}  # families of models, each a circle
WITH_PUBLISHED = ("metrics_scatter", "metrics_bars")  # families that draw published values, too
Tables = dict[str, str | list[str]]


@dataclass(frozen=True)
class Figure:
    """One figure of a study; all but its name is in the JSON that its script reads.

    Attributes
    ----------
    name : str
        Path below ``results/figures``, without suffix.
    family : str
        Its script, and its caption.
    tables : {str: str or list of str}
        Paths of the tables by their names in the script.
    shown : dict
        Parameters of the script.
    about : str
        What of the study it shows, for its title and its caption.
    scores : dict
        Of metric figures: which scores are drawn, and what is known of each.
    """

    name: str
    family: str
    tables: Tables
    shown: dict[str, Any] = field(default_factory=dict)
    about: str = ""
    scores: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Its folder: the figure of the paper that it stands for, such as ``fig2``, or its corpus."""
        return self.name.split("/")[0]

    @property
    def category(self) -> str:
        """Heading of the report that it is listed under."""
        return PAPER["titles"].get(self.place, f"Corpus {self.place}")

    @property
    def inputs(self) -> list[str]:
        """Paths of all tables."""
        return [path for table in self.tables.values() for path in ([table] if isinstance(table, str) else table)]

    @property
    def caption(self) -> str:
        """The caption of its family, on what it shows."""
        text = (CAPTIONS / f"{self.family}.rst").read_text(encoding="utf-8")
        return " ".join(text.split()).format(about=self.about, figure=self.name)


# Of what was run, not of what it found: drawn by `snakemake costs` only.
COSTS = Figure("costs/costs", "costs", {"rules": paths.RULE_COSTS})


@dataclass(frozen=True)
class Study:
    """What figures are drawn of: a validated configuration, its runs, those that are traversed, those that are mapped.

    ``traversals`` are pairs of a run and of the split that is a controlled set of its corpus.
    """

    config: StudyConfiguration
    runs: list[Run]
    traversals: list[tuple[Run, str]]
    embedded: list[Run]

    @property
    def shown_corpus(self) -> str:
        """The corpus of figures that show one."""
        return self.config.figures.corpus or self.runs[0].settings["corpus"]

    def kind(self, corpus: str) -> str:
        """The kind of a corpus, such as ``timit``."""
        return self.config.corpora[corpus].kind

    def content(self, corpus: str) -> str:
        """The factor or label that figures of a corpus show first; empty if it has none."""
        section = self.config.corpora[corpus]
        if isinstance(section, FolderSettings):
            return section.content or next(iter(kept_factors(section)), "")
        return str(PAPER["kinds"][self.kind(corpus)]["content"])

    def of_corpus(self, corpus: str, runs: list[Run] | None = None) -> list[Run]:
        """Those of the ``runs``, by default of all, that are of a corpus."""
        return [run for run in (self.runs if runs is None else runs) if run.settings["corpus"] == corpus]

    def is_first(self, corpus: str) -> bool:
        """Of the corpora of its kind that have runs it is the first."""
        return corpus == next(name for name in self.corpora() if self.kind(name) == self.kind(corpus))

    def corpora(self) -> list[str]:
        """Corpora with runs, in their order."""
        return list(dict.fromkeys(run.settings["corpus"] for run in self.runs))

    def in_paper(self, corpus: str) -> dict[str, Any]:
        """Where the paper shows a corpus; nowhere if it is not the first of its kind."""
        return PAPER["kinds"][self.kind(corpus)] if self.is_first(corpus) else {}

    def place(self, corpus: str) -> str:
        """Folder of the figures of a corpus."""
        return self.in_paper(corpus).get("main", corpus)


def study_figures(study: Study) -> dict[str, Figure]:
    """Every figure of a study by name."""
    figures = [
        *_figures_of_metrics(study),
        *_figures_of_training(study),
        *_figures_of_ablations(study),
        *_figures_of_signals(study),
        *_figures_of_responses(study),
        *_figures_of_maps(study),
    ]
    return {figure.name: figure for figure in figures}


# ---- Metrics ----


def _figures_of_metrics(study: Study) -> Iterator[Figure]:
    measured = [corpus for corpus in study.corpora() if _scored(study, corpus)]
    for corpus in measured:
        tasks, place, runs = PAPER["kinds"][study.kind(corpus)], study.place(corpus), _scored(study, corpus)
        planes = [*PAPER["planes"], *tasks.get("planes", [])]
        bubbles = [*PAPER["bubbles"]["before"], *tasks.get("bubbles", []), *PAPER["bubbles"]["after"]]
        threes = f"si7/metrics_scatter-{corpus}" if place != corpus else f"{place}/metrics_bubbles"
        yield _metric_figure(study, f"{place}/metrics_scatter", "metrics_scatter", runs, panels=_panels(planes))
        yield _metric_figure(study, threes, "metrics_scatter", runs, panels=_panels(bubbles))
        apart = place in ("fig4", "fig5")  # where the paper draws tasks and disentanglement apart
        yield _metric_figure(study, f"{place}/metrics_bars", "metrics_bars", runs, shown="tasks" if apart else "all")
        if apart:
            yield _metric_figure(study, f"si17/metrics_bars-{corpus}", "metrics_bars", runs, shown="joint")
        yield from _figures_of_joint_latents(study, corpus)
        if any(len(run.checkpoints(study.config.evaluation.checkpoints)) > 2 for run in runs if run.is_trained):
            name = "si12/metrics_over_training" if place == "fig2" else f"{place}/metrics_over_training"
            yield _metric_figure(study, name, "metrics_lines", runs)
    circled = [run for corpus in measured for run in _scored(study, corpus) if run.model in CIRCLES]
    if circled:
        families, corpora = ([CIRCLES[run.model] for run in circled], [run.settings["corpus"] for run in circled])
        shown = {"runs": _shown_runs(circled, family=families, corpus=corpora), "scores": PAPER["circles"]}
        tables: Tables = {"metrics": paths.METRICS}
        yield Figure("fig6/metrics_circular", "metrics_circular", tables, shown, scores=_score_settings(study))


def _panels(axes: list[str]) -> list[dict[str, str]]:
    return [dict(zip(("x", "y", "area"), scores.split(":"), strict=False)) for scores in axes]


def _scored(study: Study, corpus: str) -> list[Run]:
    """Runs of a corpus with scores of frames that figures can show."""
    if not study.content(corpus) or "Z" not in study.config.evaluation.branches:
        return []
    return [run for run in study.of_corpus(corpus) if run.has_frames]


def _figures_of_joint_latents(study: Study, corpus: str) -> Iterator[Figure]:
    """The joint latents that are measured, side by side, of every DecVAE on simulated vowels that is mapped."""
    wanted = study.config.evaluation.aggregations
    for run in study.of_corpus(corpus, study.embedded) if study.place(corpus) == "fig2" else []:
        measured = [name for name in wanted if not name.startswith("OC") or _has_aggregation(run, name)]
        if run.model == "decvae" and run.has_frames and len(measured) > 1:
            name = f"si26/metrics_bars-{run.slug}"
            yield _metric_figure(study, name, "metrics_bars", [run], aggregation=measured, about=run.label)


def _has_aggregation(run: Run, name: str) -> bool:
    if name == "OCs_proj":
        return bool(run.settings.get("network", {}).get("project_components"))
    return name == "OCs_joint" or int(name.removeprefix("OC")) <= run.settings["n_components"]


def _metric_figure(
    study: Study,
    name: str,
    family: str,
    runs: list[Run],
    *,
    about: str = "",
    columns: dict[str, list[str]] | None = None,
    **shown: Any,
) -> Figure:
    """A figure of scores; ``columns`` are values for each run."""
    tables: Tables = {"metrics": paths.METRICS}
    columns, corpus = dict(columns or {}), runs[0].settings["corpus"]
    counterparts = [published_name(study, run) for run in runs]
    wanted = study.config.figures.published and family in WITH_PUBLISHED and "aggregation" not in shown
    if wanted and set(counterparts) != {"-"}:
        tables["published"] = as_input(PUBLISHED)
        columns["published_as"] = counterparts
        shown["published_corpus"] = study.kind(corpus)
    shown = {"runs": _shown_runs(runs, **columns)} | shown
    return Figure(name, family, tables, shown, about or f"corpus {corpus}", _score_settings(study))


def _score_settings(study: Study) -> dict[str, Any]:
    return shown_scores(study.config) | {"definitions": drawn_scores()}


def _shown_runs(runs: list[Run], **columns: list[str]) -> list[dict[str, str]]:
    """The runs of a figure with the labels that they have there (seeds of a setting have one), and more ``columns``."""
    labels = [run.setting for run in runs]
    if len(set(labels)) == len(runs):
        labels = [run.label for run in runs]
    rows = zip([run.name for run in runs], labels, *columns.values(), strict=True)
    return [dict(zip(("run", "label", *columns), row, strict=True)) for row in rows]


def published_name(study: Study, run: Run) -> str:
    """The model of the published table that a run stands for; "-" if none, as for other betas or fixed bands."""
    beta = run.beta_z
    fixed = run.model == "decvae" and run.bands not in (None, "detected")
    if fixed or (beta is not None and beta not in PAPER_BETAS):
        return "-"
    kind = study.kind(run.settings["corpus"])
    source = study.kind(run.source.settings["corpus"]) if run.source is not None else None
    name = name_in_paper(run.model, run.input, run.settings["decomposition"], beta, source)
    return name if (kind, name) in _published_models() else "-"


@cache
def _published_models() -> set[tuple[str, str]]:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return {(row["corpus"], row["model"]) for row in csv.DictReader(file)}


# ---- Training and ablations ----


def _figures_of_training(study: Study) -> Iterator[Figure]:
    for corpus in study.corpora():
        runs = [run for run in study.of_corpus(corpus) if run.is_trained]
        if runs:
            place = study.in_paper(corpus).get("training", study.place(corpus))
            yield _curves(f"{place}/training_curves", runs)


def _curves(name: str, runs: list[Run]) -> Figure:
    shown = {"runs": _shown_runs(runs)}
    about = f"corpus {runs[0].settings['corpus']}"
    return Figure(name, "training_curves", {"history": paths.HISTORIES}, shown, about)


def _figures_of_ablations(study: Study) -> Iterator[Figure]:
    for corpus in study.corpora():
        for key, (_, axis) in ABLATIONS.items():
            series = ablation_series(study.of_corpus(corpus), key)
            if not any(runs[0].model == "decvae" for runs in series.values()):
                continue
            places = study.in_paper(corpus).get("ablations", {}).get(key, {})
            runs = [run for group in series.values() for run in group]
            if _scored(study, corpus):
                scored = [run for run in runs if run.has_frames]
                bars = places.get("metrics_bars")
                lines = places.get("metrics_lines", None if bars else study.place(corpus))
                if bars:
                    yield _metric_figure(study, f"{bars}/metrics_bars-{key}", "metrics_bars", scored)
                if lines:
                    columns = {
                        "value": [_setting(run, key) for run in scored],
                        "series": [name for name, group in series.items() for run in group if run.has_frames],
                    }
                    name = f"{lines}/metrics_lines-{key}"
                    yield _metric_figure(study, name, "metrics_lines", scored, columns=columns, axis=axis)
            trained = [run for run in runs if run.is_trained]
            if trained:
                yield _curves(f"{places.get('training_curves', study.place(corpus))}/training_curves-{key}", trained)


def _setting(run: Run, key: str) -> str:
    """The value of an ablated setting."""
    flat = dotted(run.settings)
    value = next(flat[name] for name in ABLATIONS[key][0] if name in flat)
    return value.rstrip("%") if isinstance(value, str) else f"{value:g}"


def ablation_series(runs: list[Run], key: str) -> dict[str, list[Run]]:
    """Runs that differ in one setting (and the seed) only, by the name of what they share; at least two values each.

    The autoencoders are a series over beta: AE, β-VAE and VAE.
    """
    groups: dict[str, list[Run]] = {}
    for run in runs:
        if (run.model == "decvae" and _has_setting(run, key)) or (run.model in AUTOENCODERS and key == "beta"):
            groups.setdefault(settings_hash(_shared(run, key)), []).append(run)
    kept = [group for group in groups.values() if len({_setting(run, key) for run in group}) > 1]
    named: dict[str, list[Run]] = {}
    for group in kept:
        name = _series_name(group[0], key)
        named[f"{name} ({len(named) + 1})" if name in named else name] = group
    return named


def _has_setting(run: Run, key: str) -> bool:
    """A zero-shot run has no frames in the loss."""
    return not dotted(run.settings).keys().isdisjoint(ABLATIONS[key][0])


def _shared(run: Run, key: str) -> dict[str, Any]:
    """Settings of a run and of its decomposition without the ablated ones and the seed."""
    decomposition = without(run.decomposition, "n_components", "n_components_seq")  # they are those of the run
    settings = without(run.settings | {"decomposition": decomposition}, *ABLATIONS[key][0], "seed")
    if run.model in AUTOENCODERS:
        settings["model"] = "vae"
    return settings


def _series_name(run: Run, key: str) -> str:
    if run.model in AUTOENCODERS:
        return "VAE"
    return decvae_series(run.settings, 1.0 if key == "beta" else run.beta_z)  # over beta it has the plain name


# ---- Corpora, signals, decompositions ----


def _figures_of_signals(study: Study) -> Iterator[Figure]:
    shown = study.shown_corpus
    corpus, about = corpus_id(study.config, shown), f"corpus {shown}"

    def table(pattern: str) -> str:
        return pattern.format(corpus=corpus)

    examples: Tables = {"signals": table(paths.EXAMPLE_SIGNALS), "spectra": table(paths.EXAMPLE_SPECTRA)}
    for scale in ("frame", "sequence"):
        view = {"view": "front_end", "scale": scale, "methods": METHODS}
        yield Figure(f"si4/decomposition_{scale}", "signals", examples, view, f"one {scale} of {shown}")
    if study.kind(shown) == "sim_vowels":  # what only a generator knows
        views = {
            "generative_model": ("waveforms", paths.GENERATED_SIGNALS),
            "mel_features": ("mel", paths.GENERATED_MELS),
        }
        for name, (view_name, pattern) in views.items():
            yield Figure(f"si4/{name}", "signals", {"signals": table(pattern)}, {"view": view_name}, about)
        for name, view_name in (("component_frequencies", "medians"), ("component_scatter", "frames")):
            quality: Tables = {"quality": quality_tables(study, shown)}
            view = {"view": view_name, "methods": METHODS}
            yield Figure(f"si4/{name}", "component_frequencies", quality, view, about)
    for name in dict.fromkeys([shown, *study.corpora()]):
        if tables := quality_tables(study, name):
            for view_name in ("reconstruction_error", "correlograms"):
                place = f"si9/{view_name}" if name == shown else f"si9/{view_name}-{name}"
                view = {"view": view_name, "methods": METHODS}
                yield Figure(place, "component_quality", {"quality": tables}, view, f"corpus {name}")
        if study.kind(name) != "sim_vowels":
            own = corpus_id(study.config, name)
            held: Tables = {
                "summary": paths.CORPUS_SUMMARY.format(corpus=own),
                "utterances": paths.CORPUS_UTTERANCES.format(corpus=own),
            }
            yield Figure(f"corpora/{name}", "corpus", held, about=name)


def shown_decompositions(config: StudyConfiguration) -> dict[str, dict[str, Any]]:
    """Settings of all four methods with the components that runs have by default, for the figures of the methods."""
    components = component_counts(config.run_defaults.plain())
    return {method: decomposition_settings(config.decomposition, method, *components) for method in METHODS}


def quality_tables(study: Study, corpus: str) -> list[str]:
    """Quality of the test split of a corpus: of all methods for the shown corpus, else of those that its runs use."""
    if corpus == study.shown_corpus:
        ids = [decomposition_id(settings) for settings in shown_decompositions(study.config).values()]
    else:
        # One decomposition per method: the first.
        runs = [run for run in study.of_corpus(corpus) if run.model == "decvae"]
        ids = list({run.settings["decomposition"]: run.decomposition_id for run in reversed(runs)}.values())
    own = corpus_id(study.config, corpus)
    return [paths.QUALITY_SAMPLE.format(corpus=own, decomposition=name, split="test") for name in ids]


# ---- Latents ----


def _figures_of_responses(study: Study) -> Iterator[Figure]:
    state = study.config.traversal.checkpoint
    leaders = {}  # the first traversed run of each corpus
    for run, split in study.traversals:
        corpus = run.settings["corpus"]
        is_leader = leaders.setdefault(corpus, run.name) == run.name
        place = study.in_paper(corpus).get("responses", [corpus, corpus])[0 if is_leader else 1]
        name = f"{split.removeprefix('traversal_')}-{run.slug}" if split != "traversal" else run.slug
        table: Tables = {"responses": paths.of_run(paths.RESPONSES, run, checkpoint=state, split=split)}
        for family in ("latent_responses", "response_maps"):
            yield Figure(f"{place}/{family}-{name}", family, table, {}, f"{run.label}, checkpoint {state}")


def _figures_of_maps(study: Study) -> Iterator[Figure]:
    own = study.config.embeddings
    for corpus in study.corpora():
        place, runs = study.place(corpus), study.of_corpus(corpus, study.embedded)
        for number, run in enumerate(runs):
            if number == 0:
                inputs: Tables = {"embedding": paths.of_run(paths.MAP_OF_INPUTS, run)}
                about = f"{run.input} inputs, corpus {corpus}"
                views = [view for view in own.views if view != "prior"]
                for suffix, shown in _maps(own.branches, own.dimensions, views):
                    name = f"{place}/embedding_inputs{suffix}"
                    yield Figure(name, "embedding", inputs, shown, about)
            table: Tables = {"embedding": paths.of_run(paths.MAP_OF_LATENTS, run, checkpoint=own.checkpoint)}
            about = f"{run.label}, checkpoint {own.checkpoint}"
            for suffix, shown in _maps(mapped_branches(run, own.branches), own.dimensions, own.views):
                yield Figure(f"{place}/embedding_latents{suffix}-{run.slug}", "embedding", table, shown, about)


def map_pages(study: Study) -> dict[str, Figure]:
    """The tables of maps that have an interactive page, by its name: the first of their figures."""
    pages: dict[str, Figure] = {}
    for figure in _figures_of_maps(study) if study.config.embeddings.pages else ():
        if figure.tables["embedding"] not in {page.tables["embedding"] for page in pages.values()}:
            pages[figure.name.removesuffix("_3d").removesuffix("_prior")] = figure
    return pages


def mapped_branches(run: Run, wanted: Sequence[str]) -> list[str]:
    """Branches of a run that are mapped: those that are wanted, or the one that it has."""
    has = {"Z": run.has_frames, "S": run.model == "decvae" and run.settings["branches"] != "Z"}
    return [branch for branch in wanted if has[branch]] or [branch for branch, there in has.items() if there]


def _maps(
    branches: Sequence[str], dimensions: Sequence[int], views: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Suffix of the name and parameters of every figure of a table of maps; the first branch has no suffix."""
    placed = [view for view in views if view != "prior"]
    for number, branch in enumerate(branches):
        mark = f"_{branch}" if number else ""
        for n_dims in dimensions if placed else []:
            shown = {"branch": branch, "n_dims": n_dims, "views": placed}
            yield f"{mark}_3d" if n_dims == 3 else mark, shown
        if "prior" in views and not number:
            yield f"{mark}_prior", {"branch": branch, "n_dims": dimensions[0], "views": ["prior"]}
