import pandas as pd
import pytest

from decvae.reporting.selection import chosen_scores, in_order, matching, on_aggregation, with_score_names


def rows():
    """A DecVAE with two aggregations and PCA with X alone, each with a joint score and two classifiers."""
    found = []
    for run, aggregation in (("decvae", "all"), ("decvae", "X"), ("pca", "X")):
        base = {"run": run, "corpus": "c", "branch": "Z", "space": "mu", "aggregation": aggregation, "value": 0.5}
        found.append(base | {"metric": "irs", "factors": "vowel+speaker", "classifier": ""})
        found += [base | {"metric": "accuracy", "factors": "vowel", "classifier": name} for name in ("svc", "knn")]
    return pd.DataFrame(found)


def test_the_rows_of_every_wanted_value():
    assert len(matching(rows(), run="decvae", aggregation="X")) == 3 and len(matching(rows())) == 9


def test_a_run_without_the_aggregation_is_taken_on_x():
    found = on_aggregation(rows(), "all")
    assert set(zip(found["run"], found["aggregation"], strict=True)) == {("decvae", "all"), ("pca", "X")}


def test_a_score_of_one_factor_has_its_name():
    assert with_score_names(rows())["score"].unique().tolist() == ["irs", "accuracy_vowel"]


def test_scores_stand_in_the_order_of_the_one_table():
    names = ["accuracy_vowel", "kmeans_accuracy_speaker", "mutual_information", "accuracy_speaker", "accuracy_vowel"]
    symbols = [score.symbol for score in in_order(names)]
    assert symbols == ["MI", "vowel acc.", "speaker acc.", "speaker k-means"]


def test_one_classifier_and_one_aggregation_of_each_run_are_chosen():
    found = chosen_scores(rows(), aggregation="all", classifier="svc", corpus="c")
    assert set(found["classifier"]) == {"", "svc"} and len(found) == 4
    with pytest.raises(ValueError, match=r"no scores with .*'corpus': 'd'.* classifier 'svc'"):
        chosen_scores(rows(), aggregation="all", classifier="svc", corpus="d")
