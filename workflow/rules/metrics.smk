# Every metric of a run at a checkpoint, and the one table that figures read.


rule score_checkpoint:
    input:
        latents=evaluated_splits(paths.LATENTS),
        code=code_of("score_checkpoint.py"),
    output:
        scores=paths.SCORES,
        classes=paths.CLASS_SCORES,
        evidence=paths.EVIDENCE,
    log:
        "results/logs/score_checkpoint/{run}/{checkpoint}.log",
    benchmark:
        "results/benchmarks/score_checkpoint/{run}/{checkpoint}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=240,
    params:
        settings=evaluation_settings(),
        seed=SEED,
    script:
        "../scripts/score_checkpoint.py"


rule merge_metrics:
    input:
        scores=all_scores(paths.SCORES),
        classes=all_scores(paths.CLASS_SCORES),
        evidence=all_scores(paths.EVIDENCE),
        code=code_of("merge_metrics.py"),
    output:
        parquet=paths.METRICS_PARQUET,
        csv=report(
            paths.METRICS,
            caption="../report/tables.rst",
            category="Tables",
            labels={"figure": "metrics", "about": "every run, checkpoint, branch and joint latent"},
        ),
        classes=paths.CLASSES_PARQUET,
        classes_csv=report(
            paths.CLASSES,
            caption="../report/tables.rst",
            category="Tables",
            labels={"figure": "scores by class", "about": "recall, precision, F1"},
        ),
        evidence=report(
            paths.EVIDENCES,
            caption="../report/tables.rst",
            category="Tables",
            labels={"figure": "evidence on subspaces", "about": "what each subspace tells"},
        ),
        ranking=report(
            paths.RANKING,
            caption="../report/tables.rst",
            category="Tables",
            labels={"figure": "ranking under noise", "about": "order of the models"},
        ),
        seeds=report(
            paths.OVER_SEEDS,
            caption="../report/tables.rst",
            category="Tables",
            labels={"figure": "scores over seeds", "about": "mean and spread"},
        ),
        importance=paths.IMPORTANCE,
        orthogonality=paths.ORTHOGONALITY,
    log:
        "results/logs/merge_metrics.log",
    benchmark:
        "results/benchmarks/merge_metrics.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=10,
    params:
        runs=score_columns(),
        families={run.name: run.family for run in RUNS.values()},
    script:
        "../scripts/merge_metrics.py"


rule results_table:
    input:
        metrics=paths.METRICS_PARQUET,
        code=code_of("results_table.py"),
    output:
        markdown=report(
            paths.TABLE,
            caption="../report/tables.rst",
            category="Tables",
            labels={"figure": "results", "about": "corpus {corpus}"},
        ),
        latex=paths.TABLE_LATEX,
    log:
        "results/logs/results_table/{corpus}.log",
    benchmark:
        "results/benchmarks/results_table/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=10,
    params:
        shown=shown_scores,
    script:
        "../scripts/results_table.py"


rule compare_protocols:
    input:
        metrics=paths.METRICS_PARQUET,
        code=code_of("compare_protocols.py"),
        values=as_input(ROOT / "decvae/reporting/published_scores.csv"),
    output:
        csv=paths.PROTOCOLS_CSV,
        paper=paths.BESIDE_PAPER,
        markdown=report(
            paths.PROTOCOLS,
            caption="../report/tables.rst",
            category="Tables",
            labels={"figure": "both protocols", "about": "corpus {corpus}"},
        ),
    log:
        "results/logs/compare_protocols/{corpus}.log",
    benchmark:
        "results/benchmarks/compare_protocols/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=10,
    params:
        shown=compared_scores,
    script:
        "../scripts/compare_protocols.py"


rule write_study:
    input:
        metrics=paths.METRICS_PARQUET,
        code=code_of("write_study.py"),
        values=as_input(ROOT / "decvae/reporting/published_scores.csv"),
        trends=as_input(ROOT / "decvae/reporting/published_trends.csv"),
    output:
        markdown=paths.STUDY,
    log:
        "results/logs/write_study/{corpus}.log",
    benchmark:
        "results/benchmarks/write_study/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=10,
    params:
        study=study_of,
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
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=30,
    params:
        runs=[[run.columns() for run in runs] for runs in seeded_settings()],
        aggregation=CONFIG["figures"]["aggregation"],
        max_frames=CONFIG["evaluation"]["max_frames"],
        seed=SEED,
    script:
        "../scripts/rank_without_labels.py"
