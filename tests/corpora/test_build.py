"""The miniature corpora have the layouts of the real ones, and their sound carries the labels."""

import csv
import itertools
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from openpyxl import load_workbook

from tests.corpora.build import build
from tests.corpora.synthesis import Voice, speak, sustain

# The 61 labels of TIMIT (PHONCODE.DOC of the release), and the 52 of IEMOCAP's alignments.
TIMIT_LABELS = """
aa ae ah ao aw ax ax-h axr ay b bcl ch d dcl dh dx eh el em en eng epi er ey f g gcl h# hh hv ih ix iy jh k kcl l m n
ng nx ow oy p pau pcl q r s sh t tcl th uh uw ux v w y z zh
"""
SPHINX_PHONES = """
+BREATHING+ +GARBAGE+ +LAUGHTER+ +LIPSMACK+ AA AE AH AO AW AX AXR AY B CH D DD DH DX EH ER EY F G HH IH IX IY JH K KD L
M N NG OW OY P R S SH SIL T TD TH TS UH UW V W Y Z ZH
"""
NINE = {"iy", "ey", "ay", "aw", "ow", "uh", "f", "l", "s"}  # phones of TIMIT's traversal set


def relative(root, pattern="*"):
    return {path.relative_to(root).as_posix() for path in root.rglob(pattern) if path.is_file()}


def segments(path):
    rows = [line.split(maxsplit=2) for line in path.read_text().splitlines()]
    return [(int(start), int(stop), label) for start, stop, label in rows]


def high_share(audio, rate=16000, limit=3000):
    """Share of the energy above a frequency."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    return power[np.fft.rfftfreq(len(audio), 1 / rate) > limit].sum() / power.sum()


def test_timit_labels_cover_every_file_and_fit_its_sound(mini_corpus):
    root = mini_corpus("timit")
    paths = sorted(root.rglob("*.WAV"))
    assert len(paths) == 17 * 6
    loudness, high, seen = defaultdict(list), defaultdict(list), Counter()
    for path in paths:
        assert path.relative_to(root).parts[0] in ("TRAIN", "TEST") and path.read_bytes()[:7] == b"NIST_1A"
        audio, rate = soundfile.read(path)
        phones = segments(path.with_suffix(".PHN"))
        assert rate == 16000 and phones[0][0] == 0 and phones[-1][1] == len(audio)
        assert all(left[1] == right[0] and left[0] < left[1] for left, right in itertools.pairwise(phones))
        assert phones[0][2] == phones[-1][2] == "h#"
        assert segments(path.with_suffix(".TXT"))[0][1] == len(audio) and segments(path.with_suffix(".WRD"))
        for start, stop, label in phones:
            seen[label] += 1
            loudness[label].append(np.sqrt(np.mean(audio[start:stop] ** 2)))
            if stop - start >= 400:
                high[label].append(high_share(audio[start:stop]))
    assert (
        set(seen) <= set(TIMIT_LABELS.split()) and len(seen) > 40 and {"q", "pau", "dx", "ux", "kcl", "el"} <= set(seen)
    )
    assert np.median(loudness["iy"]) > 10 * np.median(loudness["h#"])
    assert np.median(loudness["k"]) > 2 * np.median(loudness["kcl"])
    assert np.median(high["s"]) > 0.8 > 0.2 > np.median(high["aa"])


def test_every_speaker_has_long_segments_of_the_nine_phones_of_the_traversal_set(mini_corpus):
    found = defaultdict(set)
    for path in mini_corpus("timit").rglob("*.PHN"):
        if not path.name.startswith("SA"):
            found[path.parent.name] |= {label for start, stop, label in segments(path) if stop - start >= 2000}
    complete = [name for name, labels in found.items() if labels >= NINE]
    assert len(complete) >= 12, {name: sorted(NINE - labels) for name, labels in found.items()}


def test_timit_in_lower_case_as_riff_is_the_same_sound(mini_corpus):
    upper, lower = mini_corpus("timit", n_sentences=1), mini_corpus("timit", n_sentences=1, upper=False, sphere=False)
    assert {name.lower() for name in relative(upper)} == relative(lower)
    for name in relative(upper, "*.WAV"):
        assert (lower / name.lower()).read_bytes()[:4] == b"RIFF"
        assert np.array_equal(soundfile.read(upper / name)[0], soundfile.read(lower / name.lower())[0])


def test_a_corpus_is_the_same_every_time(mini_corpus, tmp_path):
    first, second = mini_corpus("timit", n_sentences=1), build(tmp_path, "timit", n_sentences=1)
    assert relative(first) == relative(second)
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in relative(first))


def test_voc_als_table_and_files(mini_corpus):
    root = mini_corpus("voc_als")
    rows = list(load_workbook(root / "VOC-ALS.xlsx").active.iter_rows(values_only=True))
    assert (
        len(rows) == 2 + 18 and len(rows[1]) == 34 and rows[1][0] == "ID" and rows[1][-1] == "Cantagallo_Questionnaire"
    )
    people = [row[0] for row in rows[2:]]
    tasks = [*(f"phonation{vowel}" for vowel in "AEIOU"), *(f"rhythm{syllable}" for syllable in ("KA", "PA", "TA"))]
    assert relative(root, "*.wav") == {f"{task}/{person}_{task}.wav" for person in people for task in tasks}
    controls = [row for row in rows[2:] if row[1] == "HC"]
    assert all(row[0].startswith("CT") and row[-1] == "-" for row in controls) and len(controls) == 6


def test_the_worse_the_stage_the_more_a_held_vowel_trembles(mini_corpus):
    root = mini_corpus("voc_als")

    def unsteadiness(person):
        audio, rate = soundfile.read(root / "phonationA" / f"{person}_phonationA.wav")
        assert rate == 8000 and len(audio) == pytest.approx(2.6 * rate, abs=2)
        rms = np.sqrt([np.mean(part**2) for part in np.split(audio[8000:20000], 60)])
        return rms.std() / rms.mean()

    controls = [unsteadiness(f"CT{number}") for number in ("001", "004", "010", "013", "014", "015")]
    assert np.mean([unsteadiness(f"PZ{number}") for number in ("011", "012", "013")]) > 1.5 * np.mean(controls)


@pytest.mark.parametrize("majority", [True, False])
def test_iemocap_alignments_and_evaluations(mini_corpus, majority):
    root = mini_corpus("iemocap", majority=majority)
    wavs = {path.stem: path for path in root.glob("Session*/sentences/wav/*/*.wav")}
    assert len(wavs) == 5 * 2 * 10
    folder = "EmoEvaluation/Majority" if majority else "EmoEvaluation"
    emotions = {}
    for path in root.glob(f"Session*/dialog/{folder}/Ses*.txt"):
        lines = [line.split("\t") for line in path.read_text().splitlines() if line.startswith("[")]
        emotions |= {name: emotion for _, name, emotion, _ in lines}
        times = [line[0].strip("[]").split(" - ") for line in lines]
        both, rate = soundfile.read(root / path.relative_to(root).parts[0] / "dialog/wav" / f"{path.stem}.wav")
        start, stop = (round(float(time) * rate) for time in times[3])
        turn = soundfile.read(wavs[lines[3][1]])[0]  # times are rounded to 0.1 ms
        found = [both[start + shift : stop + shift].sum(axis=1) for shift in (-1, 0, 1)]
        assert any(np.array_equal(part[5:-5], turn[5 : len(part) - 5]) for part in found)
    assert emotions.keys() == wavs.keys()
    classes = Counter((name[:5], name.split("_")[-1][0], emotion) for name, emotion in emotions.items())
    for session in range(1, 6):
        assert all(
            classes[f"Ses0{session}", sex, emotion] >= 1 for sex in "FM" for emotion in ("ang", "hap", "neu", "sad")
        )
    loudness = defaultdict(list)
    for name, path in wavs.items():
        audio, _ = soundfile.read(path)
        loudness[emotions[name]].append(np.sqrt(np.mean(audio**2)))
        (aligned,) = root.glob(f"Session*/sentences/ForcedAlignment/*/{name}.phseg")
        rows = [line.split() for line in aligned.read_text().splitlines()][1:-1]
        assert {row[3] for row in rows} <= set(SPHINX_PHONES.split())
        assert all(int(left[1]) + 1 == int(right[0]) for left, right in itertools.pairwise(rows))
        assert abs((int(rows[-1][1]) + 3) * 160 - len(audio)) <= 160
    assert np.mean(loudness["ang"]) > np.mean(loudness["neu"]) > np.mean(loudness["sad"])


def test_folder_manifest(mini_corpus):
    root = mini_corpus("folder")
    with (root / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["split"] for row in rows) == {"train": 32, "dev": 16, "test": 16}
    assert len({row["speaker"] for row in rows}) == 32
    rates = Counter((Path(row["path"]).suffix, soundfile.info(root / row["path"]).samplerate) for row in rows)
    assert rates == {(".wav", 16000): 16, (".flac", 22050): 16, (".ogg", 44100): 16, (".wav", 8000): 16}
    for row in rows:
        with (root / row["labels:sound"]).open() as file:
            labels = list(csv.DictReader(file))
        assert {label["label"] for label in labels} <= {"vowel", "consonant", "silence"}
        assert float(labels[-1]["stop"]) == pytest.approx(soundfile.info(root / row["path"]).duration, abs=0.01)


def test_a_held_sound_keeps_its_pitch():
    period = 100
    tone = np.sin(2 * np.pi * np.arange(8000) / period).astype(np.float32)
    held = sustain(tone, 2.0)
    assert len(held) >= 30000
    spectrum = np.abs(np.fft.rfft(held[:30000] * np.hanning(30000)))
    assert np.argmax(spectrum) == 30000 // period


def test_a_voice_that_is_not_there():
    with pytest.raises(ValueError, match="no voice 'zz-zz'"):
        speak("Hello.", Voice("zz-zz"))
