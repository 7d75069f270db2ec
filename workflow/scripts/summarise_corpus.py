"""What a corpus holds.

Input   corpus: HDF5 corpus
Output  summary: CSV of durations, classes, label coverage and what was left out; utterances: CSV, one row each
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.corpora.summary import summary_tables

    summary, utterances = summary_tables(snakemake.input.corpus)
    summary.to_csv(snakemake.output.summary, index=False, float_format="%.6g")
    utterances.to_csv(snakemake.output.utterances, index=False, float_format="%.6g")
