"""Put the training histories of all runs, by epoch, into one table.

Input   histories: Parquet of each run
Output  history: CSV with run and label in front
Params  runs: the columns that identify each run, in the order of the histories
"""

from _job import job_log

with job_log(snakemake.log[0]):
    import pandas as pd

    from decvae.artifacts import write_table
    from decvae.reporting.seeds import histories_by_epoch

    histories = [pd.read_parquet(path) for path in snakemake.input.histories]
    write_table(histories_by_epoch(histories, snakemake.params.runs), snakemake.output.history)
