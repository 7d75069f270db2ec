"""Put the scores of the published and the sound protocol side by side.

Input   metrics: Parquet with the scores of all runs by both protocols
Output  csv: every score that both have; markdown: the table of one corpus
Params  shown: corpus, checkpoint, aggregation, classifier
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import atomic_path
    from decvae.evaluation.leakage import compare_protocols, protocol_tables

    shown = snakemake.params.shown
    compared = compare_protocols(pd.read_parquet(snakemake.input.metrics), shown["classifier"])
    compared[compared["corpus"] == shown["corpus"]].to_csv(snakemake.output.csv, index=False)
    with atomic_path(snakemake.output.markdown) as partial:
        partial.write_text(protocol_tables(compared, **shown))
