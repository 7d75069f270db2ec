import numpy as np
import pandas as pd
import pytest

from decvae.reporting.results import results_table, shown_scores

SHOWN = {"corpus": "c", "protocol": "sound", "checkpoint": "best", "aggregation": "all", "classifier": "svc"}


def metrics():
    rows = []
    for label, aggregation, disentanglement, information in (("β-DecVAE A_B", "all", 0.5, 0.2), ("PCA", "X", 0.3, 0.1)):
        base = {"run": label, "label": label, "aggregation": aggregation, "factors": "vowel+speaker", "classifier": ""}
        base |= {"corpus": "c", "protocol": "sound", "checkpoint": "best", "branch": "Z", "space": "mu"}
        rows.append(base | {"metric": "disentanglement", "value": disentanglement, "ci_low": 0.2, "ci_high": 0.24})
        rows.append(base | {"metric": "mutual_information", "factors": "", "value": information})
        rows.append(base | {"metric": "accuracy", "factors": "vowel", "classifier": "svc", "value": 0.9})
        rows.append(base | {"metric": "accuracy", "factors": "vowel", "classifier": "knn", "value": 1.0})
        rows.append(base | {"metric": "disentanglement", "protocol": "published", "value": 0.99})
        rows.append(base | {"metric": "disentanglement", "checkpoint": "init", "value": 0.98})
    rows.append(rows[0] | {"aggregation": "X", "value": 0.7})
    return pd.DataFrame(rows).assign(ci_low=lambda table: table.get("ci_low", np.nan))


def test_markdown_has_the_best_in_bold():
    table = results_table(shown_scores(metrics(), **SHOWN), "markdown").splitlines()
    assert table[0] == "| model | MI ↓ | D ↑ | vowel acc. ↑ |"
    assert table[2] == "| β-DecVAE A_B | 0.200 | **0.500** ± 0.020 | **0.900** |"
    assert table[3] == "| PCA | **0.100** | 0.300 ± 0.020 | **0.900** |"
    assert len(table) == 4


def test_latex_escapes_and_has_the_best_in_bold():
    table = results_table(shown_scores(metrics(), **SHOWN), "latex")
    assert r"$\beta$-DecVAE A\_B & 0.200 & \textbf{0.500} $\pm$ 0.020 & \textbf{0.900} \\" in table
    assert table.startswith(r"\begin{tabular}{lrrr}") and table.count(r"\\") == 3


def test_a_score_that_a_model_lacks_is_a_dash():
    table = metrics()
    table = table[(table["label"] != "PCA") | (table["metric"] != "mutual_information")]
    assert "| PCA | - | 0.300" in results_table(shown_scores(table, **SHOWN), "markdown")


def test_nothing_to_show_is_said():
    with pytest.raises(ValueError, match=r"no scores with .*'corpus': 'other'"):
        shown_scores(metrics(), **{**SHOWN, "corpus": "other"})
    with pytest.raises(ValueError, match="unknown style 'html'"):
        results_table(shown_scores(metrics(), **SHOWN), "html")
