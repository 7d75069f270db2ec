# Every figure is data, a JSON beside it and tables, which an R script draws: workflow/lib/figures.py names every figure of
# the study and says what it shows. By hand: Rscript visualize_R/FAMILY.R results/figures/NAME.json out.png


rule describe_figure:
    input:
        code=code_of("describe_figure.py"),
    output:
        paths.FIGURE,
    log:
        "results/logs/describe_figure/{figure}.log",
    benchmark:
        "results/benchmarks/describe_figure/{figure}.tsv"
    wildcard_constraints:
        figure=one_of(DRAWN),
    conda:
        "../envs/python.yaml"
    resources:
        **needs(500, minutes=5),
    params:
        family=of_figure("family"),
        tables=of_figure("tables"),
        shown=of_figure("shown"),
        scores=of_figure("scores"),
        style=FIGURE_STYLE,
        about=of_figure("about"),
        caption=of_figure("caption"),
    script:
        "../scripts/describe_figure.py"


rule draw_figure:
    input:
        figure=paths.FIGURE,
        tables=of_figure("inputs"),
        code=code_of_figure,
    output:
        pdf=paths.FIGURE_PDF,
        png=report(
            paths.FIGURE_PNG,
            caption="../report/figure.rst",
            category=of_figure("category"),
            labels=figure_labels,
        ),
    log:
        "results/logs/draw_figure/{figure}.log",
    benchmark:
        "results/benchmarks/draw_figure/{figure}.tsv"
    wildcard_constraints:
        figure=one_of(DRAWN),
    conda:
        "../envs/r.yaml"
    resources:
        **needs(2000, minutes=15),
    params:
        caption=of_figure("caption"),
    shell:
        "Rscript --vanilla {input.code[0]:q} {input.figure:q} {output.pdf:q} {output.png:q} > {log:q} 2>&1"


# `snakemake fig2`: the figures of one figure of the paper.
for place in sorted({figure.place for figure in DRAWN.values()} - {"figures", "metrics", "latents", "all"}):

    rule:
        name:
            place
        input:
            figures_of_place(place),
