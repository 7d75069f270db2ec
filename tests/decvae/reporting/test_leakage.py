import pandas as pd
import pytest

from decvae.reporting.leakage import COLUMNS, compare_protocols, protocol_tables

SHOWN = {"corpus": "c", "checkpoint": "best", "aggregation": "all", "classifier": "svc"}


def metrics():
    """Two models; the published headline of the first is its k-NN, of the second its SVC."""
    rows = []

    def add(label, protocol, metric, value, classifier="", aggregation="all", **other):
        base = {"corpus": "c", "run": label, "label": label, "checkpoint": "best", "epoch": 30, "branch": "Z"}
        base |= {"space": "mu", "aggregation": aggregation, "protocol": protocol, "metric": metric, "value": value}
        base |= {"factors": "vowel" if classifier else "vowel+speaker", "classifier": classifier}
        rows.append(base | {"ci_low": value - 0.02, "ci_high": value + 0.02} | other)

    for label, aggregation, leaked in (("A|B", "all", 0.2), ("PCA", "X", 0.1)):
        for protocol, extra in (("sound", 0.0), ("published", leaked)):
            add(label, protocol, "disentanglement", 0.3 + extra, aggregation=aggregation)
            add(label, protocol, "irs", 0.5, aggregation=aggregation)
            add(label, protocol, "accuracy", 0.6 + extra, "svc", aggregation)
            add(label, protocol, "accuracy", 0.5 + 2 * extra, "knn", aggregation)
        add(label, "published", "accuracy", max(0.6 + leaked, 0.5 + 2 * leaked), "best", aggregation)
    add("A|B", "published", "disentanglement", 0.9, aggregation="X")
    add("A|B", "sound", "mig", 0.9)
    add("A|B", "published", "disentanglement", 0.9, checkpoint="init")
    add("A|B", "sound", "disentanglement", 0.4, checkpoint="init")
    add("A|B", "sound", "accuracy", 0.1, "svc", space="features")
    add("A|B", "published", "accuracy", 0.1, "svc", space="features")
    return pd.DataFrame(rows)


def test_scores_that_both_protocols_have_are_paired():
    found = compare_protocols(metrics(), "svc")
    assert tuple(found.columns) == COLUMNS
    assert set(found.metric) == {"disentanglement", "accuracy"}  # neither split by a protocol: IRS; sound only: MIG
    assert len(found) == 2 * 4 + 1
    assert found.worth.tolist() == pytest.approx((found.published - found.sound).tolist())
    assert found[(found.run == "PCA") & (found.metric == "disentanglement")].worth.item() == pytest.approx(0.1)
    headline = found[found.classifier == "best"].set_index("run")
    assert headline.sound.to_dict() == pytest.approx({"A|B": 0.6, "PCA": 0.6})  # of the classifier fixed in advance
    assert headline.published.to_dict() == pytest.approx({"A|B": 0.9, "PCA": 0.7})
    assert (found.sound_high - found.sound_low).to_list() == pytest.approx([0.04] * len(found))


def test_markdown_shows_both_and_the_mean_difference():
    lines = protocol_tables(compare_protocols(metrics(), "svc"), **SHOWN).splitlines()
    assert lines[0] == "Branch Z, `published / sound` (headline: best on the test data / svc):"
    assert lines[2] == "| model | D | vowel, svc | vowel, knn | vowel, headline |"
    assert lines[4] == r"| A\|B | 0.500 / 0.300 | 0.800 / 0.600 | 0.900 / 0.500 | 0.900 / 0.600 |"
    assert lines[5] == "| PCA | 0.400 / 0.300 | 0.700 / 0.600 | 0.700 / 0.500 | 0.700 / 0.600 |"
    assert lines[6] == "| mean difference | **+0.150** | **+0.150** | **+0.300** | **+0.200** |"
    assert len(lines) == 7


def test_a_missing_protocol_and_an_empty_choice_are_named():
    table = metrics()
    with pytest.raises(ValueError, match=r"no scores by the protocol\(s\) \['published'\]"):
        compare_protocols(table[table.protocol == "sound"], "svc")
    with pytest.raises(ValueError, match="no score of corpus 'c' at checkpoint 'last'"):
        protocol_tables(compare_protocols(table, "svc"), **{**SHOWN, "checkpoint": "last"})
