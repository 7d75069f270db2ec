# One rule per family of figures; workflow/lib/figures.py names every figure of the study and says what it shows. An R script in
# visualize_R reads tables and draws, nothing else.


rule metrics_scatter:
    input:
        metrics=figure_table("metrics"),
        published=figure_table("published"),
        theme=THEME,
        code=figure_code("metrics_scatter.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/metrics_scatter.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/metrics_scatter/{figure}.log",
    benchmark:
        "results/benchmarks/metrics_scatter/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("metrics_scatter"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        scores=SHOWN_SCORES,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/metrics_scatter.R"


rule metrics_bars:
    input:
        metrics=figure_table("metrics"),
        published=figure_table("published"),
        theme=THEME,
        code=figure_code("metrics_bars.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/metrics_bars.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/metrics_bars/{figure}.log",
    benchmark:
        "results/benchmarks/metrics_bars/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("metrics_bars"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        scores=SHOWN_SCORES,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/metrics_bars.R"


rule metrics_lines:
    input:
        metrics=figure_table("metrics"),
        theme=THEME,
        code=figure_code("metrics_lines.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/metrics_lines.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/metrics_lines/{figure}.log",
    benchmark:
        "results/benchmarks/metrics_lines/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("metrics_lines"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        scores=SHOWN_SCORES,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/metrics_lines.R"


rule metrics_circular:
    input:
        metrics=figure_table("metrics"),
        theme=THEME,
        code=figure_code("metrics_circular.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/metrics_circular.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/metrics_circular/{figure}.log",
    benchmark:
        "results/benchmarks/metrics_circular/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("metrics_circular"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        scores=SHOWN_SCORES,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/metrics_circular.R"


rule training_curves:
    input:
        history=figure_table("history"),
        theme=THEME,
        code=figure_code("training_curves.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/training_curves.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/training_curves/{figure}.log",
    benchmark:
        "results/benchmarks/training_curves/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("training_curves"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/training_curves.R"


rule latent_responses:
    input:
        responses=figure_table("responses"),
        theme=THEME,
        code=figure_code("latent_responses.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/latent_responses.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/latent_responses/{figure}.log",
    benchmark:
        "results/benchmarks/latent_responses/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("latent_responses"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/latent_responses.R"


rule response_maps:
    input:
        responses=figure_table("responses"),
        theme=THEME,
        code=figure_code("response_maps.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/response_maps.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/response_maps/{figure}.log",
    benchmark:
        "results/benchmarks/response_maps/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("response_maps"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/response_maps.R"


rule embedding:
    input:
        embedding=figure_table("embedding"),
        theme=THEME,
        code=figure_code("embedding.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/embedding.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/embedding/{figure}.log",
    benchmark:
        "results/benchmarks/embedding/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("embedding"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/embedding.R"


rule signals:
    input:
        signals=figure_table("signals"),
        spectra=figure_table("spectra"),
        theme=THEME,
        code=figure_code("signals.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/signals.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/signals/{figure}.log",
    benchmark:
        "results/benchmarks/signals/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("signals"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/signals.R"


rule component_quality:
    input:
        quality=figure_table("quality"),
        theme=THEME,
        code=figure_code("component_quality.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/component_quality.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/component_quality/{figure}.log",
    benchmark:
        "results/benchmarks/component_quality/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("component_quality"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/component_quality.R"


rule component_frequencies:
    input:
        quality=figure_table("quality"),
        theme=THEME,
        code=figure_code("component_frequencies.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/component_frequencies.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/component_frequencies/{figure}.log",
    benchmark:
        "results/benchmarks/component_frequencies/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("component_frequencies"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/component_frequencies.R"


rule corpus:
    input:
        summary=figure_table("summary"),
        utterances=figure_table("utterances"),
        theme=THEME,
        code=figure_code("corpus.R"),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/corpus.rst",
            category=figure_category,
            labels=figure_labels,
        ),
    log:
        "results/logs/corpus/{figure}.log",
    benchmark:
        "results/benchmarks/corpus/{figure}.tsv"
    wildcard_constraints:
        figure=figures_of_family("corpus"),
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        shown=shown_in_figure,
        style=FIGURE_STYLE,
        about=about_figure,
    script:
        "../../visualize_R/corpus.R"


# `snakemake fig2`: the figures of one figure of the paper.
for place in sorted({figure.place for figure in FIGURES.values()} - {"figures", "metrics", "latents", "all"}):

    rule:
        name:
            place
        input:
            figures_of_place(place),
