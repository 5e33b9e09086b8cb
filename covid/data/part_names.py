"""Recognizes a folder whose images are split already, by the names of the folders in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from covid.common.choices import PARTS

TRAIN, VALIDATE, TEST = PARTS
NAMES = {
    TRAIN: ("train", "training", "trn", "tr"),
    VALIDATE: ("validate", "validation", "valid", "val", "dev", "eval", "evaluation"),
    TEST: ("test", "tests", "testing", "tst", "holdout", "hold-out", "hold_out", "heldout"),
}
NUMBER = r"(?:\d+[ ._-]*)?"  # as in 1_train
MORE = r"(?:[ _-]?(?:set|split|data|images))?"  # as in training_set


def part_of(name: str) -> str | None:
    """The part that a folder of this name holds, in any case; None for other names."""
    return next(
        (
            part
            for part, names in NAMES.items()
            if re.fullmatch(f"{NUMBER}(?:{'|'.join(names)}){MORE}", name, re.IGNORECASE)
        ),
        None,
    )


def are_parts(names: Iterable[str]) -> bool:
    """Whether folders of these names hold the parts of a split: two parts at least."""
    return len({part_of(name) for name in names} - {None}) > 1
