"""Tables to read and to print: plain cells in, Markdown or LaTeX (booktabs) out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

STYLES = ("markdown", "latex")
ABSENT = "-"
_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%_#"}
    | {"β": "$\\beta$", "±": "$\\pm$", "↓": "$\\downarrow$", "↑": "$\\uparrow$"}
)


def bold(text: str, style: str = "markdown") -> str:
    """A cell that stands out."""
    return f"**{text}**" if style == "markdown" else f"\\textbf{{{text}}}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], style: str = "markdown") -> str:
    r"""A table with its headings on top; the first column names the rows.

    Parameters
    ----------
    headings : sequence of str
        One for every column.
    rows : sequence of sequences of str
    style : {"markdown", "latex"}

    Raises
    ------
    ValueError
        If the style is unknown.

    >>> print(table(["model", "D ↑"], [["A|B", "0.5"]]), end="")
    | model | D ↑ |
    | --- | --- |
    | A\|B | 0.5 |
    """
    if style not in STYLES:
        raise ValueError(f"unknown style {style!r}; choose markdown or latex")
    lines = [list(headings), *map(list, rows)]
    if style == "markdown":
        escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        escaped.insert(1, ["---"] * len(headings))
        return "".join(f"| {' | '.join(line)} |\n" for line in escaped)
    top, *body = (" & ".join(cell.translate(_LATEX) for cell in line) + r" \\" for line in lines)
    columns = "l" + "r" * (len(headings) - 1)
    parts = [f"\\begin{{tabular}}{{{columns}}}", "\\toprule", top, "\\midrule", *body, "\\bottomrule", "\\end{tabular}"]
    return "\n".join(parts) + "\n"


def grid(
    cells: Mapping[tuple[str, str], str], columns: Sequence[str], *, corner: str = "model", style: str = "markdown"
) -> str:
    """A table of cells by row and column, the rows in the order of the cells; a dash where there is none.

    >>> print(grid({("PCA", "D"): "0.5", ("ICA", "C"): "0.4"}, ["D", "C"]), end="")
    | model | D | C |
    | --- | --- | --- |
    | PCA | 0.5 | - |
    | ICA | - | 0.4 |
    """
    names = dict.fromkeys(row for row, _ in cells)
    body = [[name, *(cells.get((name, column), ABSENT) for column in columns)] for name in names]
    return table([corner, *columns], body, style)
