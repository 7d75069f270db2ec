# X and its oscillatory components, of every frame and every sequence, decomposed once and cached.


rule decompose_split:
    input:
        corpus=corpus_of_split,
        code=code_of("decompose_split.py"),
    output:
        decomposition="results/decompositions/{corpus}/{decomposition}/{split}.h5",
        quality="results/decompositions/{corpus}/{decomposition}/{split}-quality.csv",
        sample="results/decompositions/{corpus}/{decomposition}/{split}-quality_sample.csv",
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
        state="results/state/decompositions/{corpus}/{decomposition}/{split}",
    script:
        "../scripts/decompose_split.py"


rule decompose_examples:
    input:
        corpus="results/corpora/{corpus}.h5",
        code=code_of("decompose_examples.py"),
    output:
        signals="results/decompositions/{corpus}/examples.csv",
        spectra="results/decompositions/{corpus}/examples_psd.csv",
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
