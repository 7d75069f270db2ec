"""PCA, FastICA, kernel PCA and raw features against scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA, FastICA, KernelPCA

from decvae.artifacts import ArtifactError
from decvae.models import fitted
from decvae.models.auto import load_model
from decvae.models.fitted import KernelPCAModel, LinearModel, fit_kernel_pca, fit_linear


@pytest.fixture
def vectors():
    rng = np.random.default_rng(0)
    sources = rng.laplace(size=(3000, 4))
    return (sources @ rng.standard_normal((4, 8)) + 3 + 0.01 * rng.standard_normal((3000, 8))).astype(np.float32)


def test_pca_equals_scikit_learn(vectors):
    expected = PCA(3, random_state=0).fit(vectors.astype(np.float64)).transform(vectors)
    np.testing.assert_allclose(fit_linear("pca", vectors, 3, 0).encode(vectors), expected, atol=1e-3)


def test_ica_equals_scikit_learn_and_has_unit_variance(vectors):
    estimator = FastICA(4, whiten="unit-variance", random_state=0, max_iter=1000, tol=1e-3)
    expected = estimator.fit_transform(vectors.astype(np.float64))
    found = fit_linear("ica", vectors, 4, 0).encode(vectors)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_allclose(found.std(0), 1, atol=1e-3)


def test_raw_is_the_identity_on_any_shape(vectors):
    model = fit_linear("raw", vectors, 3, 0)
    np.testing.assert_array_equal(model.encode(vectors.reshape(30, 100, 8)), vectors.reshape(30, 100, 8))


def test_round_trip_in_a_checkpoint_folder(vectors, tmp_path):
    model = fit_linear("pca", vectors, 3, 0)
    model.save_pretrained(tmp_path / "epoch-0000")
    loaded = load_model(tmp_path / "epoch-0000")
    assert isinstance(loaded, LinearModel)
    np.testing.assert_array_equal(loaded.encode(vectors), model.encode(vectors))


def test_bad_settings_and_folders_are_named(vectors, tmp_path):
    with pytest.raises(ValueError, match="'lda' is not one of"):
        fit_linear("lda", vectors, 3, 0)
    with pytest.raises(ValueError, match=r"linear.n_components \(9\) exceeds the 8 values"):
        fit_linear("pca", vectors, 9, 0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArtifactError, match=r"empty has no config.json"):
        load_model(tmp_path / "empty")


# ---- Kernel PCA ----


@pytest.fixture
def frames():
    return np.random.default_rng(0).standard_normal((300, 6)).astype(np.float32) + 2


def test_latents_of_kernel_pca_equal_scikit_learn(frames, monkeypatch):
    monkeypatch.setattr(fitted, "ROWS", 70)
    expected = KernelPCA(4, kernel="rbf", gamma=0.05, random_state=0).fit(frames.astype(np.float64))
    model = fit_kernel_pca(frames, 4, 0, n_landmarks=1000, gamma=0.05)
    new = np.random.default_rng(1).standard_normal((40, 5, 6)).astype(np.float32)
    np.testing.assert_allclose(model.encode(new), expected.transform(new.reshape(-1, 6)).reshape(40, 5, 4), atol=1e-5)


def test_a_wide_kernel_is_pca(frames):
    """1 - exp(-gamma r^2) ~ gamma r^2, so that axes are those of PCA, scaled by sqrt(2 gamma)."""
    gamma = 1e-5
    found = fit_kernel_pca(frames, 2, 0, n_landmarks=1000, gamma=gamma).encode(frames) / np.sqrt(2 * gamma)
    np.testing.assert_allclose(np.abs(found), np.abs(PCA(2).fit_transform(frames.astype(np.float64))), atol=5e-3)


def test_landmarks_and_width_are_chosen(frames):
    model = fit_kernel_pca(frames, 3, 0, n_landmarks=50)
    assert model.landmarks.shape == (50, 6)
    assert model.gamma == pytest.approx(1 / (6 * model.landmarks.astype(np.float64).var()))
    assert not np.array_equal(model.landmarks, fit_kernel_pca(frames, 3, 1, n_landmarks=50).landmarks)


def test_round_trip_of_kernel_pca_in_a_checkpoint_folder(frames, tmp_path):
    model = fit_kernel_pca(frames, 3, 0, n_landmarks=50)
    model.save_pretrained(tmp_path / "epoch-0000")
    loaded = load_model(tmp_path / "epoch-0000")
    assert isinstance(loaded, KernelPCAModel)
    np.testing.assert_array_equal(loaded.encode(frames), model.encode(frames))


def test_more_axes_than_there_are_is_refused(frames):
    with pytest.raises(ValueError, match=r"linear.n_components \(9\) exceeds the 4 axes of 5 frames"):
        fit_kernel_pca(frames, 9, 0, n_landmarks=5)
