import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import decvae.evaluation.classification as classification
import decvae.evaluation.logistic as logistic
from decvae.evaluation.classification import cross_validated_accuracy, grouped_folds, groups_per_class


def separable(n_groups=20, per_group=15, n_classes=4, n_codes=6, noise=0.3, seed=0):
    """Every group is one class, as an utterance is one speaker."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), per_group)
    y = groups % n_classes
    return rng.normal(size=(n_classes, n_codes))[y] + noise * rng.normal(size=(len(y), n_codes)), y, groups


def test_folds_never_divide_a_group_and_cover_every_row_once():
    _, y, groups = separable()
    folds = grouped_folds(y, groups, 5, seed=0)
    assert np.array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(len(y)))
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        assert set(y[train]) == set(y[test]) == {0, 1, 2, 3}


@pytest.mark.parametrize("classifier", ["logistic_regression", "random_forest", "svc", "knn"])
def test_separable_classes_are_found(classifier):
    score = cross_validated_accuracy(*separable(), classifier=classifier)
    assert score.accuracy > 0.95 and score.unweighted_accuracy > 0.95 and score.f1_macro > 0.95
    assert score.accuracy_per_fold.shape == (5,) and score.converged == 1


def test_dummy_scores_the_majority():
    z, y, groups = separable()
    majority = np.where(y < 3, 0, 1)
    score = cross_validated_accuracy(z, majority, groups, classifier="dummy")
    assert score.accuracy == pytest.approx(0.75)
    assert score.unweighted_accuracy == pytest.approx(0.5)  # recall 1 and 0
    assert score.f1_macro == pytest.approx((2 * 0.75 / 1.75) / 2)


def test_group_identity_does_not_leak():
    # The codes tell the utterance and nothing else; classes of utterances are random. A split by rows would be perfect.
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 20)
    y = rng.permutation(np.arange(60) % 2)[groups]
    z = rng.normal(size=(60, 30))[groups] + 0.01 * rng.normal(size=(1200, 30))
    score = cross_validated_accuracy(z, y, groups, seeds=(0, 1))
    assert 0.3 < score.accuracy < 0.7


def test_scaler_and_regularisation_see_training_folds_only(monkeypatch):
    z, y, groups = separable(noise=2.0)
    seen = []
    probe = classification._linear_probe
    monkeypatch.setattr(classification, "_linear_probe", lambda *args: seen.append(set(args[2])) or probe(*args))
    fitted = []
    scaler_fit = classification.StandardScaler.fit

    def spy(self, codes, *args):
        fitted.append(len(codes))
        return scaler_fit(self, codes, *args)

    monkeypatch.setattr(classification.StandardScaler, "fit", spy)
    score = cross_validated_accuracy(z, y, groups)
    for groups_seen, (train, test) in zip(seen, grouped_folds(y, groups, 5, 0), strict=True):
        assert groups_seen == set(groups[train]) and not groups_seen & set(groups[test])
    assert max(fitted) == 240  # of 300 rows
    assert set(score.chosen_per_fold) <= set(classification.REGULARISATION)


def test_c_has_the_best_accuracy_on_the_validation_part_of_scikit_learn():
    """The path stops where the accuracy falls; each point of it is scikit-learn's optimum."""
    z, y, groups = separable(n_codes=40, noise=2.0)
    split = grouped_folds(y, groups, 5, 0)[0]
    path = classification._regularisation_path(z.astype(np.float32), y, split, {})
    train, validation = split
    expected = []
    for value in classification.REGULARISATION[: len(path)]:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=value, tol=1e-8, max_iter=10_000))
        expected.append(model.fit(z[train], y[train]).score(z[validation], y[validation]))
    assert [accuracy for accuracy, _ in path] == expected
    assert len(path) == 4 or expected[-1] < expected[-2]


def test_strong_noise_asks_for_strong_regularisation():
    rng = np.random.default_rng(0)
    z, y, groups = separable(n_codes=3, noise=1.0)
    noisy = np.hstack([z, rng.normal(size=(len(z), 150))])
    score = cross_validated_accuracy(noisy, y, groups)
    assert np.median(score.chosen_per_fold) == 0.01


def test_seeds_repeat_the_folds():
    z, y, groups = separable(noise=2.0)
    two = cross_validated_accuracy(z, y, groups, seeds=(0, 7))
    assert two.accuracy_per_fold.shape == (10,)
    only = cross_validated_accuracy(z, y, groups, seeds=(7,))
    assert np.array_equal(two.accuracy_per_fold[5:], only.accuracy_per_fold)


def test_fits_that_do_not_converge_are_reported(monkeypatch):
    monkeypatch.setattr(logistic, "MAX_STEPS", 2)
    assert cross_validated_accuracy(*separable(noise=2.0)).converged == 0


def test_impossible_splits_are_refused():
    z, y, groups = separable()
    assert groups_per_class(y, groups) == {0: 5, 1: 5, 2: 5, 3: 5}
    with pytest.raises(ValueError, match=r"class 0 occurs in 5 group\(s\), fewer than the 6 folds"):
        cross_validated_accuracy(z, y, groups, folds=6)
    lonely = np.where(groups == 3, 9, y)
    with pytest.raises(ValueError, match=r"class 9 occurs in 1 group\(s\)"):
        cross_validated_accuracy(z, lonely, groups, folds=2)
    with pytest.raises(ValueError, match="single class 0"):
        cross_validated_accuracy(z, 0 * y, groups)
    with pytest.raises(ValueError, match="unknown classifier 'lda'"):
        cross_validated_accuracy(z, y, groups, classifier="lda")
    with pytest.raises(ValueError, match="groups has 299 rows"):
        cross_validated_accuracy(z, y, groups[1:])


def test_two_folds_with_one_training_group_per_class():
    z, y, groups = separable(n_groups=8)
    score = cross_validated_accuracy(z, y, groups, folds=2)
    assert score.accuracy > 0.9 and score.chosen_per_fold.tolist() == [1.0, 1.0]


def test_leaving_one_group_out_tests_every_group_once():
    z, y, groups = separable()
    y = np.arange(len(y)) % 2  # every group has both classes; the codes know nothing of them
    score = cross_validated_accuracy(z, y, groups, leave_one_out=True, seeds=(0, 1))
    assert score.accuracy_per_fold.shape == (20,) and score.predicted.shape == (1, 300)
    assert (score.predicted >= 0).all()
    by_group = [np.mean(score.predicted[0, groups == g] == y[groups == g]) for g in range(20)]
    assert score.accuracy_per_fold == pytest.approx(by_group)
    with pytest.raises(ValueError, match="needs two groups"):
        cross_validated_accuracy(z, y, 0 * groups, leave_one_out=True)


def test_out_of_fold_predictions_give_the_scores():
    z, y, groups = separable(noise=2.0)
    score = cross_validated_accuracy(z, y, groups)
    folds = [np.mean(score.predicted[0, test] == y[test]) for _, test in grouped_folds(y, groups, 5, 0)]
    assert score.accuracy_per_fold == pytest.approx(folds) and np.array_equal(score.truth, y)


def test_classes_that_count_as_others_are_trained_apart_and_scored_together():
    z, y, groups = separable(noise=1.5)
    plain = cross_validated_accuracy(z, y, groups)
    folded = cross_validated_accuracy(z, y, groups, scored_as=np.array([0, 1, 1, 3]))
    assert set(folded.truth) == {0, 1, 3}
    merged = np.where(plain.predicted[0] == 2, 1, plain.predicted[0])
    assert np.array_equal(folded.predicted[0], merged) and folded.accuracy > plain.accuracy


def test_noise_asks_for_many_neighbours_and_clean_data_for_any():
    z, y, groups = separable(noise=3.0, n_groups=40)
    assert np.median(cross_validated_accuracy(z, y, groups, classifier="knn").chosen_per_fold) >= 15
    assert cross_validated_accuracy(*separable(), classifier="dummy_uniform").accuracy < 0.5
