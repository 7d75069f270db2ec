"""One interactive page of the maps of a table: turn, zoom, colour by any factor, and see what a point is."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
from plotly.colors import sample_colorscale

from decvae.analysis.embedding import PRIOR
from decvae.artifacts import FACTOR, atomic_path

# Okabe and Ito (2008), as in the figures; more classes than these have steps of plasma.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C")
MAP = ["branch", "view", "n_dims"]
BRANCHES = {"Z": "frames", "S": "utterances"}


def embedding_page(table: pd.DataFrame, title: str, output: str | Path) -> None:
    """Write a page that needs no network and no other file (plotly is inside, about 5 MB).

    A plot for the maps in two dimensions, one for those in three; a menu chooses the map and the colour. A point tells
    its utterance, frame, component and the values of its factors.

    Parameters
    ----------
    table : DataFrame
        Of :func:`decvae.analysis.embedding.embedding_table`; view ``prior`` is left out.
    title : str
    output : path

    Raises
    ------
    ValueError
        If the table has no map.
    """
    maps = table[table["view"] != PRIOR]
    if maps.empty:
        raise ValueError("the table has no map, only latents beside their prior")
    parts: list[str] = []
    for n_dims, rows in maps.groupby("n_dims"):
        plot = _plot(rows, int(n_dims))
        # A name of its own, or plotly makes up a new one every time and the same maps make another page.
        parts.append(pio.to_html(plot, full_html=False, include_plotlyjs=not parts, div_id=f"maps-{n_dims}d"))
    head = f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
    body = f"<body><h2 style='font-family: sans-serif'>{html.escape(title)}</h2>{''.join(parts)}</body></html>"
    with atomic_path(output) as partial:
        Path(partial).write_text(head + body, encoding="utf-8")


def colour_columns(rows: pd.DataFrame) -> dict[str, str]:
    """Columns that can colour the points of a map, with more than one value each, by their title."""
    factors = {column.removeprefix(FACTOR).replace("_", " "): column for column in rows if column.startswith(FACTOR)}
    columns = {**factors, "component": "level", "centre frequency (Hz)": "centre_hz"}
    return {title: column for title, column in columns.items() if rows[column].nunique() > 1}


def _plot(maps: pd.DataFrame, n_dims: int) -> go.Figure:
    traces: list[go.Scatter | go.Scatter3d] = []
    choices: list[tuple[str, int, int]] = []
    for (branch, view, _), rows in maps.groupby(MAP, sort=False):
        for title, column in colour_columns(rows).items():
            found = _traces(rows[rows[column].notna()], column, n_dims)
            choices.append((f"{view}, {BRANCHES[branch]}: {title}", len(traces), len(traces) + len(found)))
            traces += found
    for number, trace in enumerate(traces):
        trace.visible = number < choices[0][2]
    buttons = [
        {
            "label": label,
            "method": "update",
            "args": [{"visible": [first <= number < last for number in range(len(traces))]}],
        }
        for label, first, last in choices
    ]
    menu = {"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.12, "yanchor": "top"}
    plot = go.Figure(traces)
    hidden = {"showticklabels": False, "title": ""}
    plot.update_layout(
        updatemenus=[menu], height=700, width=900, template="plotly_white", legend={"itemsizing": "constant"},
        xaxis=hidden, yaxis={**hidden, "scaleanchor": "x"}, scene=dict.fromkeys(("xaxis", "yaxis", "zaxis"), hidden),
    )  # fmt: skip
    return plot


def _traces(rows: pd.DataFrame, column: str, n_dims: int) -> list[go.Scatter | go.Scatter3d]:
    """The points of a map in the colours of a column: a trace per class, or one with a scale for numbers."""
    numbers = pd.to_numeric(rows[column], errors="coerce")
    if numbers.notna().all() and column != "level":
        marker = {"color": numbers, "colorscale": "Plasma", "showscale": True, "size": 4 if n_dims == 2 else 2}
        return [_trace(rows, n_dims, marker, "")]
    classes = sorted(rows[column].unique(), key=lambda name: (name != "X", str(name).lower()))
    colours: Sequence[str] = PALETTE
    if (n := len(classes)) > len(PALETTE):
        colours = sample_colorscale("Plasma", [0.85 * number / (n - 1) for number in range(n)])
    return [
        _trace(rows[rows[column] == name], n_dims, {"color": colour, "size": 4 if n_dims == 2 else 2}, str(name))
        for name, colour in zip(classes, colours, strict=False)
    ]


def _trace(rows: pd.DataFrame, n_dims: int, marker: dict[str, object], name: str) -> go.Scatter | go.Scatter3d:
    shown = {"name": name, "showlegend": bool(name), "text": _hover(rows), "hoverinfo": "text"}
    shared = {"mode": "markers", "marker": marker, **shown}
    places = [rows[f"dim{axis + 1}"].round(3).tolist() for axis in range(n_dims)]
    if n_dims == 2:
        return go.Scattergl(x=places[0], y=places[1], **shared)
    return go.Scatter3d(x=places[0], y=places[1], z=places[2], **shared)


def _hover(rows: pd.DataFrame) -> list[str]:
    """What each point is."""
    texts = []
    factors = [column for column in rows if column.startswith(FACTOR)]
    for row in rows.to_dict("records"):
        words = [f"utterance {row['utterance']}" + (f", frame {row['frame']}" if row["branch"] == "Z" else "")]
        words += [f"{name.removeprefix(FACTOR)}: {row[name]}" for name in factors if pd.notna(row[name])]
        if row["view"] == "levels":
            words.append(row["level"] + (f" at {row['centre_hz']:.0f} Hz" if pd.notna(row["centre_hz"]) else ""))
        texts.append("<br>".join(words))
    return texts
