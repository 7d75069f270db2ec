"""One call in several processes that train together, each on a device of its own: ``accelerate launch``."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ROOT = str(Path(__file__).resolve().parents[2])


def call_in_processes(
    function: Callable[..., None], processes: int, *arguments: Any, device: str, **named: Any
) -> None:
    """``function(*arguments, device=device, **named)``, here or, for more than one process, in as many new ones.

    Parameters
    ----------
    function : callable
        A function of a module, found again by its name.
    processes : int
    *arguments, **named
        Paths, sections of settings and plain values, which can be pickled.
    device : {"cpu", "cuda"}
        With ``cuda``, every process has one of the devices of ``CUDA_VISIBLE_DEVICES``.

    Raises
    ------
    RuntimeError
        If one of the processes fails; what they print is on this process's standard output.
    """
    if processes == 1:
        function(*arguments, device=device, **named)
        return
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        pickle.dump((function, arguments, {**named, "device": device}), file)
        file.flush()
        command = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(processes)]
        command += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
        # On the CPU, too: --cpu would start one process only. Which device it is, is said in the call.
        command += ["--main_process_port", "0", "--multi_gpu"]
        # Open files are inherited: the locks on the devices must last as long as any of the processes.
        done = subprocess.run(
            [*command, "-m", "decvae.training.launch", file.name],
            stdout=sys.stdout,
            stderr=sys.stderr,
            close_fds=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])])},
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"one of {processes} processes failed; what it printed is above")


def main(path: str) -> None:
    """Do the call in ``path``, as one of its processes."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    with open(path, "rb") as file:
        function, arguments, named = pickle.load(file)
    function(*arguments, **named)


if __name__ == "__main__":
    main(sys.argv[1])
