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
        run=runs_adapted("none"),
    conda:
        "../envs/python.yaml"
    resources:
        **needs(2000, minutes=10),
    params:
        settings=settings_of_run,
    script:
        "../scripts/adopt_checkpoint.py"


rule finetune_model:
    input:
        train=of_run(paths.FEATURES, split="train"),
        validation=of_run(paths.FEATURES, split="dev"),
        corpus=of_run(paths.CORPUS),
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
        run=runs_adapted("supervised"),
    conda:
        "../envs/python.yaml"
    resources:
        **needs(4000, minutes=48 * 60),
        gpu=gpus,
    params:
        settings=settings_of_run,
    script:
        "../scripts/finetune_model.py"


rule score_classifier:
    input:
        checkpoints=paths.CHECKPOINTS,
        features=splits_of_run(paths.FEATURES),
        corpus=of_run(paths.CORPUS),
        code=code_of("score_classifier.py"),
    output:
        scores=paths.HEAD_SCORES,
    log:
        "results/logs/score_classifier/{run}/{checkpoint}.log",
    benchmark:
        "results/benchmarks/score_classifier/{run}/{checkpoint}.tsv"
    wildcard_constraints:
        run=runs_adapted("supervised"),
    conda:
        "../envs/python.yaml"
    resources:
        **needs(4000, minutes=120),
    params:
        supervised=lambda wildcards: RUNS[wildcards.run].settings["supervised"],
        splits=SPLITS,
        bootstrap=CONFIG.evaluation.bootstrap,
        seed=SEED,
    script:
        "../scripts/score_classifier.py"


rule merge_classifiers:
    input:
        scores=of_states(paths.HEAD_SCORES, CLASSIFIED),
        code=code_of("merge_classifiers.py"),
    output:
        csv=paths.SUPERVISED,
    log:
        "results/logs/merge_classifiers.log",
    benchmark:
        "results/benchmarks/merge_classifiers.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(1000, minutes=10),
    params:
        runs=[run.columns() for run, state in CLASSIFIED],
        states=[state for run, state in CLASSIFIED],
    script:
        "../scripts/merge_classifiers.py"
