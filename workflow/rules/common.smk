# Validation, wiring, and the functions that several rules use; no rules here.
import sys
from pathlib import Path

ROOT = Path(workflow.basedir).parent
sys.path[:0] = [str(place) for place in (ROOT, ROOT / "workflow" / "lib") if str(place) not in sys.path]

from snakemake.exceptions import WorkflowError

import paths
from decvae.study.configuration import validate_config
from decvae.corpora.factors import unknown_groups, unknown_names
from decvae.corpora.recordings import IngestError, tree_fingerprint
from decvae.study.runs import (
    controlled_sets,
    corpus_id,
    corpus_settings,
    decomposition_id,
    evaluated_states,
    over_seeds,
    resolve_runs,
    select_runs,
    without_absent_corpora,
)
from decvae.settings.base import ConfigError
from figures import COSTS, Study, map_pages, mapped_branches, shown_decompositions, study_figures
from source import as_input, code_of, r_code
from tables import compared_scores, result_tables, shown_scores, studied_runs, study_page

try:
    CONFIG = without_absent_corpora(validate_config(config))
    RUNS = resolve_runs(CONFIG)
    TRAVERSED = select_runs(RUNS, CONFIG, "traversal")
    EMBEDDED = select_runs(RUNS, CONFIG, "embeddings")
    EVALUATED = evaluated_states(RUNS, CONFIG.evaluation)  # every (run, checkpoint) of the metric tables
    used = dict.fromkeys(run.settings["corpus"] for run in RUNS.values())
    unknown = [problem for name in used for problem in unknown_names(name, CONFIG.corpora[name])]
    unknown += unknown_groups(CONFIG.corpora, CONFIG.evaluation.groups)
    if unknown:
        raise ConfigError(unknown)
except (ConfigError, IngestError) as error:
    raise WorkflowError(str(error)) from None

config.update(CONFIG.model_dump(include={"logging", "execution", "decomposition"}))  # completed, for scripts
SEED = CONFIG.seed
SPLITS = list(CONFIG.evaluation.splits)
TRAINED = [run for run in RUNS.values() if run.is_trained]
SEEDED = over_seeds([run for run in TRAINED if run.has_frames])
CLASSIFIED = [(run, state) for run, state in EVALUATED if run.adaptation == "supervised"]
SHOWN_CORPUS = CONFIG.figures.corpus or next(iter(RUNS.values())).settings["corpus"]
CORPORA = {corpus_id(CONFIG, name): name for name in [SHOWN_CORPUS, *(run.settings["corpus"] for run in RUNS.values())]}
SECTIONS = {corpus: CONFIG.corpora[name] for corpus, name in CORPORA.items()}
SIMULATED = [corpus for corpus, own in SECTIONS.items() if own.kind == "sim_vowels"]
INGESTED = [corpus for corpus in SECTIONS if corpus not in SIMULATED]
CONTROLLED = {corpus: controlled_sets(own) for corpus, own in SECTIONS.items()}
TRAVERSALS = [(run, split) for run in TRAVERSED for split in CONTROLLED[run.corpus_id]]
SHOWN_DECOMPOSITIONS = shown_decompositions(CONFIG)
DECOMPOSITIONS = {
    **{decomposition_id(settings): settings for settings in SHOWN_DECOMPOSITIONS.values()},
    **{run.decomposition_id: run.decomposition for run in RUNS.values()},
}
STUDY = Study(CONFIG, list(RUNS.values()), TRAVERSALS, EMBEDDED)
FIGURES = study_figures(STUDY)
DRAWN = {**FIGURES, COSTS.name: COSTS}
PAGES = map_pages(STUDY)


def one_of(names):
    """Constraint of the wildcard of a rule that makes these only; it matches nothing if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def runs_adapted(*kinds):
    """The same for runs of these kinds of adaptation."""
    return one_of(run.name for run in RUNS.values() if run.adaptation in kinds)


wildcard_constraints:
    corpus="|".join(CORPORA),
    decomposition="|".join(DECOMPOSITIONS),
    run="|".join(map(re.escape, RUNS)),
    split=r"train|dev|test|traversal(_\w+)?",
    input="mel|waveform|fft",
    checkpoint=r"init|best|last|epoch-\d{4}|step-\d{6}",


# ---- Resources ----


def needs(mem_mb, minutes):
    """Memory, which doubles with every attempt (`--retries`), as a job that ran out of it needs more; and run time."""
    return {"mem_mb": lambda wildcards, attempt: mem_mb * 2 ** (attempt - 1), "runtime": minutes}


def gpus(wildcards):
    """GPUs that training can use, one for each process; the linear baselines have no use for one."""
    trains = RUNS[wildcards.run].is_trained and CONFIG.execution.device != "cpu"
    return CONFIG.execution.processes if trains else 0


def gpus_of_decomposition(wildcards):
    """GPUs for decomposing, on request; the sifting of EMD has no use for one."""
    method = DECOMPOSITIONS[wildcards.decomposition]["method"]
    return 1 if CONFIG.decomposition.device == "cuda" and method != "emd" else 0


# ---- Inputs ----


def of_run(pattern, **fixed):
    """Input function: the file of the job's run; wildcards are those of the job, or ``fixed``."""
    return lambda wildcards: paths.of_run(pattern, RUNS[wildcards.run], **{**wildcards, **fixed})


def splits_of_run(pattern):
    """Input function: the files of the job's run for every split that is evaluated."""
    return lambda wildcards: [paths.of_run(pattern, RUNS[wildcards.run], split=split) for split in SPLITS]


def evaluated_splits(pattern):
    """``pattern`` for every split that is evaluated; its other wildcards stay."""
    return expand(pattern, split=SPLITS, allow_missing=True)


def of_states(pattern, states):
    """A file of every one of some (run, checkpoint)."""
    return [paths.of_run(pattern, run, checkpoint=state) for run, state in states]


def source_of_run(wildcards):
    """The checkpoint that a run starts from, if it does."""
    run = RUNS[wildcards.run]
    if run.source is not None:
        return paths.of_run(paths.CHECKPOINTS, run.source)
    start = run.settings.get("start_from")
    return f"{start['path']}/model.safetensors" if start else []


def all_latents():
    """Those that are measured and those that are traversed."""
    measured = [(run, state, split) for run, state in EVALUATED for split in SPLITS]
    traversed = [(run, CONFIG.traversal.checkpoint, split) for run, split in TRAVERSALS]
    return [
        paths.of_run(paths.LATENTS, run, checkpoint=state, split=split) for run, state, split in measured + traversed
    ]


def latents_over_seeds(wildcards):
    """Those of the runs that differ by seed, of the last evaluated split."""
    own = {"checkpoint": CONFIG.figures.checkpoint, "split": SPLITS[-1]}
    return [paths.of_run(paths.LATENTS, run, **own) for runs in SEEDED for run in runs]


# ---- Settings ----


def settings_of_corpus(wildcards):
    """What its file depends on, without the controlled sets."""
    return corpus_settings(CONFIG, CORPORA[wildcards.corpus])


def tree_of_corpus(wildcards):
    """Fingerprint of the files that a corpus is read from: another one makes the corpus stale."""
    own = SECTIONS[wildcards.corpus]
    try:
        return tree_fingerprint(Path(own.root), own.kind)
    except OSError as error:
        raise WorkflowError(f"`corpora.{CORPORA[wildcards.corpus]}.root`: {error}") from None


def settings_of_run(wildcards):
    return RUNS[wildcards.run].settings


def columns_of_run(wildcards):
    """The columns that identify the run in tables."""
    return RUNS[wildcards.run].columns()


def without(section, *keys):
    """A section of the configuration without what is a matter of inputs or other rules."""
    return getattr(CONFIG, section).plain(without=keys)


def scores_of_both_protocols(wildcards):
    return compared_scores(CONFIG, wildcards.corpus, CORPORA[wildcards.corpus])


def reported(path, figure, about):
    """A table of results as a part of the report."""
    labels = {"figure": figure, "about": about}
    return report(path, caption="../report/tables.rst", category="Tables", labels=labels)


EMBEDDING = without("embeddings", "checkpoint", "runs", "branches", "pages")
EMBEDDING_OF_INPUTS = {**EMBEDDING, "views": [view for view in EMBEDDING["views"] if view != "prior"]}


# ---- Figures ----


FIGURE_STYLE = CONFIG.figures.model_dump(include={"dpi", "width_mm", "font", "palette", "gradient"})
SHOWN_SCORES = shown_scores(CONFIG)


def of_figure(attribute):
    """Function of the wildcards: an attribute of a figure."""

    def value(wildcards):
        return getattr(DRAWN[wildcards.figure], attribute)

    return value


def code_of_figure(wildcards):
    return r_code(f"{DRAWN[wildcards.figure].family}.R")


def figure_labels(wildcards):
    return {"figure": wildcards.figure, "about": DRAWN[wildcards.figure].about}


def all_figures():
    """Every figure of the study, as PDF and PNG, and the interactive pages."""
    return expand([paths.FIGURE_PDF, paths.FIGURE_PNG], figure=FIGURES) + expand(paths.PAGE, page=PAGES)


def figures_of_place(place):
    """Those of one figure of the paper, or of one corpus."""
    names = [name for name, figure in DRAWN.items() if figure.place == place]
    return expand([paths.FIGURE_PDF, paths.FIGURE_PNG], figure=names)
