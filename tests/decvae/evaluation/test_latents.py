"""The latent table and its file."""

import numpy as np
import pytest

from decvae.evaluation.latents import LatentTable, read_latents, write_latents


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
    )


def test_round_trip(table, tmp_path):
    path = tmp_path / "latents.h5"
    write_latents(path, [table], {"run": "r", "checkpoint": "best", "provenance": {"seed": 0}})
    found = read_latents([path])["Z"]
    for name in ("mu", "features", "utterance", "frame", "overlap"):
        np.testing.assert_array_equal(getattr(found, name), getattr(table, name))
    np.testing.assert_array_equal(found.factors["vowel"], table.factors["vowel"])
    assert (found.subspaces, found.class_names, found.logvar) == (table.subspaces, table.class_names, None)


def test_select_restricts_every_column(table):
    part = table.select(table.overlap)
    assert len(part) == 2
    assert part.factors["vowel"].tolist() == [1, 1]
    assert part.utterance.tolist() == [0, 1]
    np.testing.assert_array_equal(part.features, table.features[[1, 4]])
