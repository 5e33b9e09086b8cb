"""Numbers in columns, for a terminal of 80 characters."""

from collections.abc import Sequence

import numpy as np

WIDTH = 80
GAP = "   "


def figure(number: float, digits: int = 4) -> str:
    """A number with four digits that count: 0.1235, -12.35, 1.235e-08."""
    return f"{number + 0.0:.{digits}g}"  # + 0.0 makes 0 of -0


def place(position: Sequence[int]) -> str:
    """A position as text: "row 3, col 4, channel 0", "row 3, col 4", "unit 7"."""
    if len(position) == 1:
        return f"unit {position[0]}"
    axes = ("row", "col", "channel")
    return ", ".join(f"{axis} {index}" for axis, index in zip(axes, position, strict=False))


def columns(rows: Sequence[Sequence[str]], alignment: str) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell; "<" or ">" aligns it."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            f"{cell:{side}{width}}"
            for cell, side, width in zip(row, alignment, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def blocks(named: dict[str, np.ndarray], real: np.ndarray | None = None) -> list[str]:
    """Two-dimensional arrays under their names: side by side if they fit, else one by one.

    Of an array that is too wide by itself its shape, smallest and largest number are given.
    Where `real` is given and False a dot is drawn in the place of the number.
    """
    drawn = [block(name, array, real) for name, array in named.items()]
    if sum(len(lines[0]) + len(GAP) for lines in drawn) <= WIDTH:
        return ["  " + GAP.join(parts).rstrip() for parts in zip(*drawn, strict=True)]
    result = []
    for (name, array), lines in zip(named.items(), drawn, strict=True):
        if len(lines[0]) + 2 > WIDTH:
            low, high = figure(array.min()), figure(array.max())
            height, width = array.shape
            result.append(f"  {name}: {height}x{width} numbers from {low} to {high}")
        else:
            result += [f"  {line}".rstrip() for line in lines]
    return result


def block(name: str, array: np.ndarray, real: np.ndarray | None) -> list[str]:
    """One array as lines of equal length, the name first."""
    real = np.ones(array.shape, dtype=bool) if real is None else real
    cells = [
        [figure(number, 3) if shown else "." for number, shown in zip(*rows, strict=True)]
        for rows in zip(array, real, strict=True)
    ]
    width = max(len(cell) for row in cells for cell in row)
    lines = [name, *(" ".join(f"{cell:>{width}}" for cell in row) for row in cells)]
    longest = max(len(line) for line in lines)
    return [f"{line:<{longest}}" for line in lines]
