"""Where every artifact of a study lies: one pattern each, with the wildcards that it is made for.

Rules name these patterns as inputs and outputs; :func:`of_run` fills in what a run determines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decvae.study.runs import Run

CORPUS = "results/corpora/{corpus}.h5"  # train, dev and test
CONTROLLED_SET = "results/corpora/{corpus}-{split}.h5"
CORPUS_SUMMARY = "results/corpora/{corpus}-summary.csv"
CORPUS_UTTERANCES = "results/corpora/{corpus}-utterances.csv"
GENERATED_SIGNALS = "results/corpora/{corpus}-generative.csv"
GENERATED_MELS = "results/corpora/{corpus}-generative_mel.csv"

DECOMPOSITION = "results/decompositions/{corpus}/{decomposition}/{split}.h5"
QUALITY = "results/decompositions/{corpus}/{decomposition}/{split}-quality.csv"
QUALITY_SAMPLE = "results/decompositions/{corpus}/{decomposition}/{split}-quality_sample.csv"
DECOMPOSITION_STATE = "results/state/decompositions/{corpus}/{decomposition}/{split}"
EXAMPLE_SIGNALS = "results/decompositions/{corpus}/examples.csv"
EXAMPLE_SPECTRA = "results/decompositions/{corpus}/examples_psd.csv"
FEATURES = "results/features/{corpus}/{decomposition}/{input}/{split}.h5"

CHECKPOINTS = "results/runs/{run}/checkpoints.json"
HISTORY = "results/runs/{run}/history.parquet"
RECORD = "results/runs/{run}/run.json"
HISTORIES = "results/runs/history.csv"
LATENTS = "results/latents/{run}/{checkpoint}/{split}.h5"

SCORES = "results/metrics/runs/{run}/{checkpoint}.parquet"
CLASS_SCORES = "results/metrics/runs/{run}/{checkpoint}-classes.parquet"
EVIDENCE = "results/metrics/runs/{run}/{checkpoint}-evidence.parquet"
HEAD_SCORES = "results/metrics/classifiers/{run}/{checkpoint}.parquet"
METRICS = "results/metrics/metrics.csv"
METRICS_PARQUET = "results/metrics/metrics.parquet"
CLASSES = "results/metrics/classes.csv"
CLASSES_PARQUET = "results/metrics/classes.parquet"
EVIDENCES = "results/metrics/evidence.csv"
RANKING = "results/metrics/ranking.csv"
OVER_SEEDS = "results/metrics/seeds.csv"
IMPORTANCE = "results/metrics/importance_over_seeds.csv"
ORTHOGONALITY = "results/metrics/orthogonality.csv"
SUPERVISED = "results/metrics/supervised.csv"
UDR = "results/metrics/udr.csv"

RESPONSES = "results/traversals/{run}/{checkpoint}/{split}.csv"
RESPONSES_JSON = "results/traversals/{run}/{checkpoint}/{split}.json"
MAP_OF_INPUTS = "results/embeddings/inputs/{corpus}/{decomposition}/{input}.csv"
MAP_OF_LATENTS = "results/embeddings/latents/{run}/{checkpoint}.csv"

FIGURE = "results/figures/{figure}.json"
FIGURE_PDF, FIGURE_PNG = "results/figures/{figure}.pdf", "results/figures/{figure}.png"
PAGE = "results/pages/{page}.html"
TABLE, TABLE_LATEX = "results/tables/{corpus}.md", "results/tables/{corpus}.tex"
PROTOCOLS, PROTOCOLS_CSV = "results/tables/{corpus}-protocols.md", "results/tables/{corpus}-protocols.csv"
BESIDE_PAPER = "results/tables/{corpus}-paper.csv"
STUDY = "results/tables/{corpus}-study.md"
CONTACT_SHEET, GALLERY = "results/gallery/contact_sheet.png", "results/gallery/gallery.md"
STUDY_RECORD = "results/gallery/study.md"
BENCHMARKS = "results/benchmarks"
JOB_COSTS, RULE_COSTS = "results/costs/jobs.csv", "results/costs/rules.csv"


def of_run(pattern: str, run: Run, /, **wildcards: str) -> str:
    """A pattern, filled in for a run: its name, corpus, decomposition and input; and ``wildcards`` besides."""
    own = {"run": run.name, "corpus": run.corpus_id, "decomposition": run.decomposition_id, "input": run.input}
    return pattern.format(**{**wildcards, **own})


def of_corpus(corpus: str, split: str) -> str:
    """The corpus file that holds a split; each controlled set has one of its own."""
    pattern = CONTROLLED_SET if split.startswith("traversal") else CORPUS
    return pattern.format(corpus=corpus, split=split)
