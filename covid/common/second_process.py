"""A second process that does jobs beside this one, and ends with it."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor

from covid.common.signals import ENDING, handled


class SecondProcess:
    """The second process; it does one job after the other.

    It is a fresh interpreter ("spawn"): a fork would share the locks of kernels and libraries, and
    could not begin to import matplotlib while this process imports numba.

    Parameters
    ----------
    prepare : callable
        What it does first: a function without arguments, found by its name.

    Attributes
    ----------
    process : multiprocessing.Process
    """

    def __init__(self, prepare: Callable[[], None]) -> None:
        others = multiprocessing.active_children()
        # A signal that is ignored now is ignored by the new process from its first moment: Ctrl-C
        # is for this process, which then sees to the other one.
        with handled(signal.SIG_IGN, [signal.SIGINT, *ENDING]):
            context = multiprocessing.get_context("spawn")
            self.pool = ProcessPoolExecutor(1, context, initializer=begin, initargs=(prepare,))
            self.pool.submit(os.getpid)  # starts it
        (self.process,) = set(multiprocessing.active_children()).difference(others)

    def submit(self, job: Callable, *arguments) -> Future:
        return self.pool.submit(job, *arguments)

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()  # it may still be importing
        self.pool.shutdown(cancel_futures=True)


def begin(prepare: Callable[[], None]) -> None:
    """What the second process does before its first job."""
    if hasattr(os, "setsid"):
        os.setsid()  # signals to this one's terminal or group are for this one alone
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the executor's own way to end it
    threading.Thread(target=end_with_parent, daemon=True).start()
    prepare()


def end_with_parent() -> None:
    """An executor's process would wait for work for ever where its parent was killed."""
    multiprocessing.parent_process().join()
    os._exit(1)
