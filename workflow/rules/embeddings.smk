# Maps of what models read and of what they make of it.


rule embed_inputs:
    input:
        features=evaluated_splits(paths.FEATURES),
        decompositions=evaluated_splits(paths.DECOMPOSITION),
        corpus=paths.CORPUS,
        code=code_of("embed_inputs.py"),
    output:
        embedding=paths.MAP_OF_INPUTS,
    log:
        "results/logs/embed_inputs/{corpus}/{decomposition}/{input}.log",
    benchmark:
        "results/benchmarks/embed_inputs/{corpus}/{decomposition}/{input}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=120,
    params:
        settings=input_embedding_settings(),
        branches=CONFIG["embeddings"]["branches"],
        splits=CONFIG["evaluation"]["splits"],
    script:
        "../scripts/embed_inputs.py"


rule embed_latents:
    input:
        latents=evaluated_splits(paths.LATENTS),
        decompositions=decompositions_of_run,
        code=code_of("embed_latents.py"),
    output:
        embedding=paths.MAP_OF_LATENTS,
    log:
        "results/logs/embed_latents/{run}/{checkpoint}.log",
    benchmark:
        "results/benchmarks/embed_latents/{run}/{checkpoint}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=120,
    params:
        settings=embedding_settings(),
        branches=embedded_branches,
        run=run_columns,
    script:
        "../scripts/embed_latents.py"


rule embedding_page:
    input:
        embedding=table_of_page,
        code=code_of("embedding_page.py"),
    output:
        page=paths.PAGE,
    log:
        "results/logs/embedding_page/{page}.log",
    benchmark:
        "results/benchmarks/embedding_page/{page}.tsv"
    wildcard_constraints:
        page=one_of(PAGES),
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=15,
    params:
        title=title_of_page,
    script:
        "../scripts/embedding_page.py"
