"""Closed streams, limits, and variables that a library cannot read: a sentence, or no matter."""

import os
import shlex
import subprocess
import sys
import threading

import pytest
from subprocesses import SECONDS, environment
from terminal import in_a_terminal

from covid.common import surroundings
from covid.common.parallel import in_parallel

posix = pytest.mark.skipif(os.name != "posix", reason="needs a shell")


def shell(line: str, **variables) -> subprocess.CompletedProcess:
    """A line of the shell, in which `covid` is the program."""
    covid = f'covid() {{ {shlex.quote(sys.executable)} -m covid "$@"; }}\n'
    return subprocess.run(
        ["sh", "-c", covid + line],
        **{"capture_output": True, "text": True, "timeout": SECONDS},
        env=environment(**variables),
    )


@posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-", "2>/dev/full"])
def test_closed_streams(closed, tmp_path):
    done = shell(f"covid split {tmp_path}/nothing {closed}")
    assert (done.returncode, done.stdout) == (2, "")
    heard = closed in (">&-", "<&-")
    assert done.stderr == heard * (
        f"covid split: {tmp_path}/nothing: there is no such folder; check the path\n"
    )
    done = shell(f"covid doctor --help {closed}")
    assert (done.returncode, done.stderr) == (0, "")


@posix
def test_what_is_opened_next_does_not_get_what_is_printed(tmp_path):
    code = (
        "import sys, os\nfrom covid.common.surroundings import open_streams\nopen_streams()\n"
        f"file = open({str(tmp_path / 'file')!r}, 'w')\nprint(1)\nprint(2, file=sys.stderr)\n"
        "os.write(2, b'3')\nassert sys.stdin.read() == ''\nprint(file.fileno(), file=file)"
    )
    command = shlex.join([sys.executable, "-c", code])
    done = shell(f"{command} >&- 2>&- <&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert int((tmp_path / "file").read_text()) > 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENCV_FOR_THREADS_NUM", "x"),
        ("OPENCV_FOR_THREADS_NUM", "-3"),
        ("OPENCV_FOR_THREADS_NUM", "99999"),
        ("OPENCV_IO_MAX_IMAGE_PIXELS", "1e10"),
    ],
)
def test_numbers_of_opencv(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(surroundings.UserError, match=f"{name}: expected.* got '{value}'"):
        surroundings.check_limits()


@posix
def test_a_library_that_stumbles_over_a_variable(tmp_path):
    one, other = tmp_path / "data" / "Infected", tmp_path / "data" / "Not_Infected"
    for folder in (one, other):
        folder.mkdir(parents=True)
        (folder / "1.png").touch()
    done = shell(f"covid audit {tmp_path}/data --out {tmp_path}/out", NUMPY_MADVISE_HUGEPAGE="x")
    assert done.returncode == 2
    assert done.stderr.startswith("covid audit: numpy cannot be imported (")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENCV_TRACE", "maybe"),
        ("OPENCV_IO_MAX_IMAGE_PARAMS", "x"),
        ("NUMBA_CPU_FEATURES", "bogus"),
        ("TQDM_ITERABLE", "1"),
        ("TQDM_MININTERVAL", "x"),
    ],
)
def test_variables_that_would_end_the_process(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(surroundings.UserError, match=f"{name}: a library ends with .*; correct or"):
        surroundings.try_libraries()


def test_variables_that_do_no_harm(monkeypatch):
    harmless = {"OPENCV_LOG_LEVEL": "SILENT", "TQDM_MININTERVAL": "2", "PYTHONSAFEPATH": "1"}
    for name, value in harmless.items():
        monkeypatch.setenv(name, value)
    surroundings.try_libraries()


@posix
def test_what_numba_cannot_read_is_ignored(tmp_path):
    done = shell(f"covid split {tmp_path}/nothing", NUMBA_DEBUG="x", NUMBA_OPT="x")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("columns", ["0", "-7", "1", "9" * 20, "many"])
def test_odd_widths_of_a_terminal(columns, tmp_path):
    for command in (["--help"], ["doctor", "--help"]):
        said = in_a_terminal(
            [sys.executable, "-m", "covid", *command], tmp_path, **environment(COLUMNS=columns)
        )
        assert "Traceback" not in said


def test_errors_of_other_kinds_stay_errors():
    try:
        int("x")
    except ValueError as error:
        assert surroundings.not_importable(error) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems limit nothing")
def test_too_little_memory_for_the_libraries(tmp_path):
    for limit in (600_000, 800_000):
        done = shell(f"ulimit -v {limit}\ncovid split {tmp_path}/nothing")
        assert done.returncode == 2
        assert done.stderr.startswith("covid split: this process may use ")
        assert done.stderr.count("\n") == 1


@pytest.fixture
def few_threads(monkeypatch):
    """A system that starts three threads more."""
    left, start = [3], threading.Thread.start

    def limited(thread):
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)


def test_how_many_threads_can_be_started(few_threads):
    before = threading.active_count()
    assert surroundings.startable(2) == 2
    assert surroundings.startable(2) == 1
    assert surroundings.startable(2) == 0
    assert threading.active_count() == before


def test_libraries_get_by_with_one_thread(few_threads, monkeypatch):
    for name in surroundings.THREAD_VARIABLES:
        monkeypatch.setenv(name, "8")
    assert surroundings.save_threads()
    assert {os.environ[name] for name in surroundings.THREAD_VARIABLES} == {"1"}


def test_nothing_changes_where_there_are_enough(monkeypatch):
    for name in surroundings.THREAD_VARIABLES:
        monkeypatch.setenv(name, "8")
    assert not surroundings.save_threads()
    assert {os.environ[name] for name in surroundings.THREAD_VARIABLES} == {"8"}


@pytest.mark.parametrize("processes", [False, True])
def test_jobs_are_done_one_after_the_other(processes, few_threads, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert in_parallel(abs, range(-9, 0), "counting", "number", False, processes) == [
        *range(9, 0, -1)
    ]
