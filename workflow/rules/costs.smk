# What a finished study cost: `snakemake costs`. The benchmark files are read as they are; those of jobs that a changed
# configuration no longer has are among them until they are deleted.


rule collect_costs:
    input:
        finished=[paths.METRICS, *all_figures()],
        code=code_of("collect_costs.py"),
    output:
        jobs=paths.JOB_COSTS,
        rules=paths.RULE_COSTS,
    log:
        "results/logs/collect_costs.log",
    benchmark:
        "results/benchmarks/collect_costs.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(1000, minutes=10),
    params:
        folder=paths.BENCHMARKS,
    script:
        "../scripts/collect_costs.py"
