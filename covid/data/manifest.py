"""manifest.csv, which lies beside written images: one line for each source file.

No file disappears without a word: those that are no image or could not be read have a line, too.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from covid.common.choices import MANIFEST
from covid.common.csv_cells import csv_rows
from covid.common.errors import UserError
from covid.common.output_files import write_csv

COLUMNS = (
    *("part", "class", "label", "file", "source", "group", "status", "reason"),
    *("crop", "left", "top", "right", "bottom", "width", "height"),
)
# Where files have more than 8 bits: `GrayLevels`, the gray levels of the image and of its file.
LEVEL_COLUMNS = ("by", "black", "white", "levels", "levels_in_file")
NUMBER_COLUMNS = {
    **dict.fromkeys(("label", "left", "top", "right", "bottom", "width", "height"), int),
    **dict.fromkeys(("black", "white"), float),
    **dict.fromkeys(("levels", "levels_in_file"), int),
}
# Every status a line can have; the first two have an image in the folder.
KEPT = "kept"
NO_CONTOUR_KEPT = "no_contour_kept"
NO_CONTOUR_DROPPED = "no_contour_dropped"
UNREADABLE = "unreadable"
SKIPPED = "skipped"
STATUSES = (KEPT, NO_CONTOUR_KEPT, NO_CONTOUR_DROPPED, UNREADABLE, SKIPPED)


def new_row(**values) -> dict:
    """Return a line of the manifest: the given columns, the others empty."""
    return {**dict.fromkeys((*COLUMNS, *LEVEL_COLUMNS), ""), **values}


def count_statuses(rows: Iterable[dict]) -> dict[str, int]:
    """Count the lines of each status that occurs; "total" is their sum, all files there were."""
    counts = Counter(row["status"] for row in rows)
    return {**{key: counts[key] for key in STATUSES if counts[key]}, "total": counts.total()}


def unused_rows(rows: Iterable[dict]) -> list[dict]:
    """The lines of files that are no usable images; their "reason" says why."""
    return [row for row in rows if row["status"] in (UNREADABLE, SKIPPED)]


def count_images(rows: Iterable[dict]) -> dict[str, dict[str, int]]:
    """Count the images written, by part and class."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        if row["file"]:
            counts[row["part"]][row["class"]] += 1
    return counts


def words_for(row: dict, folder: Path) -> list[str]:
    """How a command is given an image of the split in `folder`, so that it sees what the model saw.

    Where the image was cropped its source, which commands crop as well; else its copy, and --as-is.
    """
    cropped = row["left"] != "" and Path(row["source"]).exists()
    return [row["source"]] if cropped else [str(folder / row["file"]), "--as-is"]


def write_manifest(folder: Path, rows: Sequence[dict]) -> None:
    """Write manifest.csv (UTF-8) into `folder`."""
    columns = COLUMNS + (LEVEL_COLUMNS if any(row["by"] for row in rows) else ())
    write_csv(folder / MANIFEST, columns, ([row[name] for name in columns] for row in rows))


def read_manifest(folder: str | Path) -> list[dict]:
    """Read manifest.csv back; numbers become int or float.

    Raises
    ------
    UserError
        There is none, or it has other columns.
    """
    path = Path(folder) / MANIFEST
    try:
        with csv_rows(path) as lines:
            rows = list(lines)
            names = tuple(lines.fieldnames or ())  # of an empty file it reads the first line now
        known = names in (COLUMNS, COLUMNS + LEVEL_COLUMNS)
        rows = [new_row(**row) for row in rows] if known else []
        for row in rows:
            for column, number in NUMBER_COLUMNS.items():
                row[column] = number(row[column]) if row[column] else ""
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}): name a folder written by `covid split` or "
            "`covid preprocess`"
        ) from error
    except (TypeError, ValueError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({error}); write the folder again") from error
    if not known:
        raise UserError(f"{path}: expected the columns {','.join(COLUMNS)}; write it again")
    return rows
