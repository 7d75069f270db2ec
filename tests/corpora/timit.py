"""A miniature TIMIT: real speaker codes of each list, the two SA sentences and others, in the layout of LDC93S1."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora.phones import timit_labels
from tests.corpora.sound import as_pcm, room_noise, write_riff, write_sphere
from tests.corpora.synthesis import Voice, speak

# Folder and speaker; of TEST, those of the development and of the core test list, and one of neither.
SPEAKERS = {
    "train": ("DR1/FCJF0", "DR1/MCPM0", "DR2/FAEM0", "DR2/MARC0", "DR3/FALK0", "DR4/MBMA0", "DR5/FBMH0", "DR6/MABC0"),
    "dev": ("DR1/FAKS0", "DR1/FDAC1", "DR2/MGWT0", "DR2/MJAR0"),
    "test": ("DR1/MDAB0", "DR1/FELC0", "DR2/FPAS0", "DR2/MTAS1"),
    "neither": ("DR1/FJSP0",),
}
DIALECT_SENTENCES = {
    "SA1": "She had your dark suit in greasy wash water all year.",
    "SA2": "Don't ask me to carry an oily rag like that.",
}
# Each holds the nine phones of the traversal set: iy ey ay aw ow uh f l s.
SENTENCES = (
    "Please say how the white boat took off at full sail.",
    "We may find a house below the brook, safe and cool.",
    "The baker stood outside his old sea side wall for five days.",
    "Now she looked at a pale light, slowly falling over the field.",
    "I put eight cotton leaves on a low shelf for the little mouse.",
    "Few people could buy those sour apples at a fair price today.",
    "My cook found the yellow soap, a cotton sheet, a cake and some flour.",
    "He should fly south alone, away from the icy hills and fields.",
)
WOMEN, MEN = ("f2", "f3", "f4", "f5"), ("m1", "m3", "m4", "m7")


def build(root: Path, *, upper: bool = True, sphere: bool = True, n_sentences: int = 4, seed: int = 0) -> None:
    """Write ``root/{TRAIN,TEST}/DRn/SPEAKER/SENTENCE.{WAV,PHN,WRD,TXT}``.

    Parameters
    ----------
    root : Path
    upper : bool
        Names in capitals, as on the disc; else in lower case.
    sphere : bool
        NIST SPHERE files, as on the disc; else RIFF.
    n_sentences : int
        Of each speaker, beside the two SA sentences.
    seed : int
    """
    rng = np.random.default_rng(seed)
    for split, places in SPEAKERS.items():
        for number, place in enumerate(places):
            speaker = place.split("/")[1]
            variants = WOMEN if speaker[0] == "F" else MEN
            voice = Voice(
                f"en-us+{variants[number % 4]}",
                speed=int(rng.integers(80, 91)),
                pitch=int(rng.integers(35, 65)),
                pitch_range=int(rng.integers(30, 60)),
            )
            part = root / _case("TRAIN" if split == "train" else "TEST", upper) / _case(place, upper)
            for name, text in _sentences(rng, n_sentences).items():
                _write(part, _case(name, upper), text, voice, rng, upper, sphere)


def _sentences(rng: np.random.Generator, n_sentences: int) -> dict[str, str]:
    chosen = sorted(rng.choice(len(SENTENCES), n_sentences, replace=False).tolist())
    others = {f"{'SI' if place == 0 else 'SX'}{which + 1}": SENTENCES[which] for place, which in enumerate(chosen)}
    return DIALECT_SENTENCES | others


def _case(text: str, upper: bool) -> str:
    return text.upper() if upper else text.lower()


def _write(folder: Path, name: str, text: str, voice: Voice, rng, upper: bool, sphere: bool) -> None:
    speech = speak(text, voice)
    lead = int(rng.integers(1600, 3200))
    audio = room_noise(np.concatenate([np.zeros(lead), speech.audio, np.zeros(1600)]), rng)
    labels = [(start + lead, stop + lead, label) for start, stop, label in timit_labels(speech)]
    # The silence before and after belongs to the first and the last h#.
    first, last = labels[0], labels[-1]
    labels = labels[1:] if first[2] == "h#" else labels
    labels = labels[:-1] if last[2] == "h#" else labels
    labels = [(0, labels[0][0], "h#"), *labels, (labels[-1][1], len(audio), "h#")]
    words = [(start + lead, stop + lead, word.lower()) for start, stop, word in speech.words]
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / name
    samples = as_pcm(audio)
    if sphere:
        write_sphere(stem.with_suffix(_case(".wav", upper)), samples, f"{folder.name.lower()}_{name.lower()}")
    else:
        write_riff(stem.with_suffix(_case(".wav", upper)), samples)
    for suffix, rows in ((".phn", labels), (".wrd", words), (".txt", [(0, len(audio), text)])):
        lines = "".join(f"{start} {stop} {label}\n" for start, stop, label in rows)
        stem.with_suffix(_case(suffix, upper)).write_text(lines)
