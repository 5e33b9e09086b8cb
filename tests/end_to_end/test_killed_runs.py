"""Runs that are killed or held at many points, with all figures: every file is the same in the end."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from subprocesses import SECONDS, environment
from tiny_runs import slices

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "covid", "run"]
OPTIONS = "--models tiny_cnn --epochs 3 --seed 3 --quiet"
# What is there when the run is killed
POINTS = """
. .covid-unfinished run.json contents.csv audit figures random/data random/tiny_cnn/checkpoint.npz
random/tiny_cnn/model.npz group/data group/tiny_cnn/checkpoint.npz group/tiny_cnn/model.npz
controls/images figures/ill.png
"""


def begin(out: Path) -> subprocess.Popen:
    """Begin the run, or go on with it."""
    return subprocess.Popen(
        [*COMMAND, "--data", str(slices()), *OPTIONS.split(), "--resume", str(out)],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> None:
    _, complained = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, complained


def wait_for(path: Path, process: subprocess.Popen) -> None:
    end = time.monotonic() + SECONDS
    while not path.exists():
        assert process.poll() is None and time.monotonic() < end, path
        time.sleep(0.001)


def contents(out: Path) -> dict[str, str]:
    """Each file's hash; summary.json without the seconds."""
    found = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.name == "summary.json":
            summary = json.loads(content)
            del summary["seconds"]
            for split in summary["splits"].values():
                for model in split["models"].values():
                    del model["seconds"]
            content = json.dumps(summary).encode()
        content = content.replace(str(out).encode(), b"out")  # run.json, the explorer's command
        found[path.relative_to(out).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    finish(begin(out))
    return contents(out)


@pytest.mark.parametrize("point", POINTS.split())
def test_killed_and_resumed(point, undisturbed, tmp_path):
    process = begin(tmp_path / "out")
    wait_for(tmp_path / "out" / point, process)
    process.kill()
    process.communicate(timeout=SECONDS)
    finish(begin(tmp_path / "out"))
    assert contents(tmp_path / "out") == undisturbed


def test_stopped_and_continued(undisturbed, tmp_path):
    process = begin(tmp_path / "out")
    for point in POINTS.split():
        wait_for(tmp_path / "out" / point, process)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.2)
        process.send_signal(signal.SIGCONT)
    finish(process)
    assert contents(tmp_path / "out") == undisturbed
