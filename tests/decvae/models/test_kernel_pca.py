"""Kernel PCA against scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA, KernelPCA

from decvae.models import kernel_pca
from decvae.models.auto import load_model
from decvae.models.kernel_pca import KernelPCAModel, fit_kernel_pca


@pytest.fixture
def vectors():
    return np.random.default_rng(0).standard_normal((300, 6)).astype(np.float32) + 2


def test_latents_equal_scikit_learn(vectors, monkeypatch):
    monkeypatch.setattr(kernel_pca, "ROWS", 70)
    expected = KernelPCA(4, kernel="rbf", gamma=0.05, random_state=0).fit(vectors.astype(np.float64))
    model = fit_kernel_pca(vectors, 4, 0, n_landmarks=1000, gamma=0.05)
    new = np.random.default_rng(1).standard_normal((40, 5, 6)).astype(np.float32)
    np.testing.assert_allclose(model.encode(new), expected.transform(new.reshape(-1, 6)).reshape(40, 5, 4), atol=1e-5)


def test_a_wide_kernel_is_pca(vectors):
    """1 - exp(-gamma r^2) ~ gamma r^2, so that axes are those of PCA, scaled by sqrt(2 gamma)."""
    gamma = 1e-5
    found = fit_kernel_pca(vectors, 2, 0, n_landmarks=1000, gamma=gamma).encode(vectors) / np.sqrt(2 * gamma)
    np.testing.assert_allclose(np.abs(found), np.abs(PCA(2).fit_transform(vectors.astype(np.float64))), atol=5e-3)


def test_frames_and_width_are_chosen(vectors):
    model = fit_kernel_pca(vectors, 3, 0, n_landmarks=50)
    assert model.landmarks.shape == (50, 6)
    assert model.gamma == pytest.approx(1 / (6 * model.landmarks.astype(np.float64).var()))
    assert not np.array_equal(model.landmarks, fit_kernel_pca(vectors, 3, 1, n_landmarks=50).landmarks)


def test_round_trip_in_a_checkpoint_folder(vectors, tmp_path):
    model = fit_kernel_pca(vectors, 3, 0, n_landmarks=50)
    model.save_pretrained(tmp_path / "epoch-0000")
    loaded = load_model(tmp_path / "epoch-0000")
    assert isinstance(loaded, KernelPCAModel)
    np.testing.assert_array_equal(loaded.encode(vectors), model.encode(vectors))


def test_more_axes_than_there_are_is_refused(vectors):
    with pytest.raises(ValueError, match=r"linear.n_components \(9\) exceeds the 4 axes of 5 frames"):
        fit_kernel_pca(vectors, 9, 0, n_landmarks=5)
