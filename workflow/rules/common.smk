# Configuration, runs and every input function of the rules; no rules here.
import sys
from pathlib import Path

ROOT = Path(workflow.basedir).parent
for place in (ROOT, ROOT / "workflow" / "lib"):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

from snakemake.exceptions import WorkflowError

import paths
from decvae.study.configuration import validate_config
from decvae.corpora.recordings import tree_fingerprint
from decvae.study.runs import (
    corpus_id,
    corpus_settings,
    decomposition_id,
    evaluated_states,
    resolve_runs,
    select_runs,
    without_absent_corpora,
)
from decvae.settings.schema import ConfigError
from figures import Study, caption_of, map_pages, mapped_branches, shown_decompositions, study_figures
from r_script import write_short_lines
from source import THEME, as_input, code_of, figure_code

try:
    CONFIG = without_absent_corpora(validate_config(config, ROOT / "workflow" / "schemas" / "config.schema.yaml"))
    RUNS = resolve_runs(CONFIG)
    TRAVERSED = select_runs(RUNS, CONFIG, "traversal")
    EMBEDDED = select_runs(RUNS, CONFIG, "embeddings")
    EVALUATED = evaluated_states(RUNS, CONFIG["evaluation"])  # every (run, checkpoint) of the metric tables
except ConfigError as error:
    raise WorkflowError(str(error)) from None

write_short_lines()
SEED = CONFIG["seed"]
config.update({key: CONFIG[key] for key in ("logging", "execution", "decomposition")})  # completed, for scripts
TRAINED = [run for run in RUNS.values() if run.is_trained]
SUPERVISED = [run for run in TRAINED if run.adaptation == "supervised"]
SHOWN_CORPUS = CONFIG["figures"]["corpus"] or next(iter(RUNS.values())).settings["corpus"]
CORPORA = {corpus_id(CONFIG, name): name for name in [SHOWN_CORPUS, *(run.settings["corpus"] for run in RUNS.values())]}
KIND = {corpus: CONFIG["corpora"][name]["kind"] for corpus, name in CORPORA.items()}
SIMULATED = [corpus for corpus, kind in KIND.items() if kind == "sim_vowels"]
INGESTED = [corpus for corpus, kind in KIND.items() if kind != "sim_vowels"]
# Controlled sets of each corpus by the name of their split: the generator's grid, or what is drawn from the corpus.
CONTROLLED = {
    corpus: (
        {"traversal": {"factors": ["vowel", "speaker"]}}
        if corpus in SIMULATED
        else {f"traversal_{key}": own for key, own in CONFIG["corpora"][name]["controlled_sets"].items()}
    )
    for corpus, name in CORPORA.items()
}
TRAVERSALS = [(run, split) for run in TRAVERSED for split in CONTROLLED[run.corpus_id]]
SHOWN_DECOMPOSITIONS = shown_decompositions(CONFIG)
DECOMPOSITIONS = {
    **{decomposition_id(settings): settings for settings in SHOWN_DECOMPOSITIONS.values()},
    **{run.decomposition_id: run.decomposition for run in RUNS.values()},
}
STUDY = Study(CONFIG, list(RUNS.values()), TRAVERSALS, EMBEDDED)
FIGURES = study_figures(STUDY)
PAGES = map_pages(STUDY)


def one_of(names):
    """Constraint of the wildcard of a rule that makes these only; it matches nothing if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    corpus="|".join(CORPORA),
    decomposition="|".join(DECOMPOSITIONS),
    run="|".join(map(re.escape, RUNS)),
    split=r"train|dev|test|traversal(_\w+)?",
    input="mel|waveform|fft",
    checkpoint=r"init|best|last|epoch-\d{4}|step-\d{6}",


# ---- Settings that a rule depends on ----


def corpus_section(wildcards):
    """The generator's settings without the traversal set."""
    return corpus_settings(CONFIG, CORPORA[wildcards.corpus])


def corpus_section_with_traversal(wildcards):
    return CONFIG["corpora"][CORPORA[wildcards.corpus]]


def tree_of_corpus(wildcards):
    """Fingerprint of the files that a corpus is read from: another one makes the corpus stale."""
    root = Path(CONFIG["corpora"][CORPORA[wildcards.corpus]]["root"])
    try:
        return tree_fingerprint(root, KIND[wildcards.corpus])
    except OSError as error:
        raise WorkflowError(f"`corpora.{CORPORA[wildcards.corpus]}.root`: {error}") from None


def controlled_set(wildcards):
    return CONTROLLED[wildcards.corpus][f"traversal_{wildcards.set}"]


def controlled_factors(wildcards):
    return CONTROLLED[RUNS[wildcards.run].corpus_id][wildcards.split]["factors"]


def reader_code(wildcards):
    return code_of("ingest_corpus.py", f"decvae.corpora.{KIND[wildcards.corpus]}")


def decomposition_section(wildcards):
    return DECOMPOSITIONS[wildcards.decomposition]


def feature_section(wildcards):
    return {wildcards.input: CONFIG["features"][wildcards.input]}


def run_settings(wildcards):
    return RUNS[wildcards.run].settings


def run_columns(wildcards):
    """The columns that identify the run in tables."""
    return RUNS[wildcards.run].columns()


def evaluation_settings():
    """How latents are measured; which of them is a matter of inputs."""
    return {
        key: value for key, value in CONFIG["evaluation"].items() if key not in ("checkpoints", "splits", "untrained")
    }


def embedding_settings():
    section = {
        key: value
        for key, value in CONFIG["embeddings"].items()
        if key not in ("checkpoint", "runs", "branches", "pages")
    }
    return {**section, "seed": SEED}


def input_embedding_settings():
    """The same without what only latents have: a prior."""
    settings = embedding_settings()
    return {**settings, "views": [view for view in settings["views"] if view != "prior"]}


def embedded_branches(wildcards):
    return mapped_branches(RUNS[wildcards.run], CONFIG["embeddings"]["branches"])


def growing(megabytes):
    """Memory that doubles with every attempt (`--retries`): a job that ran out of it gets more."""

    def of_attempt(wildcards, attempt):
        return megabytes * 2 ** (attempt - 1)

    return of_attempt


def gpus(wildcards):
    """GPUs that training can use, one for each process; the linear baselines have no use for one."""
    execution = CONFIG["execution"]
    trains = RUNS[wildcards.run].is_trained and execution["device"] != "cpu"
    return execution["processes"] if trains else 0


def gpus_of_decomposition(wildcards):
    """GPUs for decomposing, on request; the sifting of EMD has no use for one."""
    method = DECOMPOSITIONS[wildcards.decomposition]["method"]
    return 1 if CONFIG["decomposition"]["device"] == "cuda" and method != "emd" else 0


# ---- Inputs ----


def corpus_of_split(wildcards):
    """The corpus file that holds a split; the controlled set has its own."""
    return corpus_path(wildcards.corpus, wildcards.split)


def corpus_of_run(wildcards):
    return corpus_path(RUNS[wildcards.run].corpus_id, wildcards.split)


def whole_corpus_of_run(wildcards):
    return corpus_path(RUNS[wildcards.run].corpus_id, "train")


def source_of_run(wildcards):
    """The checkpoint that a run starts from, if it does."""
    run = RUNS[wildcards.run]
    if run.source is not None:
        return paths.of_run(paths.CHECKPOINTS, run.source)
    start = run.settings.get("start_from")
    return f"{start['path']}/model.safetensors" if start else []


def corpus_path(corpus, split):
    return paths.of_corpus(corpus, split)


def features_of_run(split):
    """Input function: the features of one split that a run reads."""

    def path(wildcards):
        return features_path(RUNS[wildcards.run], split)

    return path


def features_of_latents(wildcards):
    return features_path(RUNS[wildcards.run], wildcards.split)


def features_path(run, split):
    return paths.of_run(paths.FEATURES, run, split=split)


def evaluated_features_of_run(wildcards):
    return [features_path(RUNS[wildcards.run], split) for split in CONFIG["evaluation"]["splits"]]


def decompositions_of_run(wildcards):
    """The decompositions of the evaluated splits."""
    run = RUNS[wildcards.run]
    return [paths.of_run(paths.DECOMPOSITION, run, split=split) for split in CONFIG["evaluation"]["splits"]]


def evaluated_splits(pattern):
    """``pattern`` for every split that is evaluated; its other wildcards stay."""
    return expand(pattern, split=CONFIG["evaluation"]["splits"], allow_missing=True)


# ---- Every run and checkpoint ----


def classified_states():
    """Those of them that have a classification head."""
    return [(run, state) for run, state in EVALUATED if run.adaptation == "supervised"]


def all_scores(pattern):
    """One of the tables of every run and checkpoint."""
    return [paths.of_run(pattern, run, checkpoint=state) for run, state in EVALUATED]


def score_columns():
    """For each of the scores, in their order, the columns that identify its run."""
    return [run.columns() for run, state in EVALUATED]


def all_histories(wildcards):
    return [paths.of_run(paths.HISTORY, run) for run in TRAINED]


def all_latents():
    evaluated = [
        paths.of_run(paths.LATENTS, run, checkpoint=state, split=split)
        for run, state in EVALUATED
        for split in CONFIG["evaluation"]["splits"]
    ]
    state = CONFIG["traversal"]["checkpoint"]
    return evaluated + [paths.of_run(paths.LATENTS, run, checkpoint=state, split=split) for run, split in TRAVERSALS]


# ---- Figures ----


FIGURE_STYLE = {key: CONFIG["figures"][key] for key in ("dpi", "width_mm", "font", "palette", "gradient")}
SHOWN_SCORES = {
    "checkpoint": CONFIG["figures"]["checkpoint"],
    "aggregation": CONFIG["figures"]["aggregation"],
    "classifier": CONFIG["evaluation"]["classifiers"][0],
    "protocol": CONFIG["evaluation"]["protocols"][0],
}


def figures_of_family(family):
    """Constraint of the wildcard of a family's rule: the names of its figures."""
    return one_of([name for name, figure in FIGURES.items() if figure.family == family])


def figure_table(name):
    """Input function: a table of a figure, nothing if it has none of this name."""

    def tables(wildcards):
        return FIGURES[wildcards.figure].tables.get(name, [])

    return tables


def table_of_page(wildcards):
    return PAGES[wildcards.page].tables["embedding"]


def title_of_page(wildcards):
    return PAGES[wildcards.page].about


def shown_in_figure(wildcards):
    return FIGURES[wildcards.figure].shown


def about_figure(wildcards):
    return FIGURES[wildcards.figure].about


def figure_category(wildcards):
    return FIGURES[wildcards.figure].category


def figure_labels(wildcards):
    return {"figure": wildcards.figure, "about": FIGURES[wildcards.figure].about}


def shown_scores(wildcards):
    """The scores that tables of results show: those of the figures."""
    return {"corpus": wildcards.corpus, **SHOWN_SCORES}


def compared_scores(wildcards):
    """Those that are shown by both protocols, and of which kind of corpus they are."""
    shown = {key: value for key, value in shown_scores(wildcards).items() if key != "protocol"}
    return {**shown, "kind": KIND[wildcards.corpus]}


def reference():
    """The first DecVAE with frame latents, which a study compares with all others; None without one."""
    return next((run for run in RUNS.values() if run.model == "decvae" and run.has_frames), None)


def study_of(wildcards):
    """What the page of a study shows of a corpus, and the settings of its runs."""
    own = [run for run in RUNS.values() if run.corpus_id == wildcards.corpus]
    return {
        # Bands are an axis among the methods that have any.
        "settings": {run.setting: run.settings | ({"bands": run.bands} if run.bands else {}) for run in own},
        "reference": reference().setting,
        **compared_scores(wildcards),
    }


def study_pages(wildcards):
    """A page for the corpus of the reference."""
    if reference() is None or len(set(CONFIG["evaluation"]["protocols"])) < 2:
        raise ValueError(
            "the target study needs a DecVAE with frame latents in `runs` and both protocols in `evaluation.protocols`, "
            "as config/study_cpu.yaml has"
        )
    return paths.of_run(paths.STUDY, reference())


def all_tables():
    """Tables of results for every corpus with a run that has frame latents; of both protocols if both are used."""
    corpora = dict.fromkeys(run.corpus_id for run in RUNS.values() if run.has_frames)
    measured = corpora if "Z" in CONFIG["evaluation"]["branches"] else ()
    tables = expand([paths.TABLE, paths.TABLE_LATEX], corpus=measured)
    if len(set(CONFIG["evaluation"]["protocols"])) > 1:
        tables += expand([paths.PROTOCOLS, paths.PROTOCOLS_CSV], corpus=measured)
    return tables


def seeded_settings():
    """Runs of every setting that is trained with several seeds, and has frame latents."""
    settings = {}
    for run in TRAINED:
        settings.setdefault(run.setting, []).append(run)
    return [runs for runs in settings.values() if len(runs) > 1 and runs[0].has_frames]


def latents_over_seeds(wildcards):
    """Latents of those runs, of the last evaluated split."""
    split = CONFIG["evaluation"]["splits"][-1]
    state = CONFIG["figures"]["checkpoint"]
    runs = [run for seeds in seeded_settings() for run in seeds]
    return [paths.of_run(paths.LATENTS, run, checkpoint=state, split=split) for run in runs]


def all_figures():
    """Every figure of the study, as PDF and PNG, and the interactive pages."""
    return expand([paths.FIGURE_PDF, paths.FIGURE_PNG], figure=FIGURES) + expand(paths.PAGE, page=PAGES)


def figures_of_place(place):
    """Those of one figure of the paper, or of one corpus."""
    names = [name for name, figure in FIGURES.items() if figure.place == place]
    return expand([paths.FIGURE_PDF, paths.FIGURE_PNG], figure=names)


# ---- Execution ----


onstart:
    # To limit the rate of submissions, Snakemake 9 looks at every ready job once a second more for every job that has
    # finished, which after a thousand jobs takes a core. Jobs on this machine are limited by its cores.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
