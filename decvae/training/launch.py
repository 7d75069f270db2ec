"""One call in several processes that train together, each on a device of its own: ``accelerate launch``."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from decvae.artifacts import as_plain
from decvae.settings.base import Section

_SECTION = "section"
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
        Paths, sections of settings and plain values; the new processes get them as JSON and make the sections again.
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
    call = {
        "function": [function.__module__, function.__qualname__],
        "arguments": [_packed(value) for value in arguments],
        "named": {name: _packed(value) for name, value in {**named, "device": device}.items()},
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(call, file)
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


def _packed(value: Any) -> Any:
    """JSON of a value; a section says which one it is."""
    if isinstance(value, Section):
        return {_SECTION: [type(value).__module__, type(value).__qualname__], "values": value.plain()}
    return str(value) if isinstance(value, Path) else as_plain(value)


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict) and _SECTION in value:
        module, name = value[_SECTION]
        return getattr(import_module(module), name).parse(value["values"])
    return value


def main(path: str) -> None:
    """Do the call in ``path``, as one of its processes."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    call = json.loads(Path(path).read_text())
    module, name = call["function"]
    function = getattr(import_module(module), name)
    function(*map(_unpacked, call["arguments"]), **{key: _unpacked(value) for key, value in call["named"].items()})


if __name__ == "__main__":
    main(sys.argv[1])
