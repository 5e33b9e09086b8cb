"""`python -m benchmarks`: check that all implementations agree, time them, print a table."""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable

import numba
import numpy as np

from benchmarks import audit, first_run, peers, roofline
from benchmarks.cases import Case, all_cases
from minicnn.kernels import compiled, naive, windows
from minicnn.kernels.runtime.thread_count import get_threads, set_threads
from minicnn.machine import processor
from minicnn.selftest import largest_difference, outcomes

TOLERANCE = 2e-4  # of the largest number: float32 sums in another order


def main() -> int:
    """Run the command line; returns the exit code."""
    if sys.argv[1:2] == ["peers"]:
        return peers.main(sys.argv[2:])
    if sys.argv[1:2] == ["audit"]:
        return audit.main(sys.argv[2:])
    if sys.argv[1:2] == ["first_run"]:
        return first_run.main(sys.argv[2:])
    if sys.argv[1:2] == ["roofline"]:
        return roofline.main(sys.argv[2:])
    if sys.argv[1:2] == ["readme"]:
        from benchmarks import readme  # with the whole of covid, which takes a moment

        return readme.main(sys.argv[2:])
    options = parse()
    cases = [case for case in all_cases() if options.filter in case.name]
    if not cases:
        print(f"benchmarks: no kernel has {options.filter!r} in its name", file=sys.stderr)
        return 2
    print("\n".join(f"{key}: {value}" for key, value in machine().items()) + "\n")
    first_calls = [verify(case) for case in cases]
    print(f"{len(cases)} cases: naive, NumPy and numba give the same numbers\n")
    if options.verify_only:
        return 0
    print(HEADER)
    rows = []
    for case, first_call in zip(cases, first_calls, strict=True):
        rows.append(measure(case, options.seconds, first_call))
        print(line(rows[-1]), flush=True)
    print(FOOTER)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "cases": rows}, file, indent=2)
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="`python -m benchmarks peers --help`: the models beside PyTorch and Keras; "
        "`python -m benchmarks roofline --help`: each kernel beside this machine's limits; "
        "`python -m benchmarks audit --help`: `covid audit` on many images; "
        "`python -m benchmarks first_run --help`: the first commands, with nothing compiled yet; "
        "`python -m benchmarks readme --help`: what the README states.",
    )
    parser.add_argument("filter", nargs="?", default="", help="only names that contain this")
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")
    parser.add_argument("--verify-only", action="store_true", help="time nothing")
    parser.add_argument(
        "--seconds", type=float, default=0.2, help="of repeats for each number (default 0.2)"
    )
    return parser.parse_args()


def machine() -> dict[str, str]:
    """What the numbers depend on."""
    return {
        "cpu": processor(),
        "threads": str(get_threads()),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "dtype": "float32",
    }


def verify(case: Case) -> float:
    """Check that naive = NumPy on the small load, and NumPy = numba on the full one.

    Returns
    -------
    seconds : float
        Of numba's call: the first one of each kernel compiles it, or reads it from the cache.

    Raises
    ------
    ValueError
        Where two of them differ.
    """
    seconds = 0.0
    for load, pair in ((case.small, ("naive", "NumPy")), (case.full, ("NumPy", "numba"))):
        expected = outcomes(MODULES[pair[0]], case.kernel, [load.make()])
        arguments = load.make()
        start = time.perf_counter()
        found = outcomes(MODULES[pair[1]], case.kernel, [arguments])
        seconds = time.perf_counter() - start
        error = largest_difference(expected, found)
        if not error <= TOLERANCE:
            raise ValueError(f"{case.name}: {pair[0]} and {pair[1]} differ by {error:.1e}")
    return seconds


def measure(case: Case, seconds: float, first_call: float) -> dict:
    """Time one case in all columns: milliseconds, and nanoseconds per operation."""
    compiled_kernel = getattr(compiled, case.kernel)
    row = {
        "name": case.name,
        "shape": case.full.shape,
        "naive_shape": case.small.shape,
        "operations": case.full.operations,
        "first_call_ms": first_call * 1e3,
    }
    columns = (
        ("naive", getattr(naive, case.kernel), case.small, 1),
        ("numpy", getattr(windows, case.kernel), case.full, None),
        ("numba_1", compiled_kernel, case.full, 1),
        ("numba_all", compiled_kernel, case.full, None),
    )
    available = get_threads()
    for column, kernel, load, threads in columns:
        set_threads(threads or available)
        best, median = repeat(kernel, load.make(), seconds)
        row[column] = {
            "best_ms": best * 1e3,
            "median_ms": median * 1e3,
            "ns_per_operation": median * 1e9 / load.operations,
        }
    set_threads(available)
    return row


def repeat(kernel: Callable, arguments: tuple, seconds: float) -> tuple[float, float]:
    """Best and median seconds of a call, over at least `seconds` and three calls."""
    kernel(*arguments)  # the first call may compile, or touch new memory
    times = []
    while sum(times) < seconds or len(times) < 3:
        start = time.perf_counter()
        kernel(*arguments)
        times.append(time.perf_counter() - start)
    return min(times), float(np.median(times))


MODULES = {"naive": naive, "NumPy": windows, "numba": compiled}
HEADER = (
    f"{'kernel':<52} {'full size':<22} {'naive':>9} {'NumPy':>9} {'1 thread':>9} {'all':>9}"
    f" {'NumPy':>9} {'1 thread':>9} {'all':>9} {'call, s':>9}\n"
    f"{'':<52} {'':<22} {'ns per operation':^39} {'times faster than naive':^29} {'first':>9}"
)
FOOTER = (
    "\nMedians. The naive loops run on a small cut-out (naive_shape in the JSON), all others at "
    "full size;\nan operation is one multiply-add, or one number looked at where nothing is "
    "multiplied.\nThe first call of a kernel compiles it, or reads it from numba's cache."
)


def line(row: dict) -> str:
    """One line of the table."""
    columns = ("naive", "numpy", "numba_1", "numba_all")
    cost = [row[column]["ns_per_operation"] for column in columns]
    speed = [cost[0] / each for each in cost[1:]]
    return (
        f"{row['name']:<52} {row['shape']:<22} "
        + " ".join(f"{each:>9.3g}" for each in cost)
        + " "
        + " ".join(f"{each:>9,.0f}" for each in speed)
        + f" {row['first_call_ms'] / 1e3:>9.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
