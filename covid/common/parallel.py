"""Many independent jobs on all cores, with a progress bar."""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from covid.common.errors import UserError
from covid.common.processes import worker_pool
from covid.common.screen import is_terminal
from covid.common.surroundings import startable, threads_for

Job = TypeVar("Job")
Result = TypeVar("Result")


def bar_options(title: str, unit: str, progress: bool) -> dict:
    """What tqdm needs for a live line: on a terminal, as wide as it, gone when all is done."""
    shown = progress and is_terminal(sys.stdout)
    return {
        **{"desc": title, "unit": unit, "disable": not shown},
        **{"file": sys.stdout, "leave": False, "dynamic_ncols": True},
    }


def in_parallel(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    title: str,
    unit: str,
    progress: bool,
    processes: bool = False,
) -> list[Result]:
    """Do `work` for all jobs, one a core; the results come in the order of the jobs.

    Threads are enough where the work is NumPy's and OpenCV's, which release Python's lock.

    Parameters
    ----------
    work : callable
        One job to its result.
    jobs : sequence
    title, unit : str
        For the bar: what is being done, and what a job is called.
    progress : bool
        A bar while it lasts, on a terminal.
    processes : bool
        Use processes instead, for work that is mostly Python's; `work`, a function of a module,
        and the jobs are sent to them.

    Raises
    ------
    UserError
        A process has been ended from outside.
    Exception
        That of the first job that failed, in the order of the jobs, or Ctrl-C. Jobs that have not
        begun are then dropped.
    """
    import cv2
    from tqdm import tqdm

    opencv_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # one job a core already; more threads only get in the way
    options = bar_options(f"  {title}", unit, progress)
    workers = max(1, min(os.cpu_count() or 1, len(jobs)))
    needed = threads_for(workers) if processes else workers
    pool = None
    try:
        if startable(needed) < needed:  # the system has no more: one job after the other
            return [work(job) for job in tqdm(jobs, **options)]
        pool = worker_pool(workers, one_thread) if processes else ThreadPoolExecutor(workers)
        waiting = [pool.submit(work, job) for job in jobs]
        return [future.result() for future in tqdm(waiting, **options)]
    except BrokenProcessPool:
        raise UserError(
            f"{title}: a process has been ended from outside, perhaps because memory was short; "
            "start again"
        ) from None
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
        cv2.setNumThreads(opencv_threads)


def one_thread() -> None:
    """What each process does first: there is one a core already."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # NumPy is not imported yet
    import cv2

    cv2.setNumThreads(1)
