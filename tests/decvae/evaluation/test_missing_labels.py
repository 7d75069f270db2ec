"""A sample without a label of one factor is left out for that factor and for no other."""

import logging

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mutual_info_score

from decvae.evaluation.latents import LatentTable
from decvae.evaluation.metrics import factor_votes
from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.dci import compute_dci
from decvae.evaluation.metrics.discretise import discretise
from decvae.evaluation.metrics.explicitness import compute_explicitness
from decvae.evaluation.metrics.irs import robustness
from decvae.evaluation.metrics.mig import compute_mig, mutual_information_matrix
from decvae.evaluation.metrics.sap import compute_sap
from decvae.evaluation.scores import score_table
from decvae.evaluation.subspaces import probe
from decvae.settings.evaluation import EvaluationSettings

SETTINGS = EvaluationSettings(
    protocols=("sound", "published"),
    aggregations=("all",),
    feature_aggregations=(),
    kmeans_seeds=2,
    folds=2,
    bootstrap=50,
    disentanglement_folds=1,
)


def make_table(missing=0.3, seed=0):
    """Vowels change within utterances, a share of them is unknown; every utterance has a speaker."""
    rng = np.random.default_rng(seed)
    utterance = np.repeat(np.arange(24), 20)
    factors = {"vowel": rng.integers(3, size=480), "speaker": utterance % 4}
    mu = rng.normal(size=(480, 3, 3)) + rng.normal(size=(3, 3, 3))[factors["vowel"]]
    mu += rng.normal(size=(4, 3, 3))[factors["speaker"]]
    factors["vowel"][rng.random(480) < missing] = -1
    return LatentTable(
        branch="Z",
        subspaces=["X", "OC1", "OC2"],
        mu=mu.astype(np.float32),
        logvar=None,
        features=None,
        utterance=utterance,
        frame=np.tile(np.arange(20), 24),
        overlap=np.zeros(480, dtype=bool),
        factors=factors,
        class_names={name: ["a", "b", "c", "d"] for name in factors},
    )


def parts():
    """Training and test part of two factors, of which the first is known for most samples only."""
    table = make_table()
    z, y = table.mu.reshape(480, 9), np.stack(list(table.factors.values()), axis=1)
    return z[:320], y[:320], z[320:], y[320:]


def test_importance_is_that_of_each_factor_alone():
    z_train, y_train, z_test, y_test = parts()
    found = compute_dci(TrainTest(z_train, y_train, z_test, y_test)).importance
    for k in range(2):
        train, test = y_train[:, k] >= 0, y_test[:, k] >= 0
        alone = compute_dci(TrainTest(z_train[train], y_train[train, k], z_test[test], y_test[test, k]))
        assert np.array_equal(found[:, k], alone.importance[:, 0])
    assert (y_train[:, 0] < 0).any()


def test_scores_are_means_over_the_factors_alone():
    z_train, y_train, z_test, y_test = parts()
    informed, explicit, separated = [], [], []
    for k in range(2):
        train, test = y_train[:, k] >= 0, y_test[:, k] >= 0
        alone = z_train[train], y_train[train, k], z_test[test], y_test[test, k]
        informed.append(compute_dci(TrainTest(*alone)).informativeness)
        explicit.append(compute_explicitness(TrainTest(*alone)).explicitness)
        separated.append(compute_sap(TrainTest(*alone)))
    assert compute_dci(TrainTest(z_train, y_train, z_test, y_test)).informativeness == pytest.approx(np.mean(informed))
    assert compute_explicitness(TrainTest(z_train, y_train, z_test, y_test)).explicitness == pytest.approx(
        np.mean(explicit)
    )
    assert compute_sap(TrainTest(z_train, y_train, z_test, y_test)) == pytest.approx(np.mean(separated))


def test_information_counts_labelled_samples():
    z, y, *_ = parts()
    known, bins = y[:, 0] >= 0, discretise(z, 20)
    found = mutual_information_matrix(bins, y)
    assert found[4, 0] == pytest.approx(mutual_info_score(bins[known, 4], y[known, 0]))
    assert found[4, 1] == pytest.approx(mutual_info_score(bins[:, 4], y[:, 1]))


def test_gap_of_a_factor_known_for_half_the_samples_by_hand():
    # Code 0 is factor 0 where it is known, code 1 is factor 1 everywhere: both gaps are their whole entropy.
    factor = np.tile([0, 1, 0, 1], 30)
    y = np.stack([np.where(np.arange(120) < 60, np.repeat([0, 1], 60)[np.arange(120) * 2 % 120], -1), factor], axis=1)
    z = np.stack([np.where(y[:, 0] < 0, 0.5, y[:, 0]), y[:, 1]], axis=1).astype(float)
    known = y[:, 0] >= 0
    assert mutual_info_score(y[known, 0], y[known, 1]) < 1e-12
    assert compute_mig(z, y) == pytest.approx(1)


def test_robustness_ignores_samples_at_the_mean_without_a_label():
    z = np.array([[0.0, 0], [0, 0], [2, 1], [4, 1]])
    y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    z = z - z.mean(axis=0)
    more = np.vstack([z, np.zeros((3, 2))]), np.vstack([y, [[-1, 0], [-1, 1], [-1, 0]]])
    expected = robustness(z, y, 1.0)
    found = robustness(*more, 1.0)
    assert found[:, 0] == pytest.approx(expected[:, 0])
    # Factor 1 at value 0 now has 0, 2 and twice 1.5, mean 1.25; at value 1: 0, 4, 1.5, mean 11/6. A is their mean.
    assert found[0, 1] == pytest.approx(1 - ((1.25 + (4 - 11 / 6)) / 2) / 2.5)


def test_votes_never_draw_a_sample_without_the_label():
    _, y, *_ = parts()
    factors, rows = factor_votes.fixed_factor_batches(y, 300, 8, np.random.default_rng(0))
    assert set(factors) == {0, 1}
    for factor, batch in zip(factors, rows, strict=True):
        assert (y[batch, factor] >= 0).all() and np.ptp(y[batch, factor]) == 0
    assert (y[rows[factors == 1]][:, :, 0] < 0).any()


def test_probe_leaves_unlabelled_rows_out():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(200, 4)), rng.integers(1, 4, size=200)
    z[:, 0] += y
    more, labels = np.vstack([z, 100 + rng.normal(size=(50, 4))]), np.append(y, np.full(50, -1))
    train, test = np.arange(150), np.arange(150, 200)
    with_unlabelled = [(np.append(train, np.arange(200, 225)), np.append(test, np.arange(225, 250)))]
    for perturbed in ({}, {"label_noise": 0.3}, {"class_imbalance": 0.2}):
        expected = probe(z, y, [(train, test)], **perturbed)
        assert np.array_equal(probe(more, labels, with_unlabelled, **perturbed), expected)


def test_a_part_without_a_label_is_refused():
    z_train, y_train, z_test, y_test = parts()
    y_test[:, 0] = -1
    with pytest.raises(ValueError, match=r"factor\(s\) \[0\] have no label in the test part"):
        compute_dci(TrainTest(z_train, y_train, z_test, y_test))
    y_train[:, 0] = np.where(np.arange(320) < 5, 2, -1)
    with pytest.raises(ValueError, match=r"factor\(s\) \[0\] have one class in the training part"):
        compute_dci(TrainTest(z_train, y_train, z_test, y_test))


@pytest.fixture(scope="module")
def tables():
    """Scores of all rows, of those with a vowel, and of all rows when no vowel is missing."""
    table = make_table()
    rows = table, table.select(table.factors["vowel"] >= 0), make_table(missing=0)
    return [score_table(one, SETTINGS, n_jobs=1) for one in rows]


@pytest.mark.parametrize("protocol", ["sound", "published"])
def test_tables_score_each_factor_on_its_labelled_rows(tables, protocol):
    found, labelled, everyone = tables

    def tasks(one, factor):
        rows = one.scores[(one.scores.protocol == protocol) & (one.scores.factors == factor)]
        return rows.reset_index(drop=True)

    assert len(tasks(found, "vowel")) >= 4
    pd.testing.assert_frame_equal(tasks(found, "vowel"), tasks(labelled, "vowel"))
    pd.testing.assert_frame_equal(tasks(found, "speaker"), tasks(everyone, "speaker"))
    information = [
        one.scores[(one.scores.metric == "mutual_information") & (one.scores.protocol == protocol)].value.item()
        for one in (found, everyone)
    ]
    assert information[0] == information[1]
    joint = found.scores[(found.scores.factors == "vowel+speaker") & (found.scores.protocol == protocol)]
    assert {"disentanglement", "explicitness", "irs", "modularity"} <= set(joint.metric)
    assert set(found.evidence.factor) == {"", "vowel", "speaker"}


def test_labels_of_unknown_speakers_do_not_count_where_speakers_are_the_groups(caplog):
    table = make_table(missing=0)
    table.factors["speaker"] = table.utterance % 8
    table.factors["king_stage"] = table.factors["speaker"] % 2
    table.factors["speaker"][:40] = -1
    table.class_names = {name: [str(code) for code in range(8)] for name in table.factors}
    settings = EvaluationSettings(aggregations=("X",), kmeans_seeds=0, folds=3, bootstrap=0, subspace_evidence=False)
    with caplog.at_level(logging.INFO):
        found = score_table(table, settings, n_jobs=1).classes
    assert "40 of 480 rows have no label of king_stage" in caplog.text
    counts = found[found.metric == "count"].groupby("factor").value.sum().to_dict()
    assert counts == {"vowel": 480, "speaker": 440, "king_stage": 440}


def test_a_class_of_one_group_is_named_and_left_out(caplog):
    table = make_table(missing=0)
    table.factors["speaker"][:20] = 3
    table.factors["speaker"][table.factors["speaker"] == 0] = -1
    table.factors["speaker"][20:40] = 0  # one utterance of this speaker only
    settings = EvaluationSettings(aggregations=("X",), kmeans_seeds=0, folds=3, bootstrap=0, subspace_evidence=False)
    with caplog.at_level(logging.WARNING):
        found = score_table(table, settings, n_jobs=1)
    assert "speaker: in one utterance only, not classified: a" in caplog.text
    speaker = found.classes[found.classes.factor == "speaker"]
    assert set(speaker["class"]) == {"b", "c", "d"}
    assert (found.scores[found.scores.metric == "accuracy"].n == 3).all()


def test_an_emotion_of_one_session_is_scored_when_sessions_are_left_out():
    table = make_table(missing=0)
    table.factors["session"] = table.utterance % 3
    table.factors["emotion"] = np.where(table.utterance == 0, 2, table.utterance // 3 % 2)
    table.class_names = {name: ["a", "b", "c", "d"] for name in table.factors}
    settings = EvaluationSettings(aggregations=("X",), kmeans_seeds=0, bootstrap=0, subspace_evidence=False)
    found = score_table(table, settings, n_jobs=1)
    row = found.scores[(found.scores.metric == "accuracy") & (found.scores.factors == "emotion")]
    assert row.n.item() == 3  # each session once
    recall = found.classes[(found.classes.factor == "emotion") & (found.classes["class"] == "c")]
    assert recall[recall.metric == "recall"].value.item() == 0  # whoever left it out never heard it
