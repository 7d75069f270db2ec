"""Unsupervised disentanglement ranking (UDR): agreement of the runs of a setting that differ by seed only.

Input   latents: HDF5 latents of one split, one file per run, setting by setting
Output  udr: CSV with the columns of the run, aggregation and value
Params  runs: for each setting the columns of its runs; aggregation (runs without it: X); max_frames; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import write_table
    from decvae.evaluation.aggregation import aggregate, available_aggregations
    from decvae.evaluation.latents import balanced_rows, read_latents
    from decvae.evaluation.metrics.udr import compute_udr

    rows, paths = [], iter(snakemake.input.latents)
    for runs in snakemake.params.runs:
        tables = [read_latents([next(paths)])["Z"] for _ in runs]
        wanted = snakemake.params.aggregation
        name = wanted if wanted in available_aggregations(tables[0]) else "X"
        drawn = balanced_rows(tables[0].utterance, snakemake.params.max_frames, snakemake.params.seed)
        scores = compute_udr([aggregate(table.select(drawn), name) for table in tables]).scores
        rows += [{**run, "aggregation": name, "value": value} for run, value in zip(runs, scores, strict=True)]
    write_table(pd.DataFrame(rows), snakemake.output.udr)
