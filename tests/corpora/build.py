"""Build the miniature corpora: ``python -m tests.corpora.build OUT [--only NAME ...]``.

Trees in the layouts of the real corpora, ``OUT/timit``, ``OUT/voc_als`` and ``OUT/iemocap``, and two for the reader of
one's own recordings: ``OUT/folder`` (speech) and ``OUT/pulse`` (pulse waves). The same sounds each time: every tree is
made in a process of its own, since the synthesiser remembers what it said before.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

NAMES = ("timit", "voc_als", "iemocap", "folder", "pulse")
ROOT = Path(__file__).resolve().parents[2]


def build(out: Path, name: str, **options) -> Path:
    """One miniature corpus in a fresh process; returns its root. ``options`` go to its ``build``."""
    command = [sys.executable, "-m", "tests.corpora.build", str(out), "--only", name, "--options", json.dumps(options)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the miniature corpus {name} could not be built:\n{done.stderr}")
    return out / name


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.corpora.build", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), help="default: all")
    parser.add_argument("--options", type=json.loads, default={}, help="JSON, arguments of a single corpus's build")
    chosen = parser.parse_args()
    out = chosen.out.resolve()
    if len(chosen.only) == 1:
        import_module(f"tests.corpora.{chosen.only[0]}").build(out / chosen.only[0], **chosen.options)
        return
    for name in chosen.only:
        print(build(out, name), file=sys.stderr)


if __name__ == "__main__":
    main()
