"""The one table of scores: unique, complete, and free of heavy imports."""

import doctest
import json

import pytest

from decvae.names import scores
from decvae.names.scores import SCORES, Score, drawn_scores, score_named, split_score


def test_scores_have_one_name_and_one_symbol_each():
    for part in ("name", "symbol", "title"):
        values = [getattr(score, part) for score in SCORES]
        assert len(values) == len(set(values)) and all(values)


@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.name)
def test_every_score_is_found_by_its_name_and_no_other_score_is(score: Score):
    assert score_named(score.name) == score and split_score(score.name) == (score.name, "")
    if score.factors == "one":
        own = score.of("king_stage")
        assert split_score(own.name) == (score.name, "king_stage") and score_named(own.name) == own


def test_an_unknown_score_is_an_error_that_names_the_known():
    with pytest.raises(ValueError, match=r"unknown score 'acuracy_vowel'.*'accuracy'"):
        score_named("acuracy_vowel")


def test_low_is_good_for_what_depends():
    assert {score.symbol for score in SCORES if score.better == "low"} == {"MI", "TC", "TC norm.", "TC sum"}
    assert score_named("mutual_information").margin(0.01, 0.03) == pytest.approx(0.02)
    assert score_named("irs").margin(0.5, 0.7) == pytest.approx(-0.2)


def test_what_figures_draw_is_plain_json():
    drawn = drawn_scores()
    assert json.loads(json.dumps(drawn)) == drawn and all(isinstance(v, str) for row in drawn for v in row.values())
    assert [row["name"] for row in drawn] == [score.name for score in SCORES if score.shown == "figures"]


def test_examples_in_docstrings():
    assert doctest.testmod(scores).failed == 0
