"""GPUs of a job: which ones is decided here, by locks, before torch is imported.

Snakemake's ``--resources gpu=2`` only counts jobs; it assigns no device. Each job that trains therefore claims its own:
the claim is a lock on a file, which the kernel releases when the process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

logger = logging.getLogger(__name__)

LOCK_DIR = Path(tempfile.gettempdir()) / "decvae-gpu-locks"


def visible_devices() -> list[str]:
    """Identifiers of this machine's GPUs, as ``CUDA_VISIBLE_DEVICES`` takes them; empty without a working driver.

    An already set ``CUDA_VISIBLE_DEVICES`` (a scheduler's or the user's choice) is taken as the list.
    """
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        entries = [entry.strip() for entry in chosen.split(",") if entry.strip()]
        # CUDA stops reading at the first invalid entry; -1 is the usual way to hide all devices.
        return entries[: entries.index("-1")] if "-1" in entries else entries
    if shutil.which("nvidia-smi") is None:
        return []
    query = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=60, check=False)
    if answer.returncode != 0:
        logger.warning("nvidia-smi failed, so no GPU is used: %s", (answer.stderr or answer.stdout).strip())
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


class DeviceError(RuntimeError):
    """A GPU is asked for that the job cannot have; the message says why and how to mend it."""


@contextlib.contextmanager
def claim_device(
    n_granted: int,
    n_wanted: int = 1,
    device: str = "auto",
    *,
    devices: list[str] | None = None,
    lock_dir: str | Path = LOCK_DIR,
    poll_seconds: float = 1.0,
) -> Iterator[str]:
    """Hold GPUs for the duration of the block. Use it before the first import of torch.

    Parameters
    ----------
    n_granted : int
        GPUs that the scheduler gave the job (``snakemake.resources.gpu``); 0 means the CPU.
    n_wanted : int
        GPUs that the job needs, one for each of its processes.
    device : {"auto", "cpu", "cuda"}
        ``auto`` takes GPUs where there are any, ``cpu`` never, ``cuda`` is an error without them.
    devices : list of str, optional
        Identifiers to choose from; by default :func:`visible_devices`.
    lock_dir : path
        One file per device; shared by all jobs of this machine.
    poll_seconds : float
        Time between two looks for free devices, in seconds.

    Yields
    ------
    str
        ``"cpu"``, or ``"cuda"`` with ``CUDA_VISIBLE_DEVICES`` set to the claimed devices.

    Raises
    ------
    DeviceError
        If ``cuda`` is asked for and there is no GPU, or if there are GPUs but too few of them.

    Notes
    -----
    A ``CUDA_VISIBLE_DEVICES`` with as many entries as wanted is a scheduler's assignment; it is used as it is, without
    a lock. Several devices are claimed at once or not at all, so that jobs never wait for each other in a circle. The
    locks pass to child processes that inherit open files, and last as long as any of them lives.
    """
    assigned = devices is None and "CUDA_VISIBLE_DEVICES" in os.environ
    devices = visible_devices() if devices is None else list(devices)
    if device == "cuda" and n_granted < 1:
        raise DeviceError(
            "device is cuda, but this job was given no GPU (resource gpu=0): start Snakemake with --resources gpu=1 or "
            "more (on a cluster without --set-resources RULE:gpu=0), or set the device to cpu."
        )
    if device == "cuda" and not devices:
        hidden = f" (CUDA_VISIBLE_DEVICES is {os.environ['CUDA_VISIBLE_DEVICES']!r})" if assigned else ""
        raise DeviceError(
            f"device is cuda, but this machine shows no GPU{hidden}: see that `nvidia-smi` works here, or set the "
            "device to cpu."
        )
    if device == "cpu" or n_granted < 1 or not devices:
        with _environment(CUDA_VISIBLE_DEVICES=""):
            yield "cpu"
        return
    if min(n_granted, len(devices)) < n_wanted:
        raise DeviceError(
            f"{n_wanted} processes need a GPU each, but this job was given {n_granted} and the machine shows "
            f"{len(devices)}: start Snakemake with --resources gpu={n_wanted} or more, or lower execution.processes."
        )
    if assigned and len(devices) == n_wanted:
        yield "cuda"
        return
    with contextlib.ExitStack() as locks:
        claimed = _wait_for_locks(devices, n_wanted, Path(lock_dir), poll_seconds, locks)
        with _environment(CUDA_VISIBLE_DEVICES=",".join(claimed)):
            logger.info("using GPU %s", ", ".join(claimed))
            yield "cuda"


def _wait_for_locks(
    devices: list[str], wanted: int, lock_dir: Path, poll_seconds: float, locks: contextlib.ExitStack
) -> list[str]:
    """Names of ``wanted`` devices whose locks ``locks`` now holds; none are held while waiting."""
    waiting = False
    while True:
        with contextlib.ExitStack() as held:
            claimed: list[str] = []
            for device in devices:
                lock = held.enter_context(_open_lock(lock_dir / f"gpu-{device.replace('/', '_')}.lock"))
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    claimed.append(device)
                if len(claimed) == wanted:
                    locks.push(held.pop_all())
                    return claimed
        if not waiting:
            logger.info("waiting for %d of the GPUs %s", wanted, ", ".join(devices))
            waiting = True
        # Jobs that need several devices must not keep letting go of them in step.
        time.sleep(poll_seconds * random.uniform(0.5, 1.5))


def _open_lock(path: Path) -> IO[str]:
    """A lock file that all users of the machine share: opened for reading (enough for a lock), created if need be."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o1777)
    if not path.exists():
        path.touch(mode=0o644)
    lock = path.open("r")
    os.set_inheritable(lock.fileno(), True)
    return lock


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
