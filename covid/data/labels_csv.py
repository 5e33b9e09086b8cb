"""Reads a csv file that says which class each image is of: `covid run --labels`.

    file,label,patient
    slices/1.png,COVID,p01
    slices/2.png,Normal,p02

Which column is which is found out by its name. What is said twice differently is an error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from covid.common.errors import UserError, shortened, shown
from covid.data.class_folders import (
    IMAGE_EXTENSIONS,
    Dataset,
    ImageFile,
    choose_positive,
    folder_names,
    look_through,
)
from covid.data.group_csv import Line, read_table, tidy
from covid.data.names import folded
from covid.data.no_images import what_is_there

# Names of columns, without case and everything but letters.
FILE = "file|filename|filepath|path|image|imagename|imagefile|imagepath|img|imageid"
CLASS = "label|labels|class|classname|diagnosis|category|target|finding"
PATIENT = "patient|patientid|patientnumber|group|groupid|subject|subjectid|case|caseid|pid"
Image = TypeVar("Image", Path, ImageFile)
LONGEST_CLASS = 200  # bytes, of a folder's name


def scan_labels(folder: Path, path: Path, positive: str | None = None) -> Dataset:
    """List the images of a folder that a csv file gives one of two classes.

    Parameters
    ----------
    folder : Path
        Where the paths in the file begin. Names alone, with or without extension, are enough where
        no two images share them.
    path : Path
        UTF-8, separated by commas, semicolons or tabs, the columns' names in the first line.
    positive : str, optional
        The positive class; by default "Infected" if there is one of that name.

    Raises
    ------
    UserError
        The file cannot be read, does not say which column is which, contradicts itself, names no
        image of the folder, or not two classes.
    """
    folder_names(folder)  # it must be one
    header, lines = read_table(path, "--labels")
    file_column, class_column = _columns(path, header)
    images, others = look_through(folder)
    listed, rest = _match(folder, images, lines, file_column)
    if not listed:
        raise UserError(_no_image(folder, path, rest, others))
    labels = _only(path, listed, class_column, header)
    names = _two_classes(path, header[class_column], list(labels.values()))
    positive, negative = choose_positive(path, names, positive)
    found = sorted(
        (ImageFile(image, name, int(name == positive)) for image, name in labels.items()),
        key=lambda image: (image.class_name, image.path.as_posix()),
    )
    skipped = [one for one in others if rest & _keys(folder, one[0])]
    counts = {
        f"of the {len(images)} images in {shown(folder)} not listed": len(images) - len(listed),
        f"of the {len(listed) + len(rest)} files listed not found": len(rest) - len(skipped),
        f"of the {len(lines)} lines repeated": sum(map(len, listed.values())) - len(listed),
    }
    notes = [f"{shown(path)}: {count} {text}" for text, count in counts.items() if count]
    patients = _patients(path, header, {image: listed[image.path] for image in found}, notes)
    return Dataset(folder, positive, negative, found, skipped, notes, None, path, patients)


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


def _keys(folder: Path, image: Path) -> set[str]:
    """What a csv file may call an image: its path in the folder, its name with the extension or not."""
    return {tidy(image.relative_to(folder).as_posix()), tidy(image.name), tidy(image.stem)}


def _match(
    folder: Path, images: Sequence[Path], lines: Sequence[Line], column: int
) -> tuple[dict[Path, list[Line]], set[str]]:
    """The lines of each image, and the other files in that column.

    All are named in one way: the one that finds most images.
    """
    before = tidy(f"{folder.absolute().as_posix()}/")
    keys = [tidy(line[1][column]).removeprefix(before) for line in lines]
    best: dict[Path, list[Line]] = {}
    others = set(keys) - {""}
    for way in (
        lambda path: path.relative_to(folder).as_posix(),
        *(lambda p: p.name, lambda p: p.stem),
    ):
        by_key = {tidy(way(image)): image for image in images}
        if len(by_key) < len(images):  # two of one name: only their paths tell them apart
            continue
        found: dict[Path, list[Line]] = {}
        for key, line in zip(keys, lines, strict=True):
            if key in by_key:
                found.setdefault(by_key[key], []).append(line)
        if len(found) > len(best):
            best, others = found, set(keys) - set(by_key) - {""}
    return best, others


def _no_image(folder: Path, path: Path, listed: set[str], others: list[tuple[Path, str]]) -> str:
    """Why no listed file is an image."""
    there = what_is_there(one for one, _ in others if listed & _keys(folder, one))
    if there:
        return f"--labels {path} names no image but {there[0]}; {there[1]}"
    example = shown(min(listed, default="none"))
    return (
        f"--labels {path}: none of the {len(listed)} files in it is an image in {shown(folder)}, such "
        f"as {example}; write paths as they are in that folder"
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
            f"--labels {path}: {len(torn)} files have more than one {header[column]}, such as in line "
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
