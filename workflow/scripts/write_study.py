"""Write the page of a study: all models by both protocols, beside the paper, targets, baselines and ablations.

Input   metrics: Parquet with the scores of all runs by both protocols; values, trends: CSV with the paper's numbers
Output  markdown: the page
Params  study: settings (of the runs, by name), reference; corpus, kind, checkpoint, aggregation, classifier
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import atomic_path
    from decvae.reporting.study_page import study_page

    metrics = pd.read_parquet(snakemake.input.metrics)
    with atomic_path(snakemake.output.markdown) as partial:
        partial.write_text(study_page(metrics, **snakemake.params.study))
