"""The shares of train, validate and test. Imports no NumPy: the command line's parser reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from covid.common.errors import UserError, shortened

Ratios = tuple[float, float, float]
DEFAULT_RATIOS: Ratios = (0.5, 0.1, 0.4)


def parse_ratios(text: str | Sequence[float]) -> Ratios:
    """Return three shares that sum to 1 from "50/10/40", "0.5/0.1/0.4" or three numbers.

    Raises
    ------
    UserError
        Not three positive numbers that sum to 1 or to 100.
    """
    message = (
        f"the ratios {shortened(text)!r} are not three positive numbers for train, validate and "
        "test that sum to 100 or to 1: write them like 50/10/40"
    )
    try:
        numbers = [float(part) for part in (text.split("/") if isinstance(text, str) else text)]
    except (TypeError, ValueError) as error:
        raise UserError(message) from error
    total = sum(numbers)
    is_whole = math.isclose(total, 1, abs_tol=1e-6) or math.isclose(total, 100, abs_tol=1e-4)
    if len(numbers) != 3 or not is_whole or min(numbers) <= 0:
        raise UserError(message)
    train, validate, test = (number / total for number in numbers)
    return train, validate, test
