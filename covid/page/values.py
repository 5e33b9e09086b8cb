"""Values in a summary and in csv files that may be missing or of any type: None where unusable."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path


def look(content, *keys):
    """The value under keys in nested dicts; None where there is none."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


def number(value) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) < 1e300 else None  # neither infinite nor NaN


def as_number(text) -> float:
    """A number in a csv file; NaN where it is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def read_csv(path: Path) -> Sequence[dict]:
    """The lines of a csv file; none where it is missing or damaged."""
    try:
        with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
            return list(csv.DictReader(file))
    except (OSError, csv.Error, ValueError):
        return []
