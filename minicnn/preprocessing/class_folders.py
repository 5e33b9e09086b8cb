"""Which folders are classes, and which files in them are images."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from minicnn.preprocessing.load_image import ImageFileError
from minicnn.preprocessing.system_names import is_system_name

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")


def class_names(directory: str, classes: Iterable[str] | None = None) -> list[str]:
    """The class folders of `directory`: those asked for, else all subfolders sorted by name.

    "." is the directory itself, with all that is in it, where there are no classes.
    Hidden folders, those that systems leave, and links to a folder around them are no classes.
    ValueError if the directory or a folder asked for does not exist, or there is no subfolder.
    """
    if not os.path.isdir(directory):
        raise ImageFileError(
            f"{directory}: expected a directory with one folder per class, found no directory"
        )
    try:
        folders = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    except OSError as error:
        raise unreadable(error) from error
    found = [
        name
        for name in folders
        if not is_system_name(name) and not leads_back(Path(directory, name))
    ]
    names = classes_in_order(classes, "flow_from_directory") or found
    if not set(names) <= {*folders, "."} or len(set(names)) < len(names):
        raise ValueError(
            f"{directory}: expected each of classes={names} to be a different folder in it, "
            f"found {', '.join(found) or 'no folder'}"
        )
    if not names:
        raise ValueError(
            f"{directory}: expected one folder of images per class, found no folder; "
            "put the images into folders named after their classes, or pass classes=['.'] and "
            "class_mode=None where they have none"
        )
    return names


def classes_in_order(classes: Iterable[str] | None, owner: str) -> list[str]:
    """`classes=` as a list, whose order gives the classes their numbers; empty for None.

    From a list, tuple, array, generator, or a dict such as `class_indices`. ValueError for what
    has no order, or holds something else than names.
    """
    names = [] if classes is None else classes
    ordered = isinstance(names, Iterable) and not isinstance(names, str | set | frozenset)
    if isinstance(names, Mapping):
        ordered = list(names.values()) == list(range(len(names)))
    in_order = list(names) if ordered else []
    if not ordered or not all(isinstance(name, str) for name in in_order):
        raise ValueError(
            f"{owner}: expected classes to be a list of names, whose order gives the classes "
            f"their numbers, got {in_order or classes!r} ({type(classes).__name__})"
        )
    return [str(name) for name in in_order]  # those of an array are not quite str


def image_files(directory: str, class_name: str, follow_links: bool = False) -> list[str]:
    """Image files of one class at any depth, sorted by folder, then name, as Keras sorts them.

    The names are relative to `directory`. Unlike in Keras, hidden files and folders do not count,
    nor what systems leave. ValueError if there is none.
    """
    top = os.path.join(directory, class_name)
    filenames = [
        os.path.join(class_name, os.path.relpath(os.path.join(folder, name), top))
        for folder, names in sorted(walk(top, follow_links))
        for name in sorted(names)
        if name.lower().endswith(EXTENSIONS) and not is_system_name(name)
    ]
    if not filenames:
        raise ValueError(
            f"{top}: expected images ({' '.join(EXTENSIONS)}), found none; add some, remove "
            "the folder, or name the classes wanted with classes=[...]"
        )
    return filenames


def walk(top: str, follow_links: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield (folder, names of the files in it) for `top` and all folders inside it.

    Not entered are hidden folders, those that systems leave, and links that lead in a circle.
    ValueError if a folder cannot be read.
    """

    def stop(error: OSError) -> None:
        raise unreadable(error) from error

    for folder, inside, names in os.walk(top, onerror=stop, followlinks=follow_links):
        yield folder, names
        inside[:] = [
            name
            for name in inside
            if not is_system_name(name) and not leads_back(Path(folder, name))
        ]


def leads_back(path: Path) -> bool:
    """Whether this is a link to a folder that it is inside of, on whatever way it was reached."""
    if not path.is_symlink():
        return False
    target = os.path.realpath(path)
    return any(Path(os.path.realpath(parent)).is_relative_to(target) for parent in path.parents)


def unreadable(error: OSError) -> ValueError:
    """The error to raise for a folder that the system does not show."""
    return ValueError(
        f"{error.filename}: expected a folder that can be read, got: {error.strerror}"
    )
