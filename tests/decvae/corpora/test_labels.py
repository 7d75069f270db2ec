"""Labels as the programs of others write them."""

import numpy as np
import pytest

from decvae.corpora.labels import read_labels
from decvae.corpora.recordings import Problems

AB = [(0.0, 0.5, "a"), (0.5, 0.9, "b")]
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 0.9
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 0.9
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 0.9
            text = "say ""ab"" 2"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 0.9
        points: size = 1
        points [1]:
            number = 0.3
            mark = "x"
    item [3]:
        class = "IntervalTier"
        name = "ann - phones"
        xmin = 0
        xmax = 0.9
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = "a"
        intervals [2]:
            xmin = 0.5
            xmax = 0.9
            text = "b"
        intervals [3]:
            xmin = 0.9
            xmax = 0.9
            text = ""
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
0.9
<exists>
1
"IntervalTier"
"anything"
0
0.9
2
0
0.5
"a"
0.5
0.9
"b"
"""
MFA = """Begin,End,Label,Type,Speaker
0.0,0.9,ab,words,ann
0.0,0.5,a,phones,ann
0.5,0.9,b,phones,ann
"""


def read(path, content, name="phones"):
    """Rows, the report of problems, and notes."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = read_labels(path, name, problems := Problems(), notes := [])
    rows = found and list(zip(found.starts.tolist(), found.stops.tolist(), found.names, strict=True))
    return rows, problems.report(), notes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("csv", "start,end,label\n0.0,0.5,a\n0.5,0.9,b\n"),
        ("csv", MFA),
        ("tsv", "start\tstop\ttext\n0.0\t0.5\ta\n0.5\t0.9\tb\n"),
        ("txt", "0.0\t0.5\ta\n\\\t500.0\t2000.0\n0.5\t0.9\tb\n"),
        ("lab", "0 5000000 a\n5000000 9000000 b\n"),
        ("phn", "0 8000 a\n8000 14400 b\n"),
        ("TextGrid", LONG),
        ("TextGrid", SHORT),
    ],
)
def test_the_same_labels_of_every_program(tmp_path, suffix, content, encoding):
    rows, _, notes = read(tmp_path / f"x.{suffix}", content.replace("\n", "\r\n").encode(encoding))
    assert [name for _, _, name in rows] == ["a", "b"] and not notes
    np.testing.assert_allclose([row[:2] for row in rows], [row[:2] for row in AB], rtol=1e-12)


def test_labels_without_text_are_named_by_line(tmp_path):
    content = "0.0\t0.3\ta\n\\\t500.0\t2000.0\n0.3\t0.3\tclick\n0.4\t0.8\t\n"
    rows, _, notes = read(tmp_path / "x.txt", content)
    assert rows == [(0.0, 0.3, "a"), (0.3, 0.3, "click")]
    assert notes == ["x.txt: no text in the label of line 4"]


def test_rounded_times_touch(tmp_path):
    rows, _, _ = read(tmp_path / "x.csv", "start,end,label\n0.2,0.30000000000000004,a\n0.3,0.4,b\n")
    np.testing.assert_allclose([row[:2] for row in rows], [[0.2, 0.3], [0.3, 0.4]])
    rows, report, _ = read(tmp_path / "x.csv", "start,end,label\n0.2,0.301,a\n0.3,0.4,b\n")
    assert rows is None and "b at 0.3-0.4 s overlaps" in report


def test_a_text_with_quotes_is_whole(tmp_path):
    assert read(tmp_path / "x.TextGrid", LONG, "words")[0] == [(0.0, 0.9, 'say "ab" 2')]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", "start;end;label\n0;1;a\n", "0 columns are called start or begin"),
        ("x.csv", "start,end,stop,label\n0,1,1,a\n", "2 columns are called end or stop"),
        ("x.csv", MFA.replace("phones", "phone"), "no row has the type 'phones'; types are phone, words"),
        ("x.csv", "start,end,label\n0,x,a\n", "line 2: '0' to 'x' are no times"),
        ("x.txt", "0.0\t0.5\ta\nhello\n", "line 2: 'hello'"),
        (
            "x.TextGrid",
            LONG.replace("ann - phones", "sounds"),
            "no single interval tier is called 'phones'",
        ),
        ("x.TextGrid", "hello", "does not begin as a TextGrid"),
        ("x.TextGrid", LONG[:-120], "cut short"),
        ("x.json", "{}", "the suffix must be"),
    ],
)
def test_bad_tables_say_what_and_where(tmp_path, name, content, message):
    rows, report, _ = read(tmp_path / name, content)
    assert rows is None and message in report
