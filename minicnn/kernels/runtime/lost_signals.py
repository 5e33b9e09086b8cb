"""Ctrl-C and other signals while a kernel is compiled or read from disk.

LLVM calls functions of Python meanwhile, as it finds or makes machine code. What a signal's handler
raises in the middle of one of them, such as KeyboardInterrupt, does not get out: Python prints it
and goes on.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = [
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, 0))
]


@contextmanager
def raised_at_the_end() -> Iterator[None]:
    """Raise at the end of the block what a handler has raised in it, if it got lost."""
    raised: list[BaseException] = []
    handlers = {}
    if threading.current_thread() is threading.main_thread():  # the only one that runs handlers
        handlers = {number: signal.getsignal(number) for number in ENDING}

    def noting(number, frame):
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
    if raised:
        raise raised[0]
