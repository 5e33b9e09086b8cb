"""What a convolution hands back to one pixel: dz of the windows it was in, times a flipped kernel."""

from dataclasses import dataclass

import numpy as np

from minicnn.inspection.gradient_explanation import GradientExplanation
from minicnn.inspection.terms import LARGEST, MOST, Terms
from minicnn.inspection.text_tables import blocks, columns, figure, place


@dataclass(kw_only=True, repr=False)
class ConvolutionInputGradient(GradientExplanation):
    """A pixel in front of a convolution: the sum over windows and filters of weight x dz.

    The first window that the pixel is in sees it under its kernel's last tap, the last window
    under the first: in the order of the windows the kernel is flipped. With strides some taps never
    meet the pixel.

    Attributes
    ----------
    dz, kernel : (rows, cols, filters) float64 arrays
        Of the windows that the pixel is in, 0 where there is none; and of the taps it is under.
    real : (rows, cols) bool array
        False where there is no such window.
    out_rows, out_cols, tap_rows, tap_cols : int arrays
        The windows' positions in the output, and the taps.
    stride_one : bool
        Whether all taps meet the pixel.
    """

    dz: np.ndarray
    kernel: np.ndarray
    real: np.ndarray
    out_rows: np.ndarray
    out_cols: np.ndarray
    tap_rows: np.ndarray
    tap_cols: np.ndarray
    stride_one: bool

    @property
    def products(self) -> np.ndarray:
        return self.dz * self.kernel

    @property
    def result(self) -> float:
        return float(self.products.sum())

    @property
    def size(self) -> float:
        return float(np.abs(self.products).sum())

    @property
    def terms(self) -> Terms:
        """The products, without those of windows that there are not."""
        rows, cols = self.real.any(axis=1), self.real.any(axis=0)
        filters = np.arange(self.dz.shape[2])
        axes = {"row": self.out_rows[rows], "col": self.out_cols[cols], "filter": filters}
        factors = {"weight": self.kernel[rows][:, cols], "dz": self.dz[rows][:, cols]}
        return Terms(axes, factors)

    def lines(self) -> list[str]:
        if not self.real.any():
            return ["no window has this pixel in it: the gradient is 0"]
        taps = (
            "" if self.stride_one else f", taps {listed(self.tap_rows)} x {listed(self.tap_cols)}"
        )
        lines = [
            f"windows of the output: rows {listed(self.out_rows)}, columns {listed(self.out_cols)}"
            f"{taps}"
        ]
        if not self.real.all():
            lines.append("(. is outside of the output)")
        if self.dz.shape[2] == 1:
            parts = {"dz": self.dz, "flipped kernel": self.kernel, "products": self.products}
            lines += blocks({name: part[..., 0] for name, part in parts.items()}, self.real)
        else:
            lines += self.filter_lines()
        return lines + columns([("= gradient, the sum of the products", figure(self.result))], "<>")

    def filter_lines(self) -> list[str]:
        """Sums by filter; the filter that gives most in full; and the largest products."""
        sums = self.products.sum(axis=(0, 1))
        order = np.argsort(-np.abs(sums), kind="stable")
        table = [("filter", "sum of its products")]
        table += [(str(f), figure(sums[f])) for f in order[:LARGEST]]
        if len(order) > LARGEST:
            rest = figure(sums[order[LARGEST:]].sum())
            table.append((f"{len(order) - LARGEST} more", rest))
        most = order[0]
        parts = {
            f"dz, filter {most}": self.dz[..., most],
            "flipped kernel": self.kernel[..., most],
            "products": self.products[..., most],
        }
        return [
            *columns(table, ">>"),
            *blocks(parts, self.real),
            "the largest products:",
            *self.largest_lines(),
        ]

    def largest_lines(self) -> list[str]:
        terms = self.terms
        products, (weights, dz) = terms.products, terms.factors.values()
        tap_rows, tap_cols = (
            taps[self.real.any(axis=axis)]
            for axis, taps in ((1, self.tap_rows), (0, self.tap_cols))
        )
        table = [("output", "tap", "weight", "dz", "product")]
        for index in terms.largest(LARGEST):
            tap = f"[{tap_rows[index[0]]}, {tap_cols[index[1]]}]"
            numbers = (weights[index], dz[index], products[index])
            names = place(tuple(terms.names(index).values()))
            table.append((names, tap, *(figure(one) for one in numbers)))
        return columns(table, "<<>>>")

    def as_dict(self) -> dict:
        found = {
            **super().as_dict(),
            "out_rows": self.out_rows.tolist(),
            "out_cols": self.out_cols.tolist(),
            "tap_rows": self.tap_rows.tolist(),
            "tap_cols": self.tap_cols.tolist(),
            "real": self.real.tolist(),
            "terms": self.terms.as_dict(),
        }
        if self.dz.size <= MOST:
            found["dz"] = self.dz.tolist()
            found["flipped_kernel"] = self.kernel.tolist()
            found["products"] = self.products.tolist()
        return found


def listed(numbers: np.ndarray) -> str:
    """ "3 to 5" for neighbors, else "0, 2, 4"."""
    if len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers))
