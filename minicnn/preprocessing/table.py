"""Columns of a table: a csv file, a mapping of columns, a structured array or a DataFrame."""

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minicnn.files import ordinary_file
from minicnn.numeric_checks import as_numbers, require_finite

SEPARATORS = ",;\t"


def read_columns(table: Any, names: Sequence[str], owner: str) -> dict[str, np.ndarray]:
    """Some columns of a table, all of one length.

    Parameters
    ----------
    table : path of a csv file, mapping, structured array, or DataFrame of whatever library
        A csv file is UTF-8, its first line that is not empty names the columns, and "," ";" or
        tabs separate the cells, around which spaces are cut off; all cells are text.
    names : sequence of str
        The columns wanted.

    Returns
    -------
    dict of str to ndarray, (rows, ...)
        Of the column's dtype if it has one, else object.

    Raises
    ------
    ValueError
        If a file cannot be read or its lines differ in length, a column is not there or there
        twice, or columns differ in length.
    TypeError
        If `table` is none of these.
    """
    found, column = opened(table, owner)
    for name in names:
        if found.count(name) != 1:
            raise ValueError(
                f"{owner}: expected one column {name!r} in the table, found {found.count(name)} "
                f"among {', '.join(map(str, found)) or 'none'}"
            )
    columns = {name: as_column(column(name), f"{owner}: column {name!r}") for name in names}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{owner}: expected columns of one length, got {lengths}")
    return columns


def opened(table: Any, owner: str) -> tuple[list[str], Callable[[str], Any]]:
    """The names of a table's columns, and a function that gives the values of one."""
    if isinstance(table, str | os.PathLike):
        names, *rows = read_csv(table)
        return names, lambda name: [row[names.index(name)] for row in rows]
    names = getattr(getattr(table, "dtype", None), "names", None)  # of a structured array
    if names is None:
        names = table if isinstance(table, Mapping) else getattr(table, "columns", None)
    if names is None:
        raise TypeError(
            f"{owner}: expected a table (path of a csv file, dict of columns, structured array or "
            f"DataFrame), got {type(table).__name__}"
        )
    return list(names), table.__getitem__


def csv_lines(path: str | os.PathLike) -> list[tuple[int, list[str]]]:
    """The number and the cells of each line of a csv file that is not empty.

    In UTF-8, separated by what the first of them has most of: commas, semicolons or tabs. Spaces
    around cells are cut off. OSError, UnicodeDecodeError or csv.Error where it cannot be read.
    """
    # utf-8-sig: spreadsheets begin the file with a byte order mark
    with open(ordinary_file(path), newline="", encoding="utf-8-sig") as file:
        first = next(filter(str.strip, file), "")
        file.seek(0)
        separator = max(SEPARATORS, key=first.count)
        reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
        lines = ((reader.line_num, [cell.strip() for cell in cells]) for cells in reader)
        return [(number, cells) for number, cells in lines if any(cells)]


def read_csv(path: str | os.PathLike) -> list[list[str]]:
    """The lines of a csv file that are not empty, as lists of as many cells each."""
    try:
        lines = csv_lines(path)
    except OSError as error:
        raise ValueError(
            f"{path}: expected a csv file that can be read, got: {error.strerror}"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: expected a csv file in UTF-8, got: {error}") from error
    if not lines:
        raise ValueError(f"{path}: expected a csv file with the names of columns, found no text")
    expected = len(lines[0][1])
    for number, cells in lines:
        if len(cells) != expected:
            raise ValueError(
                f"{path}: expected {expected} cells in line {number}, as many as columns, got "
                f"{len(cells)}; put quotes around a cell that holds the separator"
            )
    return [cells for _, cells in lines]


def as_column(values: Any, what: str) -> np.ndarray:
    """The values of a column as an array; what has no dtype becomes objects.

    ValueError, beginning with `what`, for what has no order.
    """
    if hasattr(values, "dtype"):
        return np.asarray(values)
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ValueError(f"{what}: expected a list or an array, got {type(values).__name__}")
    return np.fromiter(values, dtype=object, count=len(values))


def numeric(column: np.ndarray, what: str) -> np.ndarray:
    """A column as finite numbers, also where they are written as text, as in csv files.

    ValueError or TypeError, beginning with `what`, if a value is no finite number.
    """
    values = column
    if values.dtype == object:
        try:
            values = np.array(column.tolist())
        except ValueError:
            raise ValueError(f"{what}: expected numbers, got lists of different lengths") from None
    if values.dtype.kind in "US":
        texts = values.ravel().tolist()
        for kind, dtype in ((int, np.int64), (float, np.float64)):
            try:
                values = np.array(list(map(kind, texts)), dtype).reshape(values.shape)
                break
            except (ValueError, OverflowError) as error:
                reason = error
        else:
            raise ValueError(f"{what}: expected numbers, got: {reason}")
    numbers = as_numbers(values, what)
    require_finite(numbers, what)
    return numbers
