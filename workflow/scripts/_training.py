"""What the scripts that train share: devices, processes, and what every training gets."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from _job import fingerprint


@contextlib.contextmanager
def training(snakemake: Any) -> Iterator[Callable[..., None]]:
    """Devices that no other job holds, or the CPU, for the block; yields ``train(function, *data)``.

    The function, whose import brings torch and so belongs into the block, gets the settings of the run, the files
    ``data`` and the folder of the run.
    """
    from decvae.settings.execution import ExecutionSettings
    from decvae.training.gpu import claim_device

    execution = ExecutionSettings.parse(snakemake.config["execution"])
    with claim_device(snakemake.resources.get("gpu", 0), execution.processes, execution.device) as device:
        yield partial(_train, snakemake, execution.processes, device)


def _train(snakemake: Any, processes: int, device: str, function: Callable[..., None], *data: str) -> None:
    from decvae.settings.execution import LoggingSettings
    from decvae.training.launch import call_in_processes

    source = snakemake.input.source or None
    call_in_processes(
        function,
        processes,
        snakemake.params.settings,
        *data,
        Path(snakemake.output.checkpoints).parent,
        device=device,
        fingerprint=fingerprint(snakemake.params.settings, [*snakemake.input.code, *([source] if source else [])]),
        source=source,
        logging=LoggingSettings.parse(snakemake.config["logging"]),
    )
