"""Real speech through the ``folder`` corpus: one Russian speaker, 620 sentences with phone labels (Debian festvox-ru).

``python examples/festvox_ru.py VOICE OUT`` writes OUT/manifest.csv and copies of recordings and labels; VOICE is
``usr/share/festival/voices/russian/msu_ru_nsh_clunits`` of the package. See docs/corpora.md.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import pandas as pd


def write_corpus(voice: Path, out: Path) -> int:
    """Copy recordings and labels below ``out`` (readers take no file outside the root) and list them in a manifest.

    Returns
    -------
    int
        Number of recordings.

    Raises
    ------
    ValueError
        If the voice has no recordings with labels.
    """
    stems = sorted(
        {wav.stem for wav in (voice / "wav").glob("*.wav")} & {lab.stem for lab in (voice / "lab").glob("*.lab")}
    )
    if not stems:
        raise ValueError(f"{voice} has no recordings wav/*.wav with labels lab/*.lab; is it the folder of the voice?")
    for kind in ("wav", "lab"):
        (out / kind).mkdir(parents=True, exist_ok=True)
        for stem in stems:
            shutil.copyfile(voice / kind / f"{stem}.{kind}", out / kind / f"{stem}.{kind}")
    rows = [(f"wav/{stem}.wav", "nsh", f"lab/{stem}.lab") for stem in stems]
    pd.DataFrame(rows, columns=["path", "speaker", "labels:phoneme"]).to_csv(out / "manifest.csv", index=False)
    return len(stems)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    try:
        print(f"{write_corpus(options.voice, options.out)} recordings in {options.out}/manifest.csv")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
