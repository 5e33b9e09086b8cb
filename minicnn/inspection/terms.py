"""A sum of many products: which are the largest, and what the others add."""

from dataclasses import dataclass
from math import prod

import numpy as np

from minicnn.inspection.text_tables import columns, figure

LARGEST = 5  # terms that are listed where there are too many to show all
MOST = 200  # terms that `as_dict` lists


@dataclass
class Terms:
    """Products of two factors, or numbers as they are, and their sum.

    Attributes
    ----------
    axes : dict of str to (size,) int array
        For each axis its name, such as "row", and what its indices are called.
    factors : dict of str to float64 array
        One or two arrays, each of the axes' shape.
    """

    axes: dict[str, np.ndarray]
    factors: dict[str, np.ndarray]

    @property
    def products(self) -> np.ndarray:
        return prod(self.factors.values())

    @property
    def sum(self) -> float:
        return float(self.products.sum())

    @property
    def size(self) -> float:
        return float(np.abs(self.products).sum())

    @property
    def count(self) -> int:
        return prod(len(indices) for indices in self.axes.values())

    def largest(self, most: int) -> list[tuple[int, ...]]:
        """Indices into the factors of the products farthest from 0, farthest first."""
        products = self.products
        order = np.argsort(-np.abs(products), axis=None, kind="stable")[:most]
        return [tuple(int(i) for i in np.unravel_index(k, products.shape)) for k in order]

    def others(self, listed: list[tuple[int, ...]]) -> float:
        """The sum of all products but those that are listed."""
        products = self.products
        return float(products.sum() - sum(products[index] for index in listed))

    def names(self, index: tuple[int, ...]) -> dict[str, int]:
        """What an index means: {"row": 3, "col": 4}."""
        return {
            axis: int(indices[i])
            for (axis, indices), i in zip(self.axes.items(), index, strict=True)
        }

    def lines(self, where: str) -> list[str]:
        """The largest products as a table, whose first column is headed `where`."""
        listed = self.largest(LARGEST)
        products = self.products
        several = len(self.factors) > 1
        table = [(where, *self.factors, *(["product"] if several else []))]
        for index in listed:
            names = ", ".join(
                f"{axis} {number}"
                for axis, number in self.names(index).items()
                if axis != "sample" or len(self.axes[axis]) > 1
            )
            numbers = [factor[index] for factor in self.factors.values()]
            numbers += [products[index]] if several else []
            table.append((names or "the sample", *(figure(number) for number in numbers)))
        lines = columns(table, "<" + ">" * (len(table[0]) - 1))
        if len(listed) < self.count:
            rest, total = self.count - len(listed), figure(self.others(listed))
            lines.append(f"the other {rest} terms sum to {total}")
        return lines

    def as_dict(self) -> dict:
        """Plain numbers: all terms, or the largest 200 and what the others are together."""
        listed = self.largest(MOST)
        products = self.products
        terms = [
            {
                **self.names(index),
                **{name: float(factor[index]) for name, factor in self.factors.items()},
                "product": float(products[index]),
            }
            for index in listed
        ]
        others = {"count": self.count - len(listed), "sum": self.others(listed)}
        return {"count": self.count, "sum": self.sum, "largest": terms, "others": others}
