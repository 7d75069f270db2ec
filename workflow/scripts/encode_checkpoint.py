"""Encode some splits with a run at a checkpoint.

Input   checkpoints: JSON naming the run's checkpoints; features: HDF5 features; corpora: HDF5 corpora (labels)
Output  latents: HDF5 latents
Params  splits: their names; features, corpora and latents are in their order
"""

from pathlib import Path

from _job import job_log

with job_log(snakemake.log[0]):
    from decvae.evaluation.encode import SplitFiles, encode_splits

    files = (snakemake.params.splits, snakemake.input.features, snakemake.input.corpora, snakemake.output.latents)
    splits = [SplitFiles(*own) for own in zip(*files, strict=True)]
    encode_splits(Path(snakemake.input.checkpoints).parent, snakemake.wildcards.checkpoint, splits)
