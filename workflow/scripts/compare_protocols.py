"""Put the scores of the published and the sound protocol side by side, and the former beside the paper's numbers.

Input   metrics: Parquet with the scores of all runs by both protocols; values: CSV with the numbers of the paper
Output  csv: every score that both protocols have; paper: CSV, those that the paper reports; markdown: tables of both
Params  shown: corpus, checkpoint, aggregation, classifier; kind of the corpus
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import atomic_path, write_table
    from decvae.reporting.leakage import compare_protocols, protocol_tables
    from decvae.reporting.published_values import beside_paper, paper_table

    shown, metrics = dict(snakemake.params.shown), pd.read_parquet(snakemake.input.metrics)
    kind = shown.pop("kind")
    compared = compare_protocols(metrics, shown["classifier"])
    write_table(compared[compared["corpus"] == shown["corpus"]], snakemake.output.csv)
    tables = [protocol_tables(compared, **shown)]
    del shown["classifier"]
    paper = beside_paper(metrics, kind=kind, **shown)
    write_table(paper, snakemake.output.paper)
    with atomic_path(snakemake.output.markdown) as partial:
        partial.write_text("\n".join([*tables, paper_table(paper)]))
