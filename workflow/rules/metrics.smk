# Every metric of a run at a checkpoint, and the one table that figures read.


METRICS = [f"decvae.evaluation.metrics.{path.stem}" for path in ROOT.glob("decvae/evaluation/metrics/*.py")]


rule score_checkpoint:
    input:
        latents=evaluated_splits(paths.LATENTS),
        code=code_of("score_checkpoint.py", *METRICS),
    output:
        scores=paths.SCORES,
        classes=paths.CLASS_SCORES,
        evidence=paths.EVIDENCE,
    log:
        "results/logs/score_checkpoint/{run}/{checkpoint}.log",
    benchmark:
        "results/benchmarks/score_checkpoint/{run}/{checkpoint}.tsv"
    priority: 10
    conda:
        "../envs/python.yaml"
    resources:
        **needs(6000, minutes=240),
    params:
        settings=without("evaluation", "checkpoints", "splits", "untrained"),
        seed=SEED,
    script:
        "../scripts/score_checkpoint.py"


rule merge_metrics:
    input:
        scores=of_states(paths.SCORES, EVALUATED),
        classes=of_states(paths.CLASS_SCORES, EVALUATED),
        evidence=of_states(paths.EVIDENCE, EVALUATED),
        code=code_of("merge_metrics.py"),
    output:
        parquet=paths.METRICS_PARQUET,
        csv=reported(paths.METRICS, "metrics", "every run, checkpoint, branch and joint latent"),
        classes=paths.CLASSES_PARQUET,
        classes_csv=reported(paths.CLASSES, "scores by class", "recall, precision, F1"),
        evidence=reported(paths.EVIDENCES, "evidence on subspaces", "what each subspace tells"),
        ranking=reported(paths.RANKING, "ranking under noise", "order of the models"),
        seeds=reported(paths.OVER_SEEDS, "scores over seeds", "mean and spread"),
        importance=paths.IMPORTANCE,
        orthogonality=paths.ORTHOGONALITY,
    log:
        "results/logs/merge_metrics.log",
    benchmark:
        "results/benchmarks/merge_metrics.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(1000, minutes=10),
    params:
        runs=[run.columns() for run, state in EVALUATED],
        families={run.name: run.family for run in RUNS.values()},
    script:
        "../scripts/merge_metrics.py"


rule results_table:
    input:
        metrics=paths.METRICS_PARQUET,
        code=code_of("results_table.py"),
    output:
        markdown=reported(paths.TABLE, "results", "corpus {corpus}"),
        latex=paths.TABLE_LATEX,
    log:
        "results/logs/results_table/{corpus}.log",
    benchmark:
        "results/benchmarks/results_table/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(1000, minutes=10),
    params:
        shown=lambda wildcards: {"corpus": wildcards.corpus, **SHOWN_SCORES},
    script:
        "../scripts/results_table.py"


rule compare_protocols:
    input:
        metrics=paths.METRICS_PARQUET,
        values=as_input(ROOT / "decvae/reporting/published_scores.csv"),
        code=code_of("compare_protocols.py"),
    output:
        csv=paths.PROTOCOLS_CSV,
        paper=paths.BESIDE_PAPER,
        markdown=reported(paths.PROTOCOLS, "both protocols", "corpus {corpus}"),
    log:
        "results/logs/compare_protocols/{corpus}.log",
    benchmark:
        "results/benchmarks/compare_protocols/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(1000, minutes=10),
    params:
        shown=scores_of_both_protocols,
    script:
        "../scripts/compare_protocols.py"


rule write_study:
    input:
        metrics=paths.METRICS_PARQUET,
        values=as_input(ROOT / "decvae/reporting/published_scores.csv"),
        trends=as_input(ROOT / "decvae/reporting/published_trends.csv"),
        code=code_of("write_study.py"),
    output:
        markdown=paths.STUDY,
    log:
        "results/logs/write_study/{corpus}.log",
    benchmark:
        "results/benchmarks/write_study/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(1000, minutes=10),
    params:
        study=lambda wildcards: studied_runs(RUNS.values(), wildcards.corpus) | scores_of_both_protocols(wildcards),
    script:
        "../scripts/write_study.py"


rule rank_without_labels:
    input:
        latents=latents_over_seeds,
        code=code_of("rank_without_labels.py"),
    output:
        udr=paths.UDR,
    log:
        "results/logs/rank_without_labels.log",
    benchmark:
        "results/benchmarks/rank_without_labels.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(4000, minutes=30),
    params:
        runs=[[run.columns() for run in runs] for runs in SEEDED],
        aggregation=CONFIG.figures.aggregation,
        max_frames=CONFIG.evaluation.max_frames,
        seed=SEED,
    script:
        "../scripts/rank_without_labels.py"
