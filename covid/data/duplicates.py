"""Finds files that hold the same image, byte for byte: a split must not learn its test by heart."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from covid.common.errors import shown
from covid.data.class_folders import ImageFile
from minicnn.preprocessing.decode import read_file

EXAMPLES = 3  # of each are named in a note, the rest is counted


def find_duplicates(images: Iterable[ImageFile]) -> list[list[ImageFile]]:
    """Groups of two or more files with equal contents, in the order of the images.

    Files that cannot be read, and empty ones, are nobody's copy: reading them says what they are.
    """
    by_size = defaultdict(list)
    for image in images:
        try:
            by_size[image.path.stat().st_size].append(image)
        except OSError:
            continue
    groups = defaultdict(list)
    for size, same_size in by_size.items():
        if size == 0 or len(same_size) == 1:
            continue
        for image in same_size:
            content = _digest(image.path)
            if content is not None:
                groups[content].append(image)
    return [group for group in groups.values() if len(group) > 1]


def _digest(path: Path) -> bytes | None:
    """A check sum of the file's bytes that no two files share by accident."""
    try:
        return hashlib.blake2b(read_file(path)).digest()
    except ValueError:
        return None


def duplicate_notes(images: Iterable[ImageFile]) -> list[str]:
    """What a user should know about equal files: a sentence each for one class and for both."""
    groups = find_duplicates(images)
    in_both = [group for group in groups if len({image.label for image in group}) > 1]
    in_one = [group for group in groups if len({image.label for image in group}) == 1]
    notes = []
    if in_both:
        notes.append(
            f"{_count(in_both)} in both classes, so that one of the labels must be wrong: "
            f"{_names(in_both)}; all are used, take the wrong ones away"
        )
    if in_one:
        notes.append(
            f"{_count(in_one)} there more than once: {_names(in_one)}; all are used, and copies "
            "may come into train and test both: take them away, or keep them together with --group"
        )
    return notes


def _count(groups: list[list[ImageFile]]) -> str:
    return "1 image is" if len(groups) == 1 else f"{len(groups)} images are"


def _names(groups: list[list[ImageFile]]) -> str:
    """The first files of the first groups, and how many there are besides."""
    named = []
    for group in groups[:EXAMPLES]:
        paths = [shown(image.path) for image in group[:EXAMPLES]]
        if len(group) > EXAMPLES:
            paths.append(f"{len(group) - EXAMPLES} more files")
        named.append(" = ".join(paths))
    if len(groups) > EXAMPLES:
        named.append(f"and {len(groups) - EXAMPLES} more")
    return ", ".join(named)
