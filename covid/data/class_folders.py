"""Finds the images in two class folders.

dataset = scan("my_images")                      # which files, which class is positive
split = plan_split(dataset, "50/10/40", seed=0)  # which image belongs to which part: `split`
write_split(dataset, split, "split", enhance_and_crop)  # `write_split`
split_folder = read_split("split")               # `split_folder`
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from covid.common.choices import RUN_INFO
from covid.common.errors import UserError
from covid.common.made_files import UNFINISHED
from covid.common.plain_names import check_class_names
from covid.data.no_images import what_is_there
from covid.data.part_names import TRAIN, are_parts, part_of
from covid.data.same_names import folded, meant
from minicnn.preprocessing.system_names import is_system_name

DEFAULT_POSITIVE = "Infected"
IMAGE_EXTENSIONS = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".dib", ".webp"),
    *(".gif", ".jp2", ".pgm", ".ppm", ".pbm", ".pnm"),
}


@dataclass(frozen=True)
class ImageFile:
    """A file that should hold an image; only reading it tells whether it does."""

    path: Path
    class_name: str  # the name of its class folder, or its class in a csv file
    label: int  # 1 for the positive class, 0 for the other


@dataclass(frozen=True)
class Dataset:
    """The images of two classes. Iterating over it gives them."""

    folder: Path  # the folder that holds the class folders
    positive: str  # names of the class folders
    negative: str
    images: list[ImageFile]  # sorted by path, the two classes in the order of their names
    # What else is in the class folders, with the reason as text: hidden files, other extensions,
    # broken links, pipes. Folders that are not entered count as one.
    skipped: list[tuple[Path, str]]
    notes: list[str] = field(default_factory=list)  # what a reader of results must know of them
    # Where the folder is split already: the part that each folder in it holds.
    existing: dict[str, str] | None = None
    labels: Path | None = None  # the csv file that says of which class each image is
    # Every image's patient and where that is known from, where that file says so.
    patients: tuple[dict[ImageFile, str], str] | None = None

    def __iter__(self) -> Iterator[ImageFile]:
        return iter(self.images)

    def __len__(self) -> int:
        return len(self.images)

    def class_of(self, path: Path) -> str:
        """The class in whose folder a file is; empty where a csv file says the classes."""
        if self.labels is not None:
            return ""
        name = path.relative_to(self.folder).parts[1 if self.existing else 0]
        return meant(name, (self.positive, self.negative))


def scan(folder: str | Path, positive: str | None = None) -> Dataset:
    """List the images of a folder that holds exactly two class folders, whatever their names.

    Class folders are searched with all folders inside them. Links to files are followed, links to
    folders are not: they may lead in a circle. Files beside the class folders do not count. No file
    is opened. `positive` names the class folder of the positive class; by default it is "Infected"
    if there is one of that name.

    Raises
    ------
    UserError
        No such folder, not two class folders, one whose name cannot be printed, a class without
        images, or no positive class.
    """
    folder = Path(folder)
    names = _class_names(folder)
    positive, negative = choose_positive(folder, names, positive)
    images: list[ImageFile] = []
    skipped: list[tuple[Path, str]] = []
    for name in names:
        found, others = images_of_class(folder / name)
        images += [ImageFile(path, name, int(name == positive)) for path in found]
        skipped += others
    return Dataset(folder, positive, negative, images, skipped, _notes_on_folders(folder, names))


def _notes_on_folders(folder: Path, names: Sequence[str]) -> list[str]:
    """What the folders inside class folders may mean, though they are not looked at."""
    inside = {name: folder_names(folder / name) for name in names}
    notes = [
        f"the folders in {folder / name} ({', '.join(found)}) look like a split, which is not "
        "followed; it would be with the class folders inside of them"
        for name, found in inside.items()
        if are_parts(found)
    ]
    alike = {tuple(sorted(map(folded, found))) for found in inside.values()}
    if not notes and len(alike) == 1 and len(min(alike)) == 2:
        notes.append(
            f"{' and '.join(names)} are taken for the classes, not the folders in each of them "
            f"({', '.join(min(inside.values()))}); if those are, put the images of each into one folder"
        )
    return notes


def folder_names(folder: Path) -> list[str]:
    """Names of the folders in `folder`, sorted, without hidden ones and those of the system."""
    if not folder.exists():
        raise UserError(f"{folder}: there is no such folder; check the path")
    if not folder.is_dir():
        raise UserError(f"{folder} is a file: name the folder that holds the two class folders")
    if (folder / UNFINISHED).exists():
        raise UserError(
            f"{folder} is not complete: what wrote it was stopped, or is at work; write it again"
        )
    try:
        return sorted(
            path.name
            for path in folder.iterdir()
            if path.is_dir() and not is_system_name(path.name)
        )
    except OSError as error:
        raise UserError(
            f"{folder} cannot be read ({error.strerror}); check its permissions"
        ) from error


def _class_names(folder: Path) -> list[str]:
    """Names of the two class folders, sorted."""
    names = folder_names(folder)
    if are_parts(names):
        raise UserError(
            f"{folder}: expected two class folders, found a set that is split already "
            f"({', '.join(names)}); name the folder of the source images, or that of one part"
        )
    if (folder / RUN_INFO).exists():
        raise UserError(
            f"{folder}: expected two class folders, found the results of a run; name the folder of its "
            "images"
        )
    if TRAIN in map(part_of, names):
        raise UserError(
            f"{folder}: expected two class folders, found the training set of a split beside others "
            f"({', '.join(names)}); rename those, to val or test, or take them away"
        )
    if len(names) != 2:
        found = f"{len(names)} ({', '.join(names)})" if names else "none"
        advice = "name the folder that holds just the two"
        inner = folder_names(folder / names[0]) if len(names) == 1 else []
        if len(inner) == 2 or are_parts(inner):
            advice = f"name {folder / names[0]}, which holds {', '.join(inner)}"
        elif not names:
            found, advice = _instead(folder) or (found, advice)
        raise UserError(
            f"{folder}: expected exactly two class folders, such as Infected and Not_Infected, "
            f"found {found}; {advice}"
        )
    if folded(names[0]) == folded(names[1]):
        raise UserError(
            f"{folder}: the class folders {names[0]} and {names[1]} differ in case or in the form "
            "of their letters only, and are one folder on Windows and macOS; rename one of them"
        )
    return names


def _instead(folder: Path) -> tuple[str, str] | None:
    """What a folder without folders holds, and what to do; None for nothing that could be meant."""
    files = [path for path in folder.iterdir() if not is_system_name(path.name)]
    images = [path for path in files if path.suffix.lower() in IMAGE_EXTENSIONS]
    if images:
        advice = (
            "put those of each class into a folder of its own, or say with --labels FILE.csv which "
            "class each is of"
        )
        return f"none, but {len(images)} images", advice
    there = what_is_there(files)
    return there and (f"none, but {there[0]}", there[1])


def choose_positive(folder: Path, names: Sequence[str], positive: str | None) -> tuple[str, str]:
    """The positive and the negative one of two classes; `positive` may differ in case.

    UserError for another one, and for a name that a model could not be used with.
    """
    check_class_names(folder, names)
    chosen = meant(DEFAULT_POSITIVE if positive is None else positive, names)
    if chosen is not None:
        return chosen, names[1 - names.index(chosen)]
    wanted = "which class is positive is not known" if positive is None else f"no {positive!r}"
    raise UserError(
        f"{folder}: {wanted} among the classes {names[0]} and {names[1]}; pass --positive "
        "NAME with one of the two names"
    )


def images_of_class(folder: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """As `look_through`; UserError where there is no image."""
    found, others = look_through(folder)
    if found:
        return found, others
    there = what_is_there(path for path, _ in others if not is_system_name(path.name))
    if there:
        raise UserError(f"{folder} holds no images but {there[0]}; {there[1]}")
    reason = f" ({others[0][0].name}: {others[0][1]})" if others else ""
    raise UserError(f"{folder} holds no images{reason}: put the images of this class into it")


def look_through(folder: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
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
        folders[:] = [name for name in folders if not is_system_name(name)]
        for name in files:
            path = Path(parent, name)
            reason = why_no_image(path)
            if reason is None:
                found.append(path)
            else:
                skipped.append((path, reason))
    skipped.sort(key=lambda item: item[0].as_posix())
    return sorted(found, key=lambda path: path.as_posix()), skipped


def _why_not_entered(folder: Path) -> str | None:
    if is_system_name(folder.name):
        return "it is a hidden or system folder"
    return "it is a link to a folder, which is not followed" if folder.is_symlink() else None


def why_no_image(path: Path) -> str | None:
    """The reason, as far as name and kind of the file tell; None for what should be an image."""
    if is_system_name(path.name):
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
