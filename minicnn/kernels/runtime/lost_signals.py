"""Ctrl-C and other signals while a kernel is compiled or read from disk.

LLVM calls functions of Python meanwhile, as it finds or makes machine code. What a signal's handler
raises in the middle of one of them, such as KeyboardInterrupt, does not get out: Python prints it,
and LLVM goes on without the machine code that it has asked for, which can end the process.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = [
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, 0))
]


HOOKS = {"_raw_object_cache_notify", "_raw_object_cache_getbuffer"}  # of llvmlite


@contextmanager
def raised_at_the_end() -> Iterator[None]:
    """Let a signal that comes while LLVM waits for Python wait for the end of the block.

    Others are handled at once; what their handler raises is raised again at the end if it got lost.
    """
    raised: list[BaseException] = []
    late: list[int] = []
    handlers = {}
    if threading.current_thread() is threading.main_thread():  # the only one that runs handlers
        handlers = {number: signal.getsignal(number) for number in ENDING}

    def noting(number, frame):
        if any(function.f_code.co_name in HOOKS for function in outwards(frame)):
            late.append(number)
            return
        try:
            handlers[number](number, frame)
        except BaseException as error:
            raised.append(error)
            raise

    heard = [number for number, handler in handlers.items() if callable(handler)]
    try:
        for number in heard:
            signal.signal(number, noting)
        yield
    finally:
        for number in heard:
            signal.signal(number, handlers[number])
        for number in late:
            handlers[number](number, sys._getframe())
    if raised:
        raise raised[0]


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame, its caller's, and so on."""
    while frame is not None:
        yield frame
        frame = frame.f_back
