"""The command line of `python -m benchmarks peers`: what is timed, the table, the JSON."""

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.__main__ import machine
from benchmarks.peers import THREADS, data_cases, whole_process
from benchmarks.peers.model_cases import NAMES, model_cases
from benchmarks.peers.rounds import Case, Result, time_case

PACKAGES = ("torch", "tensorflow-cpu", "tensorflow", "keras", "opencv-python-headless")


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    options = parse(arguments)
    groups = wanted_groups(options)
    if not groups:
        print(f"benchmarks peers: no case has {options.filter!r} in its name", file=sys.stderr)
        return 2
    about = {**machine(), "threads": str(THREADS), **versions()}
    print("\n".join(f"{key}: {value}" for key, value in about.items()) + "\n")
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > BUSY:
        print(
            f"This machine is busy (load {os.getloadavg()[0]:.1f}): who shares work evenly among "
            "threads then waits for the slowest one, so that ratios are off, too.\n"
        )
    results, said = [], set()
    for names, make in groups:
        for case in make(names):
            for line in remarks(case):
                if line not in said:
                    print(line)
                    said.add(line)
            results.append(time_case(case, options.seconds, options.rounds))
            print(table_line(results[-1]), flush=True)
    print(FOOTER)
    if options.json:
        found = {result.name: result.as_dict() for result in results}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({**found, "machine": about}, file, indent=2)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks peers", description=__doc__)
    parser.add_argument("filter", nargs="?", default="", help="only names that contain this")
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="of rounds for each case (default 10)"
    )
    parser.add_argument("--rounds", type=int, help="exactly so many rounds instead")
    parser.add_argument(
        "--whole-process",
        action="store_true",
        help="also a whole `covid train` beside a Keras script, which takes minutes",
    )
    return parser.parse_args(arguments)


def all_groups() -> list[tuple[list[str], Callable[[list[str]], Iterator[Case]]]]:
    """Names of cases that are prepared together, and what prepares them."""
    groups = [(cases, partial(model_cases, name)) for name, cases in NAMES.items()]
    groups.append((data_cases.NAMES[:2], data_cases.augmentation_cases))
    groups.append((data_cases.NAMES[2:], data_cases.preprocessing_case))
    groups.append((whole_process.NAMES, whole_process.whole_process_case))
    return groups


def wanted_groups(options: argparse.Namespace) -> list:
    """The groups with the cases that were asked for."""
    groups = []
    for names, make in all_groups():
        wanted = [name for name in names if options.filter in name]
        slow = names is whole_process.NAMES  # only where it was asked for
        if slow and (options.whole_process or options.filter and wanted):
            groups.append((list(names), make))
        elif wanted and not slow:
            groups.append((wanted, make))
    return groups


def versions() -> dict[str, str]:
    """Versions of the peers that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {**found, "system": platform.platform()}


def remarks(case: Case) -> list[str]:
    """What is to be known before a case's times."""
    group = case.name.split("/")[0]
    lines = [f"{group}: {case.note}"] if case.note else []
    return lines + [f"{group}: {peer} is left out, {why}" for peer, why in case.missing.items()]


def table_line(result: Result) -> str:
    """One line of the table: ours, every peer, the fastest, the ratio."""
    peers = "  ".join(f"{name} {ms:.4g}" for name, ms in result.peers.items())
    end = f"{result.ratio:6.2f} x (fastest: {result.fastest})" if result.peers else "no peer"
    return f"{result.name:<32} minicnn {result.minicnn_ms:8.2f} ms | {peers} | {end}"


BUSY = 0.5  # processes that want to run, on average over the last minute
FOOTER = "\nMilliseconds, medians over rounds; x: how many times longer the fastest peer takes."
