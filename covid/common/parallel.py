"""Many independent jobs on all cores, with a progress bar."""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import cv2

Job = TypeVar("Job")
Result = TypeVar("Result")
HANDED_OUT = 1000  # jobs waiting at a time; a waiting job takes more memory than its result


def in_parallel(
    work: Callable[[Job], Result], jobs: Sequence[Job], title: str, unit: str, progress: bool
) -> list[Result]:
    """Do `work` for all jobs, one a core; the results come in the order of the jobs.

    Threads are enough: NumPy and OpenCV let go of Python's lock while they compute.

    Parameters
    ----------
    work : callable
        One job to its result.
    jobs : sequence
    title, unit : str
        For the bar: what is being done, and what a job is called.
    progress : bool
        A bar on a terminal, elsewhere a line on stderr at the start and one at the end.

    Raises
    ------
    Exception
        The first that a job raised, or Ctrl-C; jobs that were not begun are then dropped.
    """
    from tqdm import tqdm

    on_terminal = progress and sys.stderr.isatty()
    if progress and not on_terminal:
        print(f"{title}: {len(jobs)} {unit}s ...", file=sys.stderr)
    opencv_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # one job a core already; more threads only get in the way
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        results = []
        with tqdm(desc=title, total=len(jobs), unit=unit, disable=not on_terminal) as bar:
            for start in range(0, len(jobs), HANDED_OUT):
                for result in pool.map(work, jobs[start : start + HANDED_OUT]):
                    results.append(result)
                    bar.update()
    finally:
        pool.shutdown(cancel_futures=True)
        cv2.setNumThreads(opencv_threads)
    if progress and not on_terminal:
        print(f"{title}: done", file=sys.stderr)
    return results
