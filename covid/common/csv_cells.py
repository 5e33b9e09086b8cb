"""Cells of csv files, written so that a spreadsheet takes no name for a formula.

A spreadsheet runs a cell that begins with one of `FORMULA`. In the file an apostrophe stands before
such a cell, unless it is a number; `unquoted` takes it away again.
"""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from minicnn.files import ordinary_file

FORMULA = "=+\\-@\t\r\n"
STARTS_FORMULA = re.compile(f"'*[{FORMULA}]")  # or would after an apostrophe is taken away
QUOTED = re.compile(f"'+[{FORMULA}]")
NUMBER = re.compile(r"[+-]\d+(\.\d+)?(e[+-]?\d+)?")  # such as -0.5, which is no formula


def quoted(cell):
    """A cell as it stands in the file; what is no text or path is given back as it is."""
    text = str(cell) if isinstance(cell, PurePath) else cell
    formula = isinstance(text, str) and STARTS_FORMULA.match(text) and not NUMBER.fullmatch(text)
    return f"'{text}" if formula else text


def unquoted(text: str) -> str:
    """The cell that `quoted` was given, as text."""
    return text[1:] if QUOTED.match(text) else text


@contextmanager
def csv_rows(path: Path) -> Iterator["CsvRows"]:
    """The lines of a file that `write_csv` wrote, while it is open.

    OSError where it cannot be read; csv.Error or ValueError on the way where it is damaged.
    """
    encoding = {"encoding": "utf-8", "errors": "surrogateescape"}
    with open(ordinary_file(path), newline="", **encoding) as file:
        yield CsvRows(file)


class CsvRows(csv.DictReader):
    """The lines of an open csv file as dicts, their cells as `write_csv` was given them."""

    def __next__(self) -> dict:
        row = super().__next__()
        return {key: unquoted(cell) if isinstance(cell, str) else cell for key, cell in row.items()}
