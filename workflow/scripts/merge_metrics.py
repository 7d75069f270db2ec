"""Put the scores of all runs and checkpoints into one table.

Input   scores: Parquet of each run and checkpoint
Output  parquet, csv: the table, with the columns that identify the run in front
Params  runs: those columns, in the order of the scores
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    types = {"objective": "string", "beta_z": "float64", "beta_s": "float64"}
    tables = []
    for path, run in zip(snakemake.input.scores, snakemake.params.runs, strict=True):
        table = pd.read_parquet(path)
        for place, (name, value) in enumerate(run.items()):
            table.insert(place, name, value)
        # Columns that are empty for some runs have the same type for all.
        tables.append(table.astype(types))
    merged = pd.concat(tables, ignore_index=True)
    merged.to_parquet(snakemake.output.parquet)
    merged.to_csv(snakemake.output.csv, index=False)
