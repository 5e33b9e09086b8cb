"""Waiting for another thread without falling asleep.

To wake a sleeping thread takes the system some ten microseconds, and on a virtual machine more:
as long as many a kernel computes. Whoever expects to go on soon therefore watches a number in
memory for a moment, without Python's lock, and sleeps only if nothing has come of it.
"""

import numpy as np

from minicnn.kernels.runtime.jit import config, kernel

LOOKS = 0 if config.DISABLE_JIT else 100_000  # about 0.1 ms; plain Python would keep its lock
TOLD, BUSY = 0, 1


class Watch:
    """What a thread that has work, and the one that helps it, see of each other.

    `flags[TOLD]` counts how often the helper was told of work; `flags[BUSY]` is 1 while it may
    have some in its hands.
    """

    def __init__(self):
        self.flags = np.zeros(2, dtype=np.int64)
        self._counters = np.zeros((2, 1), dtype=np.int64)
        # Compiled here, by the thread that shares work, and not in the middle of another one.
        _stand_by(self.flags, 0, 0, self._counters[0])
        _see_end(self.flags, 0, self._counters[1])

    def tell(self) -> None:
        self.flags[TOLD] += 1

    def told(self) -> int:
        return int(self.flags[TOLD])

    def begin(self) -> None:
        self.flags[BUSY] = 1

    def stand_by(self, told: int) -> bool:
        """Have nothing in hand, and watch for a moment; whether `told()` has changed."""
        return _stand_by(self.flags, told, LOOKS, self._counters[0])

    def see_end(self) -> None:
        """Watch for a moment until the helper has nothing in hand."""
        _see_end(self.flags, LOOKS, self._counters[1])


@kernel
def _stand_by(flags, told, looks, counter):
    flags[BUSY] = 0
    for look in range(looks):
        if flags[TOLD] != told:
            return True
        counter[0] = look  # might be one of the flags, so that the compiler has to look again
    return flags[TOLD] != told


@kernel
def _see_end(flags, looks, counter):
    for look in range(looks):
        if flags[BUSY] == 0:
            return
        counter[0] = look
