"""Pretrain one run, on a GPU that no other job holds or on the CPU.

Input   train, validation: HDF5 features
Output  checkpoints: JSON naming the checkpoints; history: CSV of losses; record: JSON of settings and provenance
Params  settings: every setting that reaches the run
"""

from pathlib import Path

from _job import fingerprint, job_log

with job_log(snakemake.log[0]):
    from decvae.gpu import claim_device

    with claim_device(snakemake.resources.get("gpu", 0)) as device:
        # Imports torch, for which the device must be settled by now.
        from decvae.pretraining import pretrain_run

        pretrain_run(
            snakemake.params.settings,
            snakemake.input.train,
            snakemake.input.validation,
            Path(snakemake.output.checkpoints).parent,
            device=device,
            fingerprint=fingerprint(snakemake.params.settings, snakemake.input.code),
        )
