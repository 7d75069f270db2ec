import doctest

import pytest

from decvae.reporting import costs, selection, tables
from decvae.reporting.tables import bold, grid, table

ROWS = [["β-DecVAE A_B", "0.5 ± 0.1"], ["50 % & more #1", "-"]]


def test_markdown_escapes_what_would_divide_a_cell():
    assert table(["model", "D ↑"], [["A|B", "1"]]) == "| model | D ↑ |\n| --- | --- |\n| A\\|B | 1 |\n"


def test_latex_has_commands_for_what_it_does_not_know():
    lines = table(["model", "MI ↓"], ROWS, "latex").splitlines()
    assert lines[:4] == [r"\begin{tabular}{lr}", r"\toprule", r"model & MI $\downarrow$ \\", r"\midrule"]
    assert lines[4:6] == [r"$\beta$-DecVAE A\_B & 0.5 $\pm$ 0.1 \\", r"50 \% \& more \#1 & - \\"]
    assert lines[6:] == [r"\bottomrule", r"\end{tabular}"]


def test_bold_stays_bold_in_a_table():
    assert "| **1** |" in table(["a", "b"], [["x", bold("1")]])
    assert r"x & \textbf{1} \\" in table(["a", "b"], [["x", bold("1", "latex")]], "latex")


def test_a_grid_keeps_the_order_of_its_rows_and_shows_the_columns_asked_for():
    cells = {("b", "D"): "1", ("a", "C"): "2", ("b", "unasked"): "3"}
    assert grid(cells, ["C", "D"], corner="beta").splitlines()[2:] == ["| b | - | 1 |", "| a | 2 | - |"]
    assert grid({}, ["C"], corner="beta").splitlines() == ["| beta | C |", "| --- | --- |"]


def test_an_unknown_style_is_an_error():
    with pytest.raises(ValueError, match="unknown style 'html'; choose markdown or latex"):
        table(["a"], [], "html")


@pytest.mark.parametrize("module", [tables, selection, costs], ids=lambda module: module.__name__)
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0
