"""Sharing a kernel's work among threads.

A compiled kernel that is worth it takes a range of its outermost loop as its last two arguments,
`start` and `stop`, and lets go of Python's lock while it computes. `share` cuts the whole range
into one part for each thread:

    share(kernel, 30, x, y)    # kernel(x, y, 0, 15) here, kernel(x, y, 15, 30) in a helper

Kernels are written so that what one part writes no other part touches: results do not depend on
how many parts there were. The helpers are plain Python threads that wait for work, so that
kernels may be called from any thread, and from a process made by fork.
"""

import os
import threading
from collections.abc import Callable


class _Helper(threading.Thread):
    """A thread that does one job at a time: `begin` hands it over, `finish` waits for its end.

    Two locks say whose turn it is; that wakes a thread in a fraction of the time of a queue.
    """

    def __init__(self):
        super().__init__(name="minicnn-kernel", daemon=True)
        self._has_job, self._is_done = threading.Lock(), threading.Lock()
        self._has_job.acquire()
        self._is_done.acquire()
        self.start()

    def run(self) -> None:
        while True:
            self._has_job.acquire()
            self._error = None
            try:
                self._work(*self._arguments)
            except BaseException as error:
                self._error = error
            self._work = self._arguments = None  # keeps no array alive while it waits
            self._is_done.release()

    def begin(self, work: Callable, arguments: tuple) -> None:
        self._work, self._arguments = work, arguments
        self._has_job.release()

    def finish(self) -> BaseException | None:
        """Wait for the end of the job, even through Ctrl-C; what went wrong, or None."""
        interrupt = None
        while True:
            try:
                self._is_done.acquire()
                return self._error or interrupt
            except KeyboardInterrupt as error:
                interrupt = error


_helpers: list[_Helper] = []
_helpers_in_use = threading.Lock()
_threads: int | None = None


def get_threads() -> int:
    """How many threads kernels use: NUMBA_NUM_THREADS if it is set, else the cores there are."""
    global _threads
    if _threads is None:
        if hasattr(os, "sched_getaffinity"):
            cores = len(os.sched_getaffinity(0))
        else:
            cores = os.cpu_count() or 1
        given = os.environ.get("NUMBA_NUM_THREADS", "")
        _threads = int(given) if given.isdigit() and int(given) > 0 else cores
    return _threads


def set_threads(count: int) -> None:
    """Use `count` threads from now on; ValueError unless it is an integer of at least 1."""
    global _threads
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"set_threads: expected an integer of at least 1, got {count!r}")
    _threads = count


def share(work: Callable, count: int, *arguments) -> None:
    """Call work(*arguments, start, stop) for ranges that together are range(count).

    Where another thread is sharing work at this moment, all of it is done here.
    """
    parts = min(get_threads(), count)
    if parts < 2 or not _helpers_in_use.acquire(blocking=False):
        work(*arguments, 0, count)
        return
    try:
        while len(_helpers) < parts - 1:
            _helpers.append(_Helper())
        ends = [count * part // parts for part in range(parts + 1)]
        busy = _helpers[: parts - 1]
        for helper, start, stop in zip(busy, ends[1:], ends[2:], strict=False):
            helper.begin(work, (*arguments, start, stop))
        try:
            work(*arguments, 0, ends[1])
        finally:
            errors = [helper.finish() for helper in busy]
    finally:
        _helpers_in_use.release()
    for error in errors:
        if error is not None:
            raise error


def _forget_helpers() -> None:
    """In a process made by fork there is only the thread that forked."""
    global _helpers_in_use
    _helpers.clear()
    _helpers_in_use = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)
