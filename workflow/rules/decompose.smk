# X and its oscillatory components, of every frame and every sequence, and what models read of them.


rule decompose_split:
    input:
        corpus=lambda wildcards: paths.of_corpus(wildcards.corpus, wildcards.split),
        code=code_of("decompose_split.py"),
    output:
        decomposition=paths.DECOMPOSITION,
        quality=paths.QUALITY,
        sample=paths.QUALITY_SAMPLE,
    log:
        "results/logs/decompose_split/{corpus}/{decomposition}/{split}.log",
    benchmark:
        "results/benchmarks/decompose_split/{corpus}/{decomposition}/{split}.tsv"
    priority: 40
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        **needs(4000, minutes=24 * 60),
        gpu=gpus_of_decomposition,
    params:
        settings=lambda wildcards: DECOMPOSITIONS[wildcards.decomposition],
        seed=SEED,
        state=paths.DECOMPOSITION_STATE,
    script:
        "../scripts/decompose_split.py"


rule extract_features:
    input:
        decomposition=paths.DECOMPOSITION,
        code=code_of("extract_features.py"),
    output:
        features=paths.FEATURES,
    log:
        "results/logs/extract_features/{corpus}/{decomposition}/{input}/{split}.log",
    benchmark:
        "results/benchmarks/extract_features/{corpus}/{decomposition}/{input}/{split}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(4000, minutes=120),
    params:
        settings=lambda wildcards: {wildcards.input: getattr(CONFIG.features, wildcards.input).plain()},
    script:
        "../scripts/extract_features.py"


rule decompose_examples:
    input:
        corpus=paths.CORPUS,
        code=code_of("decompose_examples.py"),
    output:
        signals=paths.EXAMPLE_SIGNALS,
        spectra=paths.EXAMPLE_SPECTRA,
    log:
        "results/logs/decompose_examples/{corpus}.log",
    benchmark:
        "results/benchmarks/decompose_examples/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(4000, minutes=30),
    params:
        settings=SHOWN_DECOMPOSITIONS,
        split="test",
        utterance=CONFIG.figures.example_utterance,
        seed=SEED,
    script:
        "../scripts/decompose_examples.py"
