"""The contact sheet and the gallery page."""

import numpy as np
import pytest
from PIL import Image

from decvae.reporting.gallery import COLUMNS, MARGIN, TITLE, WIDTH, Entry, contact_sheet, gallery_page


@pytest.fixture
def figures(tmp_path):
    """Seven pictures, each of one colour, twice as wide as high but for one that is a square."""
    paths = {}
    for number in range(7):
        path = tmp_path / f"{number}.png"
        size = (400, 400 if number == 4 else 200)
        Image.new("RGB", size, (30 * number, 255 - 30 * number, 128)).save(path)
        paths[f"fig2/picture-{number}"] = path
    return paths


def test_the_sheet_holds_every_figure_in_its_place(figures, tmp_path):
    contact_sheet(figures, tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB")).astype(int)
    rows = [WIDTH + TITLE, WIDTH // 2 + TITLE]  # each as high as its highest
    assert COLUMNS == 6 and sheet.shape == (sum(rows) + 3 * MARGIN, 6 * (WIDTH + MARGIN) + MARGIN, 3)
    for number in range(7):
        top = MARGIN + sum(height + MARGIN for height in rows[: number // 6]) + TITLE
        left = MARGIN + (number % 6) * (WIDTH + MARGIN)
        centre = sheet[top + 100, left + WIDTH // 2]
        assert np.abs(centre - (30 * number, 255 - 30 * number, 128)).max() < 8
        assert (sheet[top - TITLE : top - 4, left : left + WIDTH] < 100).any(), "the name is missing"


def test_long_names_fit_their_figure(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (100, 50), "white").save(path)
    contact_sheet({"si18/latent_responses-" + "x" * 300: path, "b": path}, tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("L"))
    gap = sheet[MARGIN : MARGIN + TITLE - 4, MARGIN + WIDTH + 1 : MARGIN + WIDTH + 8]
    assert gap.min() > 180  # nothing runs into the next


def test_a_sheet_of_nothing_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="at least one figure"):
        contact_sheet({}, tmp_path / "sheet.png")


def test_the_page_lists_every_figure_once_in_its_category():
    entries = [
        Entry("fig2/a", "Figure 2", "An A."),
        Entry("si4/b", "SI 4", "A B."),
        Entry("fig2/c", "Figure 2", "A C."),
    ]
    page = gallery_page(entries, "images/sheet.png", "make gallery")
    assert page.startswith("# Gallery") and "All 3 figures" in page and "(images/sheet.png)" in page
    first, second = page.split("## SI 4")
    assert first.index("- `fig2/a`: An A.") < first.index("- `fig2/c`: A C.") and "- `si4/b`: A B." in second
