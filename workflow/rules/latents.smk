# Latents (mu, logvar) and projected features of a run at a checkpoint, for one split.


rule encode_checkpoint:
    input:
        checkpoints=paths.CHECKPOINTS,
        features=of_run(paths.FEATURES),
        corpus=lambda wildcards: paths.of_corpus(RUNS[wildcards.run].corpus_id, wildcards.split),
        code=code_of("encode_checkpoint.py"),
    output:
        latents=paths.LATENTS,
    log:
        "results/logs/encode_checkpoint/{run}/{checkpoint}/{split}.log",
    benchmark:
        "results/benchmarks/encode_checkpoint/{run}/{checkpoint}/{split}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(6000, minutes=120),
    script:
        "../scripts/encode_checkpoint.py"
