"""Text files and tables as people and their programs write them: encodings, byte-order marks, missing values."""

from __future__ import annotations

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from io import StringIO
from pathlib import Path

MISSING = ("", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NULL", "null")  # cells that say: not known


def cell_text(cell: str) -> str:
    """A cell without blanks around it; empty if it says that a value is missing.

    >>> [cell_text(cell) for cell in (" s1 ", "NA", "none")]
    ['s1', '', 'none']
    """
    text = cell.strip()
    return "" if text in MISSING else text


def read_text(path: Path, otherwise: str | None = None) -> str:
    """A text file: UTF-8, with or without a byte-order mark, or UTF-16 with one; line ends of any system.

    Parameters
    ----------
    otherwise : str, optional
        Encoding of a file that is not UTF-8.

    Raises
    ------
    ValueError
        If it is not in one of these.
    """
    content = path.read_bytes()
    is_utf16 = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        if otherwise is None or is_utf16:
            line = content[: error.start].count(b"\n") + 1
            raise ValueError(f"line {line} is not UTF-8 text; save the file as UTF-8") from None
    return content.decode(otherwise)


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Heads of the columns of a ``.csv`` or ``.tsv`` file, and every row with its line number; empty rows are left out.

    Raises
    ------
    ValueError
        If the file is not text, or a row has another number of cells than the head.
    """
    delimiter = "," if path.suffix.lower() == ".csv" else "\t"
    reader = csv.reader(StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        heads = [name.strip() for name in next(reader, [])]
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(heads):
                raise ValueError(
                    f"line {reader.line_num} has {len(row)} cells, the head {len(heads)}: {delimiter.join(row)!r}; set "
                    "a cell with the separator in it in double quotes"
                )
            found.append((reader.line_num, row))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None
    return heads, found
