# Simulated corpora: audio, factors and time-aligned labels in one HDF5 file each.


rule simulate_corpus:
    input:
        code=code_of("simulate_corpus.py"),
    output:
        corpus="results/corpora/{corpus}.h5",
    log:
        "results/logs/simulate_corpus/{corpus}.log",
    benchmark:
        "results/benchmarks/simulate_corpus/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        settings=corpus_section,
        seed=SEED,
    script:
        "../scripts/simulate_corpus.py"


rule simulate_traversal_set:
    input:
        code=code_of("simulate_traversal_set.py"),
    output:
        corpus="results/corpora/{corpus}-traversal.h5",
    log:
        "results/logs/simulate_traversal_set/{corpus}.log",
    benchmark:
        "results/benchmarks/simulate_traversal_set/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=corpus_section_with_traversal,
        seed=SEED,
    script:
        "../scripts/simulate_traversal_set.py"


rule describe_generator:
    input:
        code=code_of("describe_generator.py"),
    output:
        signals="results/corpora/{corpus}-generative.csv",
        mels="results/corpora/{corpus}-generative_mel.csv",
    log:
        "results/logs/describe_generator/{corpus}.log",
    benchmark:
        "results/benchmarks/describe_generator/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=corpus_section_with_traversal,
        seed=SEED,
    script:
        "../scripts/describe_generator.py"
