"""Unsupervised disentanglement ranking (UDR): agreement of the runs of a setting that differ by seed only.

Input   latents: HDF5 latents of one split, one file per run, setting by setting
Output  udr: CSV with the columns of the run, aggregation and value
Params  runs: for each setting the columns of its runs; aggregation (runs without it: X); max_frames; seed
"""

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.artifacts import write_table
    from decvae.evaluation.stability import agreement_of_seeds

    params = snakemake.params
    table = agreement_of_seeds(
        snakemake.input.latents,
        params.runs,
        aggregation=params.aggregation,
        max_frames=params.max_frames,
        seed=params.seed,
    )
    write_table(table, snakemake.output.udr)
