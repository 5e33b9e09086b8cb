"""The inner loops, each written three times, with the same names and signatures:

    "naive"  naive/     literal Python loops, to read and to step through
    "numpy"  windows/   a view of all windows and a matrix product: a line or two each
    "numba"  compiled/  compiled loops, to be fast

The layers call `active().conv2d_forward(...)` and so on. Which of the three answers is decided
at that moment:

    minicnn.use_backend("numpy")             # from now on
    with minicnn.use_backend("naive"): ...   # for a while

"numba" alone needs a compiler, and is the only one for which a model runs several layers as one.

The choice holds for all threads of the process.
"""

import importlib
from types import ModuleType

from minicnn.kernels.runtime import fork_safety  # noqa: F401 (registers what a fork needs)

MODULES = {
    "naive": "minicnn.kernels.naive",
    "numpy": "minicnn.kernels.windows",
    "numba": "minicnn.kernels.compiled",
}

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
    """The name of the backend in use: "naive", "numpy" or "numba"."""
    return _backend


class use_backend:
    """Choose the kernels that all layers use from now on, or inside a `with` block.

    Parameters
    ----------
    name : str
        "naive" for the literal Python loops, "numpy" for matrix products in NumPy, "numba"
        (the default) for the compiled loops; ValueError for any other.
    """

    def __init__(self, name: str):
        global _backend
        if name not in MODULES:
            raise ValueError(f"use_backend: expected one of {', '.join(MODULES)}, got {name!r}")
        self.name, self._previous = name, _backend
        _backend = name

    def __repr__(self) -> str:
        return f"<use_backend {self.name}>"

    def __enter__(self) -> "use_backend":
        return self

    def __exit__(self, *exception) -> None:
        global _backend
        _backend = self._previous
