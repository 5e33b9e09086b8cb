"""draw_process: the second process draws what this one would, and never outlives it."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from subprocesses import SECONDS, environment

from covid.common.errors import UserError
from covid.figures import draw_process
from covid.figures.draw_process import as_drawn, draw, drawn_or_dropped, helper

HISTORY = {"acc": [0.5, 0.75], "loss": [0.7, 0.5]}
IMAGES = {"Infected": [np.tile(np.arange(256, dtype=np.uint8), (256, 1))]}


def draw_two(folder):
    draw("sample_grid", IMAGES, folder / "samples.png", "samples")
    draw("training_curves", HISTORY, folder / "curves.png", "curves", best_epoch=2)


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended; one that is not yet buried has."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return state.stdout.strip()[:1] not in ("", "Z")


def test_the_helper_draws_the_same_bytes(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    draw_two(here)  # without a helper: drawn when this returns
    assert list(as_drawn()) == []
    with helper():
        process = draw_process._helper.process
        with drawn_or_dropped():
            draw_two(there)
            paths = list(as_drawn())
        assert list(as_drawn()) == []
    assert process.returncode is not None and draw_process._helper is None
    assert paths == [there / "samples.png", there / "curves.png"]
    for path in paths:
        assert path.read_bytes() == (here / path.name).read_bytes()
    assert sorted(there.iterdir()) == sorted(paths)


def test_errors_come_back(tmp_path):
    with helper():
        draw("training_curves", {"loss": []}, tmp_path / "none.png", "title")
        with pytest.raises(UserError, match="none.png: expected a history with at least one epoch"):
            list(as_drawn())
        with pytest.raises(UserError, match="at least one epoch"):
            draw_two(tmp_path)  # is told what went wrong before, and orders nothing
        assert list(tmp_path.iterdir()) == []
        draw_process._helper.drop()
        draw_process._helper.process.kill()
        draw_process._helper.process.wait(SECONDS)
        draw("training_curves", HISTORY, tmp_path / "curves.png", "title")
        with pytest.raises(UserError, match="has been ended from outside.*start again"):
            list(as_drawn())


def test_an_error_of_the_run_stops_the_drawing(tmp_path):
    """What is being drawn is finished, the rest is never begun: nobody writes afterwards."""
    with helper(), pytest.raises(KeyboardInterrupt), drawn_or_dropped():
        for number in range(50):
            draw("training_curves", HISTORY, tmp_path / f"{number}.png", "title")
        while not (tmp_path / "0.png").exists():
            time.sleep(0.01)
        raise KeyboardInterrupt
    left = sorted(tmp_path.iterdir())
    assert 1 <= len(left) < 50 and all(path.suffix == ".png" for path in left)


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_the_helper_ends_with_a_process_that_was_killed():
    code = (
        "import time; from covid.figures import draw_process\n"
        "with draw_process.helper():\n"
        "    print(draw_process._helper.process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        pid = int(process.stdout.readline())
        assert is_running(pid)
        process.send_signal(signal.SIGKILL)
    end = time.monotonic() + SECONDS
    while is_running(pid):
        assert time.monotonic() < end
        time.sleep(0.05)
