"""Fine-tune one run on labels, on GPUs that no other job holds or on the CPU.

Input   train, validation: HDF5 features; corpus: HDF5 corpus (labels); source: checkpoint to start from, if any
Output  checkpoints: JSON naming the checkpoints; history: Parquet of losses and scores; record: JSON of settings and
        provenance
Params  settings: every setting that reaches the run
Config  logging, execution: as for pretrain_model.py
"""

from _job import job_log
from _training import training

with job_log(snakemake.log[0]), training(snakemake) as train:
    from decvae.training.finetune import finetune_run

    train(finetune_run, snakemake.input.train, snakemake.input.validation, snakemake.input.corpus)
