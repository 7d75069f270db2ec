"""One GPU per job: which one is decided here, by a lock, before torch is imported.

Snakemake's ``--resources gpu=2`` only counts jobs; it assigns no device. Each job that trains therefore claims one: the
claim is a lock on a file, which the kernel releases when the process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
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


@contextlib.contextmanager
def claim_device(
    n_requested: int, devices: list[str] | None = None, lock_dir: str | Path = LOCK_DIR, poll_seconds: float = 1.0
) -> Iterator[str]:
    """Hold one GPU for the duration of the block. Use it before the first import of torch.

    Parameters
    ----------
    n_requested : int
        GPUs that the job may use (``snakemake.resources.gpu``); 0 means the CPU, and more than 1 is an error, since
        a run trains on one device.
    devices : list of str, optional
        Identifiers to choose from; by default :func:`visible_devices`.
    lock_dir : path
        One file per device; shared by all jobs of this machine.
    poll_seconds : float
        Time between two looks for a free device, in seconds.

    Yields
    ------
    str
        ``"cpu"``, or ``"cuda"`` with ``CUDA_VISIBLE_DEVICES`` set to the one claimed device.

    Raises
    ------
    ValueError
        If more than one device is requested.

    Notes
    -----
    A ``CUDA_VISIBLE_DEVICES`` with a single entry is a scheduler's assignment; it is used as it is, without a lock.
    """
    if n_requested > 1:
        raise ValueError(f"{n_requested} GPUs requested; a run trains on one device, so request gpu=1")
    assigned = devices is None and "CUDA_VISIBLE_DEVICES" in os.environ
    devices = visible_devices() if devices is None else list(devices)
    if n_requested < 1 or not devices:
        with _environment(CUDA_VISIBLE_DEVICES=""):
            yield "cpu"
    elif assigned and len(devices) == 1:
        yield "cuda"
    else:
        index, lock = _wait_for_lock(devices, Path(lock_dir), poll_seconds)
        with lock, _environment(CUDA_VISIBLE_DEVICES=index):
            logger.info("using GPU %s", index)
            yield "cuda"


def _wait_for_lock(devices: list[str], lock_dir: Path, poll_seconds: float) -> tuple[str, IO]:
    waiting = False
    while True:
        for device in devices:
            lock = _open_lock(lock_dir / f"gpu-{device.replace('/', '_')}.lock")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
            else:
                return device, lock
        if not waiting:
            logger.info("all GPUs (%s) are busy; waiting for one", ", ".join(devices))
            waiting = True
        time.sleep(poll_seconds)


def _open_lock(path: Path) -> IO:
    """A lock file that all users of the machine share: opened for reading (enough for a lock), created if need be."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o1777)
    if not path.exists():
        path.touch(mode=0o644)
    return path.open("r")


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
