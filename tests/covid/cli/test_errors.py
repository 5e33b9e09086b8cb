"""Every error of the command line: one sentence, the one in the table, and it says what to do.

All rows of `error_table` run once, in this process, before the first test looks at them. Meanwhile
it is noted which lines raise: a line of the program that no row reaches is an error without a row.
"""

import ast
import contextlib
import functools
import os
import re
import shlex
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from error_settings import furnished
from error_table import NOT_BY_A_USER, TABLE, Row
from places import ROOT
from tiny_runs import finished_run, slices, temporary_folder

from covid.cli.main import main

# Where errors are made that a user gets to see. What `minicnn.models.load` finds in a model
# comes as one sentence about a damaged description; `test_bad_models` has all that may stand in it.
SOURCES = (
    *sorted((ROOT / "covid").rglob("*.py")),
    *(ROOT / f"minicnn/saving/{n}.py" for n in ("checkpoint", "npz")),
    ROOT / "minicnn/callbacks/backup.py",
    ROOT / "minicnn/kernels/runtime/thread_count.py",
    *(ROOT / f"minicnn/preprocessing/{n}.py" for n in ("decode", "image_header")),
)
# The notice of the first start, progress, and the lines of an epoch.
BESIDE = re.compile(
    r"|minicnn: compiling kernels.*|(preparing|checking|synthetic CT|auditing|correlating): .*|Epoch \d.*"
)
WORDS = {
    "newline": "\n",
    "bytes": os.fsdecode(b"\xff\xfe"),
    "long": "x" * 300,
    "digits": "9" * 5000,
}


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes
    ----------
    code : int
    said, complained : str
        On stdout and on stderr.
    left : list of str
        Files and folders that are there since, are gone since, or have changed.
    reached : frozenset of (str, int)
        File and first line of the statements in `SOURCES` that raised.
    """

    code: int
    said: str
    complained: str
    left: list[str]
    reached: frozenset


# The places where errors are made


@functools.cache
def sites() -> dict[str, dict[int, int]]:
    """For every file of `SOURCES`: each line of a statement that makes an error, and its first line.

    A `raise` alone only hands one on. In `covid.training.model_file` it is the calls of `require`.
    """
    found: dict[str, dict[int, int]] = {}
    for path in SOURCES:
        lines = found[str(path)] = {}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            makes = isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
            if path.name == "model_file.py" and isinstance(node, ast.Expr):
                makes = ast.unparse(node).startswith("require(")
            if makes:
                lines.update(dict.fromkeys(range(node.lineno, node.end_lineno + 1), node.lineno))
    return found


@contextlib.contextmanager
def noting_sites(reached: set) -> Iterator[None]:
    """Add the sites at which something is raised to `reached`, in all threads that begin now."""

    def in_file(frame, event, argument):
        file = frame.f_code.co_filename
        if event == "exception" and frame.f_lineno in sites()[file]:
            reached.add((file, sites()[file][frame.f_lineno]))
        return in_file

    def anywhere(frame, event, argument):
        return in_file if frame.f_code.co_filename in sites() else None

    before, before_in_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(anywhere)
    threading.settrace(anywhere)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(before_in_threads)


# Running the table


@functools.cache
def outcomes() -> dict[str, Outcome]:
    """What became of every row."""
    home = temporary_folder() / "errors"
    home.mkdir()
    shared()
    return {
        name: outcome(row, home / str(number)) for number, (name, row) in enumerate(TABLE.items())
    }


def outcome(row: Row, folder: Path) -> Outcome:
    """Make a row's folder, run its command there, look what became of both."""
    words = [word.format(**WORDS) for word in shlex.split(row.command)]
    reached: set = set()
    setting = furnished(folder)
    streams = [folder.with_suffix(f".{name}") for name in ("out", "err")]
    try:
        row.make(setting)
        before = contents(folder)
        with (
            open(streams[0], "w", encoding="utf-8") as out,
            open(streams[1], "w", encoding="utf-8") as err,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            np.errstate(all="ignore"),
            noting_sites(reached),
        ):
            code = call(words)
    finally:
        setting.patch.undo()
        setting.after.close()
    said, complained = (path.read_text(encoding="utf-8") for path in streams)
    left = sorted({name for name, _ in before ^ contents(folder)})
    return Outcome(code, said, complained, left, frozenset(reached))


def call(words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as error:  # from the parser
        return error.code


def contents(folder: Path) -> set[tuple[str, int]]:
    """Name and time of the last change of all in a folder; what links lead to is not in it."""
    return {
        (path.relative_to(folder).as_posix(), path.lstat().st_mtime_ns * path.is_file())
        for path in folder.rglob("*")
    }


# The tests


@pytest.mark.parametrize("name", TABLE)
def test_an_error_is_its_one_sentence(name):
    row, found = TABLE[name], outcomes()[name]
    lines = [line for line in found.complained.splitlines() if not BESIDE.fullmatch(line)]
    assert found.code == row.code, found
    assert "Traceback" not in found.said + found.complained
    assert "Errno" not in found.complained
    if not row.sentence:
        assert lines == []
        return
    assert len(lines) == 1, lines
    assert re.fullmatch(pattern(row.sentence), lines[0]), lines[0]
    assert found.complained.endswith(f"{lines[0]}\n")  # nothing behind it


def pattern(sentence: str) -> str:
    """A regular expression: three dots stand for anything, names in braces for `WORDS`."""
    for name, word in WORDS.items():
        sentence = sentence.replace(f"{{{name}}}", word)
    return ".*".join(map(re.escape, sentence.split("...")))


@pytest.mark.parametrize("name", TABLE)
def test_an_error_leaves_nothing(name):
    """Or the output folder that the user is told to resume."""
    row, found = TABLE[name], outcomes()[name]
    assert [path for path in found.left if path.split("/")[0] != row.leaves] == []
    if row.leaves:
        assert found.said.endswith(f"--resume {row.leaves}\n")
        assert f"{row.leaves}/random/tiny_cnn/checkpoint.npz" in found.left


def test_what_all_rows_share_is_as_it_was():
    assert set(outcomes()) == set(TABLE)
    before = shared()
    assert shared.cache_info().hits > 0  # it was looked at before the first row ran
    shared.cache_clear()
    assert shared() == before


@functools.cache
def shared() -> set[tuple[str, int]]:
    return contents(slices()) | contents(finished_run()[0])


# Every error has a row


def test_every_place_that_makes_an_error_is_reached():
    """Or is in `NOT_BY_A_USER`, which holds nothing that is reached."""
    reached = set().union(*(found.reached for found in outcomes().values()))
    places = {(file, line) for file, lines in sites().items() for line in lines.values()}
    assert reached <= places and len(reached) > 100
    missed = {
        f"{Path(file).relative_to(ROOT).as_posix()}:{line}" for file, line in places - reached
    }
    excused = [excuse for group in NOT_BY_A_USER.values() for excuse in group]
    found = {excuse: places_of(*excuse) for excuse in excused}
    assert {excuse: where for excuse, where in found.items() if len(where) != 1} == {}
    assert missed == {where for (where,) in found.values()}


def places_of(name: str, words: str) -> list[str]:
    """File and line of the statements that make an error with these words."""
    lines = sites()[str(ROOT / name)]
    text = (ROOT / name).read_text(encoding="utf-8").splitlines()
    statements: dict[int, str] = {}
    for line, start in sorted(lines.items()):
        statements[start] = statements.get(start, "") + text[line - 1].strip()
    return [f"{name}:{start}" for start, statement in statements.items() if words in statement]


def test_only_what_is_raised_counts_as_reached(tmp_path):
    """One of the ten places in `class_folders`, one in `manifest`, none where all is well."""
    from covid.data import class_folders, manifest

    reached: set = set()
    with noting_sites(reached):
        with pytest.raises(ValueError, match="no such folder"):
            class_folders.scan(tmp_path / "missing")
        with pytest.raises(ValueError, match="cannot be read"):
            manifest.read_manifest(tmp_path)
        class_folders.scan(slices())
    expected = [
        places_of("covid/data/class_folders.py", "there is no such folder"),
        places_of("covid/data/manifest.py", "`covid preprocess`"),
    ]
    assert sorted(
        f"{Path(file).relative_to(ROOT).as_posix()}:{line}" for file, line in reached
    ) == sorted(sum(expected, []))


# Every sentence says what to do


VERBS = (
    "add|ask|change|check|choose|copy|correct|delete|export|leave|look|make|name|pass|put|rename|"
    "save|see|set|start|stop|take|unset|update|use|wait|write"
)
ADVICE = re.compile(rf"(?:^|, |\bor |\band )(?:{VERBS})\b")


def says_what_to_do(sentence: str) -> bool:
    """Whether a clause of what stands behind the last semicolon or colon begins with a verb."""
    return bool(ADVICE.search(re.split(r"[;:] ", sentence)[-1]))


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.code == 2])
def test_an_error_says_what_to_do(name):
    """Those with other codes are no errors: the user has ended the program."""
    assert says_what_to_do(TABLE[name].sentence), TABLE[name].sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "covid run: missing: there is no such folder",
        "covid run: name.png: expected a folder, found a file",
        "covid run: take.png is damaged; its header is incomplete",
        "covid predict: check the path: it leads nowhere",
        "covid explain: --layer: expected one of conv2d, dense, got 'conv'",
        "covid synth: stopped",
    ],
)
def test_a_sentence_without_advice_is_found_out(sentence):
    assert not says_what_to_do(sentence)
    assert says_what_to_do(f"{sentence}; choose another")


def test_every_sentence_begins_with_the_command_and_is_short():
    for row in TABLE.values():
        command = row.command.split(" ")[0]
        known = f"covid {command}: "
        assert not row.sentence or row.sentence.startswith((known, "covid: ")), row
        assert len(row.sentence) < 330, row
        assert not row.sentence.endswith((".", ";", ":")) and "\n" not in row.sentence
