"""What a user sees while something takes long: a bar where one can be drawn, plain lines elsewhere."""

import os
import sys
import threading
import time

from minicnn.printing import print_text


class Progress:
    """A bar with the latest values, and at the end one line that stays.

    The bar is drawn on a terminal, and in a notebook that has ipywidgets.

    Parameters
    ----------
    title : str
    steps : int
    verbose : {"auto", 0, 1, 2}
        0 nothing; 1 or "auto" the bar and the line; 2 the line; others ValueError.
    done : int
        Steps that were made before, of these.
    """

    def __init__(self, title: str, steps: int, verbose, done: int = 0):
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"expected verbose to be 'auto', 0, 1 or 2, got {verbose!r}")
        self.title, self.steps = title, steps
        self.silent = verbose == 0
        draw = bar_class() if verbose in ("auto", 1, True) else None
        self.bar = draw and draw(total=steps, desc=title, leave=False, initial=done)

    def __enter__(self) -> "Progress":
        self.start = time.perf_counter()
        return self

    def __exit__(self, *exception) -> None:
        if self.bar is not None:
            self.bar.close()

    def step(self, logs: dict[str, float]) -> None:
        """One step is done."""
        if self.bar is not None:
            self.bar.set_postfix(
                {key: f"{value:.4f}" for key, value in logs.items()}, refresh=False
            )
            self.bar.update()

    def close(self, logs: dict[str, float]) -> None:
        """All steps are done: replace the bar by a line."""
        if self.bar is not None:
            self.bar.close()
        if not self.silent:
            seconds = time.perf_counter() - self.start
            numbers = "".join(f"  {key} {value:.4f}" for key, value in logs.items())
            print_text(f"{self.title}  {self.steps} steps  {seconds:.1f} s{numbers}", flush=True)


def bar_class() -> type | None:
    """The bar to draw: tqdm's for notebooks, or its own for terminals; None for neither.

    As `tqdm.auto`, but without the warning where a notebook has no ipywidgets.
    """
    if in_notebook():
        from tqdm import notebook

        return notebook.tqdm if notebook.IProgress else None
    if sys.stderr.isatty():
        from tqdm import tqdm

        return tqdm
    return None


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _new_lock() -> None:
    """In a process made by fork: a thread that is not here may have been drawing a bar."""
    if "tqdm" in sys.modules:
        sys.modules["tqdm"].tqdm.set_lock(threading.RLock())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)
