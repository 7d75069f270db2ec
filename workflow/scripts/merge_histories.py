"""Put the training histories of all runs, by epoch, into one table.

Input   histories: Parquet of each run
Output  history: CSV with run and label in front
Params  runs: the columns that identify each run, in the order of the histories
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import write_table

    tables = []
    for path, run in zip(snakemake.input.histories, snakemake.params.runs, strict=True):
        table = pd.read_parquet(path)
        table = table[table.pop("interval") == "epoch"]
        table.insert(0, "run", run["run"])
        table.insert(1, "label", run["label"])
        tables.append(table)
    write_table(pd.concat(tables, ignore_index=True), snakemake.output.history)
