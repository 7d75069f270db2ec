"""Real English speech through the ``folder`` corpus: prompts of one speaker, aligned to phones without any network.

``python examples/asterisk_en.py SOUNDS TRANSCRIPTS OUT`` writes OUT/manifest.csv, OUT/wav and OUT/phones; SOUNDS and
TRANSCRIPTS are from the Debian packages asterisk-core-sounds-en-g722 and asterisk-core-sounds-en. The phones are those
of pocketsphinx's English model, which aligns the known text to the sound. It needs ``pip install .[examples]``
(pocketsphinx, av). See docs/corpora.md.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pocketsphinx
import soundfile

RATE = 16000
FRAME_SECONDS = 0.01  # of the aligner
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = {str(k): word for k, word in enumerate(NUMBERS)}
SILENCES = ("SIL", "+NSN+", "+SPN+")

Segment = tuple[float, float, str]


def read_transcripts(path: Path) -> dict[str, str]:
    """Text of every prompt, from lines ``name: text``; comments begin with a semicolon. The file may be gzipped."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = [line.partition(":") for line in raw.decode().splitlines() if not line.startswith(";")]
    return {name.strip(): text.strip() for name, colon, text in lines if colon}


def words_of(text: str) -> list[str]:
    """The spoken words, in lower case; what stands in brackets is no speech, and single digits are read out.

    >>> words_of("Don't [beep] press 'one' or 2.")
    ["don't", 'press', 'one', 'or', 'two']
    """
    spoken = re.sub(r"[\[(].*?[\])]", " ", text.lower())
    return [DIGITS.get(word, word) for found in re.findall(r"[a-z0-9']+", spoken) if (word := found.strip("'"))]


def read_g722(path: Path) -> np.ndarray:
    """Samples ``(T,)`` int16 at 16 kHz of a bare G.722 stream."""
    with av.open(str(path), format="g722") as container:
        return np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])


class Aligner:
    """pocketsphinx with its own English model: words to states of phones, at 10 ms."""

    def __init__(self):
        self._decoder = pocketsphinx.Decoder(samprate=RATE, lm=None, loglevel="FATAL")

    def unknown(self, words: list[str]) -> list[str]:
        """Words that the model's dictionary does not have."""
        return [word for word in words if self._decoder.lookup_word(word) is None]

    def phones(self, samples: np.ndarray, words: list[str]) -> list[Segment] | None:
        """Start and end in seconds and name of every phone; None if the words do not fit the sound.

        Parameters
        ----------
        samples : (T,) int16
            At 16 kHz.
        words : list of str
            All in the dictionary.
        """
        self._decoder.set_align_text(" ".join(words))
        try:
            self._decode(samples)
            self._decoder.set_alignment()  # the words that were found, in a second pass, to phones
            self._decode(samples)
        except RuntimeError:  # no path through the model ends where the sound does
            return None
        found, heard = [], []
        for word in self._decoder.get_alignment():
            heard.append(word.name.partition("(")[0])  # a second pronunciation is "word(2)"
            found += [(phone.start, phone.duration, phone.name) for phone in word]
        if [word for word in heard if word[0] not in "<[+"] != words:
            return None
        return [
            (start * FRAME_SECONDS, (start + length) * FRAME_SECONDS, "SIL" if name in SILENCES else name)
            for start, length, name in found
        ]

    def _decode(self, samples: np.ndarray) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(samples.tobytes(), full_utt=True)
        self._decoder.end_utt()


def write_corpus(sounds: Path, transcripts: Path, out: Path) -> Counter:
    """Write the prompts that can be aligned, their phones and a manifest.

    Returns
    -------
    Counter
        Prompts by what became of them: aligned, or why not.

    Raises
    ------
    ValueError
        If no prompt could be aligned.
    """
    aligner, outcome, rows = Aligner(), Counter(), []
    for folder in ("wav", "phones"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for name, text in sorted(read_transcripts(transcripts).items()):
        path, words = sounds / f"{name}.g722", words_of(text)
        if not path.is_file() or not words or aligner.unknown(words):
            outcome[
                "no file" if not path.is_file() else "no words" if not words else "words not in the dictionary"
            ] += 1
            continue
        samples = read_g722(path)
        segments = aligner.phones(samples, words)
        if segments is None:
            outcome["text and sound do not fit"] += 1
            continue
        outcome["aligned"] += 1
        stem = name.replace("/", "-")
        soundfile.write(out / "wav" / f"{stem}.wav", samples, RATE)
        phones = pd.DataFrame(segments, columns=["start", "end", "label"])
        phones.to_csv(out / "phones" / f"{stem}.csv", index=False, float_format="%.2f")
        rows.append((f"wav/{stem}.wav", "allison", f"phones/{stem}.csv"))
    if not rows:
        raise ValueError(f"no prompt of {transcripts} was found in {sounds} and aligned: {dict(outcome)}")
    pd.DataFrame(rows, columns=["path", "speaker", "labels:phoneme"]).to_csv(out / "manifest.csv", index=False)
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("transcripts", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    try:
        outcome = write_corpus(options.sounds, options.transcripts, options.out)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    print("\n".join(f"{count:5d} {what}" for what, count in outcome.most_common()))


if __name__ == "__main__":
    main()
