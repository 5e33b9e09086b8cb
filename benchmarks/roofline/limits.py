"""What this machine can do: multiply-adds, bytes from memory and from the cache, BLAS.

The loops below are compiled by the compiler that compiles the kernels, and run on the threads
that the kernels run on: they show what a kernel could reach here, not what a data sheet says.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from minicnn.kernels.runtime.jit import kernel, summing_kernel
from minicnn.kernels.runtime.thread_count import get_threads
from minicnn.kernels.runtime.thread_pool import share

MEMORY_BYTES = 128 << 20  # of an array, many times the cache
CACHE_BYTES = 4 << 20  # of an array; two of them are about what a small layer reads and writes
BLAS_SIZE = 1536  # rows and columns of the matrices whose product is timed
CHAINS, STEPS = 8, 16  # sums that do not wait for each other, and multiply-adds in each
PARTS = 64


class Task(NamedTuple):
    """What is timed: a call, and how much it does (FLOP or bytes)."""

    name: str
    run: Callable[[], object]
    amount: float


def limit_tasks() -> list[Task]:
    """The calls that show this machine's limits."""
    tasks = [_peak_task(), _blas_task(), _taps_task("aligned", 0), _taps_task("shifted", 1)]
    # A sweep of the cache is repeated in one call, which otherwise would be over before the
    # second thread wakes; each thread has a part that is larger than the cache of its own.
    settings = (("cache", CACHE_BYTES, get_threads(), 16), ("memory", MEMORY_BYTES, PARTS, 1))
    for place, size, parts, repeats in settings:
        source = np.ones((parts, size // 4 // parts), np.float32)
        target, sums = np.zeros_like(source), np.zeros(parts, np.float32)
        moved = source.nbytes * repeats
        tasks += [
            Task(f"read_{place}", _call(_read, source, sums, repeats), moved),
            Task(f"copy_{place}", _call(_copy, source, target, repeats), 2 * moved),
            Task(f"update_{place}", _call(_update, target, repeats), 2 * moved),
        ]
    return tasks


def cache_size() -> int:
    """Bytes of the last-level cache, as Linux tells it; elsewhere 8 MiB are assumed."""
    folder, sizes = "/sys/devices/system/cpu/cpu0/cache", []
    if os.path.isdir(folder):
        for name in os.listdir(folder):
            path = os.path.join(folder, name, "size")
            if os.path.exists(path):
                with open(path) as file:
                    sizes.append(int(file.read().strip().rstrip("K")) << 10)
    return max(sizes, default=8 << 20)


def begin_seconds(asleep: bool) -> float:
    """How long until a helper thread begins to work: the median of many jobs.

    The thread that shares a job keeps itself busy without Python's lock, as in a kernel.

    asleep: whether the helper has fallen asleep before, or still watches for work.
    """
    delays = []
    numbers, total = np.ones((1, 1 << 16), np.float32), np.zeros(1, np.float32)

    def work(start, stop):
        if threading.current_thread().name == "minicnn-kernel":
            delays.append(time.perf_counter() - begin)
        else:
            _read(numbers, total, 50, 0, 1)

    _read(numbers, total, 1, 0, 1)  # compiles it
    for _ in range(100):
        if asleep:
            time.sleep(0.001)
        begin = time.perf_counter()
        share(work, 2)
    return float(np.median(delays)) if delays else float("nan")


def _call(function, array, *arguments) -> Callable[[], None]:
    return lambda: share(function, len(array), array, *arguments)


def _blas_task() -> Task:
    one = np.ones((BLAS_SIZE, BLAS_SIZE), np.float32)
    product = np.empty_like(one)
    return Task("sgemm", lambda: np.matmul(one, one, out=product), 2 * BLAS_SIZE**3)


def _peak_task() -> Task:
    x = np.full((PARTS, 1024), 0.5, np.float32)  # of which two rows at a time are in a cache
    y, repeats = np.empty_like(x), 64
    return Task("peak", _call(_multiply_add, x, y, repeats), 2 * x.size * CHAINS * STEPS * repeats)


def _taps_task(name: str, shift: int) -> Task:
    """Four taps of a convolution along a row, in the first-level cache.

    With a shift, the vectors of pixels do not begin where a cache line does: then most of them
    lie across two cache lines.
    """
    parts, size, repeats = get_threads() * 8, 1024, 2000
    numbers = np.ones(parts * 3 * size + 16, np.float32)
    skip = (-numbers.ctypes.data % 64) // 4  # to the first number that begins a cache line
    rows = numbers[skip : skip + parts * 3 * size].reshape(parts, 3 * size)
    run = _call(_four_taps, rows, size, shift, np.float32(1e-3), repeats)
    return Task(f"taps_{name}", run, 8 * size * repeats * parts)


@summing_kernel
def _four_taps(rows, size, shift, tap, repeats, start, stop):
    for part in range(start, stop):
        total, p_0 = rows[part, :size], rows[part, size:]
        p_1, p_2, p_3 = p_0[shift:], p_0[2 * shift :], p_0[3 * shift :]
        t_0, t_1, t_2 = tap, tap + tap, tap * tap
        for _ in range(repeats):
            for i in range(total.size):
                total[i] += t_0 * p_0[i] + t_1 * p_1[i] + t_2 * p_2[i] + tap * p_3[i]


@kernel
def _copy(source, target, repeats, start, stop):
    for part in range(start, stop):
        x, y = source[part], target[part]
        for _ in range(repeats):
            for i in range(x.size):
                y[i] = x[i]


@kernel
def _update(target, repeats, start, stop):
    for part in range(start, stop):
        y = target[part]
        for _ in range(repeats):
            for i in range(y.size):
                y[i] += np.float32(1)


@summing_kernel
def _read(source, sums, repeats, start, stop):
    for part in range(start, stop):
        x = source[part]
        total = x.dtype.type(0)
        for _ in range(repeats):
            for i in range(x.size):
                total += x[i]
        sums[part] = total


# No sums in another order here: the compiler would see that the chains' sum takes less work.
@njit(nogil=True, cache=True, fastmath={"contract"})
def _multiply_add(x, y, repeats, start, stop):
    """Eight chains of multiply-adds for each number, all in registers."""
    half = x.dtype.type(0.5)
    for part in range(start, stop):
        numbers, results = x[part], y[part]
        for _ in range(repeats):
            for i in range(numbers.size):
                a = numbers[i]
                s_0, s_1, s_2, s_3 = a, a + half, a - half, a + a
                s_4, s_5, s_6, s_7 = -a, half - a, half, -half
                for _ in range(STEPS):
                    s_0, s_1 = s_0 * a + half, s_1 * a + half
                    s_2, s_3 = s_2 * a + half, s_3 * a + half
                    s_4, s_5 = s_4 * a + half, s_5 * a + half
                    s_6, s_7 = s_6 * a + half, s_7 * a + half
                results[i] = ((s_0 + s_1) + (s_2 + s_3)) + ((s_4 + s_5) + (s_6 + s_7))
