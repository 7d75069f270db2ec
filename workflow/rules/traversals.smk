# How the latents of a run answer to the controlled set.


rule traverse_latents:
    input:
        latents="results/latents/{run}/{checkpoint}/traversal.h5",
        corpus=traversal_corpus_of_run,
        code=code_of("traverse_latents.py"),
    output:
        json="results/traversals/{run}/{checkpoint}.json",
        csv="results/traversals/{run}/{checkpoint}.csv",
    log:
        "results/logs/traverse_latents/{run}/{checkpoint}.log",
    benchmark:
        "results/benchmarks/traverse_latents/{run}/{checkpoint}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=run_columns,
    script:
        "../scripts/traverse_latents.py"
