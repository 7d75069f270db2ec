"""PCA, FastICA and raw features against scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA, FastICA

from decvae.artifacts import ArtifactError
from decvae.models.auto import load_model
from decvae.models.linear import LinearModel, fit


@pytest.fixture
def vectors():
    rng = np.random.default_rng(0)
    sources = rng.laplace(size=(3000, 4))
    return (sources @ rng.standard_normal((4, 8)) + 3 + 0.01 * rng.standard_normal((3000, 8))).astype(np.float32)


def test_pca_equals_scikit_learn(vectors):
    expected = PCA(3, random_state=0).fit(vectors.astype(np.float64)).transform(vectors)
    np.testing.assert_allclose(fit("pca", vectors, 3, 0).encode(vectors), expected, atol=1e-3)


def test_ica_equals_scikit_learn_and_has_unit_variance(vectors):
    estimator = FastICA(4, whiten="unit-variance", random_state=0, max_iter=1000, tol=1e-3)
    expected = estimator.fit_transform(vectors.astype(np.float64))
    found = fit("ica", vectors, 4, 0).encode(vectors)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_allclose(found.std(0), 1, atol=1e-3)


def test_raw_is_the_identity_on_any_shape(vectors):
    model = fit("raw", vectors, 3, 0)
    np.testing.assert_array_equal(model.encode(vectors.reshape(30, 100, 8)), vectors.reshape(30, 100, 8))


def test_round_trip_in_a_checkpoint_folder(vectors, tmp_path):
    model = fit("pca", vectors, 3, 0)
    model.save_pretrained(tmp_path / "epoch-0000")
    loaded = load_model(tmp_path / "epoch-0000")
    assert isinstance(loaded, LinearModel)
    np.testing.assert_array_equal(loaded.encode(vectors), model.encode(vectors))


def test_bad_settings_and_folders_are_named(vectors, tmp_path):
    with pytest.raises(ValueError, match="'lda' is not one of"):
        fit("lda", vectors, 3, 0)
    with pytest.raises(ValueError, match=r"linear.n_components \(9\) exceeds the 8 values"):
        fit("pca", vectors, 9, 0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArtifactError, match=r"empty has no config.json"):
        load_model(tmp_path / "empty")
