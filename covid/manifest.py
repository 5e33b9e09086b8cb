"""What is beside written images: manifest.csv, one line for each source file, and split.json.

No file disappears without a word: those that are no image or could not be read have a line, too.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from covid.errors import UserError, shortened
from covid.splits import PARTS
from minicnn.files import whole_file

MANIFEST = "manifest.csv"
SPLIT_INFO = "split.json"
COLUMNS = (
    *("part", "class", "label", "file", "source", "group", "status", "reason"),
    *("left", "top", "right", "bottom", "width", "height"),
)
NUMBER_COLUMNS = {"label", "left", "top", "right", "bottom", "width", "height"}
# Every status a line can have; the first two have an image in the folder.
KEPT = "kept"
NO_CONTOUR_KEPT = "no_contour_kept"
NO_CONTOUR_DROPPED = "no_contour_dropped"
UNREADABLE = "unreadable"
SKIPPED = "skipped"
STATUSES = (KEPT, NO_CONTOUR_KEPT, NO_CONTOUR_DROPPED, UNREADABLE, SKIPPED)


def _is_name(value) -> bool:
    return isinstance(value, str) and value != ""


def _are_ratios(value) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(type(x) is float for x in value)


def _are_texts(value) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _are_counts(value) -> bool:
    """Part -> class -> number of images."""
    return isinstance(value, dict) and all(
        isinstance(classes, dict) and all(type(n) is int and n >= 0 for n in classes.values())
        for classes in value.values()
    )


NEEDED_INFO = {  # what split.json must hold, and of which kind it must be
    "positive": _is_name,
    "negative": _is_name,
    "ratios": _are_ratios,
    "seed": lambda value: isinstance(value, int),
    "group": lambda value: value is None or isinstance(value, str),
    "notes": _are_texts,
    "counts": _are_counts,
}


@dataclass(frozen=True)
class SplitFolder:
    """A folder that `write_split` made.

    Attributes
    ----------
    folder : Path
    positive, negative : str
        Names of the classes.
    parts : dict of str to list of (Path, int)
        For "train", "validate" and "test" the image files that were written, with their labels
        (1 for the positive class).
    info : dict
        All that split.json holds.
    """

    folder: Path
    positive: str
    negative: str
    parts: dict[str, list[tuple[Path, int]]]
    info: dict


def new_row(**values) -> dict:
    """Return a line of the manifest: the given columns, the others empty."""
    return {**dict.fromkeys(COLUMNS, ""), **values}


def count_statuses(rows: Iterable[dict]) -> dict[str, int]:
    """Count the lines of each status that occurs; "total" is their sum, all files there were."""
    counts = Counter(row["status"] for row in rows)
    return {**{key: counts[key] for key in STATUSES if counts[key]}, "total": counts.total()}


def unused_rows(rows: Iterable[dict]) -> list[dict]:
    """The lines of files that are no usable images; their "reason" says why."""
    return [row for row in rows if row["status"] in (UNREADABLE, SKIPPED)]


def count_images(rows: Iterable[dict]) -> dict[str, dict[str, int]]:
    """Count the images written, by part and class."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["file"]:
            classes = counts.setdefault(row["part"], {})
            classes[row["class"]] = classes.get(row["class"], 0) + 1
    return counts


def write_manifest(folder: Path, rows: Sequence[dict]) -> None:
    """Write manifest.csv (UTF-8) into `folder`."""
    # File names that are not valid UTF-8 reach Python as lone surrogates, which only this
    # handler can write, and read back, unchanged.
    encoding = {"encoding": "utf-8", "errors": "surrogateescape"}
    with (
        whole_file(folder / MANIFEST) as temporary,
        open(temporary, "w", newline="", **encoding) as file,
    ):
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def read_manifest(folder: str | Path) -> list[dict]:
    """Read manifest.csv back; numbers become int.

    Raises
    ------
    UserError
        There is none, or it has other columns.
    """
    path = Path(folder) / MANIFEST
    try:
        with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            names = tuple(reader.fieldnames or ())  # of an empty file it reads the first line now
        if names != COLUMNS:
            raise UserError(f"{path}: expected the columns {','.join(COLUMNS)}; write it again")
        for row in rows:
            for column in NUMBER_COLUMNS:
                row[column] = int(row[column]) if row[column] else ""
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}): name a folder written by `covid split` or "
            "`covid preprocess`"
        ) from error
    except (TypeError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({error}); write the folder again") from error
    except ValueError as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} is damaged ({error}); write the folder again") from error
    return rows


def write_info(folder: Path, info: dict) -> None:
    """Write split.json into `folder`."""
    with whole_file(folder / SPLIT_INFO) as temporary:
        temporary.write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")


def read_split(folder: str | Path) -> SplitFolder:
    """Read back what `write_split` wrote.

    Raises
    ------
    UserError
        The folder was not written by `write_split`, is damaged, or an image has gone.
    """
    folder = Path(folder)
    path = folder / SPLIT_INFO
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}): name a folder written by `covid split`"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error}); write the folder again") from error
    missing = [key for key in NEEDED_INFO if not isinstance(info, dict) or key not in info]
    if missing:
        raise UserError(f"{path}: {', '.join(missing)} missing; write the folder again")
    odd = [key for key, fits in NEEDED_INFO.items() if not fits(info[key])]
    if info["positive"] == info["negative"]:
        odd.append("negative")
    if odd:
        raise UserError(
            f"{path} is damaged ({odd[0]} cannot be {shortened(repr(info[odd[0]]))}); write the "
            "folder again"
        )
    parts: dict[str, list[tuple[Path, int]]] = {part: [] for part in PARTS}
    seen: set[Path] = set()
    for row in read_manifest(folder):
        if not row["file"]:
            continue
        file = folder / row["file"]
        if row["part"] not in parts or not file.is_file():
            raise UserError(
                f"{file} is in {MANIFEST} but not in the folder; write the folder again"
            )
        label = int(row["class"] == info["positive"])
        parents = Path(row["part"], row["class"])
        if Path(row["file"]).parent != parents or row["label"] != label or file in seen:
            raise UserError(
                f"{folder / MANIFEST} is damaged (the line of {row['file']}); write the folder "
                "again"
            )
        seen.add(file)
        parts[row["part"]].append((file, label))
    return SplitFolder(folder, info["positive"], info["negative"], parts, info)
