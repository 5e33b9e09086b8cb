"""How long do the first commands take, with no kernel compiled yet and once more?

    python -m benchmarks first_run
    python -m benchmarks first_run --only doctor gradcheck

`covid run`, `covid doctor` and `python -m minicnn.gradcheck`, each twice in processes of its own:
cold, with an empty folder for compiled kernels, then warm. Beside the seconds that passed, those of
processor time, which a busy machine changes less. For `covid run`, also when each phase was done.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

COMMANDS = {
    "run": ["-u", "-m", "covid", "run", "--out"],
    "doctor": ["-m", "covid", "doctor"],
    "gradcheck": ["-m", "minicnn.gradcheck"],
}
CHILDREN = ("children_user", "children_system")  # of `os.times`
PHASE = re.compile(r" *\d+/\d+ ")  # begins the line of a phase


class Timed(NamedTuple):
    """What a command took: seconds, seconds of processor time, and (seconds, line) of its output."""

    wall: float
    processor: float
    lines: list[tuple[float, str]]


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    options = parse(arguments)
    print(f"{'':<12}{'cold: wall':>12}{'processor':>12}{'warm: wall':>12}{'processor':>12}   s")
    for name in options.only:
        with tempfile.TemporaryDirectory(prefix="first-run-") as folder:
            cold, warm = (timed(name, Path(folder), number) for number in range(2))
        numbers = (cold.wall, cold.processor, warm.wall, warm.processor)
        print(f"{name:<12}" + "".join(f"{seconds:>12.1f}" for seconds in numbers))
        if name == "run":
            for title, found in (("cold", cold), ("warm", warm)):
                print(f"  {title}, seconds from the start:")
                for seconds, line in found.lines:
                    if PHASE.match(line):
                        print(f"    {seconds:6.1f}  {line[:80]}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks first_run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    return parser.parse_args(arguments)


def timed(name: str, folder: Path, number: int) -> Timed:
    """Run a command with its compiled kernels in `folder`.

    CalledProcessError if it fails.
    """
    command = [sys.executable, *COMMANDS[name]]
    command += [str(folder / f"results-{number}")] if name == "run" else []
    env = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kernels")}
    before, start, lines = os.times(), time.perf_counter(), []
    with subprocess.Popen(
        command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout:
            if line.strip():
                lines.append((time.perf_counter() - start, line.rstrip()))
    wall, after = time.perf_counter() - start, os.times()
    if process.returncode != 0:
        said = "\n".join(line for _, line in lines)
        raise subprocess.CalledProcessError(process.returncode, command, said)
    processor = sum(getattr(after, key) - getattr(before, key) for key in CHILDREN)
    return Timed(wall, processor, lines)
