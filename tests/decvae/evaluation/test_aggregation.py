import numpy as np
import pytest

from decvae.evaluation.aggregation import aggregate, available_aggregations
from decvae.evaluation.latents import LatentTable


def marker_table(subspaces, features=True):
    """mu[n, s, j] = 100 n + 10 s + j and features = 1000 + the same with two dimensions."""
    n, d = 4, 3
    marker = 100 * np.arange(n)[:, None, None] + 10 * np.arange(len(subspaces))[None, :, None]
    return LatentTable(
        branch="Z",
        subspaces=subspaces,
        mu=(marker + np.arange(d)).astype(np.float32),
        logvar=None,
        features=(1000 + marker[:, :3] + np.arange(2)).astype(np.float32) if features else None,
        utterance=np.arange(n),
        frame=np.zeros(n, dtype=int),
        overlap=np.zeros(n, dtype=bool),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("X", [200, 201, 202]),
        ("OC2", [220, 221, 222]),
        ("OCs_joint", [210, 211, 212, 220, 221, 222]),
        ("OCs_proj", [230, 231, 232]),
        ("all", [200, 201, 202, 210, 211, 212, 220, 221, 222]),
    ],
)
def test_markers_land_in_their_columns(name, expected):
    table = marker_table(["X", "OC1", "OC2", "OCs_proj"])
    codes = aggregate(table, name)
    assert codes.shape == (4, len(expected)) and codes[2].tolist() == expected


def test_components_are_found_by_name_not_by_position():
    table = marker_table(["OCs_proj", "OC2", "X", "OC1"])
    assert aggregate(table, "all")[0].tolist() == [20, 21, 22, 30, 31, 32, 10, 11, 12]


def test_ten_components_are_ordered_by_number():
    table = marker_table(["X", *(f"OC{c}" for c in range(1, 11))])
    assert aggregate(table, "OCs_joint")[0, ::3].tolist() == [10 * c for c in range(1, 11)]


def test_features_have_levels_x_and_components():
    table = marker_table(["X", "OC1", "OC2", "OCs_proj"])
    assert aggregate(table, "all", "features")[1].tolist() == [1100, 1101, 1110, 1111, 1120, 1121]
    assert available_aggregations(table, "features") == ["X", "OC1", "OC2", "OCs_joint", "all"]
    with pytest.raises(ValueError, match=r"'OCs_proj' is not available in space 'features'.*'OCs_joint'"):
        aggregate(table, "OCs_proj", "features")


def test_what_is_missing_is_refused_with_what_exists():
    baseline = marker_table(["X"], features=False)
    assert available_aggregations(baseline) == ["X"] and available_aggregations(baseline, "features") == []
    for name in ("all", "OCs_joint", "OC1", "OCs_joint_emb"):
        with pytest.raises(ValueError, match=rf"{name}.*available: \['X'\]"):
            aggregate(baseline, name)
    with pytest.raises(ValueError, match="unknown space 'logvar'"):
        aggregate(baseline, "X", "logvar")
