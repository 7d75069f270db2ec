# Latents (mu, logvar) and projected features of a run at a checkpoint, for one split.


rule encode_checkpoint:
    input:
        checkpoints=paths.CHECKPOINTS,
        features=features_of_latents,
        corpus=corpus_of_run,
        code=code_of("encode_checkpoint.py"),
    output:
        latents=paths.LATENTS,
    log:
        "results/logs/encode_checkpoint/{run}/{checkpoint}/{split}.log",
    benchmark:
        "results/benchmarks/encode_checkpoint/{run}/{checkpoint}/{split}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=120,
    script:
        "../scripts/encode_checkpoint.py"
