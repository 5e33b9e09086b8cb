"""Sharing a kernel's work among threads.

A compiled kernel that is worth it takes a range of its outermost loop as its last two arguments,
`start` and `stop`, and lets go of Python's lock while it computes. `share` cuts the whole range
into pieces, and every thread takes the next piece until there is none:

    share(kernel, 30, x, y)    # kernel(x, y, 0, 4), kernel(x, y, 4, 8), ...

Kernels are written so that what one piece writes no other piece touches: results do not depend
on how many threads there were. The helpers are plain Python threads that wait for work, at first
by spinning (see `spin_wait.py`), so that kernels may be called from any thread, and from a
process made by fork.
"""

import threading
from collections import deque
from collections.abc import Callable

from minicnn.kernels.runtime.thread_count import get_threads, set_threads

PIECES = 5  # for each thread, so that one that is delayed does not delay the others for long


class _Job:
    """Pieces of work that several threads take from."""

    def __init__(self, work: Callable, count: int, arguments: tuple, pieces: int):
        ends = [count * piece // pieces for piece in range(pieces + 1)]
        self.work, self.arguments = work, arguments
        self.ranges = deque(zip(ends, ends[1:], strict=False))
        self.error: BaseException | None = None

    def run_pieces(self) -> None:
        """Run pieces until there is none left."""
        while (piece := self._next()) is not None:
            self.work(*self.arguments, *piece)

    def _next(self) -> tuple[int, int] | None:
        try:
            return self.ranges.popleft()
        except IndexError:
            return None


class _Helper(threading.Thread):
    """A thread that runs pieces of the job that was submitted to it last.

    It spins for the next job for a moment, then sleeps until the lock `idle` is released. It
    holds the lock `busy` while it may be running a piece.
    """

    def __init__(self):
        super().__init__(name="minicnn-kernel", daemon=True)
        # Here, because it needs numba: whoever shares work has imported it.
        from minicnn.kernels.runtime.spin_wait import SpinFlag

        self.flag = SpinFlag()
        self.idle, self.busy = threading.Lock(), threading.Lock()
        self.idle.acquire()
        self.asleep = False
        self.job: _Job | None = None
        self.start()

    def run(self) -> None:
        submitted = 0
        while True:
            if not self.flag.wait_for_submit(submitted):
                self.asleep = True
                if self.flag.submitted() == submitted:  # else one came since, without waking it
                    self.idle.acquire()
                self.asleep = False
            with self.busy:
                submitted = self.flag.submitted()
                job, self.job = self.job, None
                if job is not None:
                    self.flag.begin()
                    try:
                        job.run_pieces()
                    except BaseException as error:
                        job.error = error
                    del job  # keeps no array alive while it waits

    def submit(self, job: _Job) -> None:
        """Wake it; where it has not even woken for an earlier job, it will find this one."""
        self.job = job
        self.flag.submit()
        if self.asleep and self.idle.locked():
            self.idle.release()

    def join_job(self) -> None:
        """Return when it runs no piece; a job it has not begun it will not begin."""
        self.flag.wait_for_end()
        with self.busy:
            self.job = None


_helpers: list[_Helper] = []
_helpers_in_use = threading.Lock()


def share(work: Callable, count: int, *arguments) -> None:
    """Call work(*arguments, start, stop) for ranges that together are range(count).

    Where another thread is sharing work at this moment, all of it is done here.
    """
    threads = min(get_threads(), count)
    if threads < 2 or _helpers_in_use.locked():
        work(*arguments, 0, count)
        return
    # `with` alone is certain to release what Ctrl-C finds acquired. Where another thread has been
    # faster by a moment, it is waited for.
    with _helpers_in_use:
        start_helpers(threads - 1)
        job = _Job(work, count, arguments, min(count, threads * PIECES))
        helpers = _helpers[: threads - 1]
        try:
            for helper in helpers:
                helper.submit(job)
            job.run_pieces()
        finally:
            job.ranges.clear()
            for helper in helpers:
                helper.join_job()  # one that has not woken yet is not waited for
    if job.error is not None:
        raise job.error


def start_helpers(count: int) -> None:
    """Have so many helpers, or as many as the system has threads for; the others are done without."""
    try:
        while len(_helpers) < count:
            _helpers.append(_Helper())
    except RuntimeError:
        set_threads(len(_helpers) + 1)


def start_anew() -> None:
    """In a process made by fork there is only the thread that forked; see `fork_safety`."""
    global _helpers_in_use
    _helpers.clear()
    _helpers_in_use = threading.Lock()
