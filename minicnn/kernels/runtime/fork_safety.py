"""What happens when the process is copied by fork while other threads of it are at work.

The child has all the memory but only the thread that forked: a lock that another thread held at
that moment would be held for ever, and what that thread was changing would stay half done. So a
fork waits until no step of any model and no compilation is under way, and the child begins with
locks and helper threads of its own.
"""

import concurrent.futures.thread  # noqa: F401 (see the end of this file)
import logging  # noqa: F401
import os
import sys
import threading

from minicnn.kernels.runtime import step_lock, thread_pool

LONGEST_WAIT = 10  # seconds; a fork for which the running step itself is waiting must not hang

_held = threading.local()  # two threads may fork at once


def _before() -> None:
    # The step's lock first, then the compiler's, as in a step that has to compile: the other way
    # round, that step and this thread would wait for each other.
    _held.locks = []
    if not step_lock.step_lock._is_owned():  # it is in a fork out of a step
        for lock in (step_lock.next_step, step_lock.step_lock):
            if lock.acquire(timeout=LONGEST_WAIT):
                _held.locks.append(lock)
    numba = sys.modules.get("numba.core.compiler_lock")
    compiler_lock = getattr(numba, "global_compiler_lock", None)  # None while being imported
    if compiler_lock is not None:
        compiler_lock.acquire()
        _held.locks.append(compiler_lock)


def _after() -> None:
    for lock in reversed(_held.locks):
        lock.release()


def _after_in_child() -> None:
    _after()
    step_lock.start_anew()
    thread_pool.start_anew()


# What is registered last is called first before a fork. The locks of `logging` and of thread pools,
# which are taken before a fork, too, must come after ours: a step may need them to end.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)
