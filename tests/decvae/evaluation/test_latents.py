"""The latent table and its file."""

import h5py
import numpy as np
import pytest

from decvae.artifacts import ArtifactError
from decvae.evaluation.latents import LatentTable, balanced_rows, joined, read_latents, write_latents


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return LatentTable(
        branch="Z",
        subspaces=["X", "OC1", "OC2"],
        mu=rng.standard_normal((6, 3, 2)).astype(np.float32),
        logvar=None,
        features=rng.standard_normal((6, 3, 4)).astype(np.float32),
        utterance=np.array([0, 0, 0, 1, 1, 1]),
        frame=np.array([0, 1, 2, 0, 1, 2]),
        overlap=np.array([False, True, False] * 2),
        factors={"vowel": np.array([0, 1, 2, 2, 1, 0])},
        class_names={"vowel": ["a", "e", "I"]},
        present=np.array([[True, False], [True, True]] * 3),
    )


def test_round_trip(table, tmp_path):
    path = tmp_path / "latents.h5"
    table.split_by = "patient"
    write_latents(path, [table], {"run": "r", "checkpoint": "best", "provenance": {"seed": 0}})
    found = read_latents([path])["Z"]
    assert found.split_by == "patient"
    for name in ("mu", "features", "present", "utterance", "frame", "overlap"):
        np.testing.assert_array_equal(getattr(found, name), getattr(table, name))
    np.testing.assert_array_equal(found.factors["vowel"], table.factors["vowel"])
    assert (found.subspaces, found.class_names, found.logvar) == (table.subspaces, table.class_names, None)


def test_any_text_is_the_name_of_a_factor(table, tmp_path):
    table.factors["HC/ALS"], table.class_names["HC/ALS"] = table.factors["vowel"], ["a/b", "c", "d"]
    write_latents(tmp_path / "latents.h5", [table], {"run": "r", "checkpoint": "best"})
    found = read_latents([tmp_path / "latents.h5"])["Z"]
    assert list(found.factors) == ["vowel", "HC/ALS"] and found.class_names["HC/ALS"] == ["a/b", "c", "d"]


def test_select_restricts_every_column(table):
    part = table.select(table.overlap)
    assert len(part) == 2
    assert part.factors["vowel"].tolist() == [1, 1]
    assert part.utterance.tolist() == [0, 1] and part.present.tolist() == [[True, True], [True, False]]
    np.testing.assert_array_equal(part.features, table.features[[1, 4]])


def test_pooled_rows_know_their_file(table, tmp_path):
    paths = [tmp_path / "dev.h5", tmp_path / "test.h5"]
    for path in paths:
        write_latents(path, [table], {"run": "r", "checkpoint": "best"})
    pooled = read_latents(paths)["Z"]
    assert pooled.split.tolist() == [0] * 6 + [1] * 6 and pooled.present.shape == (12, 2)
    assert pooled.select(pooled.frame == 2).split.tolist() == [0, 0, 1, 1]


def test_a_file_of_another_version_is_refused(table, tmp_path):
    path = tmp_path / "latents.h5"
    write_latents(path, [table], {"run": "r", "checkpoint": "best"})
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 1
    with pytest.raises(ArtifactError, match="has format version 1, needed is 2"):
        read_latents([path])


def test_frames_stand_beside_their_utterance(table):
    sequences = LatentTable(
        branch="S",
        subspaces=["X", "OC1", "OC2", "OC3"],
        mu=np.arange(12, dtype=np.float32).reshape(1, 4, 3) + 100,
        logvar=None,
        features=None,
        utterance=np.array([1]),
        frame=np.array([0]),
        overlap=np.array([False]),
    )
    both = joined(table, sequences)
    assert both.branch == "Z+S" and both.subspaces == ["X", "OC1", "OC2", "OC3"]
    assert both.utterance.tolist() == [1, 1, 1] and both.factors["vowel"].tolist() == [2, 1, 0]
    np.testing.assert_array_equal(both.mu[:, :3, :2], table.mu[3:])
    np.testing.assert_array_equal(both.mu[:, 3, :2], 0)  # Z has no OC3
    np.testing.assert_array_equal(both.mu[:, :, 2:], np.repeat(sequences.mu, 3, axis=0))
    with pytest.raises(ValueError, match="no utterance in common"):
        joined(table.select(table.utterance == 0), sequences)


def test_draw_takes_as_many_rows_of_every_utterance_as_it_can():
    utterance = np.repeat([4, 2, 9], [100, 5, 40])
    rows = balanced_rows(utterance, 45, seed=0)
    assert np.array_equal(rows, np.unique(rows))
    assert {u: int(np.sum(utterance[rows] == u)) for u in (4, 2, 9)} == {4: 20, 2: 5, 9: 20}
    assert np.array_equal(rows, balanced_rows(utterance, 45, seed=0))
    assert not np.array_equal(rows, balanced_rows(utterance, 45, seed=1))
    assert np.array_equal(balanced_rows(utterance, 145, seed=0), np.arange(145))
