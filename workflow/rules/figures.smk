# One rule per family of figures; an R script in visualize_R reads tables and draws, nothing else.


rule metrics_scatter:
    input:
        metrics="results/metrics/metrics.csv",
        theme=THEME,
        code=figure_code("metrics_scatter.R"),
    output:
        pdf="results/figures/{place}/metrics_scatter.pdf",
        png=report(
            "results/figures/{place}/metrics_scatter.png",
            caption="../report/metrics_scatter.rst",
            category="Figure 2: metrics",
            labels={"place": "{place}", "figure": "metrics, scatter"},
        ),
    log:
        "results/logs/metrics_scatter/{place}.log",
    benchmark:
        "results/benchmarks/metrics_scatter/{place}.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        checkpoint=CONFIG["figures"]["checkpoint"],
        aggregation=CONFIG["figures"]["aggregation"],
        classifier=CONFIG["evaluation"]["classifiers"][0],
        protocol=CONFIG["evaluation"]["protocols"][0],
        runs=runs_of_place,
        content=content_of_place,
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/metrics_scatter.R"


rule metrics_bars:
    input:
        metrics="results/metrics/metrics.csv",
        theme=THEME,
        code=figure_code("metrics_bars.R"),
    output:
        pdf="results/figures/{place}/metrics_bars.pdf",
        png=report(
            "results/figures/{place}/metrics_bars.png",
            caption="../report/metrics_bars.rst",
            category="Figure 2: metrics",
            labels={"place": "{place}", "figure": "metrics, bars"},
        ),
    log:
        "results/logs/metrics_bars/{place}.log",
    benchmark:
        "results/benchmarks/metrics_bars/{place}.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        checkpoint=CONFIG["figures"]["checkpoint"],
        aggregation=CONFIG["figures"]["aggregation"],
        classifier=CONFIG["evaluation"]["classifiers"][0],
        protocol=CONFIG["evaluation"]["protocols"][0],
        runs=runs_of_place,
        content=content_of_place,
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/metrics_bars.R"


rule metrics_circular:
    input:
        metrics="results/metrics/metrics.csv",
        theme=THEME,
        code=figure_code("metrics_circular.R"),
    output:
        pdf="results/figures/fig6/metrics_circular.pdf",
        png=report(
            "results/figures/fig6/metrics_circular.png",
            caption="../report/metrics_circular.rst",
            category="Figure 6: metrics by corpus",
            labels={"figure": "metrics, circular"},
        ),
    log:
        "results/logs/metrics_circular.log",
    benchmark:
        "results/benchmarks/metrics_circular.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        checkpoint=CONFIG["figures"]["checkpoint"],
        aggregation=CONFIG["figures"]["aggregation"],
        classifier=CONFIG["evaluation"]["classifiers"][0],
        protocol=CONFIG["evaluation"]["protocols"][0],
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/metrics_circular.R"


rule embedding_inputs:
    input:
        embedding=embedding_of_inputs,
        theme=THEME,
        code=figure_code("embedding.R"),
    output:
        pdf="results/figures/{place}/embedding_inputs.pdf",
        png=report(
            "results/figures/{place}/embedding_inputs.png",
            caption="../report/embedding_inputs.rst",
            category="Figure 2: maps",
            labels={"place": "{place}", "figure": "map of inputs"},
        ),
    log:
        "results/logs/embedding_inputs/{place}.log",
    benchmark:
        "results/benchmarks/embedding_inputs/{place}.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        branch="Z",
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/embedding.R"


rule embedding_latents:
    input:
        embedding=embedding_of_slug,
        theme=THEME,
        code=figure_code("embedding.R"),
    output:
        pdf="results/figures/{place}/embedding_latents-{slug}.pdf",
        png=report(
            "results/figures/{place}/embedding_latents-{slug}.png",
            caption="../report/embedding_latents.rst",
            category="Figure 2: maps",
            labels={"place": "{place}", "figure": "map of latents", "run": "{slug}"},
        ),
    log:
        "results/logs/embedding_latents/{place}/{slug}.log",
    benchmark:
        "results/benchmarks/embedding_latents/{place}/{slug}.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        branch=shown_branch,
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/embedding.R"


rule generative_model:
    input:
        signals=shown_corpus("results/corpora/{corpus}-generative.csv"),
        theme=THEME,
        code=figure_code("generative_model.R"),
    output:
        pdf="results/figures/si4/generative_model.pdf",
        png=report(
            "results/figures/si4/generative_model.png",
            caption="../report/generative_model.rst",
            category="SI 4: front ends",
            labels={"figure": "generative model"},
        ),
    log:
        "results/logs/generative_model.log",
    benchmark:
        "results/benchmarks/generative_model.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/generative_model.R"


rule mel_features:
    input:
        signals=shown_corpus("results/corpora/{corpus}-generative_mel.csv"),
        theme=THEME,
        code=figure_code("mel_features.R"),
    output:
        pdf="results/figures/si4/mel_features.pdf",
        png=report(
            "results/figures/si4/mel_features.png",
            caption="../report/mel_features.rst",
            category="SI 4: front ends",
            labels={"figure": "mel features"},
        ),
    log:
        "results/logs/mel_features.log",
    benchmark:
        "results/benchmarks/mel_features.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/mel_features.R"


rule decomposition_front_end:
    input:
        signals=shown_corpus("results/decompositions/{corpus}/examples.csv"),
        spectra=shown_corpus("results/decompositions/{corpus}/examples_psd.csv"),
        theme=THEME,
        code=figure_code("decomposition_front_end.R"),
    output:
        pdf="results/figures/si4/decomposition_{scale}.pdf",
        png=report(
            "results/figures/si4/decomposition_{scale}.png",
            caption="../report/decomposition_front_end.rst",
            category="SI 4: front ends",
            labels={"figure": "decomposition of one {scale}"},
        ),
    log:
        "results/logs/decomposition_front_end/{scale}.log",
    benchmark:
        "results/benchmarks/decomposition_front_end/{scale}.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        scale="{scale}",
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/decomposition_front_end.R"


rule component_frequencies:
    input:
        quality=shown_qualities(),
        theme=THEME,
        code=figure_code("component_frequencies.R"),
    output:
        pdf="results/figures/si4/component_frequencies.pdf",
        png=report(
            "results/figures/si4/component_frequencies.png",
            caption="../report/component_frequencies.rst",
            category="SI 4: front ends",
            labels={"figure": "component frequencies and formants"},
        ),
    log:
        "results/logs/component_frequencies.log",
    benchmark:
        "results/benchmarks/component_frequencies.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/component_frequencies.R"


rule component_scatter:
    input:
        quality=shown_qualities(),
        theme=THEME,
        code=figure_code("component_scatter.R"),
    output:
        pdf="results/figures/si4/component_scatter.pdf",
        png=report(
            "results/figures/si4/component_scatter.png",
            caption="../report/component_scatter.rst",
            category="SI 4: front ends",
            labels={"figure": "component frequencies of every frame"},
        ),
    log:
        "results/logs/component_scatter.log",
    benchmark:
        "results/benchmarks/component_scatter.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/component_scatter.R"


rule reconstruction_error:
    input:
        quality=shown_qualities(),
        theme=THEME,
        code=figure_code("reconstruction_error.R"),
    output:
        pdf="results/figures/si9/reconstruction_error.pdf",
        png=report(
            "results/figures/si9/reconstruction_error.png",
            caption="../report/reconstruction_error.rst",
            category="SI 9: decomposition quality",
            labels={"figure": "reconstruction error"},
        ),
    log:
        "results/logs/reconstruction_error.log",
    benchmark:
        "results/benchmarks/reconstruction_error.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/reconstruction_error.R"


rule correlograms:
    input:
        quality=shown_qualities(),
        theme=THEME,
        code=figure_code("correlograms.R"),
    output:
        pdf="results/figures/si9/correlograms.pdf",
        png=report(
            "results/figures/si9/correlograms.png",
            caption="../report/correlograms.rst",
            category="SI 9: decomposition quality",
            labels={"figure": "correlograms"},
        ),
    log:
        "results/logs/correlograms.log",
    benchmark:
        "results/benchmarks/correlograms.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/correlograms.R"


rule latent_responses:
    input:
        responses=responses_of_figure,
        theme=THEME,
        code=figure_code("latent_responses.R"),
    output:
        pdf="results/figures/{responses}.pdf",
        png=report(
            "results/figures/{responses}.png",
            caption="../report/latent_responses.rst",
            category="SI 18: latent responses",
            labels={"figure": "{responses}"},
        ),
    log:
        "results/logs/latent_responses/{responses}.log",
    benchmark:
        "results/benchmarks/latent_responses/{responses}.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/latent_responses.R"


rule training_curves:
    input:
        history="results/runs/history.csv",
        theme=THEME,
        code=figure_code("training_curves.R"),
    output:
        pdf="results/figures/si22/training_curves.pdf",
        png=report(
            "results/figures/si22/training_curves.png",
            caption="../report/training_curves.rst",
            category="SI 22: training curves",
            labels={"figure": "training curves"},
        ),
    log:
        "results/logs/training_curves.log",
    benchmark:
        "results/benchmarks/training_curves.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/training_curves.R"


rule metrics_over_training:
    input:
        metrics="results/metrics/metrics.csv",
        theme=THEME,
        code=figure_code("metrics_over_training.R"),
    output:
        pdf="results/figures/si12/metrics_over_training.pdf",
        png=report(
            "results/figures/si12/metrics_over_training.png",
            caption="../report/metrics_over_training.rst",
            category="SI 12: metrics over training",
            labels={"figure": "metrics over training"},
        ),
    log:
        "results/logs/metrics_over_training.log",
    benchmark:
        "results/benchmarks/metrics_over_training.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        aggregation=CONFIG["figures"]["aggregation"],
        classifier=CONFIG["evaluation"]["classifiers"][0],
        protocol=CONFIG["evaluation"]["protocols"][0],
        runs=runs_of("fig2"),
        content=content_of(PLACES["fig2"]),
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/metrics_over_training.R"


rule corpus:
    input:
        summary=table_of_corpus("summary"),
        utterances=table_of_corpus("utterances"),
        theme=THEME,
        code=figure_code("corpus.R"),
    output:
        pdf="results/figures/corpora/{name}.pdf",
        png=report(
            "results/figures/corpora/{name}.png",
            caption="../report/corpus.rst",
            category="Corpora",
            labels={"corpus": "{name}"},
        ),
    log:
        "results/logs/corpus/{name}.log",
    benchmark:
        "results/benchmarks/corpus/{name}.tsv"
    conda:
        "../envs/r.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        title="{name}",
        dpi=CONFIG["figures"]["dpi"],
    script:
        "../../visualize_R/corpus.R"
