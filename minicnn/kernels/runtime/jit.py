"""How kernels are compiled: the one decorator, and the notice while it takes long."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from minicnn.kernels.runtime.thread_count import get_threads

get_threads()  # refuses a NUMBA_NUM_THREADS that is no number before numba stumbles over it

from numba import config, njit  # noqa: E402
from numba.core import event  # noqa: E402

from minicnn.kernels.runtime.disk_cache import keep_on_disk  # noqa: E402
from minicnn.kernels.runtime.lost_signals import raised_at_the_end  # noqa: E402

FAST_SUMS = {"contract", "reassoc", "nsz"}


def kernel(function):
    """Compile at the first call, for the dtypes of its arguments; keep the result on disk.

    Lets go of Python's lock while it runs, so that several threads can share the work. Division
    by zero gives infinity or NaN as in NumPy: to raise an error would take a branch for each
    number.
    """
    return _compiled(function)


def summing_kernel(function):
    """The same, and sums may be reordered so that vector instructions can make them.

    NaN and infinity keep their meaning; full `fastmath=True` would drop it.
    """
    return _compiled(function, fastmath=FAST_SUMS)


def part(function):
    """A function that kernels call: it becomes a part of each of them, with sums as above.

    Called as a function, it would exist once by itself and once in each kernel that is read from
    disk, where its sums may have been put into another order; which of them is taken would depend
    on what was compiled or read before, and with it the last bits of the results.
    """
    return _compiled(function, fastmath=FAST_SUMS, forceinline=True)


def _compiled(function, **options):
    if config.DISABLE_JIT:
        # As plain Python: NumPy's integers then warn where the random bits lose what is above 32.
        return np.errstate(over="ignore")(function)
    # No C wrapper: it would take time to compile, and nothing passes a kernel to C.
    options |= {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    compiled = njit(**options)(function)
    # Where numba turns to when it needs machine code, to read or to compile it
    compiled.compile = raised_at_the_end()(compiled.compile)
    if "forceinline" not in options:
        keep_on_disk(compiled)
    return compiled


class NotCompiled(Exception):
    """A kernel is in no file, and was not to be compiled; holds the name of its module."""


class _Notice(event.Listener):
    """Says once that kernels are being compiled; reading them from the cache is no such event."""

    said = False
    forbidden = False

    def on_start(self, event):
        if self.forbidden:
            raise NotCompiled(event.data["dispatcher"].py_func.__module__)
        if not self.said:
            self.said = True
            print(
                "minicnn: compiling kernels, which takes some seconds and is done once ...",
                file=sys.stderr,
                flush=True,
            )

    def on_end(self, event):
        pass


_notice = _Notice()
event.register("numba:compile", _notice)


def say_nothing() -> None:
    """Compile without a notice: somebody else has said it."""
    _notice.said = True


@contextmanager
def without_compiling() -> Iterator[None]:
    """Raise NotCompiled for a kernel that would have to be compiled; those on disk are read."""
    before, _notice.forbidden = _notice.forbidden, True
    try:
        yield
    finally:
        _notice.forbidden = before
