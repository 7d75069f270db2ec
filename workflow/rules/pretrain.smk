# One job per run. A job that trains asks for one GPU and claims a free device itself; without one it uses the CPU.
# Checkpoints lie beside checkpoints.json, which names them; an interrupted job resumes from its last state.


rule pretrain_model:
    input:
        train=features_of_run("train"),
        validation=features_of_run("dev"),
        source=source_of_run,
        code=code_of("pretrain_model.py"),
    output:
        checkpoints=paths.CHECKPOINTS,
        history=paths.HISTORY,
        record=paths.RECORD,
    log:
        "results/logs/pretrain_model/{run}.log",
    benchmark:
        "results/benchmarks/pretrain_model/{run}.tsv"
    wildcard_constraints:
        run=one_of(run.name for run in RUNS.values() if run.adaptation in (None, "objective")),
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
        "../scripts/pretrain_model.py"


rule merge_histories:
    input:
        histories=all_histories,
        code=code_of("merge_histories.py"),
    output:
        history=paths.HISTORIES,
    log:
        "results/logs/merge_histories.log",
    benchmark:
        "results/benchmarks/merge_histories.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=10,
    params:
        runs=[run.columns() for run in TRAINED],
    script:
        "../scripts/merge_histories.py"
