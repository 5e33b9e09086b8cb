"""How many threads kernels use."""

import os

_threads: int | None = None


def get_threads() -> int:
    """How many threads kernels use: NUMBA_NUM_THREADS if it is set, else the cores there are.

    ValueError if it is set to something that is no number of threads.
    """
    global _threads
    if _threads is None:
        if hasattr(os, "sched_getaffinity"):
            cores = len(os.sched_getaffinity(0))
        else:
            cores = os.cpu_count() or 1
        given = os.environ.get("NUMBA_NUM_THREADS") or str(cores)
        if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given) > 0):
            raise ValueError(
                "NUMBA_NUM_THREADS: expected this environment variable to be an integer of at "
                f"least 1, got {given[:60]!r}; correct it or unset it"
            )
        _threads = int(given)
    return _threads


def set_threads(count: int) -> None:
    """Use `count` threads from now on; ValueError unless it is an integer of at least 1."""
    global _threads
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"set_threads: expected an integer of at least 1, got {count!r}")
    _threads = count
