"""One output number of a convolution or a dense layer taken apart; see `explanations`."""

from dataclasses import dataclass

import numpy as np

from minicnn.inspection.explanations import Explanation, activated
from minicnn.inspection.terms import LARGEST, MOST, Terms
from minicnn.inspection.text_tables import blocks, columns, figure, place


@dataclass(repr=False)
class WeightedSum(Explanation):
    """A convolution or a dense layer: products summed, bias added, activation applied.

    Attributes
    ----------
    inputs, weights : float64 arrays of one shape
        A convolution's window and its filter's kernel, (kernel_height, kernel_width, channels);
        a dense layer's inputs and one unit's weights, (inputs,).
    bias : float
        0 where the layer has none.
    activation : str
        "linear", "relu" or "sigmoid".
    origin : tuple
        Convolution: (row, col) of the window's first pixel in the input, negative in the
        padding. Dense layer: shape of the image that was flattened, or () if there was none.
    real : (kernel_height, kernel_width) bool array or None
        Convolution: False where the window lies in the padding.
    """

    inputs: np.ndarray
    weights: np.ndarray
    bias: float
    activation: str
    origin: tuple
    real: np.ndarray | None = None

    @property
    def products(self) -> np.ndarray:
        return self.inputs * self.weights

    @property
    def before_activation(self) -> float:
        return float(self.products.sum()) + self.bias

    @property
    def result(self) -> float:
        return activated(self.before_activation, self.activation)

    @property
    def size(self) -> float:
        return float(np.abs(self.products).sum()) + abs(self.bias)

    @property
    def terms(self) -> Terms:
        """The products, by row, column and channel of the input, or by its number."""
        indices = [np.arange(size) for size in self.inputs.shape]
        if self.inputs.ndim == 3:
            rows, cols = (start + index for start, index in zip(self.origin, indices, strict=False))
            axes = {"row": rows, "col": cols, "channel": indices[2]}
        else:
            axes = {"input": indices[0]}
        return Terms(axes, {"value": self.inputs, "weight": self.weights})

    def largest(self, count: int = LARGEST) -> list[tuple[int, ...]]:
        """Indices of the products farthest from 0, farthest first."""
        return self.terms.largest(count)

    def lines(self) -> list[str]:
        parts = self.window_lines() if self.inputs.ndim == 3 else self.dense_lines()
        sums = [("sum of the products", self.products.sum()), ("+ bias", self.bias)]
        if self.activation == "linear":
            sums.append(("= output", self.result))
        else:
            sums.append((f"= before {self.activation}", self.before_activation))
            sums.append((f"{self.activation} of that = output", self.result))
        return parts + columns([(text, figure(number)) for text, number in sums], "<>")

    def window_lines(self) -> list[str]:
        """Window, kernel and products; of several channels their sums and the largest products."""
        height, width, channels = self.inputs.shape
        row, col = self.origin
        lines = [
            f"window of {self.source}: rows {row} to {row + height - 1}, columns {col} to "
            f"{col + width - 1}" + ("" if self.real.all() else " (padding counts as 0)")
        ]
        if channels == 1:
            parts = {"window": self.inputs, "kernel": self.weights, "products": self.products}
            drawn = {name: part[..., 0] for name, part in parts.items()}
            return lines + blocks(drawn, self.real)
        sums = self.products.sum(axis=(0, 1))
        order = np.argsort(-np.abs(sums), kind="stable")
        table = [("channel", "sum of its products")]
        table += [(str(c), figure(sums[c])) for c in order[:LARGEST]]
        if channels > LARGEST:
            rest = figure(sums[order[LARGEST:]].sum())
            table.append((f"{channels - LARGEST} more", rest))
        return lines + columns(table, ">>") + ["the largest products:"] + self.largest_lines()

    def dense_lines(self) -> list[str]:
        rest = self.inputs.size - len(self.largest())
        lines = [f"inputs from {self.source}, the largest products:", *self.largest_lines()]
        if rest:
            shown = sum(self.products[index] for index in self.largest())
            lines.append(f"the other {rest} products sum to {figure(self.products.sum() - shown)}")
        return lines

    def largest_lines(self) -> list[str]:
        table = [("input", "value", "weight", "product")]
        for index in self.largest():
            if self.inputs.ndim == 3:
                row, col = (start + step for start, step in zip(self.origin, index, strict=False))
                where = place((row, col, index[2]))
            else:
                where = str(index[0])
                if self.origin:
                    pixel = np.unravel_index(index[0], self.origin)
                    where += f" = {place(tuple(int(i) for i in pixel))}"
            numbers = (self.inputs[index], self.weights[index], self.products[index])
            table.append((where, *(figure(number) for number in numbers)))
        return columns(table, "<>>>")

    def as_dict(self) -> dict:
        found = {
            **super().as_dict(),
            "origin": list(self.origin),
            "sum": float(self.products.sum()),
            "bias": self.bias,
            "before_activation": self.before_activation,
            "activation": self.activation,
            "terms": self.terms.as_dict(),
        }
        if self.inputs.size <= MOST:
            names = ("window", "kernel") if self.inputs.ndim == 3 else ("inputs", "weights")
            arrays = (self.inputs, self.weights, self.products)
            for name, array in zip((*names, "products"), arrays, strict=True):
                found[name] = array.tolist()
        return found
