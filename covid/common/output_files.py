"""Where results go: folders that must be new, files that are whole or not there at all."""

import csv
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from covid.common.choices import RUN_INFO
from covid.common.csv_cells import quoted
from covid.common.errors import UserError
from covid.common.made_files import (
    UNFINISHED,
    atomic_write,
    holds_others,
    listing,
    make_folder,
    remove_made,
)
from minicnn.preprocessing.system_names import SYSTEM_NAMES


def check_new_folder(folder: Path, option: str = "--out") -> None:
    """UserError unless `folder` is empty, or can be made; looked at before any work is done.

    What a process that was killed has left there is removed, unless it can be resumed.
    """
    if folder.is_dir():
        if not (folder / RUN_INFO).exists():
            remove_leftovers(folder, among_others=False)
        check_empty(folder, option)
    elif folder.exists():
        raise UserError(f"{folder} is a file, not a folder; choose another {option}")
    around = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not around.exists():
        raise UserError(
            f"{around} is a link that leads to nothing; make what it leads to, or choose another "
            f"{option}"
        )
    check_writable(around, option)


def remove_leftovers(folder: Path, among_others: bool = True) -> None:
    """Delete what a process that was killed has made in a folder; perhaps only if nothing else is.

    UserError where the process is at work.
    """
    if (folder / UNFINISHED).exists():
        with folder_lock(folder) as locked:
            if locked and (among_others or not holds_others(folder)):
                remove_made(folder)


def check_empty(folder: Path, option: str = "--out") -> None:
    """UserError where there is something in `folder` but what systems leave everywhere."""
    if not is_empty(folder):
        raise UserError(f"{folder} exists and is not empty; choose another {option} or delete it")


def is_empty(folder: Path) -> bool:
    """Whether there is nothing in a folder but what systems leave there."""
    names = [path.name.lower() for path in folder.iterdir()]
    return all(name in SYSTEM_NAMES or name.startswith("._") for name in names)


def check_outside(
    folder: Path, data: Path, option: str = "--out", *, labels: Path | None = None
) -> None:
    """UserError if `folder` lies in the images' folder, where it would be taken for images.

    The class folders, and in a split folder those of each part, may be links to elsewhere. It may
    lie there if a csv file, `labels`, names all images.
    """
    if labels is not None:
        return
    inside, linked = Path(os.path.realpath(folder)), [*data.glob("*/"), *data.glob("*/*/")]
    places = [data, *(path for path in linked if path.is_symlink())]
    if any(Path(os.path.realpath(around)) in inside.parents for around in places):
        raise UserError(
            f"{folder} lies in the images' folder {data}, which has to stay as it is; choose "
            f"another {option}"
        )


def check_csv(path: Path | None, *read: Path | None) -> None:
    """As `check_file`, and UserError unless `path` (or None) ends in .csv, since it is replaced."""
    if path is None:
        return
    if path.suffix.lower() != ".csv" or path.is_dir():
        raise UserError(f"--out: expected the name of a .csv file, got {path}; name another")
    check_file(path, *read)


def check_file(path: Path, *read: Path | None) -> None:
    """UserError where no file can be written at `path`, or it is one of those that are `read`.

    Links are followed. What is there is replaced, so it has to be a file.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder, not a file; name another --out")
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is a pipe or a device, not a file; name another --out")
    if any(one is not None and os.path.realpath(one) == os.path.realpath(path) for one in read):
        raise UserError(f"--out: {path} is read by this command and would be lost; name another")
    folder = (Path(os.path.realpath(path)) if path.is_symlink() else path).parent
    if not folder.is_dir():
        raise UserError(f"{path}: there is no folder {folder}; make it or name another --out")
    check_writable(folder)


def check_writable(folder: Path, option: str = "--out") -> None:
    """UserError if nothing can be made in `folder`, which exists."""
    if not folder.is_dir():
        raise UserError(
            f"{folder} is a file, so nothing can be made in it; choose another {option}"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{folder}: permission to write there is denied; choose another {option}")


@contextmanager
def new_folder(
    folder: Path, keep: Callable[[], bool] = lambda: False, empty: bool = True
) -> Iterator[None]:
    """Make `folder`; if what is done with it fails, what was made is removed, and nothing else.

    Until it is complete the folder holds the list of `covid.common.made_files`.

    Parameters
    ----------
    folder : Path
        Its parents are made as well.
    keep : callable
        Asked after a failure: True leaves what has been written so far.
    empty : bool
        Whether it has to be new or empty. In the folder of a run somebody may have left a note.

    Raises
    ------
    UserError
        The folder holds something already, cannot be made, or is being written by another process.
    """
    if empty:
        check_new_folder(folder)
    else:
        remove_leftovers(folder)
    made = make_folder(folder)
    with folder_lock(folder):
        if empty:  # another process may have filled it a moment ago
            check_empty(folder)
        try:
            with listing(folder):
                yield
        except BaseException:
            if not keep():
                # The failure on its way matters more than what cannot be tidied up.
                with suppress(OSError):
                    remove_made(folder)
                    for path in made:
                        path.rmdir()  # what others have filled stays
            raise


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """A new folder of files that are needed in this block only."""
    with new_folder(folder):
        yield folder
        remove_made(folder)
    with suppress(OSError):
        folder.rmdir()


@contextmanager
def folder_lock(folder: Path) -> Iterator[bool]:
    """Keep a second process away from a folder; UserError there.

    The lock is the system's: it goes with the process, however that ends. Gives whether there are
    locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield False
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        locked = False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked = True
        except BlockingIOError:
            raise UserError(
                f"{folder}: another process is writing in this folder; wait for it, or stop it first"
            ) from None
        except OSError:
            pass  # a file system without locks
        yield locked
    finally:
        os.close(descriptor)


def free_name(stem: str, suffix: str = "") -> Path:
    """results, or results-2, results-3, ... if that exists; with `suffix` such as ".html"."""
    path, number = Path(f"{stem}{suffix}"), 2
    while os.path.lexists(path):
        path, number = Path(f"{stem}-{number}{suffix}"), number + 1
    return path


def json_text(content: dict) -> str:
    """`content` as JSON; NaN and infinity, which JSON does not have, become null."""
    return json.dumps(without_nan(content), indent=2, allow_nan=False)


def without_nan(content):
    """A copy of nested dicts and lists with None for every number that is not finite."""
    if isinstance(content, dict):
        return {key: without_nan(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [without_nan(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Write a csv file as a whole; file names that are not valid UTF-8 come back as they were.

    No cell is a formula; see `covid.common.csv_cells`, which has the reader.
    """
    encoding = {"encoding": "utf-8", "errors": "surrogateescape"}
    with atomic_write(path) as temporary, open(temporary, "w", newline="", **encoding) as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(map(quoted, row) for row in rows)


def write_json(content: dict, path: Path) -> None:
    """Write a JSON file as a whole."""
    with atomic_write(path) as temporary:
        temporary.write_text(json_text(content) + "\n", encoding="utf-8")
