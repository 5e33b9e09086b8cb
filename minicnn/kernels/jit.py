"""How kernels are compiled: the one decorator, and the notice while it takes long."""

import sys

from numba import njit
from numba.core import event

FAST_SUMS = {"contract", "reassoc", "nsz"}


def kernel(function):
    """Compile at the first call, for the dtypes of its arguments; keep the result on disk.

    Lets go of Python's lock while it runs, so that several threads can share the work. Division
    by zero gives infinity or NaN as in NumPy: to raise an error would take a branch for each
    number.
    """
    return compiled(function, nogil=True, error_model="numpy")


def summing_kernel(function):
    """The same, and sums may be reordered so that vector instructions can make them.

    NaN and infinity keep their meaning; full `fastmath=True` would drop it.
    """
    return compiled(function, nogil=True, error_model="numpy", fastmath=FAST_SUMS)


def compiled(function, **options):
    """Numba's function for it, kept on disk; compiled anew in each process where that cannot be."""
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder that can be written; nothing has been compiled yet
        return njit(**options)(function)


class _Notice(event.Listener):
    """Says once that kernels are being compiled; reading them from the cache is no such event."""

    said = False

    def on_start(self, event):
        if not self.said:
            self.said = True
            print(
                "minicnn: compiling kernels, which takes some seconds and is done once ...",
                file=sys.stderr,
                flush=True,
            )

    def on_end(self, event):
        pass


event.register("numba:compile", _Notice())
