"""Reads a csv file that says which patient each image is of: `covid split --group-csv`.

Such files come from people and spreadsheets: with semicolons, a byte order mark, lines without an
image, images by path, by name or by name without extension. What fits is taken; what is said
twice differently, or not at all, is an error, because a guess would let a leak in.
"""

from __future__ import annotations

import csv
import posixpath
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from covid.common.csv_cells import unquoted
from covid.common.errors import UserError, shortened, shown
from covid.data.class_folders import Dataset, ImageFile
from covid.data.same_names import composed, meant
from minicnn.preprocessing.table import csv_lines

Line = tuple[int, list[str]]  # its number in the file, its cells


def read_group_names(dataset: Dataset, path: Path, column: str) -> dict[ImageFile, str]:
    """Return every image's group; see `covid.data.groups.groups_from_csv`."""
    header, lines = read_table(path, "--group-csv")
    found = meant(column, header)
    if found is None:
        raise UserError(
            f"{path}: expected one column {column!r}, found {header.count(column)} among "
            f"{shortened(', '.join(header)) or 'none'}; name the right one with --group-column"
        )
    keys, file_column = _find_files(dataset, path, header, lines)
    stated: dict[str, Line] = {}
    group_column, wanted = header.index(found), set(keys.values())
    for line in lines:
        key, (number, cells) = tidy(line[1][file_column]), line
        if key not in wanted:  # of another file, or of none
            continue
        before = stated.setdefault(key, line)
        if before[1][group_column] != cells[group_column]:
            raise UserError(
                f"{path}: line {before[0]} says {column} {before[1][group_column]!r} for "
                f"{shown(key)}, line {number} says {cells[group_column]!r}; correct one of them"
            )
    names = {}
    for image, key in keys.items():
        number, cells = stated[key]
        names[image] = cells[group_column]
        if not names[image]:
            raise UserError(
                f"{path}: line {number} says no {column} for {shown(key)}; put one in, or take "
                "the image away"
            )
    return names


def read_table(path: Path, option: str) -> tuple[list[str], list[Line]]:
    """The columns' names, and the lines with as many cells each; spaces around cells are cut off.

    `option` is that which names the file.

    Raises
    ------
    UserError
        It cannot be read, is not UTF-8, or a line has more cells than there are columns.
    """
    try:
        (_, names), *lines = [
            (number, [composed(unquoted(cell)) for cell in cells])
            for number, cells in csv_lines(path)
        ] or [(1, [])]
    except OSError as error:
        raise UserError(
            f"{option}: {path} cannot be read ({error.strerror}); name a csv file"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{option}: {path} is no csv file in UTF-8 ({error}); save it as one"
        ) from error
    for number, cells in lines:
        if any(cells[len(names) :]):
            raise UserError(
                f"{path}: line {number} has {len(cells)} cells for {len(names)} columns; put "
                "quotes around a cell that holds the separator"
            )
        cells += [""] * (len(names) - len(cells))
    return names, lines


def _find_files(
    dataset: Dataset, path: Path, header: list[str], lines: list[Line]
) -> tuple[dict[ImageFile, str], int]:
    """What the file calls each image, and the number of the column in which it does so.

    Raises
    ------
    UserError
        No column has all images; says what the one with the most of them lacks.
    """
    ways: list[Callable[[ImageFile], str]] = [
        lambda image: image.path.relative_to(dataset.folder).as_posix(),
        lambda image: image.path.as_posix(),
        lambda image: image.path.absolute().as_posix(),
        lambda image: image.path.name,
        lambda image: image.path.stem,
    ]
    fewest: list[ImageFile] = list(dataset)
    for number in range(len(header)):
        cells = {tidy(line[number]) for _, line in lines}
        for way in ways:
            keys = {image: tidy(way(image)) for image in dataset}
            missing = [image for image, key in keys.items() if key not in cells]
            # Two images of one name would get one group; only their paths tell them apart.
            if not missing and len(set(keys.values())) == len(keys):
                return keys, number
            fewest = min(fewest, missing or _of_one_name(keys), key=len)
    example = shown(ways[0](fewest[0]))
    raise UserError(
        f"{path}: expected a column that names all {len(dataset)} images, found none for "
        f"{len(fewest)} of them, such as {example}; add a line for each image, with its path in "
        f"{dataset.folder} as here"
    )


def _of_one_name(keys: dict[ImageFile, str]) -> list[ImageFile]:
    """The images whose key another image has, too."""
    counts = Counter(keys.values())
    return [image for image, key in keys.items() if counts[key] > 1]


def tidy(name: str) -> str:
    """A file name as it can be compared: one form of letters with accents, slashes as in URLs."""
    plain = composed(name).replace("\\", "/")
    return posixpath.normpath(plain) if plain else ""  # without ./ and //
