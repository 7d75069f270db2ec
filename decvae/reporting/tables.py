"""Tables of results to read and to print: models in rows, scores in columns, the best in bold."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

# Metric, its heading, whether low is good.
JOINT = (
    ("mutual_information", "MI", True),
    ("total_correlation_corr", "TC", True),
    ("disentanglement", "D", False),
    ("completeness", "C", False),
    ("informativeness", "I", False),
    ("modularity", "Mod.", False),
    ("explicitness", "Expl.", False),
    ("irs", "IRS", False),
    ("mig", "MIG", False),
    ("sap", "SAP", False),
)


def matching(rows: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """The rows that have the wanted value in every named column."""
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def on_aggregation(rows: pd.DataFrame, aggregation: str, per: Sequence[str] = ("run",)) -> pd.DataFrame:
    """Rows of one aggregation; of X for each ``per`` that lacks it, as baselines do."""
    chosen = rows.groupby(list(per))["aggregation"].transform(
        lambda found: aggregation if aggregation in set(found) else "X"
    )
    return rows[rows["aggregation"] == chosen]


def shown_scores(
    metrics: pd.DataFrame, *, corpus: str, protocol: str, checkpoint: str, aggregation: str, classifier: str
) -> pd.DataFrame:
    """The rows of the table of one corpus: frame latents (``mu``), each model on ``aggregation`` or, lacking it, on X.

    Parameters
    ----------
    metrics : DataFrame
        ``metrics.parquet``.

    Returns
    -------
    DataFrame
        With a column ``heading``; in the order of models and headings.

    Raises
    ------
    ValueError
        If there is no such row; the message says what was looked for.
    """
    wanted = {"corpus": corpus, "protocol": protocol, "checkpoint": checkpoint, "branch": "Z", "space": "mu"}
    rows = matching(metrics, **wanted)
    if rows.empty:
        raise ValueError(f"the metrics have no rows with {wanted}")
    rows = on_aggregation(rows, aggregation)
    joint = {metric: heading for metric, heading, _ in JOINT}
    heading = rows["metric"].map(joint)
    accuracy = (rows["metric"] == "accuracy") & (rows["classifier"] == classifier)
    heading[accuracy] = rows["factors"][accuracy] + " acc."
    return rows.assign(heading=heading)[heading.notna()]


def results_table(scores: pd.DataFrame, style: str) -> str:
    """Table of :func:`shown_scores` in Markdown or LaTeX (booktabs).

    Each cell is the value and half the width of its 95 % interval; the best value of a column is bold, as are all that
    print the same.

    Parameters
    ----------
    style : {"markdown", "latex"}
    """
    if style not in ("markdown", "latex"):
        raise ValueError(f"unknown style {style!r}; choose markdown or latex")
    headings = [heading for _, heading, _ in JOINT if heading in set(scores["heading"])]
    headings += sorted(set(scores["heading"]) - set(headings))
    low_is_good = {heading for _, heading, low in JOINT if low}
    labels = list(dict.fromkeys(scores["label"]))
    cells = {(row.label, row.heading): row for row in scores.itertuples()}
    columns = []
    for heading in headings:
        printed = {label: f"{cells[label, heading].value:.3f}" for label in labels if (label, heading) in cells}
        best = (min if heading in low_is_good else max)(printed.values(), key=float)
        columns.append(
            [
                _cell(cells.get((label, heading)), printed.get(label), printed.get(label) == best, style)
                for label in labels
            ]
        )
    arrows = [f"{heading} {'v' if heading in low_is_good else '^'}" for heading in headings]
    body = [[escaped(label, style), *row] for label, row in zip(labels, zip(*columns, strict=True), strict=True)]
    return markdown(arrows, body) if style == "markdown" else _latex(arrows, body)


def _cell(row, printed: str | None, best: bool, style: str) -> str:
    if row is None:
        return "-" if style == "markdown" else "--"
    half = (row.ci_high - row.ci_low) / 2
    error = "" if pd.isna(half) else f" ± {half:.3f}"
    if style == "markdown":
        return (f"**{printed}**" if best else printed) + error
    return (f"\\textbf{{{printed}}}" if best else printed) + error.replace("±", "$\\pm$")


def escaped(text: str, style: str) -> str:
    """A label for a cell of a table in Markdown or LaTeX."""
    if style == "markdown":
        return text.replace("|", "\\|")
    for character in "&%_#":
        text = text.replace(character, f"\\{character}")
    return text.replace("β", "$\\beta$")


def markdown(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Markdown table of models in rows; a heading that ends on v or ^ gets an arrow."""
    headings = [heading.replace(" v", " ↓").replace(" ^", " ↑") for heading in headings]
    lines = [["model", *headings], ["---"] * (len(headings) + 1), *body]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _latex(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    arrows = {" v": " $\\downarrow$", " ^": " $\\uparrow$"}
    headings = [escaped(heading[:-2], "latex") + arrows[heading[-2:]] for heading in headings]
    lines = [f"\\begin{{tabular}}{{l{'r' * len(headings)}}}", "\\toprule", " & ".join(["Model", *headings]) + r" \\"]
    lines += ["\\midrule", *(" & ".join(row) + r" \\" for row in body), "\\bottomrule", "\\end{tabular}"]
    return "\n".join(lines) + "\n"
