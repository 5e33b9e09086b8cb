"""What the program makes in a folder is listed there as it is made; it removes nothing else, ever.

While a folder is being written it holds the list, `.covid-unfinished`: a line of JSON for each file
and folder. A file is known again by its inode and the time of its last change: one that somebody
has put there, or in the place of one that is listed, stays. The list is deleted when the folder is
complete. Where there still is one, the process has been killed, and `remove_made` clears up.
"""

import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from minicnn import files

UNFINISHED = ".covid-unfinished"
TO_COME = 0  # in place of an inode

_being_written: list[Path] = []  # by this process, the outermost first; absolute


@contextmanager
def listing(folder: Path) -> Iterator[None]:
    """List what is made in `folder` in this block; at its end the folder is complete."""
    path = folder / UNFINISHED
    with open(path, "a") as file:
        record(path, os.fstat(file.fileno()).st_ino)
    with recording([*_being_written, Path(os.path.abspath(folder))]):
        yield
    path.unlink(missing_ok=True)


@contextmanager
def recording(folders: Sequence[Path]) -> Iterator[None]:
    """Use the lists of these folders; for a process that works for the one that `listing` is in."""
    global _being_written
    before, _being_written = _being_written, list(folders)
    try:
        yield
    finally:
        _being_written = before


def being_written() -> list[Path]:
    """What `recording` needs in another process."""
    return _being_written


def is_whole(folder: Path, file: str) -> bool:
    """Whether the folder, of which `file` is a part, was written to its end."""
    return (folder / file).exists() and not (folder / UNFINISHED).exists()


def record(path: Path, inode: int | None = None, changed: int | None = None) -> None:
    """Put a file or folder on the lists of all folders around it that are being written.

    Parameters
    ----------
    inode : int or None
        None for a folder; TO_COME for a file that is just about to be made.
    changed : int or None
        Nanoseconds, `st_mtime_ns`; None for a file that is not whole yet.
    """
    path = Path(os.path.abspath(path))
    for folder in _being_written:
        if folder in path.parents:
            line = json.dumps([path.relative_to(folder).as_posix(), inode, changed])
            with suppress(FileNotFoundError):  # complete or taken away by now
                descriptor = os.open(folder / UNFINISHED, os.O_WRONLY | os.O_APPEND)
                try:
                    os.write(descriptor, f"\n{line}".encode())  # at once: others write, too
                finally:
                    os.close(descriptor)


def record_file(path: Path, made: Path) -> None:
    """The same for a whole file that was made at `made`, and has or will get the name `path`."""
    found = made.stat()
    record(path, found.st_ino, found.st_mtime_ns)


def make_folder(folder: Path) -> list[Path]:
    """Make a folder and those around it; returns those that were missing, the innermost first."""
    missing = [path for path in (folder, *folder.absolute().parents) if not path.exists()]
    for path in reversed(missing):
        record(path)
        path.mkdir(exist_ok=True)
    return missing


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """As `minicnn.files.atomic_write`; the file is listed before it gets its name."""
    with files.atomic_write(path) as temporary:
        yield temporary
        record_file(path, temporary)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not be there yet, without a temporary name: images, by the thousand.

    Two renames at a time in one folder wait for each other. What is not whole is in a folder that
    is not complete.
    """
    if not os.path.lexists(path):
        record(path, TO_COME)
    with open(path, "xb") as file:
        inode = os.fstat(file.fileno()).st_ino
        record(path, inode)
        file.write(content)
        file.flush()
        record(path, inode, os.fstat(file.fileno()).st_mtime_ns)


def remove_made(folder: Path) -> None:
    """Delete what is on the list of a folder, and the list; the folder itself stays."""
    root = folder.resolve()
    for name, inode, changed in reversed(listed(folder)):
        path = root / name
        with suppress(OSError, ValueError):  # such as a folder that is not empty
            if root not in path.parents or path.parent.resolve() != path.parent:
                continue  # a link on the way leads to where nothing is ours
            found = path.lstat()
            if inode is None and stat.S_ISDIR(found.st_mode):
                files.sweep(path)
                path.rmdir()
            elif (inode == found.st_ino and changed in (None, found.st_mtime_ns)) or (
                inode == TO_COME and stat.S_ISREG(found.st_mode) and found.st_size == 0
            ):
                path.unlink()
    files.sweep(root)
    (root / UNFINISHED).unlink(missing_ok=True)


def holds_others(folder: Path) -> bool:
    """Whether there are files in a folder that are not on its list."""
    made = {folder / name for name, _, _ in listed(folder)} | {folder / UNFINISHED}
    inside = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return any(path not in made and not path.match(files.TEMPORARY) for path in inside)


def sweep_made(folder: Path) -> None:
    """Delete the temporary files that a killed process has left in a folder and in those it made."""
    for name, inode, _ in [(".", None, None), *listed(folder)]:
        if inode is None:
            files.sweep(folder / name)


def listed(folder: Path) -> list[tuple[str, int | None, int | None]]:
    """Path inside the folder, inode and time of all that was made there, in order."""
    found = []
    with suppress(OSError):
        for line in (folder / UNFINISHED).read_bytes().splitlines():
            with suppress(ValueError, TypeError):  # one that was cut off when the disk was full
                name, inode, changed = json.loads(line)
                found.append((str(name), inode, changed))
    return found
