"""A few synthetic slices and one short `covid run` on them, made once for all tests that look at
them. Nobody may change them: tests that want to do so copy them first."""

import atexit
import contextlib
import functools
import io
import shutil
import tempfile
from pathlib import Path

from covid.common.screen import QUIET, Screen
from covid.phantom import write_dataset
from covid.pipeline.options import Options
from covid.pipeline.run import run_all

PATIENTS, SLICES = 6, 2


@functools.cache
def temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tiny-runs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def slices() -> Path:
    """Two class folders with twelve synthetic slices of six patients."""
    folder = temporary_folder() / "slices"
    write_dataset(folder, PATIENTS, SLICES, seed=1, progress=False)
    return folder


@functools.cache
def finished_run() -> tuple[Path, dict, list[str]]:
    """`covid run` with one model and one epoch: its folder, its summary, what it said."""
    folder, said = temporary_folder() / "results", io.StringIO()
    # With seed 0 both relu units fall silent in the single epoch: all images get one probability.
    options = quick(folder, screen=Screen(), seed=1, audit=True)
    with contextlib.redirect_stdout(said):
        return folder, run_all(options), said.getvalue().splitlines()


def quick(out: Path, **changes) -> Options:
    """Options of a run that takes seconds."""
    options = {"data": slices(), "models": ("tiny_cnn",), "epochs": 1, "audit": False}
    return Options(out, **{**options, "screen": Screen(QUIET), **changes})
