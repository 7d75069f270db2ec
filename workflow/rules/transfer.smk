# Runs that start from another checkpoint without being pretrained: as it is on other data, or fine-tuned on labels.


rule adopt_checkpoint:
    input:
        source=source_of_run,
        code=code_of("adopt_checkpoint.py"),
    output:
        checkpoints=paths.CHECKPOINTS,
        record=paths.RECORD,
    log:
        "results/logs/adopt_checkpoint/{run}.log",
    benchmark:
        "results/benchmarks/adopt_checkpoint/{run}.tsv"
    wildcard_constraints:
        run=one_of(run.name for run in RUNS.values() if run.adaptation == "none"),
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=10,
    params:
        settings=run_settings,
    script:
        "../scripts/adopt_checkpoint.py"


rule finetune_model:
    input:
        train=features_of_run("train"),
        validation=features_of_run("dev"),
        corpus=whole_corpus_of_run,
        source=source_of_run,
        code=code_of("finetune_model.py"),
    output:
        checkpoints=paths.CHECKPOINTS,
        history=paths.HISTORY,
        record=paths.RECORD,
    log:
        "results/logs/finetune_model/{run}.log",
    benchmark:
        "results/benchmarks/finetune_model/{run}.tsv"
    wildcard_constraints:
        run=one_of(run.name for run in SUPERVISED),
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=48 * 60,
    params:
        settings=run_settings,
    script:
        "../scripts/finetune_model.py"


rule score_classifier:
    input:
        checkpoints=paths.CHECKPOINTS,
        features=evaluated_features_of_run,
        corpus=whole_corpus_of_run,
        code=code_of("score_classifier.py"),
    output:
        scores=paths.HEAD_SCORES,
    log:
        "results/logs/score_classifier/{run}/{checkpoint}.log",
    benchmark:
        "results/benchmarks/score_classifier/{run}/{checkpoint}.tsv"
    wildcard_constraints:
        run=one_of(run.name for run in SUPERVISED),
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=120,
    params:
        supervised=lambda wildcards: RUNS[wildcards.run].settings["supervised"],
        splits=CONFIG["evaluation"]["splits"],
        bootstrap=CONFIG["evaluation"]["bootstrap"],
        seed=SEED,
    script:
        "../scripts/score_classifier.py"


rule merge_classifiers:
    input:
        scores=[paths.of_run(paths.HEAD_SCORES, run, checkpoint=state) for run, state in classified_states()],
        code=code_of("merge_classifiers.py"),
    output:
        csv=paths.SUPERVISED,
    log:
        "results/logs/merge_classifiers.log",
    benchmark:
        "results/benchmarks/merge_classifiers.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=10,
    params:
        runs=[run.columns() for run, state in classified_states()],
        states=[state for run, state in classified_states()],
    script:
        "../scripts/merge_classifiers.py"
