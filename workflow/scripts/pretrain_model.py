"""Pretrain one run, on GPUs that no other job holds or on the CPU.

Input   train, validation: HDF5 features; source: checkpoint to start from, if any
Output  checkpoints: JSON naming the checkpoints; history: Parquet of losses; record: JSON of settings and provenance
Params  settings: every setting that reaches the run
Config  logging, execution: where to log besides, and where to train; not params, since they change no result and must
        not make a trained run stale
"""

from _job import job_log
from _training import training

with job_log(snakemake.log[0]), training(snakemake) as train:
    from decvae.training.pretrain import pretrain_run

    train(pretrain_run, snakemake.input.train, snakemake.input.validation)
