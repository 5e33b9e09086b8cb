"""covid.common.screen: phases on a terminal and elsewhere, notes, colors, what is too long."""

import io
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial

import numpy as np
import pytest
from terminal import screen_of
from tqdm import tqdm

from covid.common import screen
from covid.common.screen import QUIET, USUAL, VERBOSE, Screen, colored, duration, fitted
from covid.training import epoch_line
from minicnn.layers import Dense
from minicnn.models import Sequential


class Terminal(io.StringIO):
    """What is written stands on a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def on_a_terminal() -> Iterator[Terminal]:
    """stdout and stderr are two streams to one terminal."""
    out, err = Terminal(), Terminal()
    err.write = out.write
    with redirect_stdout(out), redirect_stderr(err):
        yield out


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """80 columns, colors, and nothing takes any time."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(screen.time, "perf_counter", lambda: 0.0)


def two_phases(verbose: int) -> None:
    shown = Screen(verbose, total=10)
    with shown.phase("training") as phase:
        shown.say("  note: odd")
        phase.result = "0.91"
    with shown.phase("report"):
        print("minicnn: compiling", file=sys.stderr)


def test_a_line_a_phase_and_its_notes_below(capsys):
    two_phases(USUAL)
    assert capsys.readouterr() == (
        " 1/10 training: 0.91, 0 s\n  note: odd\n 2/10 report: 0 s\n",
        "minicnn: compiling\n",
    )
    two_phases(VERBOSE)
    lines = [
        " 1/10 training",
        "  note: odd",
        "  done: 0.91, 0 s",
        " 2/10 report",
        "  done: 0 s",
        "",
    ]
    assert capsys.readouterr().out == "\n".join(lines)
    two_phases(QUIET)
    assert capsys.readouterr().out == ""


def test_on_a_terminal_a_phase_stands_from_its_beginning():
    """And what others print on stderr stands above its line, not in its place."""
    shown = Screen(total=2)
    with on_a_terminal() as terminal:
        with shown.phase("x" * 100) as phase:
            assert terminal.getvalue().startswith("\x1b[36m1/2\x1b[0m xxx")
            shown.say("  note: " + 12 * "lung tissue ", "yellow")
            phase.result = "a result"
        with shown.phase("report"):
            print("minicnn: compiling", file=sys.stderr)
    lines, longest = screen_of(terminal.getvalue())
    assert lines == [
        "1/2 " + 75 * "x",
        "  a result, 0 s",
        "  note: " + "lung tissue " * 5 + "lung tissue",
        "  " + "lung tissue " * 5 + "lung tissue",
        "minicnn: compiling",
        "2/2 report: 0 s",
        "",
    ]
    assert longest <= 80
    yellow = [line for line in terminal.getvalue().split("\n") if "lung" in line]
    assert all(line.startswith("\x1b[33m") and line.endswith("\x1b[0m") for line in yellow)


def test_a_phase_that_fails_is_named(capsys):
    with pytest.raises(ValueError), Screen(total=1).phase("audit"):
        raise ValueError
    assert capsys.readouterr().out == "1/1 audit: not finished\n"


def test_no_color_where_none_is_wanted(monkeypatch):
    terminal = Terminal()
    assert colored("a", "red", terminal) == "\x1b[31ma\x1b[0m"
    assert colored("a", "red", io.StringIO()) == colored("a", None, terminal) == "a"
    with monkeypatch.context() as patch:
        patch.setenv("NO_COLOR", "1")
        assert colored("a", "red", terminal) == "a"
    monkeypatch.setenv("TERM", "dumb")
    assert colored("a", "red", terminal) == "a"
    with on_a_terminal() as dumb:
        two_phases(USUAL)
    assert "\x1b" not in dumb.getvalue()


def test_paths_are_not_broken():
    path = "/a-b/" + 90 * "c"
    assert fitted(f"see {path} now", Terminal()) == f"see\n{path}\nnow"
    assert fitted(f"see {path} now", io.StringIO()) == f"see {path} now"


def test_durations():
    assert [duration(seconds) for seconds in (0.4, 71, 150, 11_160)] == [
        *("0 s", "71 s", "2.5 min", "3.1 h")
    ]


def test_the_program_is_named_as_it_was_called(tmp_path, monkeypatch):
    """So that the lines it prints can be pasted."""
    found = tmp_path / "with blank" / "covid"
    found.parent.mkdir()
    found.write_text("")
    found.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(found)])
    monkeypatch.setenv("PATH", "")
    assert shlex.split(screen.program()) == [str(found)]
    monkeypatch.setenv("PATH", str(found.parent))
    assert screen.program() == "covid"
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "covid/__main__.py")])
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-m", "covid"])
    assert screen.program() == "python3 -m covid"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/pytest"])
    assert screen.program() == "covid"


def trained(verbose: int, label: str = "") -> None:
    """Three epochs of two steps, with an `EpochLine`."""
    model = Sequential([Dense(1, activation="sigmoid", input_shape=(2,))], name="tiny")
    model.compile("sgd", "binary_crossentropy", ["acc"])
    x, y = np.ones((4, 2), np.float32), np.array([0, 1, 0, 1])
    with epoch_line.EpochLine(3, verbose, label) as line:
        data = {"validation_data": (x, y), "batch_size": 2, "epochs": 3}
        model.fit(x, y, callbacks=[line], verbose=0, **data)


def test_a_training_says_a_line_now_and_then(capsys, monkeypatch):
    trained(USUAL)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(epoch_line, "NOW_AND_THEN", -1)
    trained(USUAL)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[1].startswith("  tiny, epoch 2/3 loss ")
    trained(VERBOSE)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" loss")[0] for line in lines] == [f"  epoch {n}/3" for n in (1, 2, 3)]
    trained(QUIET)
    assert capsys.readouterr().out == ""


def test_on_a_terminal_one_live_line_that_goes(monkeypatch):
    monkeypatch.setattr("tqdm.tqdm", partial(tqdm, mininterval=0, miniters=1))
    with on_a_terminal() as terminal:
        trained(USUAL, "1/7 lungs blacked out")
    assert "epoch 3/3 val_loss " in terminal.getvalue() and "\n" not in terminal.getvalue()
    lines, longest = screen_of(terminal.getvalue())
    assert lines == [""] and 60 < longest <= 80
