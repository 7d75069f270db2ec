"""Reading VOC-ALS: the table, its bins, patients on one side of every split."""

import re
import shutil
import zipfile
from collections import defaultdict

import pytest
from openpyxl import load_workbook

from decvae.corpora.ingest import ingest_corpus
from decvae.corpora.store import Corpus
from decvae.corpora.voc_als import ALSFRS_TOTAL, CANTAGALLO, DURATION_YEARS, in_bin, list_recordings
from decvae.settings.corpora import VocAlsSettings


@pytest.mark.parametrize(
    ("bins", "cases"),
    [
        (DURATION_YEARS, {0: 0, 1: 0, 1.01: 1, 5: 1, 10: 2, 20: 3, 21: 4}),
        (ALSFRS_TOTAL, {0: 0, 6: 0, 7: 1, 42: 6, 43: 7, 48: 7}),
        (CANTAGALLO, {7: 0, 8: 1, 70: 2, 134: 3, 135: 4}),
    ],
)
def test_bins_are_right_closed_as_published(bins, cases):
    order = list(bins.values())
    assert {value: order.index(in_bin(value, bins)) for value in cases} == cases


def test_values_outside_every_bin_are_refused():
    with pytest.raises(ValueError, match="49 is outside 0 to 48"):
        in_bin(49, ALSFRS_TOTAL)


def test_the_factors_of_people_and_tasks(voc_als_tree):
    listing = list_recordings(voc_als_tree, VocAlsSettings(), seed=3)
    assert not listing.problems and len(listing.recordings) == 160
    found = {one.id: one for one in listing.recordings}
    assert found["PZ001_rhythmKA"].factors == {
        "phoneme": "KA",
        "speaker": "PZ001",
        "group": "ALS",
        "king_stage": "4A",
        "alsfrs_speech": "3",
        "disease_duration": "1-5",
        "alsfrs_total": "37-42",
        "cantagallo": "36-70",
    }
    assert found["CT001_phonationA"].factors["king_stage"] == "control"


def test_nobody_is_in_two_splits_and_the_draw_is_seeded(voc_als_tree):
    splits = defaultdict(set)
    for one in list_recordings(voc_als_tree, VocAlsSettings(dev_share=0.2, test_share=0.2), seed=3).recordings:
        splits[one.factors["speaker"]].add(one.split)
    assert all(len(own) == 1 for own in splits.values())
    groups = [name[:2] for name, own in splits.items() if own == {"test"}]
    assert len(groups) == 4 and 1 <= groups.count("CT") <= 3
    again, other = (
        {
            one.id: one.split
            for one in list_recordings(voc_als_tree, VocAlsSettings(dev_share=0.2, test_share=0.2), seed).recordings
        }
        for seed in (3, 4)
    )
    assert {splits_of: again[f"{splits_of}_rhythmKA"] for splits_of in splits} == {
        name: next(iter(own)) for name, own in splits.items()
    }
    assert again != other


def test_the_first_second_is_skipped_and_8_khz_becomes_16(voc_als_tree, tmp_path):
    section = {"skip_seconds": 1.0, "min_seconds": 1.0, "max_seconds": 6.0}
    ingest_corpus(voc_als_tree, VocAlsSettings.parse(section), tmp_path / "voc.h5", corpus="voc_als", seed=0)
    with Corpus(tmp_path / "voc.h5") as corpus:
        assert corpus.sampling_rate == 16000
        assert set(corpus["train"].lengths().tolist()) == {17600}
        assert list(corpus["train"].factors) == ["phoneme", "speaker", "group", "king_stage", "disease_duration"]
        assert "below 16000 Hz" in corpus.provenance["notes"][0]


def test_missing_files_and_people_are_problems(voc_als_tree):
    (voc_als_tree / "rhythmKA/PZ001_rhythmKA.wav").rename(voc_als_tree / "rhythmKA/PZ999_rhythmKA.wav")
    (voc_als_tree / "rhythmPA").rename(voc_als_tree / "elsewhere")
    counts = list_recordings(voc_als_tree, VocAlsSettings()).problems.counts
    assert counts == {"missing file": 1, "missing label": 1, "half a tree": 1}
    (voc_als_tree / "VOC-ALS.xlsx").write_bytes(b"damaged")
    assert list_recordings(voc_als_tree, VocAlsSettings()).problems.counts["no labels"] == 1


def test_a_person_in_two_rows_is_a_problem(voc_als_tree):
    book = load_workbook(voc_als_tree / "VOC-ALS.xlsx")
    book.active.append(["PZ001", "ALS", 12, 1, 20, "4B", 60, 130])
    book.save(voc_als_tree / "VOC-ALS.xlsx")
    listing = list_recordings(voc_als_tree, VocAlsSettings())
    assert listing.problems.counts == {"repeated id": 1}
    assert {one.factors["king_stage"] for one in listing.recordings if one.factors["speaker"] == "PZ001"} == {"4A"}


def test_a_sheet_whose_declared_size_is_wrong_is_read_whole(mini_corpus, tmp_path):
    """As some programs write it: the sheet says that it has one cell."""
    root = mini_corpus("voc_als")
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    (table,) = copy.rglob("*.xlsx")
    parts = {}
    with zipfile.ZipFile(table) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    (sheet,) = (name for name in parts if name.startswith("xl/worksheets/") and name.endswith(".xml"))
    parts[sheet], count = re.subn(rb'<dimension ref="[^"]+"', b'<dimension ref="A1"', parts[sheet])
    assert count == 1
    with zipfile.ZipFile(table, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    found = [list_recordings(place, VocAlsSettings()).recordings for place in (root, copy)]
    assert [one.factors for one in found[0]] == [one.factors for one in found[1]] and found[0]
