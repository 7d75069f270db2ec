"""The list of metrics agrees with the table of names, and with what each metric returns."""

import numpy as np
import pytest

from decvae.evaluation.metrics.registry import published_metrics, sound_metrics, statistics
from decvae.names.scores import SCORES, split_score
from decvae.settings.evaluation import EvaluationSettings

SUITES = [suite(EvaluationSettings(), 0) for suite in (sound_metrics, published_metrics)]
NEEDS = {"none": {"codes"}, "all": {"factors", "parts"}}


@pytest.mark.parametrize("metrics", SUITES, ids=["sound", "published"])
def test_scores_have_one_metric_and_need_what_their_names_say(metrics):
    scores = [name for metric in metrics for name in metric.scores]
    assert len(scores) == len(set(scores))
    factors_of = {score.name: score.factors for score in SCORES}
    for metric in metrics:
        for name in metric.scores:
            assert name not in factors_of or metric.needs in NEEDS[factors_of[name]], name
            assert split_score(name) == (name, ""), f"{name} reads as a score of one factor"
        assert metric.jackknifed <= metric.scores.keys()


def test_every_named_score_of_codes_is_computed_under_the_sound_protocol():
    computed = {name for metric in SUITES[0] for name in metric.scores}
    assert computed >= {score.name for score in SCORES if score.factors in NEEDS}


@pytest.mark.parametrize("metrics", SUITES, ids=["sound", "published"])
def test_results_have_what_the_rows_are_read_from(metrics):
    rng = np.random.default_rng(0)
    y = np.stack([rng.integers(3, size=200), rng.integers(2, size=200)], axis=1)
    z = y + rng.normal(size=(200, 2))
    found = statistics(metrics, z, y)
    for metric in metrics:
        if metric.needs == "parts":
            found |= metric.values(metric.compute(z[:150], y[:150], z[150:], y[150:]))
    assert all(isinstance(value, float) for value in found.values())
    assert statistics(metrics, z, None).keys() < found.keys()


def test_scores_over_factors_are_those_of_all_factors_on_the_same_parts():
    rng = np.random.default_rng(1)
    y = np.stack([rng.integers(3, size=200), rng.integers(2, size=200)], axis=1)
    z = y + rng.normal(size=(200, 2))
    for metric in SUITES[0]:
        if metric.over_factors:
            alone = [metric.compute(z[:150], y[:150, k], z[150:], y[150:, k]) for k in range(2)]
            joint = metric.values(metric.compute(z[:150], y[:150], z[150:], y[150:]))
            assert metric.values(metric.over_factors(alone)) == pytest.approx(joint)
