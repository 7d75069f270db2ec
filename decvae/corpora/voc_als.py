"""VOC-ALS: sustained vowels and syllable repetitions of patients with ALS and of controls, with clinical scores.

Layout: ``VOC-ALS.xlsx`` and one folder for each of eight tasks with files ``ID_TASK.wav``, at the root given or up to
two folders below. Dubbioso et al. (2024), Voice signals database of ALS patients with different dysarthria severity and
healthy controls, Scientific Data.
"""

from __future__ import annotations

import math
import re
from io import BytesIO
from itertools import zip_longest
from pathlib import Path

from decvae.corpora.recordings import Listing, Recording, assign_splits, files, find_parent, folders
from decvae.corpora.tables import cell_text
from decvae.settings.corpora import VocAlsSettings

CONTENT = "phoneme"

TASKS = {
    **{f"phonation{vowel}": vowel for vowel in "AEIOU"},
    **{f"rhythm{syllable}": syllable for syllable in ("KA", "PA", "TA")},
}
CONTROL = "control"  # the clinical class of people without the disease
KING_STAGES = ["1", "2", "3", "4", "4A", "4B", "4A/B"]
# Upper ends of right-closed bins, each with the name of the bin.
DURATION_YEARS: dict[float, str] = {1: "0-1", 5: "1-5", 10: "5-10", 20: "10-20", math.inf: "20+"}
ALSFRS_TOTAL: dict[float, str] = {6 * k: f"{6 * k - 5 if k > 1 else 0}-{6 * k}" for k in range(1, 9)}
CANTAGALLO: dict[float, str] = {7: "0-7", 35: "8-35", 70: "36-70", 134: "71-134", 140: "135-140"}
# Factor: column of the table and bins.
BINNED: dict[str, tuple[str, dict[float, str]]] = {
    "disease_duration": ("DiseaseDuration", DURATION_YEARS),
    "alsfrs_total": ("ALSFRS-R_TotalScore", ALSFRS_TOTAL),
    "cantagallo": ("Cantagallo_Questionnaire", CANTAGALLO),
}
SPEECH_SCORE = "ALSFRS-R_SpeechSubscore"
COLUMNS = ["ID", "Category", "KingClinicalStage", SPEECH_SCORE, *(column for column, _ in BINNED.values())]
People = dict[str, dict[str, str | None]]  # clinical factors of every person
SUBJECT = re.compile(r"[A-Z]+\d+")


def list_recordings(root: Path, settings: VocAlsSettings, seed: int = 0) -> Listing:
    """All recordings of the tree with the clinical factors of the table; ``seed`` draws the splits."""
    listing = Listing(
        class_names={
            CONTENT: list(TASKS.values()),
            "group": ["HC", "ALS"],
            "king_stage": [CONTROL, *KING_STAGES],
            "alsfrs_speech": [CONTROL, *map(str, range(5))],
            **{factor: [CONTROL, *bins.values()] for factor, (_, bins) in BINNED.items()},
        }
    )
    place = find_parent(root, {task.upper() for task in TASKS}) or root
    people = _read_table(listing, place)
    shares = {"dev": settings.dev_share, "test": settings.test_share}
    strata = {name: factors["king_stage"] or "unknown" for name, factors in people.items()}
    splits = assign_splits(strata, shares, seed)
    present = folders(place)
    for task, phoneme in TASKS.items():
        if task.upper() not in present:
            listing.problems.add("half a tree", place, f"no folder {task}")
            continue
        _list_task(listing, present[task.upper()], task, phoneme, people, splits)
    return listing


def _list_task(listing: Listing, folder: Path, task: str, phoneme: str, people: People, splits: dict[str, str]) -> None:
    found = set()
    for path in files(folder):
        name = re.fullmatch(rf"(.+)_{task}\.wav", path.name, re.IGNORECASE)
        if not name:
            continue
        subject = name.group(1).upper()
        if subject not in people:
            listing.problems.add("missing label", path, f"{subject} is not in the table")
            continue
        found.add(subject)
        factors = {CONTENT: phoneme, "speaker": subject, **people[subject]}
        listing.recordings.append(Recording(f"{subject}_{task}", path, splits[subject], factors=factors))
    for subject in sorted(people.keys() - found):
        listing.problems.add("missing file", folder / f"{subject}_{task}.wav")


def _read_table(listing: Listing, place: Path) -> People:
    """Clinical factors of every person."""
    from openpyxl import load_workbook  # slow to import

    tables = [path for path in files(place) if path.suffix.lower() == ".xlsx" and not path.name.startswith("~")]
    if not tables:
        listing.problems.add("missing file", place / "VOC-ALS.xlsx")
        return {}
    try:
        content = BytesIO(tables[0].read_bytes())  # a path would stay open
        sheet = load_workbook(content, read_only=True, data_only=True).active
        sheet.reset_dimensions()  # some programs write a size that is not that of the sheet
        rows = list(sheet.iter_rows(values_only=True))
    except Exception as error:  # openpyxl raises errors of many libraries for a damaged file
        listing.problems.add("no labels", tables[0], f"not a readable workbook: {error}")
        return {}
    # The header is the second row of the release; a copy may have lost the title above it.
    header = next((k for k, row in enumerate(rows[:5]) if {"ID", "Category"} <= {_text(cell) for cell in row}), None)
    names = [_text(cell) for cell in rows[header]] if header is not None else []
    missing = [name for name in COLUMNS if name not in names]
    if header is None or missing:
        listing.problems.add("bad labels", tables[0], f"no column {', '.join(missing)} in the first five rows")
        return {}
    people = {}
    for number, row in enumerate(rows[header + 1 :], start=header + 2):
        cells = {name: _text(cell) for name, cell in zip_longest(names, row[: len(names)]) if name in COLUMNS}
        where = f"{tables[0]}, row {number}"
        if not cells["ID"]:
            continue
        if not SUBJECT.fullmatch(cells["ID"].upper()) or cells["Category"] not in ("HC", "ALS"):
            listing.problems.add("bad row", where, f"ID {cells['ID']!r}, Category {cells['Category']!r}")
            continue
        if cells["ID"].upper() in people:
            listing.problems.add("repeated id", where, cells["ID"])
            continue
        people[cells["ID"].upper()] = _clinical_factors(listing, cells, where)
    return people


def _text(cell: object) -> str:
    """A cell as text: 3 and 3.0 are "3", an empty cell and a dash are nothing."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = "" if cell is None else cell_text(str(cell))
    return "" if text in ("-", "–") else text


def _clinical_factors(listing: Listing, cells: dict[str, str], where: str) -> dict[str, str | None]:
    factors: dict[str, str | None] = {"group": cells["Category"]}
    clinical = ["king_stage", "alsfrs_speech", *BINNED]
    if cells["Category"] == "HC":
        return factors | dict.fromkeys(clinical, CONTROL)
    for factor, column in (("king_stage", "KingClinicalStage"), ("alsfrs_speech", SPEECH_SCORE)):
        value = cells[column].upper().replace(" ", "")
        factors[factor] = value or None
        if value and value not in listing.class_names[factor]:
            listing.problems.add("unknown label", where, f"{column} {value!r}")
            factors[factor] = None
    for factor, (column, bins) in BINNED.items():
        factors[factor] = None
        if cells[column]:
            try:
                factors[factor] = in_bin(float(cells[column]), bins)
            except ValueError:
                listing.problems.add("bad number", where, f"{column} {cells[column]!r}")
    return factors


def in_bin(value: float, bins: dict[float, str]) -> str:
    """Name of the right-closed bin that holds a value.

    Raises
    ------
    ValueError
        If the value is negative or above the last bin.

    >>> [in_bin(value, DURATION_YEARS) for value in (1, 1.5, 30)]
    ['0-1', '1-5', '20+']
    """
    if not 0 <= value <= max(bins):
        raise ValueError(f"{value:g} is outside 0 to {max(bins):g}")
    return next(name for limit, name in bins.items() if value <= limit)
