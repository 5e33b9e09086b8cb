"""One output value of one layer taken apart: the arithmetic, done again in plain NumPy.

`minicnn.inspection.explain` makes these. Each class is for one kind of layer: its inputs and
parameters, `result` computed from them, and `lines`, both as text for a terminal. The one for
convolution and dense layers is in `weighted_sum`.
"""

import math
from dataclasses import dataclass

import numpy as np

from minicnn.inspection.terms import MOST
from minicnn.inspection.text_tables import blocks, figure, place


@dataclass(repr=False)
class Explanation:
    """What all explanations have.

    Attributes
    ----------
    layer, kind : str
        Name and class of the layer.
    position : tuple of int
        (row, col, channel) in its output, or (unit,).
    value : float
        What the model computed there.
    source : str
        Name of the layer that made the input.
    """

    layer: str
    kind: str
    position: tuple[int, ...]
    value: float
    source: str

    @property
    def result(self) -> float:
        """The value computed from the parts."""
        raise NotImplementedError

    @property
    def size(self) -> float:
        """Size of the terms, to which the rounding error of `result` is proportional."""
        return abs(self.result)

    def lines(self) -> list[str]:
        """The parts, in lines of at most 80 characters."""
        raise NotImplementedError

    def as_dict(self) -> dict:
        """Plain numbers, texts, lists and dicts, as JSON can hold them."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "position": [int(i) for i in self.position],
            "value": self.value,
            "result": self.result,
            "source": self.source,
        }

    def __repr__(self) -> str:
        where = place(self.position)
        heading = f"{self.layer} ({self.kind}), {where}: {figure(self.value)}"
        return "\n".join([heading, *self.lines()])


@dataclass(repr=False)
class PooledWindow(Explanation):
    """A pooling layer: the real pixels of a window, and the largest or the mean of them.

    Attributes
    ----------
    window : (height, width) float64 array
    real : (height, width) bool array
        False where the window lies in the padding.
    origin : (int, int)
        Row and column of the window's first pixel in the input, negative in the padding.
    takes_mean : bool
        False: the largest.
    ties_share : bool
        Whether pixels that all have the largest value share its gradient; else the first gets it.
    """

    window: np.ndarray
    real: np.ndarray
    origin: tuple[int, int]
    takes_mean: bool
    ties_share: bool = False

    @property
    def result(self) -> float:
        pixels = self.window[self.real]
        return float(pixels.mean() if self.takes_mean else pixels.max())

    @property
    def size(self) -> float:
        return float(np.abs(self.window[self.real]).max())

    @property
    def ties(self) -> list[tuple[int, int]]:
        """(row, col) in the input of all pixels that are the largest, in row-major order."""
        largest = self.window[self.real].max()
        found = np.argwhere(self.real & (self.window == largest))
        return [(int(self.origin[0] + row), int(self.origin[1] + col)) for row, col in found]

    @property
    def winner(self) -> tuple[int, int]:
        """(row, col) in the input of the largest pixel, of several the first."""
        return self.ties[0]

    def lines(self) -> list[str]:
        (row, col), (height, width) = self.origin, self.window.shape
        name = "window" if self.real.all() else "window (. is padding)"
        lines = [
            f"window of {self.source}, channel {self.position[-1]}: rows {row} to "
            f"{row + height - 1}, columns {col} to {col + width - 1}",
            *blocks({name: self.window}, self.real),
        ]
        if self.takes_mean:
            pixels = self.window[self.real]
            total = figure(pixels.sum())
            return [*lines, f"sum {total} / {pixels.size} pixels = {figure(self.result)}"]
        if math.isnan(self.result):
            return [*lines, "not a number (nan) wins over every number"]
        lines.append(f"largest: {figure(self.result)} at {place(self.winner)}")
        others = len(self.ties) - 1
        if others:
            rule = (
                "all share the gradient"
                if self.ties_share
                else "the first one counts as the winner"
            )
            lines.append(f"{others} more of the same value; {rule}")
        return lines

    def as_dict(self) -> dict:
        pixels = self.window[self.real]
        found = {**super().as_dict(), "origin": list(self.origin), "pixels": int(pixels.size)}
        if self.window.size <= MOST:
            found |= {"window": self.window.tolist(), "real": self.real.tolist()}
        if self.takes_mean:
            return {**found, "sum": float(pixels.sum())}
        ties = [] if math.isnan(self.result) else self.ties
        found |= {"winner": list(ties[0]) if ties else None, "ties": len(ties)}
        return {**found, "tied": [list(place) for place in ties[:MOST]]}


@dataclass(repr=False)
class PassedOn(Explanation):
    """A layer that passes single values on, changed or not: where this one comes from.

    Attributes
    ----------
    source_position : tuple of int
        Position in the output of the layer `source`.
    source_value : float
        The number there.
    activation : str
        What was applied to it; "linear" for nothing.
    note : str
        What the layer does, as text.
    """

    source_position: tuple[int, ...]
    source_value: float
    activation: str
    note: str

    @property
    def result(self) -> float:
        return activated(self.source_value, self.activation)

    def lines(self) -> list[str]:
        where = place(self.source_position)
        return [f"from {self.source}, {where}: {figure(self.source_value)}", self.note]

    def as_dict(self) -> dict:
        return {
            **super().as_dict(),
            "source_position": [int(i) for i in self.source_position],
            "source_value": self.source_value,
            "activation": self.activation,
        }


def activated(z: float, activation: str) -> float:
    """The activation of that name, applied to one number."""
    if activation == "relu":
        return max(z, 0.0)
    if activation == "sigmoid":
        return 0.5 * (1 + math.tanh(z / 2))  # = 1 / (1 + exp(-z)), without overflow
    return z
