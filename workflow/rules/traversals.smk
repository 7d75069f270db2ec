# How the latents of a run answer to the controlled sets of its corpus.


rule traverse_latents:
    input:
        latents=paths.LATENTS,
        code=code_of("traverse_latents.py"),
    output:
        json=paths.RESPONSES_JSON,
        csv=paths.RESPONSES,
    log:
        "results/logs/traverse_latents/{run}/{checkpoint}/{split}.log",
    benchmark:
        "results/benchmarks/traverse_latents/{run}/{checkpoint}/{split}.tsv"
    wildcard_constraints:
        split=r"traversal(_\w+)?",
    conda:
        "../envs/python.yaml"
    resources:
        **needs(2000, minutes=30),
    params:
        run=columns_of_run,
        factors=lambda wildcards: CONTROLLED[RUNS[wildcards.run].corpus_id][wildcards.split]["factors"],
    script:
        "../scripts/traverse_latents.py"
