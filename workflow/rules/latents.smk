# Latents (mu, logvar) and projected features of a run at a checkpoint.


rule encode_checkpoint:
    input:
        checkpoints=paths.CHECKPOINTS,
        features=splits_of_run(paths.FEATURES),
        corpora=lambda wildcards: [paths.of_corpus(RUNS[wildcards.run].corpus_id, split) for split in SPLITS],
        code=code_of("encode_checkpoint.py"),
    output:
        latents=evaluated_splits(paths.LATENTS),
    log:
        "results/logs/encode_checkpoint/{run}/{checkpoint}.log",
    benchmark:
        "results/benchmarks/encode_checkpoint/{run}/{checkpoint}.tsv"
    priority: 20
    conda:
        "../envs/python.yaml"
    resources:
        **needs(6000, minutes=120),
    params:
        splits=SPLITS,
    script:
        "../scripts/encode_checkpoint.py"


use rule encode_checkpoint as encode_controlled_set with:
    input:
        checkpoints=paths.CHECKPOINTS,
        features=lambda wildcards: [of_run(paths.FEATURES)(wildcards)],
        corpora=lambda wildcards: [paths.of_corpus(RUNS[wildcards.run].corpus_id, wildcards.split)],
        code=code_of("encode_checkpoint.py"),
    output:
        latents=[paths.LATENTS],
    log:
        "results/logs/encode_controlled_set/{run}/{checkpoint}/{split}.log",
    benchmark:
        "results/benchmarks/encode_controlled_set/{run}/{checkpoint}/{split}.tsv"
    wildcard_constraints:
        split=r"traversal(_\w+)?",
    params:
        splits=lambda wildcards: [wildcards.split],
