"""A terminal for a process to write to, and what stands on it in the end."""

import fcntl
import os
import pty
import re
import struct
import termios
from pathlib import Path

COLORS = re.compile(r"\x1b\[\d*m")
SPECIAL = re.compile(r"\r|\n|\x1b\[A|\x1b\[K")


def in_a_terminal(command: list[str], folder: Path, columns: int = 80, **environment) -> str:
    """All that a command writes to a terminal of so many columns; it must end with code 0."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.environ.pop("COLUMNS", None)
        os.environ.update({"TERM": "xterm", **environment})
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
        os.execvp(command[0], command)
    written = b""
    try:
        while part := os.read(terminal, 65536):
            written += part
    except OSError:  # how Linux says that nobody has it open any more
        pass
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    text = written.decode()
    assert os.waitstatus_to_exitcode(status) == 0, text
    return text


def screen_of(text: str) -> tuple[list[str], int]:
    """The lines that stand there in the end, without colors, and the longest there ever was."""
    lines, row, column, longest = [""], 0, 0, 0
    for part in re.split(f"({SPECIAL.pattern})", COLORS.sub("", text)):
        if part == "\n":
            row, column = row + 1, 0  # the terminal puts "\r" before it
            lines += [""] * (row == len(lines))
        elif part == "\r":
            column = 0
        elif part == "\x1b[A":
            row -= 1
        elif part == "\x1b[K":
            lines[row] = lines[row][:column]
        else:
            assert "\x1b" not in part
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
            longest = max(longest, len(lines[row].rstrip()))
    return [line.rstrip() for line in lines], longest
