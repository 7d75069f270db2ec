"""From the phones of espeak-ng (American English) to the labels of TIMIT and of IEMOCAP's alignments.

Each phone of the synthesiser stands for one or two ARPABET phones; an r-coloured vowel is its vowel (three fifths of
its time) and an r. Then each corpus has rules of its own:

========================  ==============================================  ==========================================
what                      TIMIT                                           IEMOCAP
========================  ==============================================  ==========================================
stop, affricate           closure (to where the energy rises most) and    one phone; t, d, k that end a word: TD, DD,
                          release: ``tcl t``, ``dcl jh``                  KD; t followed by s: TS
hh between voiced         ``hv``                                          HH
uw after a coronal        ``ux``                                          UW
n before a weak vowel     ``nx``, if a vowel is before it too             N
unstressed er             ``axr``                                         AXR
syllabic l, n, m          ``el``, ``en``, ``em``                          AX and the consonant, half of the time each
glottal stop              ``q``                                           T
silence                   ``h#`` at the ends, ``pau`` between             SIL
========================  ==============================================  ==========================================
"""

from __future__ import annotations

import numpy as np

from tests.corpora.synthesis import Speech

ARPABET: dict[str, str] = {
    # vowels
    **dict.fromkeys(("a", "aa"), "ae"),
    **dict.fromkeys(("A:", "A", "0", "0#", "A#"), "aa"),
    **dict.fromkeys(("@", "a#", "@2", "@5", "@#"), "ax"),
    **dict.fromkeys(("V", "V#"), "ah"),
    **dict.fromkeys(("E", "E#", "E2"), "eh"),
    **dict.fromkeys(("I", "I2"), "ih"),
    **dict.fromkeys(("I#", "i#"), "ix"),
    **dict.fromkeys(("i:", "i"), "iy"),
    **dict.fromkeys(("O:", "O", "O2"), "ao"),
    "u:": "uw",
    "U": "uh",
    "3:": "er",
    "3": "axr",
    "aI": "ay",
    "aU": "aw",
    "eI": "ey",
    "oU": "ow",
    "OI": "oy",
    "A@": "aa r",
    "e@": "eh r",
    "O@": "ao r",
    "o@": "ao r",
    "i@": "ih r",
    "i@3": "ih r",
    "U@": "uh r",
    "aI@": "ay axr",
    "aU@": "aw axr",
    "aI3": "ay axr",
    # consonants
    **{name: name for name in ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z"]},
    "D": "dh",
    "T": "th",
    "S": "sh",
    "Z": "zh",
    "N": "ng",
    "h": "hh",
    "j": "y",
    "tS": "ch",
    "dZ": "jh",
    "t#": "dx",
    "r-": "r",
    "t2": "t",
    "?": "q",
    "@L": "el",
    "n-": "en",
    "m-": "em",
}
VOWELS = {"aa", "ae", "ah", "ao", "aw", "ax", "axr", "ay", "eh", "er", "ey", "ih", "ix", "iy", "ow", "oy", "uh", "uw"}
VOICED = VOWELS | {"b", "d", "dh", "el", "en", "g", "l", "m", "n", "ng", "r", "v", "w", "y", "z", "zh", "jh", "dx"}
CORONAL = {"d", "dx", "l", "n", "s", "t", "th", "z", "y", "sh", "ch", "jh"}
CLOSURES = {
    **{stop: f"{stop}cl" for stop in ["b", "d", "g", "p", "t", "k"]},
    "ch": "tcl",
    "jh": "dcl",
}
SILENCE = "silence"

Segment = tuple[int, int, str]  # start, stop (samples at 16 kHz), label


def arpabet(speech: Speech) -> list[tuple[int, int, str, bool]]:
    """``(start, stop, phone, ends its word)``; pauses are ``silence``, and stops begin with their closure.

    The synthesiser counts the silence before a release to the phone before; it is given to the stop here.

    Raises
    ------
    KeyError
        If the table has no entry for a phone.
    """
    found = []
    for phone in speech.phones:
        if phone.name.startswith("_"):
            found.append((phone.start, phone.stop, SILENCE, True))
            continue
        first, *second = ARPABET[phone.name].split()
        middle = phone.start + round(0.6 * (phone.stop - phone.start)) if second else phone.stop
        found.append((phone.start, middle, first, phone.ends_word and not second))
        if second:
            found.append((middle, phone.stop, second[0], phone.ends_word))
    for place in range(len(found) - 1):
        left, right = found[place : place + 2]
        if right[2] in CLOSURES:
            closed = _closing(speech.audio, max(left[0] + round(0.4 * (left[1] - left[0])), right[0] - 1280), right[0])
            found[place], found[place + 1] = (left[0], closed, *left[2:]), (closed, *right[1:])
    return found


def _closing(audio: np.ndarray, earliest: int, release: int, step: int = 40) -> int:
    """Where the silence that ends at a release begins: energy 30 dB below the loudest, in steps of 2.5 ms."""
    limit = 1e-3 * np.max(np.convolve(audio**2, np.full(step, 1.0), "same"))
    start = release
    while start - step >= earliest and np.sum(audio[start - step : start] ** 2) < limit:
        start -= step
    return start


def release(audio: np.ndarray, start: int, stop: int, step: int = 40) -> int:
    """Where a stop opens: the largest rise of energy within it, in steps of 2.5 ms; at least a fifth from its ends."""
    frames = np.array([np.sum(audio[k : k + step] ** 2) for k in range(start, stop - step + 1, step)]) + 1e-7
    low, high = len(frames) // 5 + 1, len(frames) - len(frames) // 5
    if high <= low:
        return (start + stop) // 2
    return start + step * (low + int(np.argmax(np.diff(np.log(frames))[low - 1 : high - 1])))


def timit_labels(speech: Speech) -> list[Segment]:
    """Segments with TIMIT's 61 labels, without gaps, ``h#`` at both ends."""
    source = arpabet(speech)
    names = [name for _, _, name, _ in source]
    found: list[Segment] = []
    for place, (start, stop, name, _) in enumerate(source):
        before = names[place - 1] if place else SILENCE
        after = names[place + 1] if place + 1 < len(names) else SILENCE
        if name in CLOSURES:
            opened = release(speech.audio, start, stop)
            found += [(start, opened, CLOSURES[name]), (opened, stop, name)]
        elif name == "hh" and before in VOICED and after in VOICED:
            found.append((start, stop, "hv"))
        elif name == "uw" and before in CORONAL:
            found.append((start, stop, "ux"))
        elif name == "n" and before in VOWELS and after in ("ax", "axr", "ix", "ih"):
            found.append((start, stop, "nx"))
        else:
            found.append((start, stop, "pau" if name == SILENCE else name))
    found = _merged(found)
    return [
        (start, stop, "h#" if label == "pau" and place in (0, len(found) - 1) else label)
        for place, (start, stop, label) in enumerate(found)
    ]


def sphinx_labels(speech: Speech) -> list[Segment]:
    """Segments with the phones of IEMOCAP's alignments (CMU Sphinx, capitals), without gaps."""
    source = arpabet(speech)
    found: list[Segment] = []
    for place, (start, stop, name, ends_word) in enumerate(source):
        after = source[place + 1][2] if place + 1 < len(source) else SILENCE
        if name == SILENCE:
            found.append((start, stop, "SIL"))
        elif name in ("el", "en", "em"):
            middle = (start + stop) // 2
            found += [(start, middle, "AX"), (middle, stop, name[1].upper())]
        elif name == "s" and found and found[-1][2] == "T" and source[place - 1][2] == "t":
            found[-1] = (found[-1][0], stop, "TS")
        elif name in ("t", "d", "k") and ends_word and not (name == "t" and after == "s"):
            found.append((start, stop, f"{name.upper()}D"))
        else:
            found.append((start, stop, {"q": "T"}.get(name, name.upper())))
    return _merged(found)


def _merged(segments: list[Segment]) -> list[Segment]:
    """Neighbouring silences as one segment."""
    merged: list[Segment] = []
    for start, stop, label in segments:
        if merged and merged[-1][2] == label and label in ("pau", "SIL"):
            merged[-1] = (merged[-1][0], stop, label)
        else:
            merged.append((start, stop, label))
    return merged
