# Corpora, simulated or read from files: audio, factors and time-aligned labels in one HDF5 file each.


rule simulate_corpus:
    input:
        code=code_of("simulate_corpus.py"),
    output:
        corpus=paths.CORPUS,
    log:
        "results/logs/simulate_corpus/{corpus}.log",
    benchmark:
        "results/benchmarks/simulate_corpus/{corpus}.tsv"
    wildcard_constraints:
        corpus=one_of(SIMULATED),
    conda:
        "../envs/python.yaml"
    resources:
        **needs(2000, minutes=60),
    params:
        settings=settings_of_corpus,
        seed=SEED,
    script:
        "../scripts/simulate_corpus.py"


rule simulate_traversal_set:
    input:
        code=code_of("simulate_traversal_set.py"),
    output:
        corpus=paths.CONTROLLED_SET,
    log:
        "results/logs/simulate_traversal_set/{corpus}/{split}.log",
    benchmark:
        "results/benchmarks/simulate_traversal_set/{corpus}/{split}.tsv"
    wildcard_constraints:
        corpus=one_of(SIMULATED),
    conda:
        "../envs/python.yaml"
    resources:
        **needs(2000, minutes=30),
    params:
        settings=lambda wildcards: SECTIONS[wildcards.corpus].plain(),
        seed=SEED,
    script:
        "../scripts/simulate_traversal_set.py"


rule describe_generator:
    input:
        code=code_of("describe_generator.py"),
    output:
        signals=paths.GENERATED_SIGNALS,
        mels=paths.GENERATED_MELS,
    log:
        "results/logs/describe_generator/{corpus}.log",
    benchmark:
        "results/benchmarks/describe_generator/{corpus}.tsv"
    wildcard_constraints:
        corpus=one_of(SIMULATED),
    conda:
        "../envs/python.yaml"
    resources:
        **needs(2000, minutes=30),
    params:
        settings=lambda wildcards: SECTIONS[wildcards.corpus].plain(),
        seed=SEED,
    script:
        "../scripts/describe_generator.py"


rule ingest_corpus:
    input:
        code=lambda wildcards: code_of("ingest_corpus.py", f"decvae.corpora.{SECTIONS[wildcards.corpus].kind}"),
    output:
        corpus=paths.CORPUS,
    log:
        "results/logs/ingest_corpus/{corpus}.log",
    benchmark:
        "results/benchmarks/ingest_corpus/{corpus}.tsv"
    wildcard_constraints:
        corpus=one_of(INGESTED),
    conda:
        "../envs/python.yaml"
    resources:
        **needs(2000, minutes=240),
    params:
        name=lambda wildcards: CORPORA[wildcards.corpus],
        settings=settings_of_corpus,
        tree=tree_of_corpus,
        seed=SEED,
    script:
        "../scripts/ingest_corpus.py"


rule summarise_corpus:
    input:
        corpus=paths.CORPUS,
        code=code_of("summarise_corpus.py"),
    output:
        summary=paths.CORPUS_SUMMARY,
        utterances=paths.CORPUS_UTTERANCES,
    log:
        "results/logs/summarise_corpus/{corpus}.log",
    benchmark:
        "results/benchmarks/summarise_corpus/{corpus}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(2000, minutes=30),
    script:
        "../scripts/summarise_corpus.py"


rule draw_controlled_set:
    input:
        corpus=paths.CORPUS,
        code=code_of("draw_controlled_set.py"),
    output:
        corpus=paths.CONTROLLED_SET,
    log:
        "results/logs/draw_controlled_set/{corpus}/{split}.log",
    benchmark:
        "results/benchmarks/draw_controlled_set/{corpus}/{split}.tsv"
    wildcard_constraints:
        corpus=one_of(INGESTED),
    conda:
        "../envs/python.yaml"
    resources:
        **needs(2000, minutes=30),
    params:
        settings=lambda wildcards: CONTROLLED[wildcards.corpus][wildcards.split],
        seed=SEED,
    script:
        "../scripts/draw_controlled_set.py"
