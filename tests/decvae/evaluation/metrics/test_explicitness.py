import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.explicitness import compute_explicitness


def parts(noise, seed=0, n_samples=600):
    rng = np.random.default_rng(seed)
    y = np.stack([rng.integers(4, size=n_samples), rng.integers(2, size=n_samples)], axis=1)
    z = np.concatenate([np.eye(4)[y[:, 0]], y[:, 1:]], axis=1) + noise * rng.normal(size=(n_samples, 5))
    return z[:450], y[:450], z[450:], y[450:]


def test_linearly_separable_factors_are_explicit():
    scores = compute_explicitness(TrainTest(*parts(0.05)))
    assert scores.explicitness == pytest.approx(1)
    assert scores.converged == 1


def test_it_is_the_rescaled_macro_auc_of_scikit_learn():
    z_train, y_train, z_test, y_test = parts(0.8)
    mean, std = z_train.mean(axis=0), z_train.std(axis=0)
    areas = []
    for k in range(2):
        model = LogisticRegression(tol=1e-8, max_iter=10_000).fit((z_train - mean) / std, y_train[:, k])
        probability = model.predict_proba((z_test - mean) / std)
        score = probability if k == 0 else probability[:, 1]
        areas.append(roc_auc_score(y_test[:, k], score, multi_class="ovr"))
    expected = (np.mean(areas) - 0.5) / 0.5
    assert compute_explicitness(TrainTest(z_train, y_train, z_test, y_test)).explicitness == pytest.approx(expected)


def test_noise_is_not_explicit():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=(3000, 1))
    z = rng.normal(size=(3000, 4))
    assert abs(compute_explicitness(TrainTest(z[:2000], y[:2000], z[2000:], y[2000:])).explicitness) < 0.1


def test_unseen_test_class_scores_chance():
    z_train, y_train, z_test, y_test = parts(0.05)
    known = y_train[:, 0] != 3
    scores = compute_explicitness(TrainTest(z_train[known], y_train[known, :1], z_test, y_test[:, :1]))
    # Three classes separate perfectly from each other and from the unseen one but for its own score of 1/2.
    assert 0.5 < scores.explicitness <= (3.5 / 4 - 0.5) / 0.5 + 1e-9


def test_part_with_one_class_is_undefined():
    z_train, y_train, z_test, y_test = parts(0.05)
    one = y_test[:, 1] == 0
    scores = compute_explicitness(TrainTest(z_train, y_train[:, 1:], z_test[one], y_test[one, 1:]))
    assert scores.explicitness is None and scores.converged == 1


def test_constant_codes_change_nothing_and_nan_is_named():
    z_train, y_train, z_test, y_test = parts(0.8)
    padded = compute_explicitness(
        TrainTest(np.insert(z_train, 2, 1.0, axis=1), y_train, np.insert(z_test, 2, 1.0, axis=1), y_test)
    )
    assert padded.explicitness == compute_explicitness(TrainTest(z_train, y_train, z_test, y_test)).explicitness
    z_test[5, 1] = np.nan
    with pytest.raises(ValueError, match=r"z_test holds NaN or infinite values in code\(s\) \[1\]"):
        compute_explicitness(TrainTest(z_train, y_train, z_test, y_test))
