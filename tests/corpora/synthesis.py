"""Speech with exact phone times, from the library of espeak-ng (Debian package ``libespeak-ng1``).

The library reports the sample at which every phone starts. It keeps some state (noise, phase) from one utterance to the
next, so a corpus is the same whenever it is made in the same order in a process of its own: use
``python -m tests.corpora.build``.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.signal import resample_poly

RATE = 16000
_NATIVE_RATE = 22050
_SYNCHRONOUS, _PHONEME_EVENTS, _UTF8 = 2, 1, 1
_SPEED, _PITCH, _RANGE = 1, 3, 4
_WORD, _PHONEME = 1, 7


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", _Identity),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Voice:
    """How to speak.

    Attributes
    ----------
    name : str
        Voice of espeak-ng with its variant, such as ``en-us+f2``.
    speed : int
        Words per minute, 80 to 450.
    pitch, pitch_range : int
        0 to 99; 50 is the voice's own.
    """

    name: str
    speed: int = 130
    pitch: int = 50
    pitch_range: int = 50


@dataclass(frozen=True)
class Phone:
    """One phone: samples ``start`` to ``stop`` at 16 kHz, espeak's name, and whether it ends its word."""

    start: int
    stop: int
    name: str
    ends_word: bool = False


@dataclass(frozen=True)
class Speech:
    """Audio ``(T,)`` float32 at 16 kHz, its phones (without gaps) and its words as ``(start, stop, text)``."""

    audio: np.ndarray
    phones: list[Phone]
    words: list[tuple[int, int, str]]


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libespeak-ng.so.1")
    except OSError as error:
        raise RuntimeError("The miniature corpora need espeak-ng: apt-get install libespeak-ng1 (Debian)") from error
    if library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS) != _NATIVE_RATE:
        raise RuntimeError("espeak-ng could not start; is the package espeak-ng-data there?")
    return library


def speak(text: str, voice: Voice) -> Speech:
    """Read a text aloud.

    Raises
    ------
    ValueError
        If espeak-ng does not have the voice.
    """
    library = _library()
    pieces: list[np.ndarray] = []
    events: list[tuple[int, int, int, int, str]] = []  # sample, type, position, length, name

    @_CALLBACK
    def receive(samples, count, items):
        if count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        place = 0
        while items[place].type:
            item = items[place]
            name = item.id.text.decode() if item.type == _PHONEME else ""
            events.append((item.sample, item.type, item.text_position, item.length, name))
            place += 1
        return 0

    if library.espeak_SetVoiceByName(voice.name.encode()):
        raise ValueError(f"espeak-ng has no voice {voice.name!r}")
    for parameter, value in ((_SPEED, voice.speed), (_PITCH, voice.pitch), (_RANGE, voice.pitch_range)):
        library.espeak_SetParameter(parameter, value, 0)
    library.espeak_SetSynthCallback(receive)
    encoded = text.encode()
    library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
    native = np.concatenate(pieces).astype(np.float64) / 2**15
    audio = resample_poly(native, RATE, _NATIVE_RATE).astype(np.float32)
    return _with_times(audio, events, text)


def _with_times(audio: np.ndarray, events: list, text: str) -> Speech:
    def at(sample: int) -> int:
        return min(round(sample * RATE / _NATIVE_RATE), len(audio))

    # A semicolon marks the phone before as palatal.
    heard = [event for event in events if event[1] == _PHONEME and event[4] != ";"]
    word_starts = [event for event in events if event[1] == _WORD]
    limits = [*(at(event[0]) for event in heard), len(audio)]
    # The library gives a final l the time at which it ends; it is the second half of the vowel that it merges with.
    for place in range(1, len(heard)):
        if limits[place] == limits[place + 1] and heard[place][4] not in ("_", "_:"):
            limits[place] = (limits[place - 1] + limits[place]) // 2
    phones = []
    for place, event in enumerate(heard):
        if limits[place] < limits[place + 1]:
            last = place + 1 == len(heard) or heard[place + 1][2] != event[2] or heard[place + 1][4].startswith("_")
            phones.append(Phone(limits[place], limits[place + 1], event[4], last))
    if phones and phones[0].start > 0:
        phones.insert(0, Phone(0, phones[0].start, "_"))
    words = []
    for _, _, position, length, _ in word_starts:
        inside = [
            limits[place : place + 2]
            for place, event in enumerate(heard)
            if event[2] == position and not event[4].startswith("_")
        ]
        if inside:
            words.append((inside[0][0], inside[-1][1], text[position - 1 : position - 1 + length].strip(".,!? ")))
    return Speech(audio, phones, words)


def sustain(audio: np.ndarray, seconds: float, fade: int = 480) -> np.ndarray:
    """A sound ``(T,)`` held for some time: its middle third again and again, joined where the waveforms fit best."""
    third = len(audio) // 3
    head, loop, tail = audio[:third].astype(np.float64), audio[third : 2 * third], audio[2 * third :]
    ramp = np.linspace(0, 1, fade)

    def joined(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        # Start where the right part agrees best with the end of the left one (waveform similarity overlap-add).
        end = left[-fade:]
        shifts = range(min(320, len(right) - 2 * fade))
        best = max(shifts, key=lambda shift: float(end @ right[shift : shift + fade]))
        right = right[best:]
        return np.concatenate([left[:-fade], end * (1 - ramp) + right[:fade] * ramp, right[fade:]])

    held = head
    while len(held) < seconds * RATE - len(tail) + 320 + 2 * fade:  # what the last joint may take away
        held = joined(held, loop)
    return joined(held, tail).astype(np.float32)
