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
    resources:
        **needs(4000, minutes=120),
    params:
        settings=EMBEDDING_OF_INPUTS,
        seed=SEED,
        branches=list(CONFIG.embeddings.branches),
        splits=SPLITS,
    script:
        "../scripts/embed_inputs.py"


rule embed_latents:
    input:
        latents=evaluated_splits(paths.LATENTS),
        decompositions=splits_of_run(paths.DECOMPOSITION),
        code=code_of("embed_latents.py"),
    output:
        embedding=paths.MAP_OF_LATENTS,
    log:
        "results/logs/embed_latents/{run}/{checkpoint}.log",
    benchmark:
        "results/benchmarks/embed_latents/{run}/{checkpoint}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(4000, minutes=120),
    params:
        settings=EMBEDDING,
        seed=SEED,
        branches=lambda wildcards: mapped_branches(RUNS[wildcards.run], CONFIG.embeddings.branches),
        run=columns_of_run,
    script:
        "../scripts/embed_latents.py"


rule embedding_page:
    input:
        embedding=lambda wildcards: PAGES[wildcards.page].tables["embedding"],
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
    resources:
        **needs(1000, minutes=15),
    params:
        title=lambda wildcards: PAGES[wildcards.page].about,
    script:
        "../scripts/embedding_page.py"
