"""One step of a model at a time, whatever the thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

step_lock, next_step = threading.RLock(), threading.Lock()


@contextmanager
def one_step_at_a_time() -> Iterator[None]:
    """Keep other threads from running a model: its layers keep arrays between calls.

    A waiting thread is next: it holds `next_step`, so that a thread that makes one step after the
    other cannot come back before it.
    """
    if step_lock._is_owned():  # by this thread: a step within a step
        yield
        return
    try:
        with next_step:
            step_lock.acquire()
        yield
    finally:
        # Ctrl-C may come between any two calls: nothing is asked before it is released.
        try:  # noqa: SIM105
            step_lock.release()
        except RuntimeError:  # not acquired: Ctrl-C came while waiting
            pass


def start_anew() -> None:
    """In a process made by fork there is only the thread that forked; see `fork_safety`."""
    global step_lock, next_step
    step_lock, next_step = threading.RLock(), threading.Lock()
