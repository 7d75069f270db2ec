"""The user's own recordings: a manifest (CSV, TSV or Parquet) over audio files of any format, rate and length.

Columns of the manifest: ``path`` (below the root), and if wanted ``id``, ``start`` and ``end`` (seconds), ``split``
(train, dev, test), ``speaker``; ``labels:NAME`` (path of a table of time-aligned labels). Every other column is a
factor, or a number if the configuration says so.
"""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from decvae.corpora.factors import LABEL_PREFIX, RESERVED, checked_columns
from decvae.corpora.labels import read_labels
from decvae.corpora.recordings import (
    AUDIO_FILES,
    EXAMPLES,
    IngestError,
    Listing,
    Problems,
    Recording,
    assign_splits,
    below,
)
from decvae.corpora.tables import cell_text, read_rows
from decvae.settings.base import SPLITS
from decvae.settings.corpora import FolderSettings


def list_recordings(root: Path, settings: FolderSettings, seed: int = 0) -> Listing:
    """All rows of the manifest, every one checked; ``seed`` draws the splits if the manifest has none.

    Raises
    ------
    IngestError
        If the manifest itself cannot be read.
    """
    listing = Listing()
    manifest = below(root, settings.manifest)
    if manifest is None:
        raise IngestError(f"manifest {settings.manifest} lies outside the root {root}; nothing outside of it is read")
    table = read_manifest(manifest)
    absent = [name for name in settings.values if name not in table]
    if absent:
        raise IngestError(f"{root / settings.manifest} has no column {', '.join(absent)}, which `values` names")
    rows = [(f"{settings.manifest}, row {number}", row) for number, row in enumerate(table.to_dict("records"), start=2)]
    unnamed: list[str] = []
    splits = {} if "split" in table else _drawn_splits(table, settings, seed)
    for where, row in rows:
        recording = _recording(row, where, root, settings, splits, listing.problems, unnamed)
        if recording is not None:
            listing.recordings.append(recording)
    if unnamed:
        shown = "; ".join(unnamed[:EXAMPLES])
        listing.notes.append(f"{len(unnamed)} files have labels without text, whose time has no label: {shown}")
    if settings.gap_label is not None:
        names = [name.removeprefix(LABEL_PREFIX) for name in table if name.startswith(LABEL_PREFIX)]
        listing.gaps = dict.fromkeys(names, settings.gap_label)
    return listing


def read_manifest(path: Path) -> pd.DataFrame:
    """The manifest, all cells as text without blanks around them ("" where missing).

    Columns without a name, which hold the index of a data frame, are left out.

    Raises
    ------
    IngestError
        If the file is missing, of an unknown suffix, unreadable, empty or without a column ``path``, or has two columns
        of one meaning.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            frame = pd.read_parquet(path)
            frame = frame.astype(object).where(frame.notna(), "").map(str)
            heads, rows = [str(name).strip() for name in frame.columns], frame.to_numpy().tolist()
        elif suffix in (".csv", ".tsv"):
            heads, lines = read_rows(path)
            rows = [row for _, row in lines]
        else:
            raise IngestError(f"manifest {path}: its suffix must be .csv, .tsv or .parquet")
    except IngestError:
        raise
    except (OSError, ValueError) as error:  # pandas' and pyarrow's errors are ValueErrors
        raise IngestError(f"manifest {path} cannot be read: {error}") from error
    table = pd.DataFrame(rows, columns=pd.RangeIndex(len(heads)), dtype=str)
    table = table[[place for place, name in enumerate(heads) if name]]  # the nameless column of a data frame's index
    table.columns = checked_columns(path, heads)
    if table.empty:
        raise IngestError(f"manifest {path} needs a column `path` and at least one row; it has {list(table.columns)}")
    for name in table.columns:
        table[name] = table[name].str.strip() if name == "path" else table[name].map(cell_text)
    return table


def _drawn_splits(table: pd.DataFrame, settings: FolderSettings, seed: int) -> dict[str, str]:
    """Split of every group; of every row, by its path and start, if recordings are divided."""
    by = settings.split_by
    if by != "recording" and by not in table:
        raise IngestError(
            f"manifest {settings.manifest} has neither `split` nor the column {by!r} to draw splits by; add one or set "
            "`split_by: recording`, which may put one speaker into several splits"
        )
    groups = {_group(row, by) for row in table.to_dict("records")}
    if len(groups) < len(SPLITS):
        raise IngestError(
            f"manifest {settings.manifest}: {len(groups)} classes of {by!r} cannot fill three splits; add a column "
            "`split`, or set `split_by: recording`"
        )
    shares = {"dev": settings.dev_share, "test": settings.test_share}
    return assign_splits(dict.fromkeys(groups, ""), shares, seed)


def _group(row: dict[str, str], by: str) -> str:
    return f"{row['path']}@{row.get('start', '')}" if by == "recording" else row[by]


def _below(root: Path, given: str, where: str, problems: Problems) -> Path | None:
    path = below(root, given)
    if path is None:
        problems.add("path outside the root", where, given)
        return None
    if not path.is_file():
        problems.add("missing file", where, given)
        return None
    return path


def _number(text: str, name: str, default: float, where: str, problems: Problems) -> float:
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        problems.add("bad number", where, f"{name} {text!r}")
        return math.nan  # no comparison with it holds, so that the row has this one problem
    return number


def _recording(
    row: dict[str, str],
    where: str,
    root: Path,
    settings: FolderSettings,
    splits: dict[str, str],
    problems: Problems,
    unnamed: list[str],
) -> Recording | None:
    """One row; None if it has problems. All of them are recorded, and labels without text in ``unnamed``."""
    before = problems.counts.total()
    if not row["path"]:
        problems.add("bad row", where, "no path")
        return None
    path = _below(root, row["path"], where, problems)
    if path is not None and path.suffix.lower() not in AUDIO_FILES:
        problems.add("unreadable audio", where, f"{row['path']}: the suffix must be one of {', '.join(AUDIO_FILES)}")
    start = _number(row.get("start", ""), "start", 0.0, where, problems)
    stop = _number(row.get("end", ""), "end", math.inf, where, problems)
    if start < 0 or stop <= start:
        problems.add("times out of order", where, f"start {start:g}, end {stop:g}")
    split = splits[_group(row, settings.split_by)] if splits else row["split"]
    if split not in SPLITS:
        problems.add("bad row", where, f"split {split!r} is not one of {', '.join(SPLITS)}")
    factors, values, labels = {}, {}, {}
    for name, cell in row.items():
        if name.startswith(LABEL_PREFIX) and not cell:
            problems.add("missing label", where, f"{name} is empty")
        elif name.startswith(LABEL_PREFIX):
            found = _below(root, cell, where, problems)
            tier = read_labels(found, name.removeprefix(LABEL_PREFIX), problems, unnamed) if found else None
            if tier is not None:
                labels[name.removeprefix(LABEL_PREFIX)] = tier
        elif name in settings.values:
            values[name] = _number(cell, name, math.nan, where, problems)
        elif name not in RESERVED:
            factors[name] = cell or None
    if problems.counts.total() > before or path is None:
        return None
    name = row.get("id") or Path(row["path"]).with_suffix("").as_posix() + (f"@{start:.12g}" if start else "")
    return Recording(name, path, split, start, stop, factors, values, labels)
