"""What every artifact on disk shares: atomic writing, provenance, format checks, settings hashes, progress."""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from decvae import __version__

if TYPE_CHECKING:  # slow to import, and not needed to plan
    import h5py
    import pandas as pd

T = TypeVar("T")
WEIGHTS = "model.safetensors"  # of a checkpoint
FACTOR = "factor_"  # in front of the names of factors, in columns of tables


class ArtifactError(ValueError):
    """A file is missing, truncated, of a foreign format or inconsistent; the message says which and how to mend it."""


def as_plain(settings: Any) -> Any:
    """Settings (section, dataclass, dict, list, scalar) as plain JSON-able values."""
    if hasattr(settings, "model_dump"):  # a section of decvae.settings, without the import of pydantic
        return settings.model_dump(mode="json")
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        return as_plain(dataclasses.asdict(settings))
    if isinstance(settings, dict):
        return {str(key): as_plain(value) for key, value in settings.items()}
    if isinstance(settings, (list, tuple)):
        return [as_plain(value) for value in settings]
    return settings


def settings_hash(settings: Any, length: int = 6) -> str:
    """Short hexadecimal hash of settings, independent of key order."""
    text = json.dumps(as_plain(settings), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance(settings: Any, seed: int | None = None) -> dict[str, Any]:
    """The record that every artifact carries: its settings, their hash, the package version and the seed."""
    return {
        "settings": as_plain(settings),
        "settings_hash": settings_hash(settings, 12),
        "decvae_version": __version__,
        "seed": seed,
    }


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; rename it into place only if the block succeeds.

    What killed processes of this machine have left under such names is removed first.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    ours = f".{path.name}.partial-{platform.node()}-"
    for left in path.parent.glob(f"{glob.escape(ours)}*"):
        if not _is_running(left.name.removeprefix(ours)):
            left.unlink(missing_ok=True)
    partial = path.with_name(f"{ours}{os.getpid()}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True  # another user's, or no name of ours
    return True


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON atomically (NaN is refused: it is not JSON)."""
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(as_plain(content), indent=2, allow_nan=False) + "\n")


def write_table(table: pd.DataFrame, path: str | Path, float_format: str | None = None) -> None:
    """Write a data frame without its index atomically, as Parquet or CSV by the ending of ``path``."""
    with atomic_path(path) as partial:
        if Path(path).suffix == ".parquet":
            table.to_parquet(partial, index=False)
        else:
            table.to_csv(partial, index=False, float_format=float_format)


def h5_name(name: str) -> str:
    """A name that a user has given, as one that HDF5 takes for one object.

    >>> h5_name("HC/ALS"), h5_name("50 %"), h5_name(".")
    ('HC%2FALS', '50 %25', '%2E')
    """
    escaped = name.replace("%", "%25").replace("/", "%2F")
    return escaped.replace(".", "%2E") if set(name) == {"."} else escaped


def given_name(name: str) -> str:
    """What :func:`h5_name` was made of.

    >>> given_name("HC%2FALS")
    'HC/ALS'
    """
    return name.replace("%2E", ".").replace("%2F", "/").replace("%25", "%")


@contextlib.contextmanager
def create_h5(path: str | Path, file_format: str, version: int, *, track_order: bool = False) -> Iterator[h5py.File]:
    """Write one of our HDF5 files atomically; with ``track_order`` its groups are listed in the order of creation."""
    import h5py

    # Nobody else knows the temporary name: a file system without locks does as well.
    with atomic_path(path) as partial, h5py.File(partial, "w", track_order=track_order, locking=False) as file:
        file.attrs.update(format=file_format, format_version=version)
        yield file


def open_h5(path: str | Path, expected_format: str, version: int | None = None) -> h5py.File:
    """Open one of our HDF5 files for reading, without a lock: files are renamed into place whole and never change.

    Raises
    ------
    ArtifactError
        If the file is missing, may not be opened, is not HDF5 (for instance cut short), or has another ``format``
        attribute or, where a ``version`` is given, another ``format_version``.
    """
    import h5py

    path = Path(path)
    if not path.exists():
        raise ArtifactError(f"{path} does not exist; run the rule that makes it (snakemake {path}).")
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        if isinstance(error, (PermissionError, BlockingIOError)) or "lock file" in str(error):
            raise ArtifactError(
                f"{path} cannot be opened ({error}). The file itself may be whole, do not delete it: look for its "
                "permissions and for HDF5_USE_FILE_LOCKING in the environment (FALSE on file systems without locks)."
            ) from error
        raise ArtifactError(
            f"{path} cannot be read as HDF5: it is cut short or damaged ({error}). Delete it and run again."
        ) from error
    found = file.attrs.get("format")
    if found != expected_format:
        file.close()
        raise ArtifactError(
            f"{path} has format {found!r}, expected {expected_format!r}. It belongs to another stage, or "
            "to another program: give the path of the right file, or delete this one and run again."
        )
    if version is not None and (written := file.attrs["format_version"]) != version:
        file.close()
        raise ArtifactError(f"{path} has format version {written}, needed is {version}. Delete it and run again.")
    return file


def progress(
    items: Iterable[T], total: int | None = None, description: str = "", interval: float = 30.0
) -> Iterator[T]:
    """Iterate with a bar on a terminal, or with one line every ``interval`` seconds in a log file."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, total=total, desc=description)
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    start = last = time.monotonic()
    for count, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= interval or count == total:
            print(f"{description}: {count}/{total or '?'} after {now - start:.0f} s", file=sys.stderr, flush=True)
            last = now
