"""Fine-tune one run on labels, on GPUs that no other job holds or on the CPU.

Input   train, validation: HDF5 features; corpus: HDF5 corpus (labels); source: checkpoint to start from, if any
Output  checkpoints: JSON naming the checkpoints; history: Parquet of losses and scores; record: JSON of settings and
        provenance
Params  settings: every setting that reaches the run
Config  logging, execution: as for pretrain_model.py
"""

from pathlib import Path

from _job import fingerprint, job_log

with job_log(snakemake.log[0]):
    from decvae.gpu import claim_device
    from decvae.launch import ExecutionSettings, call_in_processes

    execution = ExecutionSettings(**snakemake.config["execution"])
    with claim_device(snakemake.resources.get("gpu", 0), execution.processes, execution.device) as device:
        # Imports torch, for which the device must be settled by now.
        from decvae.finetuning import finetune_run
        from decvae.logs import LoggingSettings

        source = snakemake.input.source or None
        call_in_processes(
            finetune_run,
            execution.processes,
            snakemake.params.settings,
            snakemake.input.train,
            snakemake.input.validation,
            snakemake.input.corpus,
            Path(snakemake.output.checkpoints).parent,
            device=device,
            fingerprint=fingerprint(snakemake.params.settings, [*snakemake.input.code, *([source] if source else [])]),
            source=source,
            logging=LoggingSettings(**snakemake.config["logging"]),
        )
