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


rule costs:
    input:
        rules=paths.RULE_COSTS,
        theme=THEME,
        code=figure_code("costs.R"),
    output:
        pdf="results/figures/costs/costs.pdf",
        png=report(
            "results/figures/costs/costs.png",
            caption="../report/costs.rst",
            category="Costs",
            labels={"figure": "time and memory"},
        ),
    log:
        "results/logs/costs.log",
    benchmark:
        "results/benchmarks/costs.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        style=FIGURE_STYLE,
    script:
        "../../visualize_R/costs.R"
