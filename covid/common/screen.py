"""What a command prints while it works: numbered phases, one line each, notes below them, colors.

On a terminal the line of a phase stands as soon as it begins, with a live line below it; when it is
done its result takes the place of both. Elsewhere a line is written when its phase is done.
"""

import io
import os
import shlex
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from dataclasses import dataclass
from pathlib import Path

from covid.common.errors import shown

QUIET, USUAL, VERBOSE = 0, 1, 2  # the results alone; a line for each phase; for each epoch, too
CODES = {"cyan": 36, "yellow": 33, "red": 31, "green": 32}
UP, CLEAR = "\x1b[A", "\r\x1b[K"  # one line up; empty this line


def is_terminal(stream) -> bool:
    """Whether lines can be rewritten and colored there; Windows' old console cannot."""
    able = os.environ.get("TERM") != "dumb" and (os.name != "nt" or "WT_SESSION" in os.environ)
    return able and stream.isatty()


def colored(text: str, color: str | None, stream) -> str:
    """The text in a color of `CODES`; as it is without one, off terminals and with NO_COLOR."""
    if color is None or os.environ.get("NO_COLOR") or not is_terminal(stream):
        return text
    return f"\x1b[{CODES[color]}m{text}\x1b[0m"


def width() -> int:
    """Columns of the terminal, 80 where that is not known."""
    return shutil.get_terminal_size().columns


def fitted(text: str, stream) -> str:
    """Long lines broken between words, on a terminal; what follows keeps their indent."""
    if not is_terminal(stream):
        return text
    lines = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line,
            width(),
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines)


def put(text, end: str = "\n") -> None:
    """Print lines as they are, but for what a name in them may do to the terminal."""
    print(printable(str(text)), end=end, flush=True)


def printable(text: str) -> str:
    """Lines without control characters: escape sequences, reversed writing, tabs."""
    return "\n".join(map(shown, text.split("\n")))


def say(text: str, color: str | None = None) -> None:
    """Print a text so that it fits the terminal."""
    lines = fitted(printable(text), sys.stdout).split("\n")
    print("\n".join(colored(line, color, sys.stdout) for line in lines), flush=True)


def complain(name: str, sentence: str) -> None:
    """Print an error on stderr: the name of the command, and one sentence."""
    name = f"{name}:"
    said = fitted(f"{name} {shown(sentence)}", sys.stderr).removeprefix(name)
    with suppress(OSError):  # the exit code says it, too
        print(f"{colored(name, 'red', sys.stderr)}{said}", file=sys.stderr)


def duration(seconds: float) -> str:
    """Such as "4 s", "71 s", "2.5 min", "3.1 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.1f} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def program() -> str:
    """`covid` as the user has called it, so that a line that begins with it can be pasted."""
    typed = Path(sys.argv[0])
    if typed.name == "__main__.py" and typed.parent.name == "covid":
        return f"{shlex.quote(sys.orig_argv[0])} -m covid"
    found = shutil.which("covid")
    if typed.stem == "covid" and not (found and Path(found).resolve() == typed.resolve()):
        return shlex.quote(str(typed))
    return "covid"


@dataclass
class Phase:
    """A part of the work; `result`, a few words, is put into its line when it is done."""

    result: str = ""


class Screen:
    """The phases of one command.

    Parameters
    ----------
    verbose : {QUIET, USUAL, VERBOSE}
    total : int
        Of the phases; may be set again when more is known.

    Attributes
    ----------
    number : int
        Of the latest phase, from 1.
    """

    def __init__(self, verbose: int = USUAL, total: int = 0):
        self.verbose, self.total, self.number = verbose, total, 0
        self.waiting: list[tuple[str, str | None]] | None = None

    def say(self, text: str, color: str | None = None) -> None:
        """Print a text, but for QUIET; in a phase it waits for the phase's line."""
        if self.waiting is not None:
            self.waiting.append((text, color))
        elif self.verbose != QUIET:
            say(text, color)

    @contextmanager
    def phase(self, title: str) -> Iterator[Phase]:
        """One phase: counts it, and prints its line."""
        self.number += 1
        phase, begun, title = Phase(), time.perf_counter(), shown(title)
        if self.verbose == QUIET:
            yield phase
            return
        number = f"{self.number:>{len(str(self.total))}}/{self.total}"
        rewrites = self.verbose == USUAL and is_terminal(sys.stdout)
        room = width() - len(number) - 2 if rewrites else None
        head = f"{colored(number, 'cyan', sys.stdout)} {title[:room]}"
        stands = rewrites or self.verbose == VERBOSE
        if stands:
            print(head, flush=True)
        self.waiting = [] if self.verbose == USUAL else None
        try:
            with _others_above(head) if rewrites else nullcontext():
                yield phase
            took = duration(time.perf_counter() - begun)
            result = f"{shown(phase.result)}, {took}" if phase.result else took
            if self.verbose == VERBOSE:
                print(f"  done: {result}", flush=True)
                return
            between = ": " if len(f"{number} {title}: {result}") <= width() else "\n  "
            again = UP + CLEAR if rewrites else ""
            print(f"{again}{head}{between}{result}", flush=True)
        except BaseException:
            if not stands:
                print(f"{head}: not finished", flush=True)
            raise
        finally:
            notes, self.waiting = self.waiting or [], None
            for note in notes:
                self.say(*note)


def _others_above(head: str):
    """What others print on stderr in this block, on the same terminal, goes above `head`."""
    apart = sys.stderr is sys.stdout or not is_terminal(sys.stderr)
    return nullcontext() if apart else redirect_stderr(_Above(sys.stderr, head))


class _Above(io.TextIOBase):
    """Writes what others print on stderr during a phase above its line, which stays the last one."""

    def __init__(self, stream, head: str):
        self.stream, self.head = stream, head

    def write(self, text: str) -> int:
        if text.strip():
            said = fitted(text.rstrip("\n"), self.stream)
            self.stream.write(f"{CLEAR}{UP}{CLEAR}{said}\n{self.head}\n")
            self.stream.flush()
        return len(text)

    def isatty(self) -> bool:
        return True
