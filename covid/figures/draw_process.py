"""Figures are drawn by a second process, while this one prepares images and trains.

Matplotlib takes half a second to import and about as long for five figures, on one processor.

    with helper():                      # the program, before it imports anything large
        with drawn_or_dropped():        # a run, inside of its output folder
            draw("roc", labels, ..., path, title)
            paths = list(as_drawn())    # all are there but for those that are `not_drawn`

A figure that cannot be drawn does not end the work beside it; where the second process is ended,
this one draws what is left. Without a helper, in a program that calls `pipeline.run.run_all`
itself, `draw` draws at once, and raises at once. The files are the same.
"""

import gc
import os
import pkgutil
from collections.abc import Iterator
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path

from covid.common.errors import UserError
from covid.common.made_files import being_written, recording
from covid.common.processes import SecondProcess
from covid.common.screen import say

ENDED = (
    "the process that draws the figures has been ended from outside, perhaps because memory was "
    "short; what is left is drawn without it"
)
HELPED = ("run", "train")  # the commands that draw much beside other work


class Helper(SecondProcess):
    """The second process.

    Attributes
    ----------
    ordered : list of (Future, tuple)
        Of all figures since the last `as_drawn`, in their order: the path to come, and the job.
    failed : list of str
        What went wrong with each figure that could not be drawn, as a sentence.
    """

    def __init__(self) -> None:
        super().__init__(import_plots)
        self.ordered: list[tuple[Future, tuple]] = []
        self.failed: list[str] = []
        self.has_ended = False

    def order(self, job: tuple) -> None:
        """Have one figure drawn."""
        try:
            future = self.submit(drawn, *job, being_written())
        except BrokenProcessPool as error:
            future = Future()
            future.set_exception(error)
        self.ordered.append((future, job))

    def finish(self, future: Future, job: tuple) -> Path | None:
        """Wait for a figure; None where it could not be drawn."""
        try:
            try:
                return future.result()
            except BrokenProcessPool:
                if not self.has_ended:
                    self.has_ended = True
                    say(f"note: {ENDED}", "yellow")
                return drawn(*job, being_written())
        except Exception as error:  # whatever it is, what was trained is worth more
            reason = error if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            self.failed.append(f"a figure is missing, {job[0]} could not be drawn ({reason})")
            return None

    def drop(self) -> None:
        """Forget the figures that the process was not handed yet, and wait for the others."""
        for future, _ in self.ordered:
            future.cancel()
        wait([future for future, _ in self.ordered])
        self.ordered.clear()


_helper: Helper | None = None


@contextmanager
def helper() -> Iterator[None]:
    """Let a second process draw all figures of this block."""
    global _helper
    # Else the threads of NumPy's OpenBLAS, once it is imported, wait for their work by spinning,
    # on a processor that somebody else needs.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # 2 ** 4 cycles, the fewest
    _helper = Helper()
    try:
        yield
    finally:
        _helper.end()
        _helper = None


def is_helped() -> bool:
    """Whether there is a second process."""
    return _helper is not None


@contextmanager
def drawn_or_dropped() -> Iterator[None]:
    """When the block ends by an error or Ctrl-C, nothing is drawn any more."""
    try:
        yield
    except BaseException:
        if _helper is not None:
            try:
                _helper.drop()
            except BaseException:  # Ctrl-C once more: not even the figures that are begun
                _helper.process.kill()
                raise
        raise


def draw(name: str, /, *arguments, **options) -> None:
    """Draw one figure, at once or by the helper, which may take until `as_drawn`.

    Parameters
    ----------
    name : str
        Of a function in `covid.figures.plots`: "roc", "heat_maps.heat_map_with_check"; of another
        one in full: "covid.audit.figures.pair_grid".
    arguments, options
        The function's; not to be changed afterwards.

    Raises
    ------
    UserError
        The function's, where there is no helper.
    """
    job = name, arguments, options
    if _helper is None:
        drawn(*job, being_written())
    else:
        _helper.order(job)


def as_drawn() -> Iterator[Path]:
    """The paths of the figures that the helper was given, each as soon as it is there."""
    if _helper is not None:
        for future, job in _helper.ordered:
            path = _helper.finish(future, job)
            if path is not None:
                yield path
        _helper.ordered.clear()


def finish() -> None:
    """Wait for all figures."""
    for _ in as_drawn():
        pass


def not_drawn() -> list[str]:
    """A sentence for each figure that the helper could not draw."""
    return [] if _helper is None else _helper.failed


def drawn(name: str, arguments: tuple, options: dict, lists: list[Path]) -> Path:
    """Call a function of `covid.figures.plots`, or one with the full name.

    `lists` are those of `covid.common.made_files.recording`.
    """
    full = name if name.startswith("covid.") else f"covid.figures.plots.{name}"
    with recording(lists):
        return pkgutil.resolve_name(full)(*arguments, **options)


def import_plots() -> None:
    """What the second process does while the other one prepares images."""
    with suppress(Exception):  # every figure will say it
        import covid.figures.plots  # noqa: F401
    gc.freeze()  # what was imported stays: figures leave garbage, which is looked for without it
