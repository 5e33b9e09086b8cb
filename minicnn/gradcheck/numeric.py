"""The numeric gradient: what a loss really does when one value is moved a little."""

from collections.abc import Callable

import numpy as np

STEP = 1e-5  # balances the error of the formula, step**2, against rounding, 1e-16 / step


def numeric_gradient(
    f: Callable[[np.ndarray], float],
    x: np.ndarray,
    step: float = STEP,
    positions: np.ndarray | None = None,
) -> np.ndarray:
    """df/dx by central differences: (f(x + step) - f(x - step)) / (2 * step) for each element.

    Parameters
    ----------
    f : function (x) -> float
    x : float64 array
        Its elements are moved in place one by one, and set back again.
    step : float
        How far an element is moved to either side.
    positions : int array, optional
        Row-major positions of the elements to look at; all when missing.

    Returns
    -------
    gradient : float64 array
        In the shape of `x`, or (positions,).

    TypeError where `x` is of another dtype.
    """
    if x.dtype != np.float64:
        raise TypeError(f"numeric_gradient: expected x to be a float64 array, got {x.dtype}")
    values = x.flat  # in row-major order, whatever the order in memory
    gradient = np.zeros(x.size if positions is None else len(positions))
    for place, position in enumerate(range(x.size) if positions is None else positions):
        value = values[position]
        values[position] = value + step
        above = f(x)
        values[position] = value - step
        below = f(x)
        values[position] = value
        gradient[place] = (above - below) / (2 * step)
    return gradient.reshape(x.shape) if positions is None else gradient
