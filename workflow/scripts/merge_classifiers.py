"""Put the scores of all fine-tuned heads into one table.

Input   scores: Parquet of each run and checkpoint
Output  csv: the scores, with the columns that identify the run in front
Params  runs: those columns, in the order of the inputs; states: the checkpoints, likewise
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import write_table
    from decvae.reporting.seeds import with_run_columns

    identified = [
        {**run, "checkpoint": state} for run, state in zip(snakemake.params.runs, snakemake.params.states, strict=True)
    ]
    tables = [pd.read_parquet(path) for path in snakemake.input.scores]
    write_table(with_run_columns(tables, identified), snakemake.output.csv)
