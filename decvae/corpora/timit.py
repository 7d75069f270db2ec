"""TIMIT (LDC93S1): the tree of the release, in capitals or not, with NIST SPHERE or RIFF files.

Layout: ``{TRAIN,TEST}/DR{1..8}/{F|M}XXXN/{SA|SI|SX}N.{WAV,PHN}``, at the root given or up to two folders below. Times
of ``.PHN`` files are samples at 16 kHz. Speakers are full directory names (their first letter is the sex).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from decvae.corpora.phonemes import FOLD_61_TO_48, QUIET, SILENCE, TIMIT_61, fold, phone_set
from decvae.corpora.recordings import Labels, Listing, Problems, Recording, files, find_parent, folders, read_timed
from decvae.corpora.tables import read_text
from decvae.settings.corpora import TimitSettings

SAMPLING_RATE = 16000
CONTENT = "phoneme"

# The 24 speakers of the core test set (two men and one woman of each dialect; printed in the release's TESTSET.DOC).
CORE_TEST_SPEAKERS = frozenset(
    str.split(
        "MDAB0 MWBT0 FELC0 MTAS1 MWEW0 FPAS0 MJMP0 MLNT0 FPKT0 MLLL0 MTLS0 FJLM0 MBPM0 MKLT0 FNLP0 MCMJ0 MJDH0 FMGD0 "
        "MGRT0 MNJM0 FDHC0 MJLN0 MPAM0 FMLD0"
    )
)
# The 50 development speakers in common use, all of the TEST folder (Halberstadt 1998; Kaldi's dev_spk.list).
DEV_SPEAKERS = frozenset(
    str.split(
        "FAKS0 FDAC1 FJEM0 MGWT0 MJAR0 MMDB1 MMDM2 MPDF0 FCMH0 FKMS0 MBDG0 MBWM0 MCSH0 FADG0 FDMS0 FEDW0 MGJF0 MGLB0 "
        "MRTK0 MTAA0 MTDT0 MTHC0 MWJG0 FNMR0 FREW0 FSEM0 MBNS0 MMJR0 MDLS0 MDLF0 MDVC0 MERS0 FMAH0 FDRW0 MRCS0 MRJM4 "
        "FCAL1 MMWH0 FJSJ0 MAJC0 MJSW0 MREB0 FGJD0 FJMG0 MROA0 MTEB0 MJFC0 MRJR0 FMML0 MRWS1"
    )
)
SPEAKER = re.compile(r"[FM][A-Z]{3}\d")
SENTENCE = re.compile(r"(SA|SI|SX)\d+")


def list_recordings(root: Path, settings: TimitSettings, seed: int = 0) -> Listing:
    """All utterances of the tree, split as is standard: train, and 50 and 24 speakers of TEST as dev and (core) test.

    Parameters
    ----------
    root : Path
    settings : TimitSettings
    seed : int
        Not used: the splits are fixed.
    """
    listing = Listing(
        class_names={CONTENT: phone_set(settings.phonemes), "gender": ["F", "M"]},
        gaps={CONTENT: SILENCE},
        native_rate=SAMPLING_RATE,
    )
    place = find_parent(root, {"TRAIN", "TEST"})
    parts = folders(place) if place else {}
    for part in ("TRAIN", "TEST"):
        if part not in parts:
            listing.problems.add("half a tree", root, f"no folder {part} in it or two levels below")
            continue
        for dialect, region in folders(parts[part]).items():
            for speaker, home in folders(region).items():
                if SPEAKER.fullmatch(speaker):
                    _list_speaker(listing, settings, home, speaker, dialect, _split(part, speaker))
    return listing


def _split(part: str, speaker: str) -> str | None:
    if part == "TRAIN":
        return "train"
    return "test" if speaker in CORE_TEST_SPEAKERS else "dev" if speaker in DEV_SPEAKERS else None


def _list_speaker(
    listing: Listing, settings: TimitSettings, home: Path, speaker: str, dialect: str, split: str | None
) -> None:
    audio: dict[str, Path] = {}
    labels: dict[str, Path] = {}
    for path in files(home):
        sentence, *suffixes = path.name.upper().split(".")
        if SENTENCE.fullmatch(sentence):
            # A converted copy (`SA1.WAV.wav`), which sorts after the SPHERE file beside it, takes its place.
            {"WAV": audio, "PHN": labels}.get(suffixes[-1], {})[sentence] = path
    for sentence in sorted(audio.keys() | labels.keys()):
        if sentence.startswith("SA") and not settings.sa_sentences:
            listing.omitted["SA sentences"] += 1
        elif split is None:
            listing.omitted["TEST speakers of neither list"] += 1
        elif sentence not in audio or sentence not in labels:
            missing = "audio" if sentence not in audio else "labels"
            listing.problems.add("missing file", home / sentence, f"no {missing}")
        elif (found := _phones(labels[sentence], settings, listing.problems)) is not None:
            phones, start, stop = found
            listing.recordings.append(
                Recording(
                    id=f"{speaker}-{sentence}",
                    path=audio[sentence],
                    split=split,
                    start=start,
                    stop=stop,
                    factors={"speaker": speaker, "gender": speaker[0], "dialect": dialect},
                    labels={CONTENT: phones},
                )
            )


def parse_phn(path: Path) -> list[tuple[float, float, str]]:
    """Lines ``start stop label`` (in samples at 16 kHz) of a ``.PHN`` file, in seconds."""
    rows = []
    lines = [line.split() for line in read_text(path, "latin-1").splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        if len(line) != 3 or not (line[0].isdigit() and line[1].isdigit()):
            raise ValueError(f"line {number}: {' '.join(line)!r}")
        rows.append((int(line[0]) / SAMPLING_RATE, int(line[1]) / SAMPLING_RATE, line[2]))
    return rows


def _phones(path: Path, settings: TimitSettings, problems: Problems) -> tuple[Labels, float, float] | None:
    """Folded phones, and the part of the file to take in seconds."""
    found = read_timed(path, parse_phn, problems, {*TIMIT_61, *FOLD_61_TO_48})
    if found is None:
        return None
    names, first, last = found.names, 0, len(found.names)
    start, stop = 0.0, np.inf
    if settings.trim_silence and len(names) > 2:
        if names[0] in QUIET:
            first, start = 1, float(found.stops[0])
        if names[-1] in QUIET:
            last, stop = last - 1, float(found.starts[-1])
    folded = [(place, fold(names[place], settings.phonemes)) for place in range(first, last)]
    # The glottal stop has no class: its time stays without label, and counts as silence.
    kept = [(place, name) for place, name in folded if name is not None]
    places = [place for place, _ in kept]
    return Labels(found.starts[places], found.stops[places], [name for _, name in kept]), start, stop
