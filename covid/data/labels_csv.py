"""Reads a csv file that says which class each image is of: `covid run --labels`.

    file,label,patient
    slices/1.png,COVID,p01
    slices/2.png,Normal,p02

Which column is which is found out by its name. What is said twice differently is an error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from covid.common.errors import UserError, shortened, shown
from covid.data.class_folders import (
    IMAGE_EXTENSIONS,
    Dataset,
    ImageFile,
    choose_positive,
    folder_names,
    why_no_image,
)
from covid.data.group_csv import Line, read_table, tidy
from covid.data.no_images import what_is_there
from covid.data.part_names import are_parts
from covid.data.same_names import composed, folded

# Names of columns, without case and everything but letters.
FILE = "file|filename|filepath|path|image|imagename|imagefile|imagepath|img|imageid"
CLASS = "label|labels|class|classname|diagnosis|category|target|finding"
PATIENT = "patient|patientid|patientnumber|group|groupid|subject|subjectid|case|caseid|pid"
Image = TypeVar("Image", Path, ImageFile)
LONGEST_CLASS = 200  # bytes, of a folder's name


def scan_labels(
    folder: Path,
    path: Path,
    positive: str | None = None,
    check: Callable[[Sequence[str]], None] = lambda names: None,
) -> Dataset:
    """List the images of a folder that a csv file gives one of two classes.

    Parameters
    ----------
    folder : Path
        Where the paths in the file begin, or which they begin with; they may lack the extension.
    path : Path
        UTF-8, separated by commas, semicolons or tabs, the columns' names in the first line.
    positive : str, optional
        The positive class; by default "Infected" if there is one of that name.
    check : callable
        Called with the names of the classes, for example to raise where a model has others.

    Raises
    ------
    UserError
        The file cannot be read, does not say which column is which, contradicts itself, names no
        image of the folder, or not two classes.
    """
    folder_names(folder)  # it must be one
    header, lines = read_table(path, "--labels")
    file_column, class_column = _columns(path, header)
    listed, gone, inside = _find_all(folder, lines, file_column)
    reasons = {one: why_no_image(one) for one in listed}
    skipped = [(one, reason) for one, reason in reasons.items() if reason is not None]
    listed = {one: found for one, found in listed.items() if reasons[one] is None}
    if not listed:
        raise UserError(_no_image(folder, path, gone, skipped))
    labels = _only(path, listed, class_column, header)
    names = _two_classes(path, header[class_column], list(labels.values()))
    check(names)
    positive, negative = choose_positive(path, names, positive)
    images = sorted(
        (ImageFile(one, name, int(name == positive)) for one, name in labels.items()),
        key=lambda image: (image.class_name, image.path.as_posix()),
    )
    there = sum(why_no_image(one) is None for one in inside)
    counts = {
        f"of the {there} images in these folders not listed": there - len(listed),
        f"of the {len(listed) + len(skipped) + len(gone)} files listed not found": len(gone),
        f"of the {len(lines)} lines repeated": sum(map(len, listed.values())) - len(listed),
    }
    notes = [f"{shown(path)}: {count} {text}" for text, count in counts.items() if count]
    notes += [
        f"{shown(path)}: column {name} looks like a split, which is not followed"
        for number, name in enumerate(header)
        if are_parts(cells[number] for _, cells in lines)
    ]
    patients = _patients(path, header, {image: listed[image.path] for image in images}, notes)
    return Dataset(folder, positive, negative, images, skipped, notes, None, path, patients)


def _columns(path: Path, header: Sequence[str]) -> tuple[int, int]:
    """The numbers of the columns of files and of classes."""
    if any(Path(name).suffix.lower() in IMAGE_EXTENSIONS for name in header):
        raise UserError(
            f"--labels {path}: expected the columns' names in the first line, found "
            f"{shortened(', '.join(header))}; put a line such as file,label above it"
        )
    files, classes = (_called(header, names) for names in (FILE, CLASS))
    if len(header) == 2 and len(files) < 2 and len(classes) < 2:
        first = files[0] if files else 1 - classes[0] if classes else 0
        return first, 1 - first
    if len(files) == len(classes) == 1:
        return files[0], classes[0]
    unclear = "files" if len(files) != 1 else "classes"
    raise UserError(
        f"--labels {path}: which column has the {unclear} is not clear among "
        f"{shortened(', '.join(header)) or 'none'}; name one column file and one label, and no other "
        "like them"
    )


def _called(header: Sequence[str], names: str) -> list[int]:
    """The columns of such names."""
    plain = [re.sub(r"[\W_]", "", folded(name)) for name in header]
    return [number for number, name in enumerate(plain) if re.fullmatch(names, name)]


def _find_all(
    folder: Path, lines: Sequence[Line], column: int
) -> tuple[dict[Path, list[Line]], set[str], set[Path]]:
    """The lines of each file that is there, what is not, and all files in the same folders."""
    around = [tidy(path.as_posix()) + "/" for path in (folder.absolute(), folder)]
    found: dict[Path, list[Line]] = {}
    gone: set[str] = set()
    names_in = cache(_names_in)

    def find(key: str) -> Path | None:
        path: Path | None = folder
        for name in key.split("/"):
            path = path and names_in(path).get(name)
        return path

    for line in lines:
        key = tidy(line[1][column])
        ways = (key, *map(key.removeprefix, around))  # in the folder, or from where one is
        path = next(filter(None, map(find, ways)), None)
        if path is not None:
            found.setdefault(path, []).append(line)
        elif key:
            gone.add(key)
    return found, gone, {one for path in found for one in names_in(path.parent).values()}


def _names_in(folder: Path) -> dict[str, Path]:
    """What is in a folder, by name, and where no two have the same also by name without extension."""
    if not folder.is_dir():
        return {}
    paths = sorted(folder.iterdir())
    stems = Counter(composed(path.stem) for path in paths)
    short = {composed(path.stem): path for path in paths if stems[composed(path.stem)] == 1}
    return {**short, **{composed(path.name): path for path in paths}}


def _no_image(folder: Path, path: Path, gone: set[str], others: list[tuple[Path, str]]) -> str:
    """Why no listed file is an image."""
    there = what_is_there(one for one, _ in others)
    if there:
        return f"--labels {path} names no image but {there[0]}; {there[1]}"
    if not gone and not others:
        return (
            f"--labels {path} names no file; write a line for each image below the columns' names"
        )
    example = f"{others[0][0].name}: {others[0][1]}" if others else min(gone)
    return (
        f"--labels {path}: none of the {len(gone) + len(others)} files in it is an image in "
        f"{shown(folder)} ({shown(example)}); write paths as they are in that folder"
    )


def _only(
    path: Path, listed: dict[Image, list[Line]], column: int, header: Sequence[str]
) -> dict[Image, str]:
    """What all lines of each image say in a column."""
    torn = [lines for lines in listed.values() if len({cells[column] for _, cells in lines}) > 1]
    if torn:
        (first, cells), *more = torn[0]
        second, other = next(line for line in more if line[1][column] != cells[column])
        raise UserError(
            f"--labels {path}: more than one {header[column]} for {len(torn)} of the files, such as in line "
            f"{first} {shown(cells[column])!r}, in line {second} {shown(other[column])!r}; correct "
            "them"
        )
    return {image: lines[0][1][column] for image, lines in listed.items()}


def _two_classes(path: Path, column: str, labels: list[str]) -> list[str]:
    """The names of the classes, sorted."""
    counts = Counter(labels)
    names = sorted(counts)
    found = shortened(
        ", ".join(f"{shown(name) or 'nothing'}: {counts[name]}" for name in names), 120
    )
    if len({folded(name) for name in names}) < len(names):
        raise UserError(
            f"--labels {path}: classes in the column {column} differ in case only ({found}); write "
            "each in one way"
        )
    if len(names) != 2 or "" in names:
        raise UserError(
            f"--labels {path}: expected two classes in the column {column}, found {len(names)} "
            f"({found}); give each image one of two, and leave out the lines of all others"
        )
    for name in names:
        plain = name.isprintable() and not set(name) & set('/\\:*?"<>|')
        if not plain or name.startswith(".") or len(name.encode()) > LONGEST_CLASS:
            raise UserError(
                f"--labels {path}: the class {shortened(shown(name))!r} cannot be the name of a "
                "folder; write a short name of letters, numbers and blanks"
            )
    return names


def _patients(
    path: Path, header: Sequence[str], listed: dict[ImageFile, list[Line]], notes: list[str]
) -> tuple[dict[ImageFile, str], str] | None:
    """Every image's patient, and where that is known from; None without one column for it."""
    columns = _called(header, PATIENT)
    if len(columns) != 1:
        return None
    (column,) = columns
    names = _only(path, listed, column, header)
    without = sum(not name for name in names.values())
    if without:
        notes.append(
            f"{shown(path)}: {without} images have nothing in the column {header[column]}, so that it "
            "is not used to keep patients apart"
        )
        return None
    return names, f"column {header[column]} of {path.name}"
