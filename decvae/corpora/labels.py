"""Tables of time-aligned labels, as Audacity, Praat, the Montreal Forced Aligner, Festival and HTK write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from decvae.corpora.recordings import Labels, Problems, read_timed
from decvae.corpora.tables import read_rows, read_text
from decvae.corpora.timit import parse_phn

Rows = list[tuple[float, float, str]]
_HTK_UNIT = 1e-7  # seconds
_HEADS = {"start": ("start", "begin"), "end": ("end", "stop"), "label": ("label", "text")}  # of tables, any case
# Texts and numbers of a TextGrid; numbers in brackets only count entries.
_TEXTGRID = re.compile(r'"((?:[^"]|"")*)"|(?<![\w\[.])(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w\].])')


def read_labels(path: Path, name: str, problems: Problems, notes: list[str]) -> Labels | None:
    """Time-aligned labels of one file, by its suffix; None, and a problem recorded, if it is unusable.

    ``.csv``, ``.tsv``
        Columns start (or begin), end (or stop) and label (or text), in seconds; with a column type, as the Montreal
        Forced Aligner writes, only the rows whose type is ``name``.
    ``.TextGrid``
        Of Praat, long or short: the interval tier ``name`` (or ``SPEAKER - name``), or the only one.
    ``.phn``
        As in TIMIT: start, end and label, in samples at 16 kHz.
    ``.lab``
        With a line ``#``, as in xwaves and Festival: end in seconds, a number, label. Without: start, end and label as
        in HTK, in units of 100 ns.
    ``.txt``
        Start, end and label in seconds, as Audacity exports them; lines of a spectral selection are skipped.

    Parameters
    ----------
    name : str
        What the labels are called in the manifest.
    notes : list of str
        Receives the lines whose label has no text: their time has no label.
    """
    if path.stat().st_size == 0:
        problems.add("no labels", path)
        return None
    parsers: dict[str, Callable[[Path], Rows]] = {
        **dict.fromkeys((".csv", ".tsv"), partial(_parse_table, name=name)),
        ".textgrid": partial(parse_textgrid, name=name),
        ".phn": parse_phn,
        ".lab": _parse_lab,
        ".txt": partial(_parse_plain, notes=notes),
    }
    parser = parsers.get(path.suffix.lower())
    if parser is None:
        problems.add("bad labels", path, "the suffix must be .csv, .tsv, .TextGrid, .phn, .lab or .txt")
        return None
    return read_timed(path, parser, problems)


def _parse_table(path: Path, name: str) -> Rows:
    heads, rows = read_rows(path)
    names = [head.lower() for head in heads]
    places = {}
    for wanted, known in _HEADS.items():
        found = [place for place, head in enumerate(names) if head in known]
        if len(found) != 1:
            raise ValueError(f"{len(found)} columns are called {' or '.join(known)}, one is needed; it has {heads}")
        places[wanted] = found[0]
    if "type" in names:
        kind = names.index("type")
        kinds = sorted({row[kind] for _, row in rows})
        rows = [(line, row) for line, row in rows if row[kind] == name]
        if not rows:
            raise ValueError(f"no row has the type {name!r}; types are {', '.join(kinds)}")
    return [_timed(line, *(row[places[wanted]] for wanted in _HEADS)) for line, row in rows]


def _timed(line: int, start: str, end: str, label: str) -> tuple[float, float, str]:
    try:
        return float(start), float(end), label.strip()
    except ValueError:
        raise ValueError(f"line {line}: {start!r} to {end!r} are no times in seconds") from None


def _parse_lab(path: Path) -> Rows:
    lines = [line.split() for line in read_text(path, "latin-1").splitlines() if line.strip()]
    if ["#"] in lines:
        body = lines[lines.index(["#"]) + 1 :]
        ends = [float(line[0]) for line in body]
        return [(start, end, line[2]) for start, end, line in zip([0.0, *ends[:-1]], ends, body, strict=True)]
    return [(int(line[0]) * _HTK_UNIT, int(line[1]) * _HTK_UNIT, line[2]) for line in lines]


def _parse_plain(path: Path, notes: list[str]) -> Rows:
    found, unnamed = [], []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        parts = line.split(maxsplit=2)
        if not parts or parts[0] == "\\":
            continue
        if len(parts) < 2:
            raise ValueError(f"line {number}: {line!r}")
        start, end, label = _timed(number, *parts, *([""] if len(parts) == 2 else []))
        if label:
            found.append((start, end, label))
        else:
            unnamed.append(str(number))
    if unnamed:
        notes.append(f"{path.name}: no text in the label of line {', '.join(unnamed)}")
    return found


def parse_textgrid(path: Path, name: str) -> Rows:
    """Labels with a text of one interval tier of a TextGrid, in seconds.

    Raises
    ------
    ValueError
        If it is no TextGrid, or its tiers do not tell which one is meant.
    """
    content = read_text(path)
    tokens = [text.replace('""', '"') if quoted else text for quoted, text in _tokens(content)]
    if tokens[:2] != ["ooTextFile", "TextGrid"] or len(tokens) < 5:
        raise ValueError("it does not begin as a TextGrid of Praat does (saved as text)")
    tiers: dict[str, Rows] = {}
    place = 5  # after the times and the number of tiers
    for _ in range(int(tokens[4])):
        kind, tier, count = tokens[place], tokens[place + 1], int(tokens[place + 4])
        size = 3 if kind == "IntervalTier" else 2
        body = tokens[place + 5 : place + 5 + size * count]
        if len(body) < size * count:
            raise ValueError(f"tier {tier!r} is cut short")
        if size == 3:
            rows = zip(body[::3], body[1::3], body[2::3], strict=True)
            tiers[tier] = [(float(start), float(end), text.strip()) for start, end, text in rows if text.strip()]
        place += 5 + size * count
    own = [tier for tier in tiers if tier == name or tier.endswith(f" - {name}")] or list(tiers)
    if len(own) != 1:
        raise ValueError(f"no single interval tier is called {name!r}; tiers are {', '.join(tiers) or 'none'}")
    return tiers[own[0]]


def _tokens(content: str) -> list[tuple[bool, str]]:
    """Texts (true) and numbers (false) of a TextGrid, in order."""
    return [
        (match[1] is not None, match[1] if match[1] is not None else match[2]) for match in _TEXTGRID.finditer(content)
    ]
