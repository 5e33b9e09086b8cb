"""What is on the screen after `covid run`, and on a terminal while it runs."""

import re
import shlex
import shutil
import sys
import webbrowser
from argparse import Namespace
from pathlib import Path

import pytest
from places import PYTHONPATH, SUPPORT
from terminal import in_a_terminal, screen_of
from tiny_runs import finished_run, quick, slices

from covid.cli.commands.ending import end_run
from covid.cli.main import main
from covid.common.screen import QUIET, USUAL
from covid.data.manifest import read_manifest, write_manifest
from covid.pipeline.summary import results_table


@pytest.fixture
def run_without_crop(tmp_path) -> Path:
    """A copy of the finished run that knows of no crop, as where the user's images had one."""
    out = shutil.copytree(finished_run()[0], tmp_path / "with blank")
    data = next((out / "random/data").iterdir())
    box = dict.fromkeys(("left", "top", "right", "bottom"), "")
    write_manifest(data, [{**row, **box} for row in read_manifest(data)])
    return out


def ended(out: Path, capsys, verbose: int = USUAL, **options) -> str:
    """What stands on the screen when this run has ended."""
    given = {"verbose": verbose, "open": False, "started": 0.0, **options}
    end_run(finished_run()[1], quick(out), Namespace(**given))
    return capsys.readouterr().out


def pasted(said: str) -> list[list[str]]:
    """The commands in what was printed, as a shell would read them."""
    lines = said.replace("\\\n", "").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("  covid ")]


@pytest.mark.parametrize("cropped", [True, False])
def test_the_next_commands_work_when_pasted(
    cropped, run_without_crop, capsys, tmp_path, monkeypatch
):
    out = finished_run()[0] if cropped else run_without_crop
    said = ended(out, capsys)
    assert f"Everything is in {out}.\nThe report is {out / 'report.html'}. " in said
    commands = pasted(said)
    assert [words[0] for words in commands] == ["look", "explain", "predict"]
    assert all(("--as-is" in words) is not cropped for words in commands)
    monkeypatch.chdir(tmp_path)
    answers = []
    for words in commands if cropped else commands[2:]:
        assert main(words) == 0
        answers.append(capsys.readouterr().out)
    assert "p(Infected)" in answers[-1]
    assert not cropped or ("conv2d" in answers[1] and (tmp_path / "look/looks.csv").exists())


def test_quiet_is_the_table_alone(capsys):
    folder, summary, _ = finished_run()
    assert ended(folder, capsys, QUIET) == f"{results_table(summary)}\n"


def test_open_shows_the_report(capsys, monkeypatch):
    folder, opened = finished_run()[0], []
    monkeypatch.setattr(webbrowser, "open", lambda page: opened.append(page))  # None: no browser
    said = ended(folder, capsys, QUIET, open=True)
    assert opened == [(folder / "report.html").as_uri()]
    assert said.endswith(f"no browser could be started; open {folder / 'report.html'} in one\n")


def test_a_run_fits_a_terminal_and_has_a_line_a_phase(tmp_path):
    words = ["run", str(slices()), *("--models", "tiny_cnn", "--epochs", "2", "--folds", "3")]
    words = [*words, "--no-controls", "--seed", "1"]
    program = [sys.executable, str(SUPPORT / "without_figures.py")]
    text = in_a_terminal([*program, *words], tmp_path, PYTHONPATH=PYTHONPATH)
    lines, _ = screen_of(text)
    before, after = lines[: lines.index("")], lines[lines.index("") :]
    phases = [line for line in before if not line.startswith("  ")]
    numbered = [re.fullmatch(r"(\d+)/9 (.+[:,]) \d+ s", line) for line in phases]
    assert all(numbered), phases
    assert [int(match[1]) for match in numbered] == list(range(1, 10))
    assert [" ".join(match[2].split()[:3]) for match in numbered] == [
        "audit of the",
        *("images, split at", "training tiny_cnn, split"),
        *("images, split by", "training tiny_cnn, split"),
        *("training tiny_cnn, fold" for _ in range(3)),
        "figures and report:",
    ]
    assert "epoch 1/2 |" in text and not any("epoch" in line for line in before)
    assert "\x1b[36m1/9\x1b[0m" in text
    assert screen_of(text[: text.index("\r\n\r\n")])[1] <= 80  # also the live line
    assert max(map(len, before)) <= 80
    assert any("Done in" in line for line in after)
