"""What the metrics say of themselves agrees with the table of names, and with what each returns."""

import numpy as np
import pytest

from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.registry import Metric, metrics_of, statistics
from decvae.names.scores import SCORES, split_score
from decvae.settings.evaluation import PROTOCOLS, EvaluationSettings

SUITES = {protocol: metrics_of(protocol, EvaluationSettings(), 0) for protocol in PROTOCOLS}
NEEDS = {"none": {"codes"}, "all": {"factors", "split", "splits"}}


def data(seed=0):
    rng = np.random.default_rng(seed)
    y = np.stack([rng.integers(3, size=200), rng.integers(2, size=200)], axis=1)
    return y + rng.normal(size=(200, 2)), y


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_scores_have_one_metric_and_need_what_their_names_say(protocol):
    scores = [name for metric in SUITES[protocol] for name in metric.scores]
    assert len(scores) == len(set(scores))
    factors_of = {score.name: score.factors for score in SCORES}
    for metric in SUITES[protocol]:
        for name in metric.scores:
            assert name not in factors_of or metric.needs in NEEDS[factors_of[name]], name
            assert split_score(name) == (name, ""), f"{name} reads as a score of one factor"
        assert metric.jackknifed <= set(metric.scores)


def test_every_named_score_of_codes_is_computed_under_the_sound_protocol():
    computed = {name for metric in SUITES["sound"] for name in metric.scores}
    assert computed >= {score.name for score in SCORES if score.factors in NEEDS}


def test_the_published_protocol_has_the_scores_of_the_paper():
    assert {name for metric in SUITES["published"] for name in metric.scores} == {
        *("mutual_information", "total_correlation", "total_correlation_norm", "irs", "modularity"),
        *("disentanglement", "completeness", "informativeness", "explicitness"),
    }


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_results_have_what_the_rows_are_read_from(protocol):
    z, y = data()
    found = statistics(SUITES[protocol], z, y)
    for metric in SUITES[protocol]:
        if metric.needs in ("split", "splits"):
            found |= metric.values(metric.compute(TrainTest(z[:150], y[:150], z[150:], y[150:])))
    assert all(isinstance(value, float) for value in found.values())
    assert found.keys() == {name for metric in SUITES[protocol] for name in metric.scores}
    assert statistics(SUITES[protocol], z, None).keys() < found.keys()


def test_factors_on_splits_of_their_own_score_as_all_factors_on_the_same_one():
    z, y = data(1)
    for metric in SUITES["sound"]:
        if metric.needs == "splits":
            alone = [TrainTest(z[:150], y[:150, k], z[150:], y[150:, k]) for k in range(2)]
            joint = metric.values(metric.compute(TrainTest(z[:150], y[:150], z[150:], y[150:])))
            assert metric.values(metric.compute(*alone)) == pytest.approx(joint)


def test_arguments_are_those_of_the_protocol_and_the_settings(tmp_path, monkeypatch):
    (tmp_path / "widest.py").write_text(
        "from decvae.evaluation.metrics.registry import Metric\n"
        "METRIC = Metric(('widest',), 'codes', lambda z, scale: scale * z.max(),"
        " sound=lambda settings, seed: {'scale': settings.n_bins + seed})\n"
    )
    monkeypatch.setattr("decvae.evaluation.metrics.registry.FOLDER", tmp_path)
    monkeypatch.setattr("decvae.evaluation.metrics.__path__", [str(tmp_path)])
    (metric,) = metrics_of("sound", EvaluationSettings(n_bins=10), 5)
    assert isinstance(metric, Metric) and statistics([metric], np.ones((3, 2)), None) == {"widest": 15.0}
    assert metrics_of("published", EvaluationSettings(), 5) == []
