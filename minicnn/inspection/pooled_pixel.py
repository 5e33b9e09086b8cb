"""What a pooling layer hands back to one pixel: its share of every window that it is in."""

from dataclasses import dataclass

import numpy as np

from minicnn.inspection.gradient_explanation import GradientExplanation
from minicnn.inspection.terms import LARGEST, MOST, Terms
from minicnn.inspection.text_tables import columns, figure, place

FEW = 9  # windows that are all listed


@dataclass(kw_only=True, repr=False)
class PoolingInputGradient(GradientExplanation):
    """A pixel in front of a pooling layer: its part of the gradient of every window it is in.

    Attributes
    ----------
    windows : Terms
        For each window its dy, and the share of it that this pixel gets.
    rule : str
        How windows share their dy, as text.
    winners : (*windows, 2) int array, or None
        Of max-pooling: row and column of each window's largest pixel.
    ties : int
        Of global max-pooling: how many pixels are the largest, and share.
    pixels : (*windows) int array, or None
        Of average pooling: how many real pixels each window has.
    """

    windows: Terms
    rule: str
    winners: np.ndarray | None = None
    ties: int = 1
    pixels: np.ndarray | None = None

    @property
    def result(self) -> float:
        return self.windows.sum

    @property
    def size(self) -> float:
        return self.windows.size

    def lines(self) -> list[str]:
        count, windows = self.windows.count, self.windows
        if count == 0:
            return ["no window has this pixel in it: the gradient is 0"]
        by = "pixels" if self.winners is None else "largest pixel"
        shape = windows.products.shape
        listed = list(np.ndindex(shape)) if count <= FEW else windows.largest(LARGEST)
        table = [("window of output", "dy", by, "gets")]
        for index in listed:
            names = place(tuple(windows.names(index).values()))
            numbers = figure(windows.factors["dy"][index]), figure(windows.products[index])
            table.append((names, numbers[0], self.who(index), numbers[1]))
        lines = [self.rule, *columns(table, "<>>>")]
        if len(listed) < count:
            rest = figure(windows.others(listed))
            lines.append(f"the other {count - len(listed)} windows give {rest}")
        total = ("= gradient, the sum over the windows", figure(self.result))
        return lines + columns([total], "<>")

    def who(self, index: tuple[int, ...]) -> str:
        """Who gets the gradient of a window: how many pixels, or which one."""
        if self.winners is None:
            return str(self.pixels[index])
        winner = tuple(self.winners[index].tolist())
        own = "this pixel, " if winner == self.position[-3:-1] else ""
        return f"{own}{place(winner)}"

    def as_dict(self) -> dict:
        windows, listed = self.windows, self.windows.largest(MOST)
        rows = []
        for index in listed:
            row = {**windows.names(index), "dy": float(windows.factors["dy"][index])}
            if self.winners is None:
                row["pixels"] = int(self.pixels[index])
            else:
                row["winner"] = self.winners[index].tolist()
            rows.append({**row, "gets": float(windows.products[index])})
        others = {"count": windows.count - len(listed), "sum": windows.others(listed)}
        return {**super().as_dict(), "windows": rows, "others": others, "ties": self.ties}
