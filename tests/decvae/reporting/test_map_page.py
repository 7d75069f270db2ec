"""The interactive page of maps: whole, self-contained, and true to the table."""

import json
import re

import numpy as np
import pytest

from decvae.analysis.embedding import Rows, embedding_table
from decvae.reporting.map_page import colour_columns, embedding_page
from decvae.settings.embeddings import EmbeddingSettings


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    settings = EmbeddingSettings(n_points=60, perplexity=5.0, dimensions=(2, 3), views=("all", "levels", "prior"))
    rows = Rows(
        rng.normal(size=(60, 3, 5)),
        utterance=np.arange(60) // 6,
        frame=np.arange(60) % 6,
        factors={
            "vowel": np.array(list("aeI"))[np.arange(60) % 3],
            "speaker": (0.7 + 0.1 * (np.arange(60) // 6)).astype(str),
        },
        present=np.ones((60, 2), dtype=bool),
        centre_hz=np.tile([400.0, 1600.0], (60, 1)),
    )
    return embedding_table(rows, settings, label="β-DecVAE <FD>")


def plots_of(page):
    """Data and layout of every plot of a page."""
    decoder, found = json.JSONDecoder(), []
    for call in re.finditer(r"Plotly\.newPlot\(\s*\"[\w-]+\",\s*", page):
        data, end = decoder.raw_decode(page, call.end())
        layout, _ = decoder.raw_decode(page, re.compile(r",\s*").match(page, end).end())
        found.append((data, layout))
    return found


def test_the_page_is_whole_and_needs_no_network(table, tmp_path):
    embedding_page(table, "Maps of <A>", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "Maps of &lt;A&gt;" in page and not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert 1e6 < len(page) < 8e6
    two, three = plots_of(page)
    labels = [button["label"] for button in two[1]["updatemenus"][0]["buttons"]]
    assert labels == [
        *("all, frames: vowel", "all, frames: speaker"),
        *(f"levels, frames: {name}" for name in ("vowel", "speaker", "component", "centre frequency (Hz)")),
    ]
    for data, layout in (two, three):
        # Every choice shows each point of its map once; together they show every trace.
        shown = [button["args"][0]["visible"] for button in layout["updatemenus"][0]["buttons"]]
        counts = [sum(len(trace["text"]) for trace, on in zip(data, visible, strict=True) if on) for visible in shown]
        assert counts == [60, 60, 60, 60, 60, 40]  # 20 frames of 3 levels; X has no frequency
        assert np.all(np.sum(shown, axis=0) == 1)
        assert [trace["visible"] for trace in data] == shown[0]


def test_the_same_maps_make_the_same_page(table, tmp_path):
    for name in ("one", "two"):
        embedding_page(table, "Maps", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_point_names_its_utterance_and_the_values_of_its_factors(table, tmp_path):
    embedding_page(table, "Maps", tmp_path / "page.html")
    (data, _), _ = plots_of((tmp_path / "page.html").read_text())
    row = table[(table["view"] == "all") & (table["factor_vowel"] == "I")].iloc[0]
    trace = next(trace for trace in data if trace["name"] == "I")
    assert (
        trace["text"][0] == f"utterance {row.utterance}, frame {row.frame}<br>vowel: I<br>speaker: {row.factor_speaker}"
    )
    assert any("OC2 at 1600 Hz" in text for trace in data for text in trace["text"])


def test_what_has_one_value_is_no_colour(table):
    assert "level" not in colour_columns(table[table["view"] == "all"]).values()
    assert "factor_vowel" not in colour_columns(table.assign(factor_vowel="a")).values()


def test_a_table_without_maps_is_an_error(table, tmp_path):
    with pytest.raises(ValueError, match="no map"):
        embedding_page(table[table["view"] == "prior"], "Maps", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
