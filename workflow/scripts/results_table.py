"""Write the table of results of one corpus.

Input   metrics: Parquet with the scores of all runs
Output  markdown, latex: the table, best values in bold
Params  which scores: corpus, protocol, checkpoint, aggregation, classifier
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import atomic_path
    from decvae.reporting.results import results_table, shown_scores

    scores = shown_scores(pd.read_parquet(snakemake.input.metrics), **snakemake.params.shown)
    for style in ("markdown", "latex"):
        with atomic_path(snakemake.output[style]) as partial:
            partial.write_text(results_table(scores, style))
