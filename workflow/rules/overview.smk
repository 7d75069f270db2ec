# The study at a glance: a contact sheet of all figures with their captions, and what the study was made of.
#
#   snakemake overview --cores 2 && snakemake overview --report report.html


rule overview:
    input:
        rules.figures.input,
        rules.metrics.input,
        paths.CONTACT_SHEET,
        paths.STUDY_RECORD,


rule gallery:
    input:
        figures=expand(paths.FIGURE_PNG, figure=FIGURES),
        code=code_of("gallery.py"),
    output:
        sheet=report(
            paths.CONTACT_SHEET,
            caption="../report/contact_sheet.rst",
            category="Overview",
            labels={"figure": "contact sheet", "about": "all figures"},
        ),
        page=paths.GALLERY,
    log:
        "results/logs/gallery.log",
    benchmark:
        "results/benchmarks/gallery.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(2000, minutes=10),
    params:
        entries=[(figure.name, figure.category, figure.caption) for figure in FIGURES.values()],
        command="make gallery",
    script:
        "../scripts/gallery.py"


rule record_study:
    input:
        runs=[paths.of_run(paths.RECORD, run) for run in RUNS.values()],
        code=code_of("record_study.py"),
    output:
        page=report(
            paths.STUDY_RECORD,
            caption="../report/study.rst",
            category="Overview",
            labels={"figure": "parameters and provenance", "about": "all runs"},
        ),
    log:
        "results/logs/record_study.log",
    benchmark:
        "results/benchmarks/record_study.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        **needs(1000, minutes=10),
    params:
        config=CONFIG.plain() | {"runs": CONFIG.entries},
        runs=[run.columns() for run in RUNS.values()],
    script:
        "../scripts/record_study.py"
