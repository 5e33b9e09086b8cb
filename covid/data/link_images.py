"""Links prepared images from one split folder into another split of the same images.

Enhancing is slow, and ten folds would be ten copies. A hard link is a second name for the same
bytes on the disk.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from covid.common.errors import UserError, shown
from covid.common.made_files import record_file, write_new
from covid.data.class_folders import ImageFile
from covid.data.contents import read_contents
from covid.data.manifest import SKIPPED, read_manifest
from covid.data.split_folder import SplitFolder

WHERE = ("part", "class", "label", "source", "group")  # what a new split says anew of an image


def hard_link_images(
    source: SplitFolder, images: Sequence[ImageFile]
) -> Callable[[dict, ImageFile, Path], dict]:
    """Return the function that links one image of `source` into a new folder, given its new line.

    Raises
    ------
    UserError
        `source` does not hold these images.
    """
    before, hashes = rows_by_image(source, images), read_contents(source.folder)

    def take(row: dict, image: ImageFile, folder: Path) -> dict:
        old = before[image]
        if old["file"]:
            link(source.folder / old["file"], folder / row["file"])
        # An image that could not be used has no file, and why stands in its line.
        made = (
            {"file": row["file"], "hash": hashes.get(old["file"])} if old["file"] else {"file": ""}
        )
        return {**old, **{column: row[column] for column in WHERE}, **made}

    return take


def rows_by_image(source: SplitFolder, images: Sequence[ImageFile]) -> dict[ImageFile, dict]:
    """The manifest line of each image, matched by order: the data's path may be another by now."""
    rows = [row for row in read_manifest(source.folder) if row["status"] != SKIPPED]
    rows.sort(key=lambda row: (row["class"], Path(row["source"]).as_posix()))
    ordered = sorted(images, key=lambda image: (image.class_name, image.path.as_posix()))
    there = [(row["class"], Path(row["source"]).name) for row in rows]
    wanted = [(image.class_name, image.path.name) for image in ordered]
    if there != wanted:
        odd = (Counter(there) - Counter(wanted)) + (Counter(wanted) - Counter(there))
        example = next(iter(odd), wanted[0])
        raise UserError(
            f"{source.folder}: expected the {len(wanted)} images to split anew, found {len(there)} "
            f"images, not the same ones (such as {shown('/'.join(example))}); write the folder again"
        )
    return dict(zip(ordered, rows, strict=True))


def link(source: Path, target: Path) -> None:
    """A second name for a file; a copy where the file system has no hard links."""
    try:
        record_file(target, source)
        os.link(source, target)
    except OSError:
        write_new(target, source.read_bytes())
