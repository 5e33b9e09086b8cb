"""Many independent jobs on all cores."""

import os
from collections.abc import Callable, Iterable

import cv2
from tqdm.contrib.concurrent import thread_map


def on_all_cores(work: Callable, jobs: Iterable, title: str = "") -> list:
    """The results of `work` for all jobs, in their order; a bar on a terminal where it has a title.

    One job a core, and no threads of OpenCV beside them.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        silent = None if title else True  # None: silent where there is no terminal
        return thread_map(work, jobs, max_workers=os.cpu_count(), desc=title, disable=silent)
    finally:
        cv2.setNumThreads(before)
