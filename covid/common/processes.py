"""Processes that work for this one: fresh interpreters, which end with it and leave signals to it."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType

from covid.common.signals import ENDING, handled


def worker_pool(workers: int, prepare: Callable[[], None]) -> ProcessPoolExecutor:
    """Start so many processes, each of which calls `prepare`, a function of a module, first.

    Fresh interpreters ("spawn"): a fork would share the locks of kernels and libraries, and could
    not begin to import one library while this process imports another.
    """
    # A signal that is ignored now is ignored by the new processes from their first moment: Ctrl-C
    # is for this process, which then sees to them.
    with handled(signal.SIG_IGN, [signal.SIGINT, *ENDING]), main_module_hidden():
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, begin, (prepare,))
        for _ in range(workers):
            pool.submit(os.getpid)  # starts one
    return pool


class SecondProcess:
    """One such process, which does one job after the other beside this one.

    `prepare` as in `worker_pool`.

    Attributes
    ----------
    process : multiprocessing.Process
    """

    def __init__(self, prepare: Callable[[], None]) -> None:
        others = multiprocessing.active_children()
        self.pool = worker_pool(1, prepare)
        (self.process,) = set(multiprocessing.active_children()).difference(others)

    def submit(self, job: Callable, *arguments) -> Future:
        return self.pool.submit(job, *arguments)

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()  # it may still be importing
        self.pool.shutdown(cancel_futures=True)


@contextmanager
def main_module_hidden() -> Iterator[None]:
    """New processes import the main module again, which a script would have to be written for.

    None of them needs it: what they do is in modules.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def begin(prepare: Callable[[], None]) -> None:
    """What a new process does first."""
    if hasattr(os, "setsid"):
        os.setsid()  # signals to this one's terminal or group are for this one alone
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the executor's own way to end it
    threading.Thread(target=end_with_parent, daemon=True).start()
    prepare()


def end_with_parent() -> None:
    """An executor's process would wait for work for ever where its parent was killed."""
    multiprocessing.parent_process().join()
    os._exit(1)
