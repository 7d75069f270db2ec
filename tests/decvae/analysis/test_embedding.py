"""Embeddings: known neighbourhoods survive, the same seed gives the same map, and bad input is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import manifold
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from decvae.analysis.embedding import COLUMNS, Rows, embed, embedding_table, trustworthiness
from decvae.settings.embeddings import EmbeddingSettings

QUICK = EmbeddingSettings(n_points=240, perplexity=15.0, n_neighbors=15, views=("all", "levels"))


def blobs(n_per_class: int = 50, n_classes: int = 4, width: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian clouds far apart: the neighbours of a point are of its class."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(n_classes), n_per_class)
    return rng.normal(size=(n_classes, width))[classes] * 10 + rng.normal(size=(len(classes), width)), classes


def neighbour_purity(coordinates: np.ndarray, classes: np.ndarray) -> float:
    """Share of the five nearest neighbours that are of a point's own class."""
    neighbours = NearestNeighbors(n_neighbors=6).fit(coordinates).kneighbors(return_distance=False)
    return float(np.mean(classes[neighbours] == classes[:, None]))


@pytest.mark.parametrize("width", [12, 80], ids=["as is", "PCA first"])
def test_tsne_keeps_separated_blobs_apart(width):
    points, classes = blobs(width=width)
    coordinates = embed(points, QUICK, seed=1)
    assert coordinates.shape == (200, 2)
    assert neighbour_purity(coordinates, classes) > 0.98
    assert trustworthiness(points, coordinates, "cosine") > 0.9


def test_umap_keeps_separated_blobs_apart_and_repeats():
    points, classes = blobs()
    settings = EmbeddingSettings(method="umap", n_neighbors=15)
    coordinates = embed(points, settings, seed=1)
    assert neighbour_purity(coordinates, classes) > 0.98
    assert trustworthiness(points, coordinates, "cosine") > 0.9
    np.testing.assert_array_equal(coordinates, embed(points, settings, seed=1))


def test_tsne_is_deterministic():
    points, _ = blobs(n_per_class=20)
    np.testing.assert_array_equal(embed(points, QUICK, seed=1), embed(points, QUICK, seed=1))


def test_scale_of_a_dimension_does_not_matter():
    points, _ = blobs(n_per_class=20)
    np.testing.assert_allclose(
        embed(points * 2.0 ** np.arange(12), QUICK, seed=1), embed(points, QUICK, seed=1), atol=1e-3
    )


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_equal_points_are_one_place(method, caplog):
    found = embed(np.full((50, 5), 3.0), EmbeddingSettings(method=method, perplexity=5.0), n_dims=3)
    assert found.shape == (50, 3) and not found.any()
    assert "all 50 points are equal" in caplog.text


def test_six_points_are_judged_by_as_many_neighbours_as_there_can_be():
    points = np.random.default_rng(0).standard_normal((6, 3))
    expected = manifold.trustworthiness(
        StandardScaler().fit_transform(points), points[:, :2], n_neighbors=2, metric="cosine"
    )
    assert trustworthiness(points, points[:, :2], "cosine") == pytest.approx(expected)


def test_trustworthiness_is_that_of_the_standardised_points():
    points, _ = blobs(n_per_class=20)
    shuffled = np.random.default_rng(0).permutation(points[:, :2])
    expected = manifold.trustworthiness(
        StandardScaler().fit_transform(points), shuffled, n_neighbors=12, metric="cosine"
    )
    assert trustworthiness(points, shuffled, "cosine") == pytest.approx(expected)
    assert trustworthiness(points, shuffled, "cosine") < 0.7
    plane = StandardScaler().fit_transform(points[:, :2])
    assert trustworthiness(points[:, :2], plane, "euclidean") == 1


def test_bad_points_are_refused():
    points, _ = blobs(n_per_class=10)
    points[7, 3] = np.nan
    with pytest.raises(ValueError, match=r"1 points have NaN or infinite values, the first is point 7"):
        embed(points, QUICK, seed=1)
    with pytest.raises(ValueError, match=r"12 points are too few for perplexity 15"):
        embed(blobs(n_per_class=3)[0], QUICK)
    with pytest.raises(ValueError, match="n_neighbors 15"):
        embed(blobs(n_per_class=3)[0], EmbeddingSettings(method="umap", n_neighbors=15))
    with pytest.raises(ValueError, match=r"\(n, d\) array"):
        embed(np.zeros(5), QUICK)


@pytest.mark.parametrize(
    ("field", "value"), [("method", "pca"), ("n_points", 2), ("perplexity", 0), ("n_neighbors", 1), ("min_dist", -0.1)]
)
def test_settings_name_the_wrong_field(field, value):
    with pytest.raises(ValueError, match=field):
        EmbeddingSettings(**{field: value})


def frames(n: int = 60) -> dict:
    """Frames of four levels that differ by an offset alone, so that they only part if standardised together."""
    cloud, classes = blobs(n_per_class=n // 4, width=6)
    rng = np.random.default_rng(5)
    offsets = 40.0 * np.eye(6)[:4]
    return {
        "levels": cloud[:, None] * 0.1 + offsets + rng.normal(size=(n, 4, 6)) * 0.1,
        "utterance": np.arange(n) // 10,
        "frame": np.arange(n) % 10,
        "factors": {
            "vowel": np.array(["a", "e", "I", "u"])[classes],
            "speaker": (np.arange(n) // 10).astype(str),
        },
        "present": np.arange(3) < np.where(np.arange(n) % 5 == 0, 2, 3)[:, None],
        "centre_hz": np.array([300.0, 900.0, 2200.0]) + np.arange(n)[:, None],
    }


def test_table_has_both_views_with_their_labels():
    data = frames()
    table = embedding_table(Rows(**data), QUICK, run="r", label="β-DecVAE", checkpoint="best")
    assert list(table.columns) == [*COLUMNS, "factor_vowel", "factor_speaker"]
    together, stacked = table[table["view"] == "all"], table[table["view"] == "levels"]
    assert len(together) == 60 and set(together["level"]) == {"all"} and together["centre_hz"].isna().all()
    # Every fifth frame lacks OC3.
    assert stacked["level"].value_counts().to_dict() == {"X": 60, "OC1": 60, "OC2": 60, "OC3": 48}
    assert stacked.loc[stacked["level"] == "X", "centre_hz"].isna().all()
    source = stacked["utterance"] * 10 + stacked["frame"]
    third = stacked["level"] == "OC3"
    np.testing.assert_allclose(stacked.loc[third, "centre_hz"], 2200 + source[third])
    np.testing.assert_array_equal(stacked["factor_vowel"], data["factors"]["vowel"][source])
    np.testing.assert_array_equal(stacked["factor_speaker"], data["factors"]["speaker"][source])
    assert set(table["run"]) == {"r"} and set(table["branch"]) == {"Z"} and set(table["method"]) == {"tsne"}
    assert table.groupby("view")["trustworthiness"].nunique().eq(1).all()
    assert table["trustworthiness"].between(0.8, 1).all()


def test_levels_are_standardised_together():
    table = embedding_table(Rows(**frames()), QUICK)
    stacked = table[table["view"] == "levels"]
    assert neighbour_purity(stacked[["dim1", "dim2"]].to_numpy(), stacked["level"].to_numpy()) > 0.98


def test_concatenated_view_separates_the_vowels():
    table = embedding_table(Rows(**frames()), QUICK)
    together = table[table["view"] == "all"]
    assert neighbour_purity(together[["dim1", "dim2"]].to_numpy(), together["factor_vowel"].to_numpy()) > 0.9


def test_points_are_thinned_by_a_seeded_draw():
    data = frames(120)
    data["present"][:] = True

    def drawn(seed: int) -> set:
        settings = EmbeddingSettings(n_points=80, perplexity=10.0, views=("all", "levels"))
        table = embedding_table(Rows(**data), settings, seed=seed)
        assert table["view"].value_counts().to_dict() == {"all": 80, "levels": 80}
        assert not table.duplicated(["view", "level", "utterance", "frame"]).any()
        together = table[table["view"] == "all"]
        return set(zip(together["utterance"], together["frame"], strict=True))

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


def test_a_model_without_components_has_one_level():
    data = frames()
    data |= {"levels": data["levels"][:, :1], "present": data["present"][:, :0], "centre_hz": data["centre_hz"][:, :0]}
    table = embedding_table(Rows(**data | {"factors": {}}), QUICK, branch="S")
    assert table[table["view"] == "levels"]["level"].eq("X").all()
    assert list(table.columns) == COLUMNS and table["branch"].eq("S").all()


def test_table_refuses_arrays_that_do_not_fit():
    data = frames()
    for name, cut in [("centre_hz", np.s_[:, :2]), ("present", np.s_[:, :1])]:
        with pytest.raises(ValueError, match=rf"{name} must have shape"):
            Rows(**{**data, name: data[name][cut]})
    with pytest.raises(ValueError, match="vowel must have shape"):
        Rows(**{**data, "factors": {"vowel": data["factors"]["vowel"][:-1]}})
    with pytest.raises(ValueError, match=r"levels must have shape \(n, C \+ 1, D\), found \(60, 6\)"):
        Rows(**{**data, "levels": data["levels"][:, 0]})
    data["levels"][3, 1, 2] = np.inf
    with pytest.raises(ValueError, match="NaN or infinite"):
        embedding_table(Rows(**data), QUICK)
