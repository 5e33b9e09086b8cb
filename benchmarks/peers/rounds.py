"""Timing several contestants in turn.

A machine is not equally fast all the time. Every contestant therefore runs once in every round,
so that a slow minute hits all of them, and the median over the rounds is what counts.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

OURS = "minicnn"
FEWEST_ROUNDS = 3
PAUSE = 0.02  # s: the threads of the contestant before wait actively for more work at first
SLICE = 0.25  # s that a contestant works in one round


class Case(NamedTuple):
    """What is timed side by side.

    Attributes
    ----------
    name : str
    contestants : dict of str to function
        One of them is `OURS`; a call does the whole work once.
    missing : dict of str to str
        Peers that cannot take part, and why.
    note : str
        What has to be known to read the times.
    warm_up : int
        Rounds that do not count: the first call compiles, the second may still allocate.
    rounds : int or None
        So many, whatever was asked for.
    """

    name: str
    contestants: dict[str, Callable[[], object]]
    missing: dict[str, str]
    note: str = ""
    warm_up: int = 2
    rounds: int | None = None


class Result(NamedTuple):
    """Medians over the rounds, in milliseconds a call, and the number of rounds."""

    name: str
    minicnn_ms: float
    peers: dict[str, float]
    rounds: int

    @property
    def fastest(self) -> str | None:
        """Name of the fastest peer; None without peers."""
        return min(self.peers, key=self.peers.__getitem__) if self.peers else None

    @property
    def ratio(self) -> float | None:
        """How many times longer the fastest peer takes; None without peers."""
        return self.peers[self.fastest] / self.minicnn_ms if self.peers else None

    def as_dict(self) -> dict:
        """The case's entry in the JSON file."""
        return {"minicnn_ms": self.minicnn_ms, "peers": self.peers, "ratio": self.ratio}


def time_case(case: Case, seconds: float, rounds: int | None = None) -> Result:
    """Time all contestants of a case in turn.

    Parameters
    ----------
    case : Case
    seconds : float
        Go on until this time is over, but for three rounds at least.
    rounds : int, optional
        Exactly so many rounds instead.
    """
    rounds = case.rounds or rounds
    for _ in range(case.warm_up):
        for work in case.contestants.values():
            work()
    times: dict[str, list[float]] = {name: [] for name in case.contestants}
    end, done = time.perf_counter() + seconds, 0
    while done < rounds if rounds else done < FEWEST_ROUNDS or time.perf_counter() < end:
        for name, work in case.contestants.items():
            times[name].append(time_slice(work))
        done += 1
    medians = {name: float(np.median(each)) * 1e3 for name, each in times.items()}
    return Result(case.name, medians.pop(OURS), medians, done)


def time_slice(work: Callable[[], object]) -> float:
    """Mean seconds of a call, over a quarter of a second.

    The mean, not a median: work that is put off to every tenth call counts, too. The first call
    does not count, because it finds the caches full of another contestant's data, unless it
    took so long that this does not matter.
    """
    time.sleep(PAUSE)
    start = time.perf_counter()
    work()
    first = time.perf_counter() - start
    if first >= SLICE:
        return first
    calls, start = 0, time.perf_counter()
    while time.perf_counter() - start < SLICE:
        work()
        calls += 1
    return (time.perf_counter() - start) / calls
