"""The user's own recordings: a manifest (CSV, TSV or Parquet) over audio files of any format, rate and length.

Columns of the manifest: ``path`` (below the root), and if wanted ``id``, ``start`` and ``end`` (seconds), ``split``
(train, dev, test), ``speaker``; ``labels:NAME`` (path of a table of time-aligned labels). Every other column is a
factor, or a number if the configuration says so.
"""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from decvae.corpora.factors import LABEL_PREFIX, RESERVED
from decvae.corpora.recordings import (
    IngestError,
    Labels,
    Listing,
    Problems,
    Recording,
    assign_splits,
    read_timed,
)
from decvae.corpora.timit import parse_phn
from decvae.settings.base import SPLITS
from decvae.settings.corpora import FolderSettings

_HTK_UNIT = 1e-7  # seconds


def list_recordings(root: Path, settings: FolderSettings, seed: int = 0) -> Listing:
    """All rows of the manifest, every one checked; ``seed`` draws the splits if the manifest has none.

    Raises
    ------
    IngestError
        If the manifest itself cannot be read.
    """
    listing = Listing()
    table = read_manifest(root / settings.manifest)
    absent = [name for name in settings.values if name not in table]
    if absent:
        raise IngestError(f"{root / settings.manifest} has no column {', '.join(absent)}, which `values` names")
    rows = [(f"{settings.manifest}, row {number}", row) for number, row in enumerate(table.to_dict("records"), start=2)]
    splits = {} if "split" in table else _drawn_splits(table, settings, seed)
    for where, row in rows:
        recording = _recording(row, where, root, settings, splits, listing.problems)
        if recording is not None:
            listing.recordings.append(recording)
    if settings.gap_label is not None:
        names = [name.removeprefix(LABEL_PREFIX) for name in table if name.startswith(LABEL_PREFIX)]
        listing.gaps = dict.fromkeys(names, settings.gap_label)
    return listing


def read_manifest(path: Path) -> pd.DataFrame:
    """The manifest, all cells as text ("" where empty).

    Raises
    ------
    IngestError
        If the file is missing, of an unknown suffix, unreadable, empty or without a column ``path``.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            table = pd.read_parquet(path)
            table = table.astype(object).where(table.notna(), "").map(str)
        elif suffix in (".csv", ".tsv"):
            table = pd.read_csv(path, sep="," if suffix == ".csv" else "\t", dtype=str, keep_default_na=False)
        else:
            raise IngestError(f"manifest {path}: its suffix must be .csv, .tsv or .parquet")
    except IngestError:
        raise
    except (OSError, ValueError) as error:  # pandas' and pyarrow's errors are ValueErrors
        raise IngestError(f"manifest {path} cannot be read: {error}") from error
    table.columns = [str(name).strip() for name in table.columns]
    if "path" not in table or table.empty:
        raise IngestError(f"manifest {path} needs a column `path` and at least one row; it has {list(table.columns)}")
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
    path = (root / given).resolve()
    if not path.is_relative_to(root.resolve()):
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
    row: dict[str, str], where: str, root: Path, settings: FolderSettings, splits: dict[str, str], problems: Problems
) -> Recording | None:
    """One row; None if it has problems. All of them are recorded."""
    before = problems.counts.total()
    if not row["path"]:
        problems.add("bad row", where, "no path")
        return None
    path = _below(root, row["path"], where, problems)
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
            tier = read_labels(found, problems) if found else None
            if tier is not None:
                labels[name.removeprefix(LABEL_PREFIX)] = tier
        elif name in settings.values:
            values[name] = _number(cell, name, math.nan, where, problems)
        elif name not in RESERVED:
            factors[name] = cell or None
    if problems.counts.total() > before or path is None:
        return None
    name = row.get("id") or Path(row["path"]).with_suffix("").as_posix() + (f"@{start:g}" if start else "")
    return Recording(name, path, split, start, stop, factors, values, labels)


# ---- Tables of labels ----


def read_labels(path: Path, problems: Problems) -> Labels | None:
    """Time-aligned labels of one file, by its suffix; None, and a problem recorded, if it is unusable.

    ``.csv``, ``.tsv``
        Columns start, end (or stop) and label, in seconds.
    ``.phn``
        As in TIMIT: start, end and label, in samples at 16 kHz.
    ``.lab``
        With a line ``#``, as in xwaves and Festival: end in seconds, a number, label. Without: start, end and label as
        in HTK, in units of 100 ns.
    ``.txt``
        Start, end and label in seconds, as Audacity exports them.
    """
    if path.stat().st_size == 0:
        problems.add("no labels", path)
        return None
    suffix, table = path.suffix.lower(), _parse_table
    parser = {".csv": table, ".tsv": table, ".phn": parse_phn, ".lab": _parse_lab, ".txt": _parse_plain}.get(suffix)
    if parser is None:
        problems.add("bad labels", path, "the suffix must be .csv, .tsv, .phn, .lab or .txt")
        return None
    return read_timed(path, parser, problems)


def _parse_table(path: Path) -> list[tuple[float, float, str]]:
    table = pd.read_csv(path, sep="," if path.suffix.lower() == ".csv" else "\t", dtype=str, keep_default_na=False)
    end = "end" if "end" in table else "stop"
    return [(float(row["start"]), float(row[end]), row["label"]) for row in table.to_dict("records")]


def _parse_lab(path: Path) -> list[tuple[float, float, str]]:
    lines = [line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    if ["#"] in lines:
        body = lines[lines.index(["#"]) + 1 :]
        ends = [float(line[0]) for line in body]
        return [(start, end, line[2]) for start, end, line in zip([0.0, *ends[:-1]], ends, body, strict=True)]
    return [(int(line[0]) * _HTK_UNIT, int(line[1]) * _HTK_UNIT, line[2]) for line in lines]


def _parse_plain(path: Path) -> list[tuple[float, float, str]]:
    lines = [line.split(maxsplit=2) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [(float(line[0]), float(line[1]), line[2].strip()) for line in lines]
