"""What the scripts share: the job's log file, and the fingerprint that tells stale resume state from good."""

import contextlib
import errno
import fcntl
import hashlib
import json
import logging
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def job_log(path: str) -> Iterator[None]:
    """Send everything that the block prints, warns, logs or raises to the job's log file, line by line.

    An error ends the job; its traceback is in the log, which Snakemake names (and shows, with the default profile).
    If Snakemake was killed and its job lives on, the same job of the next Snakemake waits here until that has ended.
    """
    with (
        open(path, "a", buffering=1, encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        _wait_for_predecessor(log)
        logging.basicConfig(stream=log, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", force=True)
        warnings.showwarning = lambda *warning, **_: log.write(warnings.formatwarning(*warning[:4]))
        try:
            yield
        except Exception:
            traceback.print_exc(file=log)
            raise SystemExit(1) from None
        finally:
            logging.shutdown()


def _wait_for_predecessor(log: IO[str]) -> None:
    """Lock the log, which the kernel frees when this process ends, and empty it."""
    try:
        fcntl.lockf(log, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):
            raise
        print(f"no locks on this file system ({error}): do not run this job twice at the same time")
        return
    log.truncate(0)


def fingerprint(settings: dict, code: list[str]) -> str:
    """Hash of a job's settings and of the content of its code; state that carries another one must not be resumed."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in code:
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:16]
