"""Writing files so that each is either whole or as it was before; which files can be read."""

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LARGEST_TEXT = 2**30  # bytes; far more than any table or description has
TEMPORARY = ".minicnn-*.tmp"  # what a process that was killed may leave behind


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`, which is renamed to `path` when all went well.

    Otherwise the temporary file is deleted, and `path` is as it was before. The disk has the new
    bytes before the old file is given up, so there is one or the other even after a loss of power.
    A link is followed, not replaced, and a file that is there keeps its permissions.
    OSError, with `path` as its filename, where there is no room, folder or permission.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    temporary = target.with_name(temporary_name())
    try:
        mode = stat.S_IMODE(target.stat().st_mode) if target.is_file() else None
        if mode is not None:  # nobody else may look at the new bytes for a moment either
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL, mode | stat.S_IWUSR))
        yield temporary
        if mode is not None:
            temporary.chmod(mode)
        flush(temporary)
        os.replace(temporary, target)
        if os.name == "posix":
            flush(target.parent)  # the new name is an entry of the folder
    except OSError as error:
        # Writing to an open file fails without its name, and the temporary one means nothing.
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):  # the folder may have gone; the error on its way says so
            temporary.unlink(missing_ok=True)


def ordinary_file(path: Path) -> Path:
    """The path of a table or another text, if to read all of it can end.

    To open a pipe waits until somebody writes to it, and a device may have no end. OSError for
    them, for a folder, and for a file of more than `LARGEST_TEXT` bytes.
    """
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
    if status.st_size > LARGEST_TEXT:
        raise OSError(errno.EFBIG, f"it has {status.st_size} bytes", str(path))
    return Path(path)


def temporary_name() -> str:
    """A unique name that `sweep` recognizes."""
    return TEMPORARY.replace("*", uuid.uuid4().hex[:12])


def flush(path: Path) -> None:
    """Wait until the disk has what was written to a file or folder."""
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Delete the temporary files that killed processes have left in a folder, not in those inside.

    Only for a folder that no other process is writing to.
    """
    for path in folder.glob(TEMPORARY):
        if path.is_file() and not path.is_symlink():
            with suppress(OSError):
                path.unlink()
