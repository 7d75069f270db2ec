import logging

import numpy as np
import pandas as pd
import pytest

from decvae.evaluation import scores
from decvae.evaluation.classification import cross_validated_accuracy
from decvae.evaluation.latents import LatentTable
from decvae.evaluation.metrics.beta_vae import beta_vae_score
from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.dci import compute_dci
from decvae.evaluation.metrics.explicitness import compute_explicitness
from decvae.evaluation.metrics.factor_vae import factor_vae_score
from decvae.evaluation.metrics.irs import compute_irs
from decvae.evaluation.metrics.mig import compute_mig
from decvae.evaluation.metrics.modularity import compute_modularity
from decvae.evaluation.metrics.mutual_information import mutual_information_score
from decvae.evaluation.metrics.sap import compute_sap
from decvae.evaluation.metrics.total_correlation import total_correlation_scores
from decvae.evaluation.protocols import grouped_splits
from decvae.evaluation.scores import evaluate
from decvae.evaluation.scores import score_table as score_both
from decvae.models.variance import between_component_share
from decvae.settings.evaluation import EvaluationSettings

FAST = EvaluationSettings(kmeans_seeds=2, folds=3, bootstrap=100, disentanglement_folds=3, subspace_evidence=False)


def score_table(*args, **kwargs):
    return score_both(*args, **kwargs).scores


def make_table(branch="Z", n_utterances=24, per_utterance=20, n_components=2, d=3, features=True, seed=0):
    """Speaker is constant within an utterance, vowel varies; both are noisily present in every subspace."""
    rng = np.random.default_rng(seed)
    per_utterance = 1 if branch == "S" else per_utterance
    utterance = np.repeat(np.arange(n_utterances), per_utterance)
    n = len(utterance)
    factors = {"vowel": rng.integers(3, size=n), "speaker": utterance % 4}
    if branch == "S":
        del factors["vowel"]
    signal = np.stack(list(factors.values()), axis=1)
    shape = (n, n_components + 1)

    def noisy(width):
        mixed = signal @ rng.normal(size=(signal.shape[1], shape[1] * width))
        return (mixed.reshape(*shape, width) + rng.normal(size=(*shape, width))).astype(np.float32)

    return LatentTable(
        branch=branch,
        subspaces=["X", *(f"OC{c + 1}" for c in range(n_components))],
        mu=noisy(d),
        logvar=None,
        features=noisy(4) if features else None,
        utterance=utterance,
        frame=np.tile(np.arange(per_utterance), n_utterances),
        overlap=rng.random(n) < 0.2,
        factors=factors,
        class_names={name: [str(code) for code in range(5)] for name in factors},
        present=np.ones((n, n_components), dtype=bool),
    )


@pytest.fixture(scope="module")
def frame_scores():
    return score_table(make_table(), FAST, n_jobs=1)


def value(frame, metric, aggregation="all", space="mu", **where):
    rows = frame[(frame.metric == metric) & (frame.aggregation == aggregation) & (frame.space == space)]
    for column, wanted in where.items():
        rows = rows[rows[column] == wanted]
    assert len(rows) == 1, rows
    return rows.value.item()


def test_columns_and_rows(frame_scores):
    assert list(frame_scores.columns) == list(scores.COLUMNS)
    assert (frame_scores.branch == "Z").all() and (frame_scores.protocol == "sound").all()
    assert frame_scores.value.notna().all()
    key = ["space", "aggregation", "factors", "metric", "classifier"]
    assert not frame_scores.duplicated(key).any()
    counts = frame_scores.groupby(["space", "aggregation"]).size().to_dict()
    # mu: MI, 3 TC, IRS, modularity, MIG, 3 DCI, explicitness, SAP, 2 votes, 2 tasks of 3 scores and k-means;
    # features: 2 tasks.
    assert counts == {
        ("mu", "X"): 22,
        ("mu", "OCs_joint"): 22,
        ("mu", "all"): 22,
        ("features", "X"): 8,
        ("features", "all"): 8,
        ("features", "OCs_joint"): 1,
    }
    widths = frame_scores.groupby(["space", "aggregation"]).n_codes.first().to_dict()
    assert widths[("mu", "all")] == 9 and widths[("features", "all")] == 12 and widths[("features", "OCs_joint")] == 8
    tasks = frame_scores[frame_scores.metric == "accuracy"]
    assert set(tasks.factors) == {"vowel", "speaker"} and (tasks.n == 3).all() and tasks.spread.notna().all()
    joint = frame_scores[frame_scores.metric.isin(["irs", "modularity", "disentanglement", "explicitness"])]
    assert set(joint.factors) == {"vowel+speaker"}
    assert joint.groupby("metric").n.max().to_dict() == {
        "irs": 1,
        "modularity": 1,
        "disentanglement": 3,
        "explicitness": 3,
    }
    bounded = frame_scores[frame_scores.metric != "between_component_share"]
    assert (bounded.ci_low <= bounded.value).all() and (bounded.value <= bounded.ci_high).all()


def test_values_are_those_of_the_metrics(frame_scores):
    table = make_table()
    z = table.mu.reshape(len(table), -1)
    y = np.stack([table.factors["vowel"], table.factors["speaker"]], axis=1)
    folds = [(z[a], y[a], z[b], y[b]) for a, b in grouped_splits(y, table.utterance, seed=0)[:3]]
    dci = [compute_dci(TrainTest(*parts)) for parts in folds]

    def mean(values):
        return pytest.approx(np.mean(list(values)), abs=1e-12)

    probe = cross_validated_accuracy(z, y[:, 1], table.utterance, folds=3)
    assert value(frame_scores, "mutual_information") == mutual_information_score(z)
    assert value(frame_scores, "total_correlation") == total_correlation_scores(z).total_correlation
    assert value(frame_scores, "irs") == compute_irs(z, y)
    assert value(frame_scores, "modularity") == compute_modularity(z, y)
    assert value(frame_scores, "disentanglement") == mean(one.disentanglement for one in dci)
    assert value(frame_scores, "informativeness") == mean(one.informativeness for one in dci)
    assert value(frame_scores, "explicitness") == mean(
        compute_explicitness(TrainTest(*parts)).explicitness for parts in folds
    )
    assert value(frame_scores, "mig") == compute_mig(z, y)
    assert value(frame_scores, "sap") == mean(compute_sap(TrainTest(*parts)) for parts in folds)
    assert value(frame_scores, "factor_vae") == mean(factor_vae_score(TrainTest(*parts)) for parts in folds)
    assert value(frame_scores, "beta_vae") == mean(beta_vae_score(TrainTest(*parts)) for parts in folds)
    assert value(frame_scores, "accuracy", factors="speaker") == probe.accuracy
    assert value(frame_scores, "f1_macro", factors="speaker") == probe.f1_macro
    share = between_component_share(table.features[:, 1:].swapaxes(0, 1).astype(float), table.present.T)
    assert value(frame_scores, "between_component_share", "OCs_joint", "features") == share


def test_same_seed_same_table_for_any_number_of_jobs(frame_scores):
    again = score_table(make_table(), FAST, n_jobs=2)
    pd.testing.assert_frame_equal(again, frame_scores, check_exact=True)


def test_one_factor_leaves_out_what_is_undefined():
    frame = score_table(make_table("S", n_utterances=40), FAST, n_jobs=1)
    found = set(frame[frame.space == "mu"].metric)
    assert not found & {"disentanglement", "modularity"}
    assert {"completeness", "informativeness", "explicitness", "irs", "accuracy", "kmeans_accuracy"} <= found
    assert frame.value.notna().all() and set(frame.factors) == {"", "speaker"}


def test_few_utterances_mean_fewer_folds_or_no_classification(caplog):
    frame = score_table(make_table("S", n_utterances=8), FAST, n_jobs=1)
    assert (frame[frame.metric == "accuracy"].n == 2).all()
    assert "total_correlation" not in set(frame[frame.aggregation == "all"].metric)  # 8 rows, 9 codes
    with caplog.at_level(logging.WARNING):
        frame = score_table(make_table("S", n_utterances=7), FAST, n_jobs=1)
    assert set(frame[frame.metric == "accuracy"].n) == {2} and "kmeans_accuracy" in set(frame.metric)
    assert "speaker: in one utterance only, not classified: 3" in caplog.text
    with caplog.at_level(logging.WARNING):
        frame = score_table(make_table("S", n_utterances=5), FAST, n_jobs=1)
    assert not {"accuracy", "kmeans_accuracy"} & set(frame.metric)
    assert "factor speaker is not scored: 1 of its 4 classes occur in more than one utterance" in caplog.text


def test_baseline_without_components_or_features():
    table = make_table(n_components=0, features=False)
    frame = score_table(table, FAST, n_jobs=1)
    assert set(frame.aggregation) == {"X"} and set(frame.space) == {"mu"}
    with pytest.raises(ValueError, match=r"none of the aggregations \['all'\]; available: \['X'\]"):
        score_table(table, EvaluationSettings(aggregations=("all",)))


def test_constant_codes_and_unlabelled_rows_change_nothing():
    table = make_table()
    settings = EvaluationSettings(
        aggregations=("all",), feature_aggregations=(), kmeans_seeds=0, folds=2, disentanglement_folds=1
    )
    expected = score_table(table, settings, n_jobs=1)
    padded = make_table()
    padded.mu = np.concatenate([padded.mu, np.full_like(padded.mu[:, :, :1], 3.0)], axis=2)
    pd.testing.assert_frame_equal(score_table(padded, settings, n_jobs=1), expected)
    silence = table.select(np.arange(5))
    silence.factors = {name: np.full(5, -1) for name in silence.factors}
    longer = LatentTable(
        branch="Z",
        subspaces=table.subspaces,
        mu=np.concatenate([table.mu, silence.mu]),
        logvar=None,
        features=np.concatenate([table.features, silence.features]),
        utterance=np.concatenate([table.utterance, silence.utterance]),
        frame=np.concatenate([table.frame, silence.frame]),
        overlap=np.concatenate([table.overlap, silence.overlap]),
        factors={name: np.concatenate([table.factors[name], silence.factors[name]]) for name in table.factors},
        class_names=table.class_names,
        present=np.concatenate([table.present, silence.present]),
    )
    pd.testing.assert_frame_equal(score_table(longer, settings, n_jobs=1), expected)


def test_overlaps_are_discarded_on_request():
    table = make_table()
    settings = EvaluationSettings(
        aggregations=("X",), feature_aggregations=(), classifiers=("dummy",), kmeans_seeds=0, disentanglement_folds=1
    )
    kept = score_table(table.select(~table.overlap), settings, n_jobs=1)
    strict = EvaluationSettings(
        aggregations=("X",),
        feature_aggregations=(),
        classifiers=("dummy",),
        kmeans_seeds=0,
        discard_overlaps=True,
        disentanglement_folds=1,
    )
    pd.testing.assert_frame_equal(score_table(table, strict, n_jobs=1), kept)


def test_factor_with_one_class_is_not_scored(caplog):
    table = make_table()
    table.factors["vowel"][:] = 2
    with caplog.at_level(logging.WARNING):
        frame = score_table(table, FAST, n_jobs=1)
    assert "factor vowel is not scored: it has one class only" in caplog.text
    assert set(frame.factors) == {"", "speaker"}


def test_bad_tables_are_refused():
    table = make_table()
    table.mu[3, 1, 2] = np.nan
    with pytest.raises(ValueError, match=r"NaN or infinite values in code\(s\) \[2\]"):
        score_table(table, FAST)
    table = make_table()
    table.factors["vowel"] = table.factors["vowel"][:-1]
    with pytest.raises(ValueError, match="factor vowel has 479 rows, the latents 480"):
        score_table(table, FAST)
    with pytest.raises(ValueError, match="fewer than two labelled rows"):
        score_table(make_table().select(np.arange(1)), FAST)


def test_settings_accept_lists_and_refuse_unknown_names():
    assert EvaluationSettings.parse({"aggregations": ["X"]}).aggregations == ("X",)
    with pytest.raises(ValueError, match="OCs_joint_emb"):
        EvaluationSettings(aggregations=("OCs_joint_emb",))
    with pytest.raises(ValueError, match="classifiers"):
        EvaluationSettings(classifiers=("lda",))
    with pytest.raises(ValueError, match="dci_backend"):
        EvaluationSettings(dci_backend="xgboost")
    with pytest.raises(ValueError, match="`folds` is 1; allowed: an integer >= 2"):
        EvaluationSettings(folds=1)


def test_split_keeps_utterances_whole_and_every_speaker_on_both_sides():
    table = make_table(n_utterances=40)
    y = np.stack([table.factors["vowel"], table.factors["speaker"]], axis=1)
    train, test = grouped_splits(y, table.utterance, seed=0)[0]
    assert not set(table.utterance[train]) & set(table.utterance[test])
    assert len(np.union1d(train, test)) == len(table) and len(test) == len(table) // 5
    assert set(y[test, 1]) == set(y[train, 1]) == {0, 1, 2, 3}


def test_component_share_leaves_absent_components_out():
    table = make_table()
    table.features[:, 1] = -1.0  # OC1 and OC2 only say who they are ...
    table.features[:, 2] = 1.0
    table.features[:100, 2] = 50.0
    table.present[:100, 1] = False  # ... and OC2 is absent where it says something else

    def share(table):
        settings = dict(feature_aggregations=(), classifiers=("dummy",), kmeans_seeds=0, disentanglement_folds=1)
        settings = EvaluationSettings(aggregations=("X",), subspace_evidence=False, **settings)
        found = score_table(table, settings, n_jobs=1)
        return found[found.metric == "between_component_share"].value.to_list()

    assert share(table) == [pytest.approx(1)]
    table.features = np.zeros_like(table.features)
    assert share(table) == []
    table.features[7, 2, 3] = np.inf
    with pytest.raises(ValueError, match=r"features holds NaN or infinite values in code\(s\) \[11\]"):
        share(table)


def test_classes_add_up_to_the_scores():
    found = score_both(make_table(), FAST, n_jobs=1)
    assert list(found.classes.columns) == list(scores.CLASS_COLUMNS)
    cell = found.classes[(found.classes.aggregation == "all") & (found.classes.space == "mu")]
    cell = cell[cell.factor == "vowel"]
    counts = cell[cell.metric == "count"].pivot(index="class", columns="predicted", values="value")
    assert counts.to_numpy().sum() == 480 and list(counts.index) == list(counts.columns)
    recall = cell[cell.metric == "recall"].set_index("class")
    assert recall.value.to_dict() == pytest.approx((np.diag(counts) / counts.sum(axis=1)).to_dict())
    assert (recall.ci_low <= recall.value).all() and (recall.n == counts.sum(axis=1)).all()


def test_branches_side_by_side():
    tables = {"Z": make_table(), "S": make_table("S")}
    settings = EvaluationSettings(
        branches=("Z", "Z+S"),
        aggregations=("all",),
        feature_aggregations=(),
        kmeans_seeds=0,
        bootstrap=0,
        disentanglement_folds=1,
    )
    found = evaluate(tables, settings, n_jobs=1).scores
    assert found.groupby("branch").n_codes.first().to_dict() == {"Z": 9, "Z+S": 18}
    assert set(evaluate({"Z": tables["Z"]}, settings, n_jobs=1).scores.branch) == {"Z"}
    with pytest.raises(ValueError, match=r"branches \['S'\], evaluation asks for \['Z', 'Z\+S'\]"):
        evaluate({"S": tables["S"]}, settings)


def test_clinical_labels_are_scored_on_unseen_speakers():
    # The codes tell the speaker and nothing else: a label of speakers is chance once speakers are unseen.
    table = make_table(n_utterances=80, n_components=0, features=False)
    rng = np.random.default_rng(1)
    table.factors["speaker"] = table.utterance % 20
    table.factors["king_stage"] = rng.permutation(np.arange(20) % 2)[table.factors["speaker"]]
    table.mu = rng.normal(size=(20, 1, 6))[table.factors["speaker"]].astype(np.float32)
    table.mu += 0.1 * rng.normal(size=table.mu.shape).astype(np.float32)
    table.class_names = {name: [str(code) for code in range(20)] for name in table.factors}
    frame = score_table(table, EvaluationSettings(aggregations=("X",), kmeans_seeds=0, bootstrap=200), n_jobs=1)
    stage = frame[(frame.metric == "accuracy") & (frame.factors == "king_stage")].iloc[0]
    assert 0.2 < stage.value < 0.8 and stage.ci_high - stage.ci_low > 0.2  # 20 speakers are little evidence
    assert value(frame, "accuracy", "X", factors="speaker") > 0.95


def test_evidence_on_subspaces_on_request():
    assert score_both(make_table(), FAST, n_jobs=1).evidence.empty
    table = make_table()
    table.mu[:, 1, 2] = 7.0  # a constant code does not shift the others
    settings = EvaluationSettings(
        aggregations=("all",), feature_aggregations=(), classifiers=("dummy",), kmeans_seeds=0, disentanglement_folds=2
    )
    found = score_both(table, settings, n_jobs=1).evidence
    assert list(found.columns) == list(scores.EVIDENCE_COLUMNS) and (found.branch == "Z").all()
    assert set(found[found.evidence == "alone"].subspace) == {"X", "OC1", "OC2"}
    assert set(found[found.evidence == "alone"].factor) == {"vowel", "speaker"}
    z, y = table.mu.reshape(len(table), -1), np.stack(list(table.factors.values()), axis=1)
    folds = [(z[a], y[a], z[b], y[b]) for a, b in grouped_splits(y, table.utterance, seed=0)[:2]]
    importance = np.mean([compute_dci(TrainTest(*parts)).importance for parts in folds], axis=0)
    shares = found[found.evidence == "importance"].set_index(["factor", "subspace"]).value
    assert shares["speaker", "X"] == pytest.approx(importance[:3, 1].sum())
    assert shares["vowel", "OC1"] == pytest.approx(importance[3:5, 0].sum())
    assert shares["vowel", "OC2"] == pytest.approx(importance[5:, 0].sum())


def test_joint_metrics_see_the_phonemes_that_are_scored():
    """Codes that tell silence from vowel, and nothing of the kinds of silence."""
    table = make_table(n_components=0, features=False)
    table.factors = {"phoneme": table.factors["vowel"], "speaker": table.factors["speaker"]}
    merged = np.where(table.factors["phoneme"] == 2, 2, 0)
    table.mu = (merged[:, None, None] + 0.1 * np.random.default_rng(0).normal(size=(480, 1, 4))).astype(np.float32)
    table.class_names = {"phoneme": ["sil", "vcl", "iy"], "speaker": ["1", "2", "3", "4"]}
    settings = EvaluationSettings(aggregations=("X",), kmeans_seeds=2, disentanglement_folds=1, bootstrap=50)
    found = score_both(table, settings, n_jobs=1)
    expected = compute_mig(table.mu[:, 0], np.stack([merged, table.factors["speaker"]], axis=1))
    assert value(found.scores, "mig", "X") == expected
    assert value(found.scores, "accuracy", "X", factors="phoneme") == 1
    alone = found.evidence[(found.evidence.factor == "phoneme") & (found.evidence.evidence == "all")]
    assert alone.value.item() == 1
    assert value(found.scores, "kmeans_accuracy", "X", factors="phoneme") > 0.6


def test_vowels_of_unseen_speakers_on_request():
    """Codes hold the vowel, turned over by every second speaker: known speakers are needed to read it."""
    table = make_table(n_components=0, features=False)
    rng = np.random.default_rng(0)
    vowel, speaker = rng.integers(2, size=480), table.factors["speaker"]
    mixed = np.stack([vowel ^ (speaker % 2), speaker % 2, vowel ^ 1 ^ (speaker % 2)], axis=1)[:, None]
    table.mu = np.concatenate(
        [mixed, (speaker[:, None, None] == np.arange(4)) * (2 * vowel - 1)[:, None, None]], axis=2
    )
    table.mu = (table.mu + 0.05 * rng.normal(size=table.mu.shape)).astype(np.float32)
    table.factors["vowel"] = vowel
    settings = dict(aggregations=("X",), kmeans_seeds=0, bootstrap=0, subspace_evidence=False, disentanglement_folds=1)
    seen = score_table(table, EvaluationSettings(**settings), n_jobs=1)
    unseen = score_table(table, EvaluationSettings(groups={"vowel": "leave_one_speaker_out"}, **settings), n_jobs=1)
    assert value(seen, "accuracy", "X", factors="vowel") > 0.95
    assert value(unseen, "accuracy", "X", factors="vowel") < 0.7
    assert unseen[(unseen.metric == "accuracy") & (unseen.factors == "vowel")].n.item() == 4
    assert value(unseen, "accuracy", "X", factors="speaker") == value(seen, "accuracy", "X", factors="speaker")
    with pytest.raises(ValueError, match="factor vowel is to be grouped by day, but the latents have no factor `day`"):
        score_table(table, EvaluationSettings(groups={"vowel": "day"}, **settings), n_jobs=1)
