"""All figures of a study at a glance: a contact sheet, and a page that says what each of them shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from decvae.artifacts import atomic_path

COLUMNS, COLOURS = 6, 128  # figures in a row of the sheet, size of its palette
WIDTH, TITLE, MARGIN = 420, 26, 12  # of a figure and around it, in pixels


@dataclass(frozen=True)
class Entry:
    """One figure of a gallery.

    Attributes
    ----------
    name : str
        ``fig2/metrics_bars``.
    category : str
        The group that it stands in.
    caption : str
        What it shows.
    """

    name: str
    category: str
    caption: str


def contact_sheet(figures: Mapping[str, str | Path], output: str | Path) -> None:
    """Put reduced pictures of all figures into one PNG, each under its name, row by row.

    Figures are 420 pixels wide, six in a row, which is as high as its highest.

    Parameters
    ----------
    figures : mapping
        PNG file of each figure by its name, in the order of the sheet.
    output : path

    Raises
    ------
    ValueError
        If there is no figure.
    """
    if not figures:
        raise ValueError("a contact sheet needs at least one figure")
    names = list(figures)
    rows = [names[start : start + COLUMNS] for start in range(0, len(names), COLUMNS)]
    pictures = {name: _reduced(figures[name]) for name in names}
    heights = [max(pictures[name].height for name in row) + TITLE for row in rows]
    n_columns = min(COLUMNS, len(names))
    size = (n_columns * (WIDTH + MARGIN) + MARGIN, sum(heights) + MARGIN * (len(rows) + 1))
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    top = MARGIN
    for row, height in zip(rows, heights, strict=True):
        for place, name in enumerate(row):
            left = MARGIN + place * (WIDTH + MARGIN)
            pen.text((left, top), _fitting(name, pen, font), fill="black", font=font)
            sheet.paste(pictures[name], (left, top + TITLE))
            pen.rectangle((left - 3, top - 3, left + WIDTH + 2, top + height), outline="#d0d0d0")
        top += height + MARGIN
    with atomic_path(output) as partial:
        sheet.quantize(COLOURS, dither=Image.Dither.NONE).save(partial, format="PNG", optimize=True)


def _reduced(path: str | Path) -> Image.Image:
    with Image.open(path) as image:
        height = max(1, round(image.height * WIDTH / image.width))
        return image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)


def _fitting(name: str, pen: ImageDraw.ImageDraw, font: Any) -> str:
    """The name, shortened in its middle if it is wider than its figure."""
    shown, cut = name, 1
    while pen.textlength(shown, font=font) > WIDTH and cut < len(name):
        half = (len(name) - cut) // 2
        shown, cut = f"{name[:half]}…{name[len(name) - half :]}", cut + 1
    return shown


def gallery_page(entries: Sequence[Entry], sheet: str, command: str) -> str:
    """The page in Markdown: the contact sheet, then every figure by category with its caption.

    Parameters
    ----------
    entries : sequence of Entry
    sheet : str
        Link to the contact sheet.
    command : str
        How the page is made.
    """
    lines = [
        *("# Gallery", "", f"All {len(entries)} figures of one study, made by `{command}`.", ""),
        *(f"![Contact sheet of all figures]({sheet})", ""),
    ]
    for category in dict.fromkeys(entry.category for entry in entries):
        lines += [f"## {category}", ""]
        lines += [f"- `{entry.name}`: {entry.caption}" for entry in entries if entry.category == category]
        lines.append("")
    return "\n".join(lines)
