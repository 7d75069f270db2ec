# Maps of what models read and of what they make of it.


rule embed_inputs:
    input:
        features=evaluated_splits("results/features/{corpus}/{decomposition}/{input}/{split}.h5"),
        decompositions=evaluated_splits("results/decompositions/{corpus}/{decomposition}/{split}.h5"),
        corpus="results/corpora/{corpus}.h5",
        code=code_of("embed_inputs.py"),
    output:
        embedding="results/embeddings/inputs/{corpus}/{decomposition}/{input}.csv",
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
        latents=evaluated_splits("results/latents/{run}/{checkpoint}/{split}.h5"),
        decompositions=decompositions_of_run,
        code=code_of("embed_latents.py"),
    output:
        embedding="results/embeddings/latents/{run}/{checkpoint}.csv",
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
        page="results/pages/{page}.html",
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
