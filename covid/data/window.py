"""Which values of files of more than 8 bits are black and white: `GrayLevels`, and --window."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from covid.common.errors import UserError, shortened

WINDOW, BITS = "window", "bits"  # how black and white were found
FARTHEST = 1e9  # a value in a window; CT has -1024 to some thousand HU


@dataclass(frozen=True)
class GrayLevels:
    """How files of more than 8 bits become gray of 8: `black` to 0, `white` to 255, linear between.

    Values outside become 0 or 255. Files of 8 bits stay as they are.

    Attributes
    ----------
    by : {"window", "bits"}
        Said by --window, in the files' own unit, such as HU: then files may have negative values,
        or 32 bits. Or the fewest bits that hold the highest value of a data set.
    black, white : float
    """

    by: str
    black: float
    white: float


def parse_window(text: str) -> GrayLevels:
    """CENTER,WIDTH such as "-600,1200": center - width / 2 is black, center + width / 2 white.

    UserError for anything else.
    """
    try:
        center, width = (float(part) for part in text.split(","))
        levels = GrayLevels(WINDOW, center - width / 2, center + width / 2)
    except ValueError:
        levels = None
    if levels is None or not are_usable(levels.black, levels.white):
        raise UserError(
            "expected CENTER,WIDTH in the unit of the files, such as -600,1200 for lungs in HU, got "
            f"{shortened(text)!r}"
        )
    return levels


def are_usable(black, white) -> bool:
    """Whether both are numbers, not too large, and black is the smaller one."""
    plain = all(type(value) in (int, float) and math.isfinite(value) for value in (black, white))
    return plain and -FARTHEST <= black < white <= FARTHEST


def recorded_levels(record: Mapping | None) -> GrayLevels | None:
    """The levels in split.json, a line of manifest.csv or a model's metadata; None without any."""
    if not record or not record.get("by"):
        return None
    return GrayLevels(record["by"], record["black"], record["white"])
