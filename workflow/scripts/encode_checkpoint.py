"""Encode one split with a run at a checkpoint.

Input   checkpoints: JSON naming the run's checkpoints; features: HDF5 features; corpus: HDF5 corpus (labels)
Output  latents: HDF5 latents
"""

from pathlib import Path

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.evaluation.encode import encode_split

    encode_split(
        Path(snakemake.input.checkpoints).parent,
        snakemake.wildcards.checkpoint,
        snakemake.input.features,
        snakemake.input.corpus,
        snakemake.wildcards.split,
        snakemake.output.latents,
    )
