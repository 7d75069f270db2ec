# One job per run. A job that trains asks for one GPU and claims a free device itself; without one it uses the CPU.
# Checkpoints lie beside checkpoints.json, which names them; an interrupted job resumes from its last state.


rule pretrain_model:
    input:
        train=of_run(paths.FEATURES, split="train"),
        validation=of_run(paths.FEATURES, split="dev"),
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
        run=runs_adapted(None, "objective"),
    priority: 30
    conda:
        "../envs/python.yaml"
    resources:
        **needs(4000, minutes=48 * 60),
        gpu=gpus,
    params:
        settings=settings_of_run,
    script:
        "../scripts/pretrain_model.py"


rule merge_histories:
    input:
        histories=[paths.of_run(paths.HISTORY, run) for run in TRAINED],
        code=code_of("merge_histories.py"),
    output:
        history=paths.HISTORIES,
    log:
        "results/logs/merge_histories.log",
    benchmark:
        "results/benchmarks/merge_histories.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(1000, minutes=10),
    params:
        runs=[run.columns() for run in TRAINED],
    script:
        "../scripts/merge_histories.py"
