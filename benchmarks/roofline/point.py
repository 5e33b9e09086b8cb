"""What is known of a kernel before it is timed: its work, and the bytes it has to move.

Work is counted in FLOP, a multiply-add as 2: what the kernel's method does, without relu, maxima
of pooling windows and the arithmetic of indices (unless there is nothing else, as in pooling and
dropout, where comparisons and operations on integers are counted). Where it differs,
`direct_flop` is what the definition would need. Bytes: each array that is read, once, and each
that is written, once, although no cache holds all of them.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Point(NamedTuple):
    """A kernel at one place of a model.

    Attributes
    ----------
    name : str
        Model or layer, what it does, and in which direction.
    run : function
        Does it once.
    flop : float
        Of arithmetic done.
    traffic : int
        Bytes to be read and written at least.
    direct_flop : float or None
        The work by the definition, where the kernel does another.
    updated : int
        Bytes that are read and written in the same place, so that they count twice.
    """

    name: str
    run: Callable[[], object]
    flop: float
    traffic: int
    direct_flop: float | None = None
    updated: int = 0

    @property
    def footprint(self) -> int:
        """Bytes of memory that it touches."""
        return self.traffic - self.updated


def numbers(*shape: int) -> np.ndarray:
    """Standard normal float32 numbers, the same at every call."""
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def bytes_of(*arrays: np.ndarray) -> int:
    return sum(array.nbytes for array in arrays)


def operations_of(kernel) -> int:
    """How many arithmetic operations stand in a kernel's source."""
    source = textwrap.dedent(inspect.getsource(getattr(kernel, "py_func", kernel)))
    return sum(isinstance(node, ast.BinOp | ast.AugAssign) for node in ast.walk(ast.parse(source)))
