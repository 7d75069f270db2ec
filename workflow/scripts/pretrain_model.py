"""Pretrain one run, on GPUs that no other job holds or on the CPU.

Input   train, validation: HDF5 features; source: checkpoint to start from, if any
Output  checkpoints: JSON naming the checkpoints; history: Parquet of losses; record: JSON of settings and provenance
Params  settings: every setting that reaches the run
Config  logging, execution: where to log besides, and where to train; not params, since they change no result and must
        not make a trained run stale
"""

from pathlib import Path

from _job import fingerprint, job_log

with job_log(snakemake.log[0]):
    from decvae.gpu import claim_device
    from decvae.launch import ExecutionSettings, call_in_processes

    execution = ExecutionSettings(**snakemake.config["execution"])
    with claim_device(snakemake.resources.get("gpu", 0), execution.processes, execution.device) as device:
        # Imports torch, for which the device must be settled by now.
        from decvae.logs import LoggingSettings
        from decvae.pretraining import pretrain_run

        source = snakemake.input.source or None
        call_in_processes(
            pretrain_run,
            execution.processes,
            snakemake.params.settings,
            snakemake.input.train,
            snakemake.input.validation,
            Path(snakemake.output.checkpoints).parent,
            device=device,
            fingerprint=fingerprint(snakemake.params.settings, [*snakemake.input.code, *([source] if source else [])]),
            source=source,
            logging=LoggingSettings(**snakemake.config["logging"]),
        )
