"""Which folders are classes, and which files in them are images."""

import os
from collections.abc import Iterator, Sequence

from minicnn.preprocessing.load_image import ImageFileError

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")


def class_names(directory: str, classes: Sequence[str] | None = None) -> list[str]:
    """The class folders of `directory`: those asked for, else all subfolders sorted by name.

    ValueError if the directory or a folder asked for does not exist, or there is no subfolder.
    """
    if not os.path.isdir(directory):
        raise ImageFileError(
            f"{directory}: expected a directory with one folder per class, found no directory"
        )
    try:
        found = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    except OSError as error:
        raise unreadable(error) from error
    names = list(classes) if classes else found
    missing = [name for name in names if name not in found]
    if missing or len(set(names)) < len(names):
        raise ValueError(
            f"{directory}: expected each of classes={names} to be a different folder in it, "
            f"found {', '.join(found) or 'no folder'}"
        )
    if not names:
        raise ValueError(
            f"{directory}: expected one folder of images per class, found no folder; "
            "put the images into folders named after their classes"
        )
    return names


def image_files(directory: str, class_name: str, follow_links: bool = False) -> list[str]:
    """Image files of one class at any depth, sorted by folder, then name, as Keras sorts them.

    The names are relative to `directory`. ValueError if there is none.
    """
    top = os.path.join(directory, class_name)
    filenames = [
        os.path.relpath(os.path.join(folder, name), directory)
        for folder, names in sorted(walk(top, follow_links))
        for name in sorted(names)
        if name.lower().endswith(EXTENSIONS)
    ]
    if not filenames:
        raise ValueError(
            f"{top}: expected images ({' '.join(EXTENSIONS)}), found none; add some, remove "
            "the folder, or name the classes wanted with classes=[...]"
        )
    return filenames


def walk(top: str, follow_links: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield (folder, names of the files in it) for `top` and all folders inside it.

    A link to a folder that it is inside of is not followed: that way leads in a circle. ValueError
    if a folder cannot be read.
    """

    def stop(error: OSError) -> None:
        raise unreadable(error) from error

    for folder, inside, names in os.walk(top, onerror=stop, followlinks=follow_links):
        yield folder, names
        around = os.path.join(os.path.realpath(folder), "")
        inside[:] = [
            name
            for name in inside
            if not around.startswith(os.path.join(os.path.realpath(os.path.join(folder, name)), ""))
        ]


def unreadable(error: OSError) -> ValueError:
    """The error to raise for a folder that the system does not show."""
    return ValueError(
        f"{error.filename}: expected a folder that can be read, got: {error.strerror}"
    )
