"""Atomic writing, format checks and hashes."""

import os
import platform
import subprocess
import sys

import h5py
import pandas as pd
import pytest

from decvae.artifacts import ArtifactError, atomic_path, open_h5, provenance, settings_hash, write_json, write_table


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


def test_what_a_killed_process_left_is_removed_and_what_a_running_one_writes_is_not(tmp_path):
    killed = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    dead, alive = (
        tmp_path / f".table.csv.partial-{platform.node()}-{pid}" for pid in (int(killed.stdout), os.getppid())
    )
    other = tmp_path / ".table.csv.partial-another.host-1"
    for left in (dead, alive, other):
        left.write_text("half")
    with atomic_path(tmp_path / "table.csv") as partial:
        partial.write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {alive.name, other.name, "table.csv"}


@pytest.mark.parametrize(("name", "read"), [("t.csv", pd.read_csv), ("t.parquet", pd.read_parquet)])
def test_tables_are_written_whole_or_not_at_all(tmp_path, name, read):
    table = pd.DataFrame({"a": [1, 2], "b": ["β", None]}, index=[5, 6])
    write_table(table, tmp_path / name)
    pd.testing.assert_frame_equal(read(tmp_path / name), table.reset_index(drop=True), check_dtype=False)
    bad = pd.DataFrame({"a": [object()]})
    bad["a"] = bad["a"].map(lambda _: _Unwritable())
    with pytest.raises(Exception, match=r"disk full|_Unwritable"):
        write_table(bad, tmp_path / name)
    pd.testing.assert_frame_equal(read(tmp_path / name), table.reset_index(drop=True), check_dtype=False)
    assert [path.name for path in tmp_path.iterdir()] == [name]


class _Unwritable:
    def __str__(self):
        raise OSError("disk full")

    __repr__ = __str__


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
