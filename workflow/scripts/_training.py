"""What the scripts that train share: devices, processes, and what every training gets."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from _job import fingerprint


@contextlib.contextmanager
def training(snakemake: Any) -> Iterator[Callable[..., None]]:
    """Devices that no other job holds, or the CPU, for the block; yields ``train(function, *data)``.

    The function, whose import brings torch and so belongs into the block, gets the settings of the run, the files
    ``data`` and the folder of the run.
    """
    from decvae.settings.execution import ExecutionSettings, LoggingSettings
    from decvae.training.gpu import claim_device
    from decvae.training.launch import call_in_processes

    execution, settings = ExecutionSettings.parse(snakemake.config["execution"]), snakemake.params.settings
    sources = [snakemake.input.source] if snakemake.input.source else []
    with claim_device(snakemake.resources.get("gpu", 0), execution.processes, execution.device) as device:

        def train(function: Callable[..., None], *data: str) -> None:
            call_in_processes(
                function,
                execution.processes,
                settings,
                *data,
                Path(snakemake.output.checkpoints).parent,
                device=device,
                fingerprint=fingerprint(settings, [*snakemake.input.code, *sources]),
                source=sources[0] if sources else None,
                logging=LoggingSettings.parse(snakemake.config["logging"]),
            )

        yield train
