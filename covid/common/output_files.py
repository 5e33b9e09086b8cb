"""Where results go: folders that must be new, files that are whole or not there at all."""

import csv
import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from covid.common.csv_cells import quoted
from covid.common.errors import UserError
from minicnn.files import atomic_write, temporary_name


def check_new_folder(folder: Path, option: str = "--out") -> None:
    """UserError unless `folder` is empty, or can be made; looked at before any work is done."""
    if folder.is_dir():
        if any(folder.iterdir()):
            raise UserError(
                f"{folder} exists and is not empty; choose another {option} or delete it"
            )
    elif os.path.lexists(folder):
        raise UserError(f"{folder} is a file, not a folder; choose another {option}")
    around = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    check_writable(around, option)


def check_outside(folder: Path, data: Path, option: str = "--out") -> None:
    """UserError if `folder` lies in the images' folder, where it would be taken for images."""
    inside, around = folder.resolve(), data.resolve()
    if inside != around and inside.is_relative_to(around):
        raise UserError(
            f"{folder} lies in the images' folder {data}, which has to stay as it is; choose "
            f"another {option}"
        )


def check_csv(path: Path | None) -> None:
    """UserError unless `path` (or None) ends in .csv, since it is replaced, and its folder exists."""
    if path is None:
        return
    if path.suffix.lower() != ".csv" or path.is_dir():
        raise UserError(f"--out: expected the name of a .csv file, got {path}; name another")
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}; make it or name another --out")
    check_writable(path.parent)


def check_writable(folder: Path, option: str = "--out") -> None:
    """UserError if nothing can be made in `folder`, which exists."""
    if not folder.is_dir():
        raise UserError(
            f"{folder} is a file, so nothing can be made in it; choose another {option}"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{folder}: permission to write there is denied; choose another {option}")


@contextmanager
def new_folder(folder: Path, keep: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Make `folder`; if what is done with it fails, leave everything as it was before.

    Parameters
    ----------
    folder : Path
        New or empty; its parents are made as well.
    keep : callable
        Asked after a failure: True leaves what has been written so far.

    Raises
    ------
    UserError
        The folder holds something already, or cannot be made.
    """
    check_new_folder(folder)
    made = [path for path in (folder, *folder.absolute().parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        if not keep():
            # The failure on its way matters more than what cannot be tidied up.
            with suppress(OSError):
                empty_folder(folder)
                # from the inside out; what others have filled stays
                for path in made:
                    path.rmdir()
        raise


@contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes `folder`, or disappears when something goes wrong.

    Raises
    ------
    UserError
        The folder holds something already, or cannot be made.
    """
    check_new_folder(folder)
    temporary = folder.parent / temporary_name()
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if folder.exists():
            folder.rmdir()  # empty, as checked; Windows cannot replace a folder
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def empty_folder(folder: Path) -> None:
    """Delete all that is in a folder, if there is one."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


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
