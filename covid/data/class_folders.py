"""Finds the images in two class folders.

dataset = scan("my_images")                      # which files, which class is positive
split = plan_split(dataset, "50/10/40", seed=0)  # which image belongs to which part: `split`
write_split(dataset, split, "split", enhance_and_crop)  # `write_split`
split_folder = read_split("split")               # `split_folder`
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from covid.common.errors import UserError
from covid.common.made_files import UNFINISHED

DEFAULT_POSITIVE = "Infected"
IMAGE_EXTENSIONS = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".dib", ".webp"),
    *(".gif", ".jp2", ".pgm", ".ppm", ".pbm", ".pnm"),
}
SYSTEM_NAMES = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class ImageFile:
    """A file that should hold an image; only reading it tells whether it does."""

    path: Path
    class_name: str  # the name of its class folder
    label: int  # 1 for the positive class, 0 for the other


@dataclass(frozen=True)
class Dataset:
    """The files of two class folders. Iterating over it gives its images."""

    folder: Path  # the folder that holds the class folders
    positive: str  # names of the class folders
    negative: str
    images: list[ImageFile]  # sorted by path, the two classes in the order of their names
    # What else is in the class folders, with the reason as text: hidden files, other extensions,
    # broken links, pipes. Folders that are not entered count as one.
    skipped: list[tuple[Path, str]]

    def __iter__(self) -> Iterator[ImageFile]:
        return iter(self.images)

    def __len__(self) -> int:
        return len(self.images)


def scan(folder: str | Path, positive: str | None = None) -> Dataset:
    """List the images of a folder that holds exactly two class folders, whatever their names.

    Class folders are searched with all folders inside them. Links to files are followed, links to
    folders are not: they may lead in a circle. Files beside the class folders do not count. No file
    is opened. `positive` names the class folder of the positive class; by default it is "Infected"
    if there is one of that name.

    Raises
    ------
    UserError
        No such folder, not two class folders, a class without images, or no positive class.
    """
    folder = Path(folder)
    names = _class_names(folder)
    positive = _choose_positive(folder, names, positive)
    images: list[ImageFile] = []
    skipped: list[tuple[Path, str]] = []
    for name in names:
        found, others = _look_through(folder / name)
        if not found:
            reason = f" ({others[0][0].name}: {others[0][1]})" if others else ""
            raise UserError(
                f"{folder / name} holds no images{reason}: put the images of this class into it"
            )
        images += [ImageFile(path, name, int(name == positive)) for path in found]
        skipped += others
    (negative,) = (name for name in names if name != positive)
    return Dataset(folder, positive, negative, images, skipped)


def _class_names(folder: Path) -> list[str]:
    """Names of the two class folders, sorted."""
    if not folder.exists():
        raise UserError(f"{folder}: there is no such folder; check the path")
    if not folder.is_dir():
        raise UserError(f"{folder} is a file: name the folder that holds the two class folders")
    if (folder / UNFINISHED).exists():
        raise UserError(
            f"{folder} is not complete: what wrote it was stopped, or is at work; write it again"
        )
    try:
        names = sorted(
            path.name for path in folder.iterdir() if path.is_dir() and not _is_hidden(path.name)
        )
    except OSError as error:
        raise UserError(
            f"{folder} cannot be read ({error.strerror}); check its permissions"
        ) from error
    if {"train", "test"} <= set(names):
        raise UserError(
            f"{folder}: expected two class folders, found a set that is split already "
            f"({', '.join(names)}); name the folder of the source images, or that of one part"
        )
    if len(names) != 2:
        found = f"{len(names)} ({', '.join(names)})" if names else "none"
        raise UserError(
            f"{folder}: expected exactly two class folders, such as Infected and Not_Infected, "
            f"found {found}; name the folder that holds just the two"
        )
    return names


def _choose_positive(folder: Path, names: list[str], positive: str | None) -> str:
    if positive is None and DEFAULT_POSITIVE in names:
        return DEFAULT_POSITIVE
    if positive in names:
        return positive
    wanted = "which class is positive is not known" if positive is None else f"no {positive!r}"
    raise UserError(
        f"{folder}: {wanted} among the class folders {names[0]} and {names[1]}; pass --positive "
        "NAME with one of the two names"
    )


def _look_through(folder: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """The images in `folder` and the folders inside it; all else, with the reason. Both sorted."""
    found: list[Path] = []
    skipped: list[tuple[Path, str]] = []

    def note(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise UserError(
                f"{folder} cannot be read ({error.strerror}); check its permissions"
            ) from error
        skipped.append((Path(error.filename), f"the folder cannot be read: {error.strerror}"))

    for parent, folders, files in os.walk(folder, onerror=note):
        for name in folders:
            reason = _why_not_entered(Path(parent, name))
            if reason is not None:
                skipped.append((Path(parent, name), reason))
        folders[:] = [name for name in folders if not _is_hidden(name)]
        for name in files:
            path = Path(parent, name)
            reason = _why_no_image(path)
            if reason is None:
                found.append(path)
            else:
                skipped.append((path, reason))
    skipped.sort(key=lambda item: item[0].as_posix())
    return sorted(found, key=lambda path: path.as_posix()), skipped


def _why_not_entered(folder: Path) -> str | None:
    if _is_hidden(folder.name):
        return "it is a hidden or system folder"
    return "it is a link to a folder, which is not followed" if folder.is_symlink() else None


def _why_no_image(path: Path) -> str | None:
    """The reason, as far as name and kind of the file tell; None for what should be an image."""
    if _is_hidden(path.name):
        return "it is a hidden or system file"
    if path.suffix.lower() not in IMAGE_EXTENSIONS:
        return f"its extension {path.suffix or '(none)'} is not that of an image"
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return "it is a link to a file that does not exist"
    except OSError as error:  # such as links in a circle
        return f"the system cannot find the file ({error.strerror})"
    return None if is_file else "it is a pipe or a device, not a file"


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_NAMES
