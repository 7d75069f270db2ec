"""Atomic writing, format checks and hashes."""

import os
import platform
import subprocess
import sys

import h5py
import pandas as pd
import pytest

from decvae.artifacts import (
    ArtifactError,
    atomic_path,
    create_h5,
    open_h5,
    provenance,
    settings_hash,
    write_json,
    write_table,
)


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


def test_a_file_that_another_process_has_locked_is_read(tmp_path):
    path = tmp_path / "a.h5"
    with create_h5(path, "x", 1) as file:
        file["values"] = [1, 2]
    lock = "import fcntl, sys; file = open(sys.argv[1], 'rb'); fcntl.flock(file, fcntl.LOCK_EX); print(1, flush=True)"
    command = [sys.executable, "-c", f"{lock}; sys.stdin.read()", path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        try:
            other.stdout.readline()
            with pytest.raises(BlockingIOError):
                h5py.File(path, "r", locking=True)
            with open_h5(path, "x", 1) as file:
                assert file["values"][:].tolist() == [1, 2]
        finally:
            other.kill()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (BlockingIOError(11, "unable to lock file"), "do not delete it"),
        (OSError("unable to lock file, errno = 37"), "do not delete it"),
        (PermissionError(13, "Permission denied"), "do not delete it"),
        (OSError("truncated file"), "cut short or damaged"),
    ],
)
def test_a_lock_is_not_damage(tmp_path, monkeypatch, error, message):
    def refuse(*args, **kwargs):
        raise error

    path = tmp_path / "a.h5"
    path.write_bytes(b"x")
    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(ArtifactError, match=message) as found:
        open_h5(path, "x")
    assert ("Delete it" in str(found.value)) == ("damaged" in message)
