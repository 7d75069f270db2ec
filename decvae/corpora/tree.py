"""A cheap fingerprint of the files that a corpus is read from, by which a change of them is noticed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

AUDIO_FILES = (".wav", ".flac", ".ogg", ".mp3")
# Suffixes of the label files and tables of each kind of corpus.
LABEL_FILES = {
    "timit": (".phn",),
    "voc_als": (".xlsx",),
    "iemocap": (".phseg", ".txt"),
    "folder": (".csv", ".tsv", ".parquet", ".lab", ".phn", ".txt"),
}


def tree_fingerprint(root: Path, kind: str) -> str:
    """Hash of the names and sizes of all audio files below ``root``, and of the content of all label files.

    Audio is not read and times of change do not matter, so that a copy or a touch has the same fingerprint; audio that
    was replaced by another of exactly the same size is not noticed. Hidden files are left out.

    Raises
    ------
    OSError
        If ``root`` is not a folder, or a file cannot be read.
    """
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder")
    digest = hashlib.sha256()
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            path, suffix = Path(folder, name), os.path.splitext(name)[1].lower()
            if name.startswith(".") or suffix not in (*AUDIO_FILES, *LABEL_FILES[kind]):
                continue
            digest.update(path.relative_to(root).as_posix().encode())
            known = path.read_bytes() if suffix in LABEL_FILES[kind] else str(path.stat().st_size).encode()
            digest.update(hashlib.sha256(known).digest())
    return digest.hexdigest()[:16]
