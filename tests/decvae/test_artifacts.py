"""Atomic writing, format checks and hashes."""

import h5py
import pytest

from decvae.artifacts import ArtifactError, atomic_path, open_h5, provenance, settings_hash, write_json


def test_atomic_path_leaves_nothing_behind_after_an_error(tmp_path):
    target = tmp_path / "table.csv"
    with pytest.raises(RuntimeError), atomic_path(target) as partial:
        partial.write_text("half")
        raise RuntimeError("killed")
    assert list(tmp_path.iterdir()) == []


def test_atomic_path_replaces_an_older_file(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    with atomic_path(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


def test_settings_hash_ignores_key_order_but_not_values():
    assert settings_hash({"a": 1, "b": [2, 3]}) == settings_hash({"b": [2, 3], "a": 1})
    assert settings_hash({"a": 1}) != settings_hash({"a": 2})


def test_provenance_names_version_seed_and_hash():
    record = provenance({"beta": 0.1}, seed=3)
    assert record["seed"] == 3
    assert record["settings"] == {"beta": 0.1}
    assert record["settings_hash"].startswith(settings_hash({"beta": 0.1}))
    assert record["decvae_version"]


def test_json_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"value": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_open_h5_names_what_is_wrong(tmp_path):
    with pytest.raises(ArtifactError, match="does not exist"):
        open_h5(tmp_path / "none.h5", "decvae-corpus")
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as file:
        file.attrs["format"] = "something else"
    with pytest.raises(ArtifactError, match="something else"):
        open_h5(foreign, "decvae-corpus")
    truncated = tmp_path / "truncated.h5"
    with h5py.File(truncated, "w") as file:
        file["data"] = range(10000)
    truncated.write_bytes(truncated.read_bytes()[:4000])
    with pytest.raises(ArtifactError, match="cut short"):
        open_h5(truncated, "decvae-corpus")
