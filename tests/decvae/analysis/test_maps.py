"""Maps from the files of a study."""

import numpy as np

from decvae.analysis.embedding import Rows
from decvae.analysis.maps import class_labels, component_facts, map_inputs, map_latents, means_over_utterances
from decvae.corpora.store import Corpus
from decvae.evaluation.latents import LatentTable, write_latents
from decvae.features.store import FeatureFile
from decvae.settings.embeddings import EmbeddingSettings

OF_FEW = {"n_points": 60, "perplexity": 5.0, "sequence_perplexity": 3.0}
SETTINGS = EmbeddingSettings(**OF_FEW, views=("all", "levels"))


def test_inputs_are_mapped_by_frame_and_by_utterance_with_their_labels(study):
    splits = ["dev", "test"]
    files = ([study.features[split] for split in splits], [study.decompositions[split] for split in splits])
    table = map_inputs(*files, study.corpus, splits, ["Z", "S"], SETTINGS, label="mel inputs", seed=0)
    assert set(table["label"]) == {"mel inputs"} and set(table["branch"]) == {"Z", "S"}
    utterances = table[(table["branch"] == "S") & (table["view"] == "all")]
    assert len(utterances) == 20 and (utterances["frame"] == 0).all()
    with Corpus(study.corpus) as corpus:
        names = corpus["test"].class_names("speaker")
        expected = names[corpus["test"].factors["speaker"][3]]
    row = utterances[utterances["utterance"] == 10 + 3].iloc[0]
    assert row["factor_speaker"] == expected
    frames = table[(table["branch"] == "Z") & (table["view"] == "all")]
    assert len(frames) == 60 and frames["factor_vowel"].nunique() > 1


def test_components_have_facts_for_every_frame_and_every_sequence(study):
    features = FeatureFile(study.features["dev"])
    n_frames = sum(len(features.vectors(index)) for index in range(len(features)))
    for branch, n in (("Z", n_frames), ("S", 10)):
        present, centre_hz = component_facts([study.decompositions["dev"]] * 2, branch)
        assert present.shape == centre_hz.shape == (2 * n, 3)
        assert np.isnan(centre_hz[~present]).all() and np.isfinite(centre_hz[present]).all()


def test_latents_are_mapped_without_projections(study, tmp_path):
    latents = LatentTable(
        branch="S",
        subspaces=["X", "OC1", "OC2", "OCs_proj"],
        mu=np.random.default_rng(0).standard_normal((10, 4, 2)).astype(np.float32),
        logvar=None,
        features=None,
        utterance=np.arange(10),
        frame=np.zeros(10, int),
        overlap=np.zeros(10, bool),
        factors={"speaker": np.array([0, 1] * 4 + [-1, 0])},
        class_names={"speaker": ["f", "m"]},
    )
    write_latents(tmp_path / "latents.h5", [latents], {"run": "r", "checkpoint": "best"})
    files = [tmp_path / "latents.h5"], [study.decompositions["dev"]]
    origin = {"run": "r", "label": "a run", "checkpoint": "best"}
    settings = EmbeddingSettings(**OF_FEW, views=("levels",))
    table = map_latents(*files, ["S"], settings, seed=0, **origin)
    assert set(table["level"]) <= {"X", "OC1", "OC2"} and {*table["checkpoint"], *table["run"]} == {"best", "r"}
    x = table[table["level"] == "X"]
    assert x["factor_speaker"].tolist() == ["f", "m"] * 4 + ["", "f"]


def test_rows_of_an_utterance_become_their_mean():
    frames = Rows(
        levels=np.array([[[1.0], [5.0]], [[3.0], [7.0]], [[10.0], [0.0]]]),
        utterance=np.array([0, 0, 1]),
        frame=np.array([0, 1, 0]),
        factors={"vowel": np.array(["a", "i", "u"]), "speaker": np.array(["x", "x", "y"])},
        present=np.array([[True], [False], [False]]),
        centre_hz=np.array([[100.0], [np.nan], [np.nan]]),
    )
    means = means_over_utterances(frames, ["speaker"])
    assert means.levels[:, :, 0].tolist() == [[2.0, 6.0], [10.0, 0.0]] and means.frame.tolist() == [0, 0]
    assert means.factors.keys() == {"speaker"} and means.factors["speaker"].tolist() == ["x", "y"]
    assert means.present.ravel().tolist() == [True, False]
    np.testing.assert_array_equal(means.centre_hz.ravel(), [100.0, np.nan])


def test_no_label_is_an_empty_name():
    assert class_labels(["a", "b"], np.array([1, -1, 0])).tolist() == ["b", "", "a"]
