"""A whole training from the command line: 1,051 images on disk to results on disk."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.peers import KERAS_GENERATOR, absent
from benchmarks.peers.rounds import OURS, Case
from benchmarks.peers.slices import write_jpg

NAMES = ("train/whole_process",)
FILES = 1051


def whole_process_case(wanted: list[str]) -> Iterator[Case]:
    """`covid train` beside a Keras script that does the same work, each a process of its own."""
    reason = absent(KERAS_GENERATOR)
    missing = {"keras": reason} if reason else {}
    note = (
        f"{FILES} synthetic jpg files of 512x512; processes from start to end, figures included; "
        "the run before the first counts as nothing, it fills the caches of compilers and disk"
    )
    with tempfile.TemporaryDirectory() as folder:
        images, out = Path(folder) / "images", Path(folder) / "out"
        write_jpg(images, FILES)
        paths = ["--data", str(images), "--out", str(out)]
        train = [sys.executable, "-m", "covid", "train", "--model", "tiny_cnn"]
        # The script looks for no leaks, so that `covid` need not either; its other figures, of
        # what a result is worth, `covid` draws all the same.
        options = ["--recipe", "published", "--no-audit"]
        contestants = {OURS: process([*train, *options, *paths], out)}
        if not reason:
            script = [sys.executable, "-m", "benchmarks.peers.keras_process"]
            contestants["keras"] = process([*script, str(images), str(out)], out)
        yield Case(NAMES[0], contestants, missing, note, warm_up=1, rounds=3)


def process(command: list[str], out: Path) -> Callable[[], None]:
    """A function that runs the command, once without `out` being there.

    Raises
    ------
    RuntimeError
        The function does, if the command fails.
    """

    def run() -> None:
        if out.exists():
            shutil.rmtree(out)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["nothing"]
            raise RuntimeError(f"{' '.join(command)} failed and said: {said[-1]}")

    return run
