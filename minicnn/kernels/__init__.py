"""The inner loops, each written twice: `naive` to read and step through, `compiled` to be fast.

The layers call `active().conv2d_forward(...)` and so on. Which of the two answers is decided at
that moment:

    minicnn.use_backend("naive")             # from now on
    with minicnn.use_backend("naive"): ...   # for a while

The choice holds for all threads of the process.
"""

import importlib
from types import ModuleType

from minicnn.kernels.runtime import fork_safety  # noqa: F401 (registers what a fork needs)

MODULES = {"naive": "minicnn.kernels.naive", "numba": "minicnn.kernels.compiled"}

_backend = "numba"
_imported: dict[str, ModuleType] = {}


def active() -> ModuleType:
    """The module whose kernels are in use; imported (numba included) when first asked for."""
    name = _backend
    if name not in _imported:
        # What is in sys.modules may be half of it: another thread may be importing it just now.
        _imported[name] = importlib.import_module(MODULES[name])
    return _imported[name]


def backend() -> str:
    """The name of the backend in use: "naive" or "numba"."""
    return _backend


class use_backend:
    """Choose the kernels that all layers use from now on, or inside a `with` block.

    Parameters
    ----------
    name : str
        "naive" for the literal Python loops, "numba" (the default) for the compiled ones.

    Raises
    ------
    ValueError
        If there is no such backend.
    """

    def __init__(self, name: str):
        global _backend
        if name not in MODULES:
            raise ValueError(f"use_backend: expected one of {', '.join(MODULES)}, got {name!r}")
        self._previous = _backend
        _backend = name

    def __enter__(self) -> "use_backend":
        return self

    def __exit__(self, *exception) -> None:
        global _backend
        _backend = self._previous
