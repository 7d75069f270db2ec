"""What a corpus has, from its kind or the head of its manifest."""

import pandas as pd
import pytest

from decvae.corpora.factors import factors_of, kept_factors, unknown_groups, unknown_names
from decvae.corpora.recordings import IngestError
from decvae.settings.corpora import FolderSettings, IemocapSettings, SimVowelsSettings, TimitSettings, VocAlsSettings

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


def test_names_that_nobody_has_are_refused_with_the_nearest(tmp_path):
    (tmp_path / "manifest.csv").write_text("path,split,speaker,mood,age\n")
    section = FolderSettings.parse(
        {
            "root": str(tmp_path),
            "content": "moood",
            "factors": ["mood", "spekaer", "age"],
            "values": ["age"],
            "controlled_sets": {"all": {"factors": ["mood", "speakr"], "classes": {"modd": ["a"]}}},
        }
    )
    found = "\n".join(unknown_names("mine", section))
    assert found.count("which is no factor or label of it") == 4
    assert "`corpora.mine.factors` has 'spekaer', which is no factor or label of it. Did you mean `speaker`?" in found
    assert "`corpora.mine.content` has 'moood', which is no factor or label of it. Did you mean `mood`?" in found
    assert "`corpora.mine.controlled_sets.all.classes` has 'modd'" in found
    corpora = {"mine": section, "simulated": SimVowelsSettings()}
    groups = {"mod": "speaker", "vowel": "leave_one_speker_out", "mood": "utterance"}
    first, second = unknown_groups(corpora, groups)
    assert first.startswith("`evaluation.groups` has 'mod', which is no factor of a corpus. Did you mean `mood`?")
    assert "'speker' is no factor of a corpus. Did you mean `speaker`?" in second
    assert not list(unknown_groups({**corpora, "absent": FolderSettings()}, groups))


@pytest.mark.parametrize("settings", [SimVowelsSettings(), VocAlsSettings(), TimitSettings(), IemocapSettings()])
def test_defaults_name_what_there_is(settings):
    assert not list(unknown_names("own", settings))
