"""A miniature IEMOCAP: five sessions of two actors, prosody that carries the emotion, alignments and evaluations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.corpora.phones import Segment, sphinx_labels
from tests.corpora.sound import as_pcm, breath, laughter, lip_smack, room_noise, write_riff
from tests.corpora.synthesis import RATE, Voice, speak

# Emotion: speed, pitch and pitch range relative to the speaker's own, loudness, (valence, activation, dominance).
PROSODY = {
    "neu": (0, 0, 0, 0.20, (3.0, 2.5, 3.0)),
    "hap": (15, 18, 35, 0.30, (4.5, 3.5, 3.0)),
    "exc": (30, 22, 40, 0.35, (4.5, 4.0, 3.5)),
    "sad": (-35, -14, -30, 0.10, (2.0, 1.5, 2.0)),
    "ang": (25, 8, 20, 0.50, (1.5, 4.0, 4.0)),
    "fru": (5, 0, 10, 0.25, (2.0, 3.0, 3.5)),
    "xxx": (0, 5, 5, 0.20, (2.5, 2.5, 2.5)),
}
# Each dialog has two turns of each kind from both actors, so that every speaker has the four classes in both.
EMOTIONS = ("neu", "hap", "sad", "ang", "xxx", "exc", "sad", "ang", "neu", "fru")
TEXTS = (
    "Excuse me, do you feel good about this low boat?",
    "I say we should look for the blue book.",
    "You took all of my food, and I don't like it.",
    "Please leave the key under the door of the school.",
    "Did you see how full the baker's shop was today?",
    "It is cool to be so close to the lake, isn't it?",
    "Oh, they could not find the place for a week.",
    "She keeps saying that it will be fine soon.",
)
VOICES = {"F": ("f1", "f2", "f3", "f4", "f5"), "M": ("m1", "m2", "m3", "m4", "m7")}
DIALOGS = ("impro01", "script01_2")


@dataclass(frozen=True)
class Turn:
    """One utterance: its id, samples ``(T,)`` int16, phones in samples and words in samples."""

    name: str
    emotion: str
    samples: np.ndarray
    phones: list[Segment]
    words: list[tuple[int, int, str]]


def build(root: Path, *, majority: bool = True, n_turns: int = 5, seed: int = 0) -> None:
    """Write ``root/Session{1..5}/{sentences,dialog}`` with two dialogs each.

    Parameters
    ----------
    root : Path
    majority : bool
        Evaluations in ``EmoEvaluation/Majority``, one line for each turn; else in ``EmoEvaluation`` as in the release,
        with the lines of the single evaluators, and with the hidden files that the release has beside them.
    n_turns : int
        Of each actor in each dialog.
    seed : int
    """
    rng = np.random.default_rng(seed)
    for session in range(1, 6):
        place = root / f"Session{session}"
        for marked, dialog in zip("FM", DIALOGS, strict=True):
            name = f"Ses{session:02d}{marked}_{dialog}"
            turns = list(_turns(name, session, n_turns, rng, first=n_turns * (marked == "M")))
            _write_dialog(place, name, turns, majority)


def _turns(dialog: str, session: int, n_turns: int, rng, first: int) -> Iterator[Turn]:
    for number in range(n_turns):
        for letter in "FM":
            emotion = EMOTIONS[(first + number) % len(EMOTIONS)]
            speed, pitch, spread, loudness, _ = PROSODY[emotion]
            voice = Voice(f"en-us+{VOICES[letter][session - 1]}", 130 + speed, 48 + pitch, 45 + spread)
            speech = speak(TEXTS[int(rng.integers(len(TEXTS)))], voice)
            lead, sound = _non_verbal(number, letter, rng)
            audio = np.concatenate([np.zeros(1600), sound, np.zeros(800), speech.audio / np.abs(speech.audio).max()])
            shift = 2400 + len(sound)
            phones = [(start + shift, stop + shift, label) for start, stop, label in sphinx_labels(speech)]
            phones = [(0, 1600, "SIL"), (1600, 1600 + len(sound), lead), (1600 + len(sound), shift, "SIL"), *phones]
            words = [(start + shift, stop + shift, word) for start, stop, word in speech.words]
            noisy = room_noise(audio, rng)
            yield Turn(f"{dialog}_{letter}{number:03d}", emotion, as_pcm(noisy, loudness), phones, words)


def _non_verbal(number: int, letter: str, rng) -> tuple[str, np.ndarray]:
    kind = ("+BREATHING+", "+LIPSMACK+", "+LAUGHTER+")[int(rng.integers(3))]
    if kind == "+BREATHING+":
        return kind, breath(rng)
    return kind, lip_smack(rng) if kind == "+LIPSMACK+" else laughter(rng, 220 if letter == "F" else 120)


def _write_dialog(place: Path, dialog: str, turns: list[Turn], majority: bool) -> None:
    lines, tracks, time = [], [], 0.5
    tracks.append(np.zeros((RATE // 2, 2), dtype=np.int16))
    for turn in turns:
        write_riff(place / "sentences/wav" / dialog / f"{turn.name}.wav", turn.samples)
        aligned = place / "sentences/ForcedAlignment" / dialog
        aligned.mkdir(parents=True, exist_ok=True)
        (aligned / f"{turn.name}.phseg").write_text(phseg(turn.phones))
        (aligned / f"{turn.name}.wdseg").write_text(_rows(turn.words, "Word", 10))
        stop = time + len(turn.samples) / RATE
        dimensions = ", ".join(f"{value:.4f}" for value in PROSODY[turn.emotion][4])
        lines.append(f"[{time:.4f} - {stop:.4f}]\t{turn.name}\t{turn.emotion}\t[{dimensions}]")
        if not majority:
            lines += ["C-E2:\tNeutral;\t()", "A-E3:\tval 3; act 2; dom  2;\t()", ""]
        both = np.zeros((len(turn.samples) + RATE // 4, 2), dtype=np.int16)
        both[: len(turn.samples), 0 if turn.name.split("_")[-1][0] == "F" else 1] = turn.samples
        tracks.append(both)
        time = stop + 0.25
    write_riff(place / "dialog/wav" / f"{dialog}.wav", np.concatenate(tracks))
    evaluations = place / "dialog/EmoEvaluation" / ("Majority" if majority else "")
    evaluations.mkdir(parents=True, exist_ok=True)
    head = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    (evaluations / f"{dialog}.txt").write_text(head + "\n".join(lines) + "\n")
    if not majority:
        (evaluations / f"._{dialog}.txt").write_bytes(b"\x00\x05\x16\x07\x00\x02")


def phseg(phones: list[Segment]) -> str:
    """The text of a ``.phseg`` file: frames of 10 ms, of which the first begins at 0.02 s, and triphones."""
    names = ["SIL", *(label for _, _, label in phones), "SIL"]
    rows = []
    for place, (start, stop, label) in enumerate(phones):
        context = "" if label == "SIL" or label[0] == "+" else f" {names[place]} {names[place + 2]} i"
        rows.append((start, stop, label + context))
    return _rows(rows, "Phone", 9)


def _rows(segments: list[tuple[int, int, str]], title: str, width: int) -> str:
    lines = [f"\t SFrm  EFrm    SegAScr {title}"]
    for start, stop, label in segments:
        first, last = max(round(start / 160) - 2, 0), round(stop / 160) - 3
        if last >= first:
            lines.append(f"\t{first:5d} {last:5d} {-1000 * (last - first + 1):{width}d} {label}")
    return "\n".join([*lines, f" Total score: {-1000 * len(segments):12d}", ""])
