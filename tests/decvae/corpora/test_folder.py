"""The user's own recordings: any format, every problem at once, signals other than speech."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from decvae.corpora.folder import list_recordings
from decvae.corpora.ingest import ingest, ingest_corpus
from decvae.corpora.labels import read_labels
from decvae.corpora.recordings import IngestError, Problems
from decvae.corpora.store import Corpus
from decvae.corpora.summary import summary_tables
from decvae.decomposition.cache import DecompositionCache, write_cache
from decvae.features.extract import write_features
from decvae.features.store import FeatureFile
from decvae.settings.corpora import FolderSettings
from decvae.settings.decomposition import DecompositionSettings
from decvae.settings.features import FeatureSettings


def manifest(root, rows, name="manifest.csv"):
    table = pd.DataFrame(rows)
    root.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        table.to_parquet(root / name)
    else:
        table.to_csv(root / name, index=False, sep="\t" if name.endswith(".tsv") else ",")


def test_the_corpus_knows_what_its_splits_keep_together(tmp_path, write_audio):
    rows = [{"path": write_audio(tmp_path / f"{k}.wav").name, "patient": f"p{k}", "mood": k % 2} for k in range(9)]
    manifest(tmp_path, rows)
    for section, expected in (({"split_by": "patient"}, "patient"), ({"split_by": "recording"}, None)):
        ingest_corpus(tmp_path, FolderSettings.parse(section), tmp_path / "out.h5", corpus="mine", seed=0)
        with Corpus(tmp_path / "out.h5") as corpus:
            assert corpus.split_by == expected
    section = {"split_by": "patient", "factors": ["mood"]}
    with pytest.raises(IngestError, match="without 'patient', by which recordings are split"):
        ingest_corpus(tmp_path, FolderSettings.parse(section), tmp_path / "out.h5", corpus="mine", seed=0)


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.tsv", "manifest.parquet"])
def test_formats_rates_excerpts_and_factors(tmp_path, write_audio, name):
    rows = []
    for number, (suffix, rate) in enumerate([("wav", 44100), ("flac", 8000), ("ogg", 22050), ("mp3", 16000)]):
        write_audio(tmp_path / f"{number}.{suffix}", 2.0, rate)
        for split, (start, end) in zip(("train", "dev", "test"), ((0, 0.5), (0.5, 1.0), (1.0, 2.0)), strict=True):
            row = {"path": f"{number}.{suffix}", "id": f"{number}{split}", "start": start, "end": end, "split": split}
            rows.append({**row, "speaker": f"s{number}", "mood": "calm" if number else "", "age": 30 + number})
    manifest(tmp_path, rows, name)
    section = {"manifest": name, "values": ["age"]}
    ingest_corpus(tmp_path, FolderSettings.parse(section), tmp_path / "out.h5", corpus="mine", seed=0)
    with Corpus(tmp_path / "out.h5") as corpus:
        assert corpus["dev"].lengths().tolist() == [8000] * 4 and corpus["test"].lengths().tolist() == [16000] * 4
        assert corpus["train"].factors["mood"].tolist() == [-1, 0, 0, 0]
        assert corpus["train"].values["age"].tolist() == [30, 31, 32, 33]


def test_resampling_keeps_a_tone_and_time(tmp_path):
    time = np.arange(44100) / 44100
    soundfile.write(tmp_path / "tone.wav", 0.5 * np.sin(2 * np.pi * 440 * time), 44100)
    manifest(tmp_path, [{"path": "tone.wav", "id": split, "split": split} for split in ("train", "dev", "test")])
    ingest_corpus(tmp_path, FolderSettings(), tmp_path / "out.h5", corpus="mine", seed=0)
    with Corpus(tmp_path / "out.h5") as corpus:
        found = corpus["dev"].audio(0)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    np.testing.assert_allclose(found[400:-400], expected[400:-400], atol=2e-3)


def bad_manifest(tmp_path, write_audio):
    root = tmp_path / "corpus"
    for name in ("good", "labelled", "zero", "short"):
        write_audio(root / f"{name}.wav", 0.01 if name == "short" else 1.0)
    write_audio(tmp_path / "outside.wav")
    (root / "empty.wav").write_bytes(b"")
    (root / "text.wav").write_text("no audio")
    soundfile.write(root / "zero.wav", np.zeros(16000), 16000)
    write_audio(root / "long.wav", 700, 1000)
    (root / "sphere.wav").write_bytes(b"NIST_1A\n   1024\nsample_coding -s26 pcm,embedded-shorten-v2.00\n".ljust(1024))
    (root / "out_of_order.csv").write_text("start,end,label\n0.2,0.5,a\n0.4,0.6,b\n")
    (root / "beyond.csv").write_text("start,end,label\n0.2,1.5,a\n")
    rows = [{"path": "good.wav", "split": split, "id": split} for split in ("train", "dev", "test")]
    rows += [{"path": f"{name}.wav"} for name in ("zero", "short", "empty", "text", "long", "sphere", "none")]
    rows += [{"path": "../outside.wav"}, {"path": "good.wav", "start": "x"}, {"path": "good.wav", "start": 2, "end": 1}]
    rows += [{"path": "good.wav", "split": "eval"}, {"path": "good.wav", "id": "train"}]
    rows += [{"path": "good.wav", "start": 0.5, "end": 3}]
    rows += [{"path": "labelled.wav", "id": name, "labels:phone": f"{name}.csv"} for name in ("out_of_order", "beyond")]
    for row in rows:
        row.setdefault("split", "train")
    manifest(root, [{key: row.get(key) for key in ("path", "id", "start", "end", "split")} for row in rows[:-2]])
    manifest(root, rows[-2:], "labelled.csv")
    return root


def test_all_problems_are_in_one_report(tmp_path, write_audio):
    root = bad_manifest(tmp_path, write_audio)
    with pytest.raises(IngestError) as error:
        ingest_corpus(root, FolderSettings(), tmp_path / "out.h5", corpus="mine", seed=0)
    text = str(error.value)
    for line in (
        "missing file (1)",
        "path outside the root (1)",
        "bad number (1)",
        "times out of order (1)",
        "bad row (1)",
        "unreadable audio (2)",
        "compressed SPHERE (1)",
        "too long (1)",
        "too short (1)",
        "repeated id (1)",
        "labels outside the audio (1)",
    ):
        assert line in text, line
    assert "empty.wav: 0 bytes" in text and "sph2pipe" in text
    assert not (tmp_path / "out.h5").exists()


def test_bad_labels_are_problems(tmp_path, write_audio):
    root = bad_manifest(tmp_path, write_audio)
    listing = list_recordings(root, FolderSettings(manifest="labelled.csv"))
    with pytest.raises(IngestError, match=r"labels outside the audio \(1\)"):
        ingest(listing, tmp_path / "out.h5", FolderSettings(), corpus="mine")
    assert listing.problems.counts["times out of order"] == 1


@pytest.mark.parametrize(
    ("row", "text", "message"),
    [
        ({"start": "soon"}, "", r"bad number \(1\).*row 2: start 'soon'"),
        ({"end": "inf"}, "", r"bad number \(1\).*row 2: end 'inf'"),
        ({"start": "-1"}, "", r"times out of order \(1\)"),
        ({"path": ""}, "", r"bad row \(1\).*no path"),
        ({"path": "/etc/hosts"}, "", r"path outside the root \(1\)"),
        ({"path": "../outside.wav"}, "", r"path outside the root \(1\)"),
        ({"path": "good.txt"}, "", r"unreadable audio \(1\).*the suffix must be one of .wav"),
        ({"path": "header.wav"}, "", r"too short \(1\).*no samples"),
        ({"path": "cut.wav"}, "", r"audio cut short \(1\).*cut.wav: at 0.280 s of 1.000 s"),
        ({"path": "cut.sph"}, "", r"audio cut short \(1\)"),
        ({"path": "cut.flac"}, "", r"audio cut short \(1\).*cut.flac: at 0.\d+ s of 1.000 s"),
        ({"labels:sound": ""}, "", r"missing label \(1\).*labels:sound is empty"),
        ({}, "nan\t0.5\ta\n", r"times out of order \(1\).*a at nan-0.5 s is no time"),
        ({}, "-0.1\t0.5\ta\n", r"times out of order \(1\)"),
        ({}, "0.5\t0.2\ta\n", r"times out of order \(1\).*ends before it starts"),
        ({}, "0.0\t0.5\ta\n0.4\t0.6\tb\n", r"times out of order \(1\).*b at 0.4-0.6 s overlaps"),
        ({}, "", r"no labels \(1\)"),
        ({}, "0.0 a\n", r"bad labels \(1\)"),
    ],
)
def test_one_bad_row_is_one_problem(tmp_path, write_audio, row, text, message):
    root = tmp_path / "corpus"
    write_audio(root / "good.wav")
    write_audio(tmp_path / "outside.wav")
    soundfile.write(root / "header.wav", np.zeros(0), 16000)
    for name, options in (("cut.wav", {}), ("cut.sph", {"format": "NIST"}), ("cut.flac", {"format": "FLAC"})):
        whole = write_audio(root / name, **options).read_bytes()
        (root / name).write_bytes(whole[:9000])
    (root / "good.txt").write_text("0.0\t0.5\ta\n")
    (root / "bad.txt").write_text(text)
    good = {"path": "good.wav", "start": "", "end": "", "labels:sound": "good.txt"}
    rows = [{**good, "labels:sound": "bad.txt" if not row else "good.txt", "id": "z", "split": "train", **row}]
    rows += [{**good, "id": split, "split": split} for split in ("train", "dev", "test")]
    manifest(root, rows)
    with pytest.raises(IngestError, match=f"(?s)1 problem:.*{message}"):
        ingest_corpus(root, FolderSettings(), tmp_path / "out.h5", corpus="mine", seed=0)


def test_ten_hours_in_one_file_are_refused_whole_and_read_in_parts(tmp_path, write_audio):
    write_audio(tmp_path / "day.wav", 36000, 250)
    part = {"path": "day.wav", "start": 35990, "end": 35995}
    rows = [{**part, "id": split, "split": split} for split in ("train", "dev", "test")]
    manifest(tmp_path, [*rows, {"path": "day.wav", "id": "whole", "split": "train"}])
    with pytest.raises(IngestError, match=r"(?s)1 problem:.*too long \(1\).*day.wav: 36000 s"):
        ingest_corpus(tmp_path, FolderSettings(), tmp_path / "out.h5", corpus="mine", seed=0)
    ingest_corpus(tmp_path, FolderSettings.parse({"strict": False}), tmp_path / "out.h5", corpus="mine", seed=0)
    with Corpus(tmp_path / "out.h5") as corpus:
        assert corpus["train"].lengths().tolist() == [5 * 16000] and corpus.provenance["skipped"] == {"too long": 1}


def test_what_was_left_out_is_in_the_summary(tmp_path, write_audio):
    root = bad_manifest(tmp_path, write_audio)
    ingest_corpus(root, FolderSettings.parse({"strict": False}), tmp_path / "out.h5", corpus="mine", seed=0)
    summary, utterances = summary_tables(tmp_path / "out.h5")
    skipped = summary[summary["quantity"] == "skipped"].set_index("class")["value"]
    assert skipped["unreadable audio"] == 2 and skipped["too long"] == skipped["unusable audio"] == 1
    assert len(utterances) == 3


def test_lenient_mode_leaves_out_and_says_so(tmp_path, write_audio, capsys):
    root = bad_manifest(tmp_path, write_audio)
    ingest_corpus(root, FolderSettings.parse({"strict": False}), tmp_path / "out.h5", corpus="mine", seed=0)
    with Corpus(tmp_path / "out.h5") as corpus:
        assert [corpus[split].utterance_ids for split in corpus.splits] == [["train"], ["dev"], ["test"]]
        # Silence throughout is found only while reading.
        assert corpus.provenance["skipped"]["unusable audio"] == 1
        assert corpus.provenance["skipped"]["unreadable audio"] == 2
    assert "These recordings were left out" in capsys.readouterr().out


def test_audio_that_is_unusable_stops_strict_mode_at_the_end(tmp_path, write_audio):
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(1600), 16000)
    rows = [
        {"path": f"{name}.wav", "id": f"{name}{split}", "split": split} for name in "ab" for split in ("train", "dev")
    ]
    write_audio(tmp_path / "c.wav")
    manifest(tmp_path, [*rows, {"path": "c.wav", "id": "c", "split": "test"}])
    with pytest.raises(IngestError, match=r"unusable audio \(4\)"):
        ingest_corpus(tmp_path, FolderSettings(), tmp_path / "out.h5", corpus="mine", seed=0)
    assert not (tmp_path / "out.h5").exists()


def test_drawn_splits_divide_no_speaker(tmp_path, write_audio):
    rows = [{"path": write_audio(tmp_path / f"{k}.wav").name, "speaker": f"s{k % 10}"} for k in range(30)]
    manifest(tmp_path, rows)
    found = list_recordings(tmp_path, FolderSettings(dev_share=0.2, test_share=0.3), seed=1).recordings
    by_speaker = {}
    for one in found:
        by_speaker.setdefault(one.factors["speaker"], set()).add(one.split)
    assert all(len(splits) == 1 for splits in by_speaker.values())
    counts = {split: sum(split in own for own in by_speaker.values()) for split in ("train", "dev", "test")}
    assert counts == {"train": 5, "dev": 2, "test": 3}
    manifest(tmp_path, [{**row, "speaker": "one"} for row in rows])
    with pytest.raises(IngestError, match="split_by: recording"):
        list_recordings(tmp_path, FolderSettings())
    assert len(list_recordings(tmp_path, FolderSettings(split_by="recording")).recordings) == 30


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "start,end,label\n0,0.5,aa\n0.5,1.25,b c\n"),
        ("a.tsv", "label\tstart\tstop\naa\t0\t0.5\nb c\t0.5\t1.25\n"),
        ("a.phn", "0 8000 aa\n8000 20000 b_c\n"),
        ("a.lab", "signal x\n#\n0.5 100 aa\n1.25 100 b_c\n"),
        ("b.lab", "0 5000000 aa\n5000000 12500000 b_c\n"),
        ("a.txt", "0.0\t0.5\taa\n0.5\t1.25\tb c\n"),
    ],
)
def test_tables_of_labels(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    labels = read_labels(tmp_path / name, "phone", problems := Problems(), [])
    assert not problems
    assert [part.replace("_", " ") for part in labels.names] == ["aa", "b c"]
    np.testing.assert_allclose([labels.starts, labels.stops], [[0, 0.5], [0.5, 1.25]])


def test_a_pulse_wave_at_250_hz_with_frames_of_its_own(mini_corpus, tmp_path):
    """A signal that is not speech, frames of 1.6 s: through corpus, components and features."""
    section = {"sampling_rate": None, "frame_seconds": 1.6, "hop_seconds": 1.28, "values": ["age"]}
    path = tmp_path / "beats.h5"
    ingest_corpus(mini_corpus("pulse"), FolderSettings.parse(section), path, corpus="beats", seed=0)
    peaks = {"lower_hz": 0.4, "upper_hz": 40.0, "min_distance_hz": 1.0, "bandwidth_hz": 2.0, "window_ms": 1500.0}
    settings = DecompositionSettings.parse(
        {
            "method": "filter",
            "notch": {"enabled": False},
            "peaks": {**peaks, "overlap_ms": 500.0, "resolution_hz": 0.25},
        }
    )
    cache_path = tmp_path / "cache.h5"
    write_cache(path, "dev", cache_path, settings, seed=0, state_dir=tmp_path / "state")
    with Corpus(path) as corpus, DecompositionCache(cache_path) as cache:
        assert corpus.sampling_rate == 250 and cache.frame_length == 400
        assert np.diff(cache.offsets).tolist() == [(64 * 250 - 400) // 320 + 1] * 3
        names = corpus["dev"].class_names("rhythm")
        labels, overlap = corpus["dev"].frame_labels("rhythm", 0)
        # Episodes of 8 s: centres of frames 0 to 5 (0.8 to 7.2 s) lie in the first, with which window 5 ends.
        assert [names[code] for code in labels[:7]] == ["normal"] * 6 + ["fast"] and not overlap[5]
        centre = cache.quantity("sequence", "centre_hz")
        assert (centre[:, 0] < 5).all() and np.nanmax(centre) == pytest.approx(12, abs=4)
    write_features(cache_path, tmp_path / "features.h5", "waveform", FeatureSettings())
    assert FeatureFile(tmp_path / "features.h5").frame_length == 400


def listed(tmp_path, write_audio, text, **section):
    write_audio(tmp_path / "a.wav")
    (tmp_path / "manifest.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return list_recordings(tmp_path, FolderSettings.parse({"split_by": "recording", **section}))


def test_missing_values_of_r_and_blanks_are_no_classes(tmp_path, write_audio):
    text = "path,id,split,speaker,mood,age\n"
    text += "a.wav,1,train,s0 ,NA,NA\na.wav,2,dev,s0,a,41\na.wav,3,test, s0,none,\n"
    found = listed(tmp_path, write_audio, text, values=["age"]).recordings
    assert [one.factors["mood"] for one in found] == [None, "a", "none"]
    assert {one.factors["speaker"] for one in found} == {"s0"}
    np.testing.assert_array_equal([one.values["age"] for one in found], [np.nan, 41, np.nan])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_manifests_of_any_unicode_and_line_end(tmp_path, write_audio, encoding):
    text = 'path,split,Größe\r\na.wav,train,"groß, ""sehr"""\r\n'.encode(encoding)
    assert listed(tmp_path, write_audio, text).recordings[0].factors == {"Größe": 'groß, "sehr"'}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,split,vowel,labels:vowel\na.wav,train,a,b\n", "'vowel' and 'labels:vowel', which would both be 'vowel'"),
        ("path,split,speaker,Speaker \na.wav,train,a,b\n", "'speaker' and 'Speaker', which would both be"),
        ("path,split,path\na.wav,train,a\n", "'path' and 'path'"),
        ("path,split\na.wav,train,Allison\n", "line 2 has 3 cells, the head 2"),
        ("path,split,mood\na.wav,train,groß\n".encode("latin-1"), "line 2 is not UTF-8 text; save the file as UTF-8"),
        ("path;split\na.wav;train\n", "needs a column `path`"),
        ("path,split,a+b\na.wav,train,x\n", "names of factors have no `\\+`"),
    ],
)
def test_ambiguous_and_ragged_manifests_are_refused(tmp_path, write_audio, text, message):
    with pytest.raises(IngestError, match=message):
        listed(tmp_path, write_audio, text)


def test_any_text_is_the_name_of_a_factor_a_label_or_a_number(tmp_path, write_audio):
    names = ["HC/ALS", "a.b", "Größe (cm)", "50 %", ".", "%2F"]
    (tmp_path / "labels.csv").write_text("start,end,label\n0,1,a/b\n")
    rows = []
    for split in ("train", "dev", "test"):
        row = {"path": write_audio(tmp_path / f"{split}.wav").name, "split": split, "age/years": 4}
        rows.append({**row, "labels:x/y": "labels.csv", **dict.fromkeys(names, f"c/{split}")})
    manifest(tmp_path, rows)
    section = FolderSettings(values=("age/years",))
    ingest_corpus(tmp_path, section, tmp_path / "out.h5", corpus="mine", seed=0)
    with Corpus(tmp_path / "out.h5") as corpus:
        split = corpus["dev"]
        assert list(split.factors) == names and list(split.values) == ["age/years"]
        assert split.interval_names == ["x/y"] and split.class_names("x/y") == ["a/b"]
        assert split.class_names("HC/ALS") == ["c/dev", "c/test", "c/train"]
        assert set(split.frame_labels("x/y", 0)[0]) == {0}
        assert len(split.intervals("x/y", 0)[0]) == len(split.all_intervals("x/y")[0]) == 1


def test_the_index_of_a_data_frame_is_no_factor(tmp_path, write_audio):
    found = listed(tmp_path, write_audio, ",path,split,mood\n0,a.wav,train,x\n")
    assert found.recordings[0].factors == {"mood": "x"}


def test_ids_of_long_recordings_differ(tmp_path, write_audio):
    text = "path,split,start\na.wav,train,100000.1\na.wav,train,100000.2\na.wav,train,0.5\n"
    ids = [one.id for one in listed(tmp_path, write_audio, text).recordings]
    assert ids == ["a@100000.1", "a@100000.2", "a@0.5"]


def test_links_below_the_root_are_followed_and_nothing_else_leaves_it(tmp_path, write_audio):
    root = tmp_path / "corpus"
    root.mkdir()
    (root / "link").symlink_to(write_audio(tmp_path / "elsewhere" / "x.wav").parent)
    assert listed(root, write_audio, "path,split\nlink/x.wav,train\n").recordings[0].path.is_file()
    with pytest.raises(IngestError, match="lies outside the root"):
        listed(root, write_audio, "path,split\na.wav,train\n", manifest="../manifest.csv")
