"""`python -m minicnn.gradcheck`: check one of every layer on all backends, and what runs fused."""

import argparse
import difflib
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from minicnn import kernels
from minicnn.gradcheck.examples import (
    all_of,
    check_example,
    check_fused_example,
    examples,
    fused_examples,
)
from minicnn.gradcheck.report import Report
from minicnn.kernels.compiled import rows
from minicnn.kernels.fused import pooled, winograd_tiles
from minicnn.kernels.runtime import jit
from minicnn.kernels.runtime.spin_wait import SpinFlag
from minicnn.kernels.runtime.thread_count import get_threads
from minicnn.printing import print_text

# What takes longest to compile begins first, so that no process has to wait for it at the end.
SLOWEST = [module.__name__ for module in (rows, winograd_tiles, pooled)]
LAYERS = sorted({type(layer).__name__ for _, layer, _ in examples()})


def main(arguments: Sequence[str] = ()) -> int:
    """Check what is asked for, a line for each; 1 if any is wrong, else 0."""
    options = parser().parse_args(arguments)
    wrong = 0  # layers
    for report in reports(chosen(options.layer, options.backend)):
        wrong += not report.ok
        print_text(str(report), flush=True)
    print("all gradients are right" if not wrong else f"wrong layers: {wrong}")
    return 1 if wrong else 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m minicnn.gradcheck", description=__doc__)
    for option, names in (("--layer", LAYERS), ("--backend", list(kernels.MODULES))):
        parser.add_argument(
            option,
            type=partial(listed, names),
            action="extend",
            metavar="NAME",
            help=f"only this one, or several with commas between: {', '.join(names)}",
        )
    return parser


def listed(names: list[str], text: str) -> list[str]:
    """The names in a text with commas; ArgumentTypeError for one that is not among `names`."""
    given = [name.strip() for name in text.split(",")]
    for name in given:
        if name not in names:
            folded = {one.lower(): one for one in names}
            near = difflib.get_close_matches(name.lower(), folded, 1)
            hint = f"; did you mean {folded[near[0]]}?" if near else ""
            raise argparse.ArgumentTypeError(
                f"expected names among {', '.join(names)}, got {name[:60]!r}{hint}"
            )
    return given


def chosen(layers: list[str] | None, backends: list[str] | None) -> list[Callable[[], Report]]:
    """The checks of these layers on these backends; None: of all."""
    layers, backends = layers or LAYERS, backends or list(kernels.MODULES)
    checks: list[Callable[[], Report]] = [
        partial(check_example, backend, number)
        for backend in kernels.MODULES
        for number, (_, layer, _) in enumerate(examples())
        if backend in backends and type(layer).__name__ in layers
    ]
    if "numba" in backends and "Conv2D" in layers:  # with which all of them begin
        checks += [
            partial(check_fused_example, number) for number, _ in enumerate(fused_examples())
        ]
    return checks


def reports(checks: list[Callable[[], Report]]) -> Iterator[Report]:
    """Reports in the order of the checks, but last those for which kernels have to be compiled."""
    jit.say_nothing()  # it is said below
    SpinFlag()  # whose kernels all need
    # By the module of the first kernel that is missing: one process compiles what they share.
    waiting: dict[str, list[Callable[[], Report]]] = {}
    for check in checks:
        try:
            with jit.without_compiling():
                report = check()
        except jit.NotCompiled as missing:
            waiting.setdefault(str(missing), []).append(check)
        else:
            yield report
    processes = min(len(waiting), get_threads())
    if processes:
        print("compiling kernels for the rest, which is done once ...", file=sys.stderr, flush=True)
        context = multiprocessing.get_context("spawn")
        names = sorted(waiting, key=lambda name: [*SLOWEST, name].index(name))
        with ProcessPoolExecutor(processes, context, jit.say_nothing) as pool:
            for found in pool.map(all_of, [waiting[name] for name in names]):
                yield from found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
