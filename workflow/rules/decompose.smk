# X and its oscillatory components, of every frame and every sequence, decomposed once and cached.


rule decompose_split:
    input:
        corpus=corpus_of_split,
        code=code_of("decompose_split.py"),
    output:
        decomposition=paths.DECOMPOSITION,
        quality=paths.QUALITY,
        sample=paths.QUALITY_SAMPLE,
    log:
        "results/logs/decompose_split/{corpus}/{decomposition}/{split}.log",
    benchmark:
        "results/benchmarks/decompose_split/{corpus}/{decomposition}/{split}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        mem_mb=growing(4000),
        runtime=24 * 60,
        gpu=gpus_of_decomposition,
    params:
        settings=decomposition_section,
        seed=SEED,
        state=paths.DECOMPOSITION_STATE,
    script:
        "../scripts/decompose_split.py"


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
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=30,
    params:
        settings=SHOWN_DECOMPOSITIONS,
        split="test",
        utterance=CONFIG["figures"]["example_utterance"],
        seed=SEED,
    script:
        "../scripts/decompose_examples.py"
