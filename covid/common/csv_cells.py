"""Cells of csv files, written so that a spreadsheet takes no name for a formula.

A spreadsheet runs a cell that begins with one of `FORMULA`. In the file an apostrophe stands before
such a cell, unless it is a number; `unquoted` takes it away again.
"""

import csv
import re
from pathlib import PurePath

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


class CsvRows(csv.DictReader):
    """The lines of an open csv file as dicts, their cells as `write_csv` was given them."""

    def __next__(self) -> dict:
        row = super().__next__()
        return {key: unquoted(cell) if isinstance(cell, str) else cell for key, cell in row.items()}
