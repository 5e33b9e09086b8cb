"""Spin-waiting for another thread.

To wake a sleeping thread takes the system some ten microseconds, and on a virtual machine more:
as long as many a kernel computes. A thread that expects work soon therefore reads a flag in
memory for a moment, without Python's lock, and sleeps only if it has not changed.
"""

import numpy as np

from minicnn.kernels.runtime.jit import config, kernel

SPINS = 0 if config.DISABLE_JIT else 100_000  # about 0.1 ms; plain Python would keep its lock
SUBMITTED, BUSY = 0, 1


class SpinFlag:
    """Flags that a thread and its helper share.

    `flags[SUBMITTED]` counts the jobs submitted to the helper; `flags[BUSY]` is 1 while it may be
    running one.
    """

    def __init__(self):
        self.flags = np.zeros(2, dtype=np.int64)
        self._counters = np.zeros((2, 1), dtype=np.int64)
        # Compiled here, by the thread that shares work, and not in the middle of another one.
        _wait_for_submit(self.flags, 0, 0, self._counters[0])
        _wait_for_end(self.flags, 0, self._counters[1])

    def submit(self) -> None:
        self.flags[SUBMITTED] += 1

    def submitted(self) -> int:
        return int(self.flags[SUBMITTED])

    def begin(self) -> None:
        self.flags[BUSY] = 1

    def wait_for_submit(self, submitted: int) -> bool:
        """Be idle, and spin for a moment; whether `submitted()` has changed."""
        return _wait_for_submit(self.flags, submitted, SPINS, self._counters[0])

    def wait_for_end(self) -> None:
        """Spin for a moment until the helper runs nothing."""
        _wait_for_end(self.flags, SPINS, self._counters[1])


@kernel
def _wait_for_submit(flags, submitted, spins, counter):
    flags[BUSY] = 0
    for spin in range(spins):
        if flags[SUBMITTED] != submitted:
            return True
        counter[0] = spin  # might be one of the flags, so that the compiler has to read it again
    return flags[SUBMITTED] != submitted


@kernel
def _wait_for_end(flags, spins, counter):
    for spin in range(spins):
        if flags[BUSY] == 0:
            return
        counter[0] = spin
