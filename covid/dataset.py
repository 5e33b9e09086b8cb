"""Finds the images in two class folders. The module to import: splitting, writing and reading
back, which live in files of their own, are named here, too.

    dataset = scan("my_images")                      # which files, which class is positive
    split = plan_split(dataset, "50/10/40", seed=0)  # which image belongs to which part
    write_split(dataset, split, "split", enhance_and_crop)
    split_folder = read_split("split")
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from covid.errors import UserError
from covid.images import UnreadableImage, read_gray
from covid.manifest import SplitFolder, count_statuses, read_manifest, read_split
from covid.splits import Split, parse_ratios, plan_split
from covid.writing import write_folder, write_split

__all__ = [
    "Dataset",
    "ImageFile",
    "Split",
    "SplitFolder",
    "UnreadableImage",
    "count_statuses",
    "parse_ratios",
    "plan_split",
    "read_gray",
    "read_manifest",
    "read_split",
    "scan",
    "write_folder",
    "write_split",
]

DEFAULT_POSITIVE = "Infected"
IMAGE_EXTENSIONS = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".dib", ".webp"),
    *(".gif", ".jp2", ".pgm", ".ppm", ".pbm", ".pnm"),
}
SYSTEM_NAMES = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class ImageFile:
    """A file that should hold an image; only reading it tells whether it does.

    Attributes
    ----------
    path : Path
    class_name : str
        The name of its class folder.
    label : int
        1 for the positive class, 0 for the other.
    """

    path: Path
    class_name: str
    label: int


@dataclass(frozen=True)
class Dataset:
    """The files of two class folders. Iterating over it gives its images.

    Attributes
    ----------
    folder : Path
        The folder that holds the class folders.
    positive, negative : str
        Names of the class folders.
    images : list of ImageFile
        Sorted by path, the negative and the positive class in the order of their names.
    skipped : list of (Path, str)
        Files whose extension is not that of an image, with the reason in words.
    """

    folder: Path
    positive: str
    negative: str
    images: list[ImageFile]
    skipped: list[tuple[Path, str]]

    def __iter__(self) -> Iterator[ImageFile]:
        return iter(self.images)

    def __len__(self) -> int:
        return len(self.images)


def scan(folder: str | Path, positive: str | None = None) -> Dataset:
    """List the images of a folder that holds exactly two class folders, whatever their names.

    Class folders are searched with all folders inside them. Hidden files and folders and those
    that operating systems leave behind (Thumbs.db and the like) do not count, nor do files beside
    the class folders. Nothing is decoded.

    Parameters
    ----------
    folder : str or Path
    positive : str, optional
        The class folder of the positive class; "Infected" if there is one of that name.

    Returns
    -------
    Dataset

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
        files = _files_below(folder / name)
        found = [path for path in files if path.suffix.lower() in IMAGE_EXTENSIONS]
        if not found:
            raise UserError(
                f"{folder / name} holds no images: put the images of this class into it"
            )
        images += [ImageFile(path, name, int(name == positive)) for path in found]
        skipped += [
            (path, f"its extension {path.suffix or '(none)'} is not that of an image")
            for path in files
            if path.suffix.lower() not in IMAGE_EXTENSIONS
        ]
    (negative,) = (name for name in names if name != positive)
    return Dataset(folder, positive, negative, images, skipped)


def _class_names(folder: Path) -> list[str]:
    """Names of the two class folders, sorted."""
    if not folder.exists():
        raise UserError(f"{folder}: there is no such folder; check the path")
    if not folder.is_dir():
        raise UserError(f"{folder} is a file: name the folder that holds the two class folders")
    try:
        names = sorted(
            path.name for path in folder.iterdir() if path.is_dir() and not _is_hidden(path.name)
        )
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}") from error
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


def _files_below(folder: Path) -> list[Path]:
    """All files in `folder` and the folders inside it, sorted, without hidden ones."""

    def stop(error: OSError) -> None:
        raise UserError(f"{error.filename} cannot be read: {error.strerror}") from error

    found = []
    for parent, folders, files in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if not _is_hidden(name)]  # not descended into
        found += [Path(parent, name) for name in files if not _is_hidden(name)]
    return sorted(found, key=lambda path: path.as_posix())


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_NAMES
