"""What a corpus holds.

Input   corpus: HDF5 corpus
Output  summary: CSV of durations, classes, label coverage and what was left out; utterances: CSV, one row each
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.artifacts import write_table
    from decvae.corpora.summary import summary_tables

    summary, utterances = summary_tables(snakemake.input.corpus)
    write_table(summary, snakemake.output.summary, float_format="%.6g")
    write_table(utterances, snakemake.output.utterances, float_format="%.6g")
