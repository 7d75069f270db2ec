"""The text in front of R scripts: what R reads is what was written, however many names there are."""

import subprocess

import pytest
from r_script import write_short_lines
from snakemake.script import REncoder


def length_in_r(values, tmp_path, start=""):
    path = tmp_path / "script.R"
    path.write_text(f"{start}values <- {REncoder.encode_value(values)}\ncat(length(unlist(values)))", encoding="utf-8")
    return subprocess.run(["Rscript", "--vanilla", str(path)], capture_output=True, text=True, timeout=60)


@pytest.fixture
def short_lines(monkeypatch):
    monkeypatch.setattr(REncoder, "encode_value", REncoder.encode_value)  # put back afterwards
    write_short_lines()


@pytest.mark.parametrize(
    "values", [["β-VAE FD"] * 400, {"a": ["β"] * 3000, "b": 0.1}, [{"β": ["é", 1, None, True]}] * 99]
)
def test_many_names_are_read(values, tmp_path, short_lines):
    lines = REncoder.encode_value(values).splitlines()
    assert max(len(line.encode()) for line in lines) < 100
    expected = {400: "400", 2: "3001", 99: "297"}[len(values)]  # NULL has no length
    for start in ("", " ", "  "):
        done = length_in_r(values, tmp_path, start)
        assert done.stdout == expected, done.stderr


def test_text_is_read_as_it_was(tmp_path, short_lines):
    path = tmp_path / "script.R"
    texts = ["β", "é 😀", 'say "x"', "a, b"]
    path.write_text(f"cat({REncoder.encode_value(texts)}, sep = '|')", encoding="utf-8")
    done = subprocess.run(["Rscript", "--vanilla", str(path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "|".join(texts)
