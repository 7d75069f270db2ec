# Inputs of the models, made once from a decomposition.


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
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=120,
    params:
        settings=feature_section,
    script:
        "../scripts/extract_features.py"
