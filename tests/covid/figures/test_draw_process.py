"""draw_process: the second process draws what this one would, and never outlives it."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from subprocesses import SECONDS, environment
from tiny_runs import slices

from covid.common.errors import UserError
from covid.figures import draw_process
from covid.figures.draw_process import as_drawn, draw, drawn_or_dropped, helper, not_drawn

NONE: dict = {}  # errors: "most_wrong" says that there are none
IMAGES = {"Infected": [np.tile(np.arange(256, dtype=np.uint8), (256, 1))]}


def draw_two(folder):
    draw("sample_grid", IMAGES, folder / "samples.png", "samples")
    draw("most_wrong", NONE, folder / "errors.png", "errors", note="none")


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
    assert process.exitcode is not None and draw_process._helper is None
    assert paths == [there / "samples.png", there / "errors.png"]
    for path in paths:
        assert path.read_bytes() == (here / path.name).read_bytes()
    assert sorted(there.iterdir()) == sorted(paths)


def test_a_figure_that_cannot_be_drawn_is_a_sentence_and_the_others_are_drawn(tmp_path):
    with helper():
        draw("sample_grid", {}, tmp_path / "none.png", "title")
        draw("no_such_figure", tmp_path / "errors.png")
        draw_two(tmp_path)
        assert [path.name for path in as_drawn()] == ["samples.png", "errors.png"]
        first, second = not_drawn()
    assert first.startswith("a figure is missing, sample_grid could not be drawn (")
    assert "none.png: expected at least one image" in first
    assert "no_such_figure could not be drawn (AttributeError: " in second
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(UserError, match="at least one image"):  # without the second process
        draw("sample_grid", {}, tmp_path / "none.png", "title")


@pytest.mark.parametrize("while_drawing", [True, False])
def test_where_the_process_was_ended_this_one_draws(while_drawing, tmp_path, capsys):
    draw_two(tmp_path / "here")
    with helper():
        if while_drawing:
            draw_two(tmp_path / "there")
        draw_process._helper.process.kill()
        draw_process._helper.process.join(SECONDS)
        draw_two(tmp_path / "there")
        assert len(list(as_drawn())) == (4 if while_drawing else 2) and not_drawn() == []
    said = capsys.readouterr().out.replace("\n", " ")
    assert said.count("the process that draws the figures has been ended from outside") == 1
    for path in (tmp_path / "here").iterdir():
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes()


@pytest.mark.parametrize("backend", ["module://no_such_module", "bogus", "agg"])
def test_figures_are_drawn_whatever_matplotlib_is_asked_for(backend, tmp_path):
    out = tmp_path / "figures"
    done = subprocess.run(
        [sys.executable, "-m", "covid", "figures", str(slices()), "--out", str(out)],
        env=environment(MPLBACKEND=backend),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == ["preprocessing.png", "samples.png"]


def test_an_error_of_the_run_stops_the_drawing(tmp_path):
    """What the process was handed is finished, the rest never begun: nobody writes afterwards."""
    with helper(), pytest.raises(KeyboardInterrupt), drawn_or_dropped():
        for number in range(50):
            draw("most_wrong", NONE, tmp_path / f"{number}.png", "title")
        while not (tmp_path / "0.png").exists():
            time.sleep(0.01)
        raise KeyboardInterrupt
    left = sorted(tmp_path.iterdir())
    assert 1 <= len(left) < 10 and all(path.suffix == ".png" for path in left)


needs_signals = pytest.mark.skipif(os.name != "posix", reason="sends signals")


def start(code: str) -> tuple[subprocess.Popen, int]:
    """A program with a helper, in a process group of its own, and the helper's process id."""
    code = (
        "import time; from covid.figures import draw_process\n"
        "with draw_process.helper():\n"
        f"    print(draw_process._helper.process.pid, flush=True)\n    {code}"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True},
        env=environment(),
        start_new_session=True,
    )
    return process, int(process.stdout.readline())


def wait_for_end(pid: int) -> None:
    end = time.monotonic() + SECONDS
    while is_running(pid):
        assert time.monotonic() < end
        time.sleep(0.05)


@needs_signals
def test_the_helper_ends_with_a_process_that_was_killed():
    process, pid = start("time.sleep(600)")
    assert is_running(pid)
    process.kill()
    process.communicate(timeout=SECONDS)
    wait_for_end(pid)


@needs_signals
@pytest.mark.parametrize("seconds", [0, 0.03, 1])
def test_ctrl_c_is_for_the_program_alone(seconds):
    """From the first moment on: a terminal sends it to both processes.

    Short sleeps, because a signal that comes just before the system call does not end a sleep.
    """
    process, pid = start("while True: time.sleep(0.05)")
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    _, complained = process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGINT
    assert complained.count("Traceback") == complained.count("KeyboardInterrupt") == 1, complained
    wait_for_end(pid)


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_group_does_not_end_the_drawing(number, tmp_path):
    """As of `timeout`, or of a terminal that is closed: the program decides when to end."""
    path = tmp_path / "errors.png"
    process, pid = start(
        f"import pathlib, signal; came = []; signal.signal({int(number)}, lambda *_: came.append(1))\n"
        "    print('ready', flush=True)\n"
        "    while not came: time.sleep(0.01)\n"
        f"    draw_process.draw('most_wrong', {NONE}, pathlib.Path({str(path)!r}), 'title')\n"
        "    draw_process.finish()"
    )
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, number)
    assert process.communicate(timeout=SECONDS) == ("", "") and path.exists()
    wait_for_end(pid)
