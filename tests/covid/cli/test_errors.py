"""Every error of the command line: one sentence that names what it is about and says what to do.

All rows of `error_table` run once, in this process, before the first test looks at them. Meanwhile
it is noted which lines raise: a line of the program that no row reaches is an error without a row.
"""

import ast
import contextlib
import fnmatch
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

# Where errors are made that a user gets to see: all of covid, and what reads files in minicnn. What
# is wrong in a model's description comes as one sentence; `test_bad_models` has all that may stand
# in it.
READERS = {"backup", "checkpoint", "npz", "thread_count", "decode", "image_header"}
SOURCES = (
    *sorted((ROOT / "covid").rglob("*.py")),
    *(path for path in sorted((ROOT / "minicnn").rglob("*.py")) if path.stem in READERS),
)
# The notice of the first start.
BESIDE = re.compile(r"|minicnn: compiling kernels.*")
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
    lines : list of str
        What the command itself wrote on stderr.
    left : list of str
        Files and folders that are there since, are gone since, or have changed.
    reached : frozenset of (str, int)
        File and first line of the statements in `SOURCES` that raised.
    """

    code: int
    said: str
    complained: str
    lines: list[str]
    left: list[str]
    reached: frozenset


# The places where errors are made


@functools.cache
def sites() -> dict[str, dict[int, int]]:
    """For every file of `SOURCES`: each line of a statement that makes an error, and its first line.

    A `raise` alone only hands one on. Calls of `require`, by which models are checked, make errors,
    too; that of the figures stands for a mistake in the program.
    """
    found: dict[str, dict[int, int]] = {}
    for path in SOURCES:
        lines = found[str(path)] = {}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            makes = isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
            draws = "plots" in path.parts or path.stem in ("figure", "figures")
            if not draws and isinstance(node, ast.Expr):
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
def outcomes() -> list[Outcome]:
    """What became of every row."""
    home = temporary_folder() / "errors"
    home.mkdir()
    shared()
    return [outcome(row, home / str(number)) for number, row in enumerate(TABLE)]


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
    lines = [line for line in complained.splitlines() if not BESIDE.fullmatch(line)]
    left = sorted({name for name, _ in before ^ contents(folder)})
    return Outcome(code, said, complained, lines, left, frozenset(reached))


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


EVERY_ROW = pytest.mark.parametrize(
    "number", range(len(TABLE)), ids=[f"{row.command} -> {row.phrases}" for row in TABLE]
)


@EVERY_ROW
def test_an_error_is_one_sentence_with_its_phrases(number):
    row, found = TABLE[number], outcomes()[number]
    assert found.code == row.code, found
    assert "Traceback" not in found.said + found.complained
    assert "Errno" not in found.complained
    if not row.phrases:
        assert found.lines == []
        return
    (line,) = found.lines
    assert found.complained.endswith(f"{line}\n")  # nothing behind it
    assert line.startswith((f"covid {row.command.split(' ')[0]}: ", "covid: "))
    assert not line.endswith((".", ";", ":"))
    assert len(line) < 330 + len(str(temporary_folder())) + 300 * ("{long}" in row.command), line
    missing = [phrase for phrase in phrases_of(row) if phrase not in line]
    assert missing == [], line


def phrases_of(row: Row) -> list[str]:
    """What has to stand in the line, with `WORDS` for the names in braces."""
    text = row.phrases
    for name, word in WORDS.items():
        text = text.replace(f"{{{name}}}", word)
    return text.split(" | ")


def test_every_error_has_a_phrase_for_what_it_is_about_and_one_more():
    assert [row for row in TABLE if row.code == 2 and len(phrases_of(row)) < 2] == []


@EVERY_ROW
def test_an_error_leaves_nothing(number):
    """Or the output folder that the user is told to resume."""
    row, found = TABLE[number], outcomes()[number]
    assert [path for path in found.left if path.split("/")[0] != row.leaves] == []
    if row.leaves:
        assert found.said.endswith(f"--resume {row.leaves}\n")
        assert fnmatch.filter(found.left, f"{row.leaves}/random/*_*/checkpoint.npz")


def test_what_all_rows_share_is_as_it_was():
    assert len(outcomes()) == len(TABLE)
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
    reached = set().union(*(found.reached for found in outcomes()))
    assert len(reached) > 100
    assert {path.stem for path in SOURCES} >= READERS
    places = statements()
    assert reached <= set(places)
    excused = {
        words: places_of(words) for group in NOT_BY_A_USER.values() for words in group.split(" | ")
    }
    assert {words: found for words, found in excused.items() if len(found) != 1} == {}
    there = {place for (place,) in excused.values()}
    assert reached & there == set()
    assert {place: words for place, words in places.items() if place not in reached | there} == {}


@functools.cache
def statements() -> dict[tuple[str, int], str]:
    """The places of `sites`, each with the words of its statement."""
    found: dict[tuple[str, int], str] = {}
    for file, lines in sites().items():
        text = Path(file).read_text(encoding="utf-8").splitlines()
        for line, start in sorted(lines.items()):
            found[file, start] = found.get((file, start), "") + text[line - 1].strip()
    return found


def places_of(words: str) -> list[tuple[str, int]]:
    """File and line of the statements that make an error with these words."""
    return [place for place, statement in statements().items() if words in statement]


def test_only_what_is_raised_counts_as_reached(tmp_path):
    """Here the one place that speaks of a missing folder, and none where all is well."""
    from covid.data import class_folders

    reached: set = set()
    with noting_sites(reached):
        with pytest.raises(ValueError, match="no such folder"):
            class_folders.scan(tmp_path / "missing")
        class_folders.scan(slices())
    assert sorted(reached) == [
        place for place in places_of("no such folder") if place[0] == class_folders.__file__
    ]


# Every sentence says what to do


VERBS = (
    "add|ask|change|check|choose|copy|correct|delete|export|give|install|leave|look|make|name|pass|"
    "put|remove|rename|repair|save|see|set|start|stop|take|try|unset|update|use|wait|write"
)
ADVICE = re.compile(rf"(?:^|, |\bor |\band )(?:{VERBS})\b")


def says_what_to_do(sentence: str) -> bool:
    """Whether a clause of what stands behind the last semicolon or colon begins with a verb."""
    return bool(ADVICE.search(re.split(r"[;:] ", sentence)[-1]))


def test_an_error_says_what_to_do():
    """Those with other codes are no errors: the user has ended the program."""
    said = [found.lines for found in outcomes() if found.code == 2]
    assert [lines for lines in said if not says_what_to_do(lines[0])] == []


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
