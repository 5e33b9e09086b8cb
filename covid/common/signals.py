"""What ends the program: Ctrl-C, SIGTERM, and SIGHUP when its terminal is closed.

All three mean the same here: tidy up or keep what has been done, then end. One that the program
was started to ignore (by `nohup`, or behind a `&` in a script) stays ignored.
"""

import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minicnn.callbacks import BackupAndRestore

# Beside Ctrl-C; Windows has no SIGHUP.
ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def ending_as_ctrl_c() -> Iterator[None]:
    """Let the other signals end the program as Ctrl-C does."""

    def stop(number, frame):
        leave_lost_terminal()
        raise KeyboardInterrupt

    with handled(stop, ENDING):
        yield


@contextmanager
def finishing_the_step(backup: "BackupAndRestore") -> Iterator[None]:
    """Let all of them wait for the end of the step and a checkpoint; a second one does not wait.

    Raises
    ------
    KeyboardInterrupt
        Where nothing has followed the request because the last step was made already.
    """

    def ask(number, frame):
        leave_lost_terminal()
        if backup.stop_requested:
            raise KeyboardInterrupt
        backup.stop_requested = True
        with suppress(OSError):  # not print: it may be in the middle of a line of its own
            os.write(2, b"\nfinishing the step, then writing a checkpoint ...\n")

    with handled(ask, [signal.SIGINT, *ENDING]):
        yield
    if backup.stop_requested:
        raise KeyboardInterrupt


@contextmanager
def handled(handler: Callable, numbers: list[int]) -> Iterator[None]:
    """Have `handler` called for these signals, but for those that are ignored.

    Only the main thread may do so; in another one nothing is changed.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in numbers}
    heard = [number for number, old in before.items() if old is not signal.SIG_IGN]
    try:
        for number in heard:
            signal.signal(number, handler)
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def leave_lost_terminal() -> None:
    """Write to nowhere what would go to a terminal that has been closed.

    To write there is an error, which would end the training before its checkpoint is written.
    """
    for descriptor in (1, 2):  # stdout and stderr
        try:
            is_lost = stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor)
        except OSError:  # closed from the start
            continue
        if is_lost:  # or nowhere already
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
