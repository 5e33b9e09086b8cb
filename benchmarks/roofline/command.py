"""The command line of `python -m benchmarks roofline`: the rounds, the table, the files."""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

import minicnn.kernels
from benchmarks.__main__ import machine
from benchmarks.roofline import accuracy, blas, figure, limits, pages, points
from benchmarks.roofline.point import Point
from covid.common.machine import blas_kernels

FOLDER = Path(__file__).parents[1]
WINOGRAD_PAGE = Path(minicnn.kernels.__file__).parent / "compiled" / "WINOGRAD.md"
SLICE = 0.02  # s that a task works in one round, at least
PAUSE = 0.15  # s: for a tenth of a second the threads of BLAS wait for more work, actively
WARM_UP = 1  # rounds that do not count
BUSY = 0.5  # processes that want to run, on average over the last minute


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    options = parse(arguments)
    about = {**machine(), "openblas kernels": blas_kernels()}
    print("\n".join(f"{key}: {value}" for key, value in about.items()))
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > BUSY:
        print(f"This machine is busy (load {os.getloadavg()[0]:.1f}): everything is slower.")
    found_limits, kernels = measure(options.rounds)
    results = {
        "machine": about,
        "limits": found_limits,
        "kernels": kernels,
        "blas": blas.compare("OPENBLAS_CORETYPE", blas.SETTINGS, "products"),
        "waiting": blas.compare("OPENBLAS_THREAD_TIMEOUT", blas.TIMEOUTS, "after_product"),
        "winograd_error": accuracy.measure_accuracy(),
    }
    tables = {
        "limits": pages.limits_table(found_limits),
        "kernels": pages.kernels_table(kernels),
        "blas": pages.blas_table(results["blas"]),
        "waiting": pages.waiting_table(results["waiting"]),
        "accuracy": pages.accuracy_table(results["winograd_error"]),
    }
    print("\n" + "\n\n".join("\n".join(lines) for lines in tables.values()))
    if not options.only_print:
        write_files(results, tables)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks roofline", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="default 11, about four minutes")
    parser.add_argument(
        "--only-print",
        action="store_true",
        help="leave roofline.png, roofline.json and the tables of README.md and WINOGRAD.md",
    )
    return parser.parse_args(arguments)


def measure(rounds: int) -> tuple[dict, list[dict]]:
    """Time the machine's limits and all kernels in turn, in the same rounds.

    Returns
    -------
    found : dict
        peak, sgemm: GFLOP/s; read_*, copy_*, update_*: GB/s; wake_up, hand_over: s; compute, cache, memory: the
        roofs, GFLOP/s and GB/s; cache_bytes: size of the last-level cache.
    kernels : list of dict
        See `against_limits`.
    """
    tasks, kernels = limits.limit_tasks(), points.all_points()
    seconds = time_in_turn([task.run for task in [*tasks, *kernels]], rounds)
    found = {
        task.name: task.amount / duration / 1e9
        for task, duration in zip(tasks, seconds, strict=False)
    }
    found["wake_up"] = limits.begin_seconds(asleep=True)
    found["hand_over"] = limits.begin_seconds(asleep=False)
    found["compute"] = max(found["peak"], found["sgemm"])
    for place in ("cache", "memory"):
        found[place] = max(found[f"{way}_{place}"] for way in ("read", "copy", "update"))
    found["cache_bytes"] = limits.cache_size()
    timed = zip(kernels, seconds[len(tasks) :], strict=True)
    return found, [against_limits(point, duration, found) for point, duration in timed]


def time_in_turn(calls: list, rounds: int) -> list[float]:
    """Median seconds of each call, over rounds in which each has its turn."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(WARM_UP + rounds):
        for call, found in zip(calls, times, strict=True):
            time.sleep(PAUSE)
            end = time.perf_counter() + SLICE  # until all threads are awake and caches filled
            call()
            while time.perf_counter() < end:
                call()
            end = time.perf_counter() + SLICE
            while (start := time.perf_counter()) < end:
                call()
                if number >= WARM_UP:
                    found.append(time.perf_counter() - start)
    return [float(np.median(found)) for found in times]


def against_limits(point: Point, seconds: float, found: dict) -> dict:
    """A kernel's rates beside the lower of its two roofs.

    Parameters
    ----------
    point : Point
    seconds : float
        Of a call.
    found : dict
        The machine's limits, see `measure`.
    """
    intensity = point.flop / point.traffic
    place = "cache" if point.footprint <= found["cache_bytes"] else "memory"
    roof = min(found["compute"], intensity * found[place])
    return {
        "name": point.name,
        "flop": point.flop,
        "direct_flop": point.direct_flop,
        "traffic": point.traffic,
        "intensity": intensity,
        "ms": seconds * 1e3,
        "gflops": point.flop / seconds / 1e9,
        "gbytes": point.traffic / seconds / 1e9,
        "limit": "arithmetic" if roof == found["compute"] else place,
        "roof_gflops": roof,
        "share": point.flop / seconds / 1e9 / roof,
    }


def write_files(results: dict, tables: dict[str, list[str]]) -> None:
    """The figure, the JSON, and the tables in their places."""
    pages.write_text(FOLDER / "roofline.json", json.dumps(results, indent=2) + "\n")
    figure.draw(results["limits"], results["kernels"], FOLDER / "roofline.png")
    for name in ("limits", "kernels", "blas", "waiting"):
        pages.replace_table(FOLDER / "README.md", name, tables[name])
    pages.replace_table(WINOGRAD_PAGE, "accuracy", tables["accuracy"])
    print("\nwritten: roofline.json, roofline.png, README.md (benchmarks), WINOGRAD.md (kernels)")
