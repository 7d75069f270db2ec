"""What a corpus has, from its kind or the head of its manifest."""

import pandas as pd
import pytest

from decvae.corpora.factors import factors_of, kept_factors
from decvae.corpora.recordings import IngestError
from decvae.settings.corpora import FolderSettings, SimVowelsSettings, VocAlsSettings

COLUMNS = ["path", "age", "split", "mood", "labels:phone", "HC/ALS"]


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.tsv", "manifest.parquet"])
def test_labels_come_first_and_numbers_and_paths_are_none(tmp_path, name):
    table = pd.DataFrame([["a.wav", "3", "train", "x", "a.csv", "y"]], columns=COLUMNS)
    if name.endswith("parquet"):
        table.to_parquet(tmp_path / name)
    else:
        table.to_csv(tmp_path / name, sep="\t" if name.endswith("tsv") else ",", index=False, encoding="utf-8-sig")
    section = FolderSettings(root=str(tmp_path), manifest=name, values=("age",))
    assert factors_of(section) == ["phone", "mood", "HC/ALS"]
    assert kept_factors(section.replace(factors=("mood",))) == ["mood"]


def test_kinds_have_their_factors():
    assert kept_factors(SimVowelsSettings()) == ["vowel", "speaker"]
    assert kept_factors(VocAlsSettings()) == ["phoneme", "speaker", "king_stage", "disease_duration", "group"]


def test_a_manifest_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(IngestError, match=r"manifest .*manifest\.csv cannot be read"):
        factors_of(FolderSettings(root=str(tmp_path)))
    (tmp_path / "manifest.csv").write_text("file\n")
    with pytest.raises(IngestError, match="needs a column `path`"):
        factors_of(FolderSettings(root=str(tmp_path)))
