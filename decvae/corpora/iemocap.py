"""IEMOCAP: dyadic acted conversations with emotions and forced alignments.

Layout, at the root given or up to two folders below::

    Session{1..5}/sentences/wav/DIALOG/UTTERANCE.wav
    Session{1..5}/sentences/ForcedAlignment/DIALOG/UTTERANCE.phseg
    Session{1..5}/dialog/EmoEvaluation/[Majority/]DIALOG.txt

In ``Ses01F_impro01_M000`` the first field names the session and the actor who wears the markers; the speaker is the
letter of the last field, here the man of session 1.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from decvae.corpora.phonemes import IEMOCAP_52, IEMOCAP_SILENCE
from decvae.corpora.recordings import Listing, Problems, Recording, files, find_parent, folders, read_timed
from decvae.settings.corpora import IemocapSettings

CONTENT = "phoneme"

EMOTIONS = {"ang": "ang", "hap": "hap", "exc": "hap", "neu": "neu", "sad": "sad"}  # excited counts as happy
FRAMES_PER_SECOND = 100
UTTERANCE = re.compile(r"Ses(\d\d)([FM])_(impro|script)(\w+)_([FM])(\d+)")
EVALUATION = re.compile(
    r"\[[\d.]+ - [\d.]+\]\t(?P<utterance>\S+)\t(?P<emotion>\w+)\t\[(?P<valence>[\d.]+), (?P<arousal>[\d.]+), "
    r"(?P<dominance>[\d.]+)\]"
)
DIMENSIONS = ("valence", "arousal", "dominance")


def list_recordings(root: Path, settings: IemocapSettings, seed: int = 0) -> Listing:
    """All utterances with one of the four emotions and an alignment; ``seed`` draws the published splits."""
    listing = Listing(
        class_names={
            CONTENT: IEMOCAP_52,
            "emotion": sorted(set(EMOTIONS.values())),
            "gender": ["F", "M"],
            "style": ["impro", "script"],
        },
        gaps={CONTENT: IEMOCAP_SILENCE},
    )
    wanted = {f"SESSION{number}" for number in range(1, 6)}
    place = find_parent(root, wanted)
    sessions = {name: path for name, path in (folders(place) if place else {}).items() if name in wanted}
    for name in sorted(wanted - sessions.keys()):
        listing.problems.add("half a tree", root, f"no folder {name.capitalize()} in it or two levels below")
    found: list[Recording] = []
    for session in sessions.values():
        found += _list_session(listing, session, settings)
    listing.recordings = _published_splits(found, seed) if settings.splits == "published" else found
    return listing


def _list_session(listing: Listing, session: Path, settings: IemocapSettings) -> list[Recording]:
    problems, recordings = listing.problems, []
    evaluations = _evaluations(session, problems)
    wavs = session / "sentences" / "wav"
    if not wavs.is_dir():
        problems.add("half a tree", session, "no folder sentences/wav")
        return []
    seen = set()
    for dialog in folders(wavs).values():
        for path in files(dialog):
            parts = UTTERANCE.fullmatch(path.stem)
            if path.suffix.lower() != ".wav" or not parts:
                continue
            seen.add(path.stem)
            evaluation = evaluations.get(path.stem)
            alignment = session / "sentences" / "ForcedAlignment" / dialog.name / f"{path.stem}.phseg"
            if evaluation is None:
                problems.add("missing label", path, "no line in EmoEvaluation")
            elif evaluation["emotion"] not in EMOTIONS:
                listing.omitted["emotions other than ang, hap, exc, neu, sad"] += 1
            elif not alignment.is_file():
                listing.omitted["utterances without alignment"] += 1
            elif (phones := read_timed(alignment, parse_phseg, problems, set(IEMOCAP_52))) is not None:
                number, _, style, _, letter, _ = parts.groups()
                speaker = f"Ses{number}{letter}"
                recordings.append(
                    Recording(
                        id=path.stem,
                        path=path,
                        split=_split(speaker, settings),
                        factors={
                            "speaker": speaker,
                            "emotion": EMOTIONS[evaluation["emotion"]],
                            "session": f"Ses{number}",
                            "gender": letter,
                            "style": style,
                        },
                        values={name: float(evaluation[name]) for name in DIMENSIONS},
                        labels={CONTENT: phones},
                    )
                )
    for name, evaluation in evaluations.items():
        if name not in seen and evaluation["emotion"] in EMOTIONS:
            problems.add("missing file", wavs / f"{name}.wav")
    return recordings


def _split(speaker: str, settings: IemocapSettings) -> str:
    return "dev" if speaker in settings.dev_speakers else "test" if speaker in settings.test_speakers else "train"


def _evaluations(session: Path, problems: Problems) -> dict[str, dict[str, str]]:
    """Summary line of every utterance of a session: emotion and dimensions, as text."""
    place = session / "dialog" / "EmoEvaluation"
    if (place / "Majority").is_dir():
        place = place / "Majority"
    if not place.is_dir():
        problems.add("half a tree", session, "no folder dialog/EmoEvaluation")
        return {}
    found: dict[str, dict[str, str]] = {}
    for path in files(place):
        if path.suffix.lower() == ".txt":
            lines = path.read_text(encoding="latin-1").splitlines()
            matches = [match for line in lines if (match := EVALUATION.match(line))]
            if not matches:
                problems.add("no labels", path)
            found |= {match["utterance"]: match.groupdict() for match in matches}
    return found


def parse_phseg(path: Path) -> list[tuple[float, float, str]]:
    """Phones of an alignment, in seconds.

    Rows are start frame, end frame (both included), score and phone with its context, in frames of 10 ms of which the
    first begins at 0.02 s; what has fewer fields (header, total score) is skipped.
    """
    found = []
    rows = [line.split() for line in path.read_text(encoding="latin-1").splitlines()]
    for row in rows:
        if len(row) < 4 or row[0] == "SFrm":
            continue
        if not (row[0].isdigit() and row[1].isdigit()):
            raise ValueError(f"row {' '.join(row)!r}")
        found.append(((int(row[0]) + 2) / FRAMES_PER_SECOND, (int(row[1]) + 3) / FRAMES_PER_SECOND, row[3]))
    return found


def _published_splits(recordings: list[Recording], seed: int) -> list[Recording]:
    """The recordings with the published random splits of every speaker and emotion."""
    cells = defaultdict(list)
    for place, recording in enumerate(recordings):
        cells[recording.factors["speaker"], recording.factors["emotion"]].append(place)
    rng = np.random.default_rng(seed)
    split: dict[int, str] = {}
    for _, members in sorted(cells.items()):
        order = rng.permutation(members)
        limits = int(0.9 * len(order)), int(0.95 * len(order))
        for name, part in zip(("train", "test", "dev"), np.split(order, limits), strict=True):
            split |= dict.fromkeys(part.tolist(), name)
    return [replace(recording, split=split[place]) for place, recording in enumerate(recordings)]
