"""Figures are drawn by a second process, while this one prepares images and trains.

Matplotlib takes half a second to import and about as long for five figures, on one processor.

    with helper():                      # the command line, before it imports anything large
        with drawn_or_dropped():        # a run, inside of its output folder
            draw("roc", labels, ..., path, title)
            paths = list(as_drawn())    # all are there, or the first one's error is raised

Where there is no helper, in a program that calls `pipeline.run.run_all` itself, `draw` draws at once.
The files are the same.
"""

import gc
import os
import pickle
import pkgutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from covid.common.errors import UserError

HELPED = ("run", "train")  # the commands that draw much beside other work


class Helper:
    """The second process. It is given one figure at a time: the others wait here.

    Attributes
    ----------
    ordered : list of Future
        Of the paths of all figures since the last `as_drawn`, in their order.
    """

    def __init__(self) -> None:
        serve = "from covid.figures.draw_process import serve; serve()"
        start = f"import sys; sys.path[:] = {sys.path!r}; {serve}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C and a closed terminal are for this process, which then sees to the other one.
            start_new_session=True,
        )
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="covid-drawing")
        self.ordered: list[Future] = []

    def order(self, job: tuple) -> None:
        """Have one figure drawn; raises what an earlier one has failed with by now."""
        for future in self.ordered:
            if future.done():
                future.result()
        self.ordered.append(self.pool.submit(self.ask, job))

    def ask(self, job: tuple) -> Path:
        """Let the process draw one figure, and wait for it."""
        message = pickle.dumps(job)  # whole, before any of it is sent
        try:
            self.process.stdin.write(message)
            self.process.stdin.flush()
            path, error, where = pickle.load(self.process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise UserError(
                "the process that draws the figures has been ended from outside, perhaps because "
                "memory was short; start again"
            ) from None
        if error is not None:
            raise error from RuntimeError(where)
        return path

    def drop(self) -> None:
        """Forget the figures that are not begun, and wait for the one that is."""
        for future in self.ordered:
            future.cancel()
        for future in self.ordered:
            if not future.cancelled():
                future.exception()
        self.ordered.clear()

    def end(self) -> None:
        """End the process, which has nothing to do by now."""
        self.process.kill()
        self.pool.shutdown()
        with suppress(BrokenPipeError), self.process:  # closes the pipes and waits
            pass


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


@contextmanager
def drawn_or_dropped() -> Iterator[None]:
    """When the block ends by an error or Ctrl-C, nothing is drawn any more."""
    try:
        yield
    except BaseException:
        if _helper is not None:
            try:
                _helper.drop()
            except BaseException:  # Ctrl-C once more: not even the figure that is begun
                _helper.process.kill()
                raise
        raise


def draw(name: str, /, *arguments, **options) -> None:
    """Draw one figure, at once or by the helper, which may take until `as_drawn`.

    Parameters
    ----------
    name : str
        Of a function in `covid.figures.plots`: "roc", "heat_maps.excited_inputs"; of another one in
        full: "covid.audit.figures.pair_grid".
    arguments, options
        The function's; not to be changed afterwards.

    Raises
    ------
    UserError
        The function's, or that of an earlier figure.
    """
    job = name, arguments, options
    if _helper is None:
        drawn(*job)
    else:
        _helper.order(job)


def as_drawn() -> Iterator[Path]:
    """The paths of the figures that the helper was given, each as soon as it is there."""
    if _helper is not None:
        for future in _helper.ordered:
            yield future.result()
        _helper.ordered.clear()


def finish() -> None:
    """Wait for all figures; raises as `as_drawn`."""
    for _ in as_drawn():
        pass


def drawn(name: str, arguments: tuple, options: dict) -> Path:
    """Call a function of `covid.figures.plots`, or one with the full name."""
    full = name if name.startswith("covid.") else f"covid.figures.plots.{name}"
    return pkgutil.resolve_name(full)(*arguments, **options)


def serve() -> None:
    """What the second process does: draw what stdin says, answer on stdout, end with stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where sessions do not keep Ctrl-C away
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # lest somebody's print gets between the answers
    with suppress(ImportError):  # every job will say it
        import covid.figures.plots  # noqa: F401 (now, while the other one prepares images)
    gc.freeze()  # what was imported stays: figures leave garbage, which is looked for without it
    while True:
        try:
            job = pickle.load(jobs)
        except EOFError:
            return
        try:
            answer = drawn(*job), None, ""
        except UserError as error:
            answer = None, UserError(str(error)), traceback.format_exc()
        except Exception as error:  # in words, since not all errors can be sent
            text = f"{type(error).__name__}: {error}"
            answer = None, RuntimeError(text), traceback.format_exc()
        pickle.dump(answer, answers)
        answers.flush()
