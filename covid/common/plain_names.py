"""Which names of classes, and of models, can be used: they become folders, and are printed."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from covid.common.errors import UserError

LONGEST_NAME = 255  # characters


def is_plain_name(value, forbidden: str = "/") -> bool:
    """Whether a value can be the name of a folder, and can be printed.

    Names with bytes that are no text are allowed, since class folders may have them.
    """
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_NAME:
        return False
    controls = any(unicodedata.category(char) == "Cc" for char in value)
    return not controls and value not in (".", "..") and not set(value) & set(forbidden)


def check_class_names(folder: Path, names: Iterable[str]) -> None:
    """UserError for a class folder after which no model could be made: it could not be used."""
    for name in names:
        if not is_plain_name(name):
            raise UserError(
                f"{folder}: expected classes whose names can be printed, found {name!r}; rename it"
            )
