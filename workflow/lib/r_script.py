"""What Snakemake writes in front of an R script, in short lines.

R 4.2 reads a script by 4096 bytes of a line and stops ("EOF whilst reading MBCS char") where a character of several
bytes lies across two of them. Snakemake writes a list on one line, and the names of a large study make long ones.
"""

from __future__ import annotations

from typing import Any

from snakemake.script import REncoder

_encode = REncoder.encode_value


def _with_end_of_line(cls: type[REncoder], value: Any) -> str:
    return _encode(value) + "\n"


def write_short_lines() -> None:
    """Make Snakemake end the line after every value."""
    REncoder.encode_value = classmethod(_with_end_of_line)
