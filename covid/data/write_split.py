"""Writes images, prepared and as png, with a manifest that leads back to every source file.

Until a folder is complete it holds the list of `covid.common.made_files`; if it cannot be
completed, what was written is removed.
"""

from __future__ import annotations

import os
import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from covid.common.choices import SPLIT_INFO
from covid.common.errors import UserError
from covid.common.made_files import make_folder
from covid.common.output_files import new_folder, write_json
from covid.common.parallel import in_parallel
from covid.data import manifest
from covid.data.class_folders import Dataset, ImageFile
from covid.data.contents import digest, write_contents
from covid.data.gray_levels import levels_notes, levels_row
from covid.data.groups import Groups
from covid.data.images import UnreadableImage, as_gray, is_prepared, read_values, write_png
from covid.data.link_images import hard_link_images
from covid.data.preprocess import Enhanced
from covid.data.same_names import distinct
from covid.data.split import Split
from covid.data.split_folder import SplitFolder
from covid.data.window import GrayLevels
from minicnn.preprocessing.resizing import resize

LONGEST_STEM = 200  # bytes; most file systems allow names of 255

Transform = Callable[[np.ndarray], Enhanced]
WriteOne = Callable[[dict, ImageFile, Path], dict]  # the manifest's line before and after


def write_split(
    dataset: Dataset,
    split: Split,
    folder: str | Path,
    transform: Transform | None = None,
    progress: bool = True,
    extra: dict | None = None,
    reuse: SplitFolder | None = None,
    levels: GrayLevels | None = None,
    image_size: int | None = None,
) -> list[dict]:
    """Write ``folder/{train,validate,test}/{class}/{stem}.png`` and three files about them.

    They are manifest.csv, contents.csv and split.json.

    Parameters
    ----------
    dataset : Dataset
        What was split; says which class is positive and which files were skipped.
    split : Split
    folder : str or Path
        New or empty.
    transform : callable, optional
        Such as `covid.data.preprocess.enhance_and_crop`: (height, width) uint8 gray to `Enhanced`.
        None writes the images as they were read. Runs on several threads at once.
    progress : bool
        A bar on a terminal, two plain lines otherwise.
    extra : dict, optional
        Goes into split.json as well.
    reuse : SplitFolder, optional
        The same images in another split, prepared as wanted here: they are linked instead of
        transformed and written. The files are the same.
    levels : GrayLevels, optional
        How files of more than 8 bits are read.
    image_size : int, optional
        Height and width of what is written, pixels, by nearest neighbor, as a model takes its images;
        None keeps the size that the images have, and linked ones have that of `reuse`.

    Returns
    -------
    list of dict
        The lines of the manifest: every file of the class folders once.

    Raises
    ------
    UserError
        The target is not empty or cannot be written; a class of a part has no image left; `reuse`
        is of other images.
    """
    pairs = [(part, image) for part, images in split.parts.items() for image in images]
    if reuse is None:
        write_one = partial(_write_one, transform=transform, levels=levels, image_size=image_size)
    else:
        write_one, progress = hard_link_images(reuse, [image for _, image in pairs]), False
    folder = Path(folder)
    with _write_errors(folder), new_folder(folder):
        rows = _write_images(dataset, pairs, folder, write_one, progress, split.groups)
        info = {
            "positive": dataset.positive,
            "negative": dataset.negative,
            "ratios": split.ratios,
            "seed": split.seed,
            "group": split.kept_together,
            "members": None if split.groups is None else split.groups.members,
            "existing": split.existing,
            "notes": [*split.notes, *levels_notes(rows)],
            "gray_levels": levels and asdict(levels),
            "image_size": image_size if reuse is None else reuse.info.get("image_size"),
            "counts": manifest.count_images(rows),
            "files": manifest.count_statuses(rows),
            "versions": {
                "python": platform.python_version(),
                "numpy": np.__version__,
                "opencv": cv2.__version__,
            },
        }
        write_json({**info, **(extra or {})}, folder / SPLIT_INFO)
    return rows


def write_folder(
    dataset: Dataset,
    folder: str | Path,
    transform: Transform | None = None,
    progress: bool = True,
    levels: GrayLevels | None = None,
) -> list[dict]:
    """Write ``folder/{class}/{stem}.png``, manifest.csv and contents.csv; else as `write_split`."""
    write_one = partial(_write_one, transform=transform, levels=levels, image_size=None)
    pairs = [("", image) for image in dataset]
    folder = Path(folder)
    with _write_errors(folder), new_folder(folder):
        return _write_images(dataset, pairs, folder, write_one, progress, None)


@contextmanager
def _write_errors(folder: str | Path) -> Iterator[None]:
    """Turn the system's error for a folder that cannot be written into a UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written ({error.strerror or error}); choose another --out"
        ) from error


def _write_images(
    dataset: Dataset,
    pairs: Sequence[tuple[str, ImageFile]],
    folder: Path,
    write_one: WriteOne,
    progress: bool,
    groups: Groups | None,
) -> list[dict]:
    """Write the images of `pairs` (part, image) and the manifest; returns its lines."""
    names = unique_names([image for _, image in pairs])
    jobs = []
    for part, image in pairs:
        target = Path(part, image.class_name, names[image])
        make_folder((folder / target).parent)
        row = manifest.new_row(
            **{"part": part, "class": image.class_name, "label": image.label},
            file=target.as_posix(),
            source=str(image.path),
            group="" if groups is None else groups.names[image],
        )
        jobs.append((row, image))
    rows = in_parallel(lambda job: write_one(*job, folder), jobs, "preparing", "image", progress)
    _check_all_filled(rows)
    rows += [_skipped_row(dataset, path, reason) for path, reason in dataset.skipped]
    manifest.write_manifest(folder, rows)
    hashes = {row["file"]: row.pop("hash", None) for row in rows}
    write_contents({file: known for file, known in hashes.items() if known}, folder)
    return rows


def _write_one(
    row: dict,
    source: ImageFile,
    folder: Path,
    transform: Transform | None,
    levels: GrayLevels | None,
    image_size: int | None,
) -> dict:
    """Read, transform and write one image; returns `row` with what became of it."""
    try:
        values = read_values(source.path, levels)
    except UnreadableImage as error:
        return {**row, "file": "", "status": manifest.UNREADABLE, "reason": error.reason}
    image = as_gray(values, levels)
    row = {**row, "status": manifest.KEPT, "width": image.shape[1], "height": image.shape[0]}
    if values.dtype != np.uint8 and levels is not None:
        row.update(levels_row(values, image, levels))
    if transform is not None:
        enhanced = transform(image)
        image = enhanced.image
        if enhanced.box is not None:
            row.update(crop=enhanced.rule, **enhanced.box._asdict())
        elif image is not None:
            row.update(status=manifest.NO_CONTOUR_KEPT, reason="no contour found, kept whole")
        else:
            row.update(
                file="", status=manifest.NO_CONTOUR_DROPPED, reason="no contour found, dropped"
            )
    if image is not None:
        if image_size is not None:
            image = resize(image, (image_size, image_size), "nearest")
        prepared = transform is not None or is_prepared(source.path)
        row["hash"] = digest(write_png(folder / row["file"], image, prepared))
    return row


def unique_names(images: Iterable[ImageFile]) -> dict[ImageFile, str]:
    """Give each image a png file name that no other image of its class has.

    The stem of the source, made `distinct` in the order of the paths.
    """
    by_class: dict[str, list[ImageFile]] = defaultdict(list)
    for image in sorted(images, key=lambda image: image.path.as_posix()):
        by_class[image.class_name].append(image)
    names = {}
    for of_class in by_class.values():
        stems = distinct([_short(image.path.stem) for image in of_class])
        names.update(zip(of_class, (f"{stem}.png" for stem in stems), strict=True))
    return names


def _short(stem: str) -> str:
    """The stem, cut to `LONGEST_STEM` bytes: there must be room for a number and .png."""
    while len(os.fsencode(stem)) > LONGEST_STEM:
        stem = stem[:-1]
    return stem


def _skipped_row(dataset: Dataset, path: Path, reason: str) -> dict:
    class_name = dataset.class_of(path)
    return manifest.new_row(
        **{"class": class_name, "label": int(class_name == dataset.positive) if class_name else ""},
        source=str(path),
        status=manifest.SKIPPED,
        reason=reason,
    )


def _check_all_filled(rows: Sequence[dict]) -> None:
    """UserError for a class of a part in which nothing was written."""
    folders = defaultdict(list)
    for row in rows:
        folders[row["part"], row["class"]].append(row)
    for part, class_name in sorted(folders):
        inside = folders[part, class_name]
        if not any(row["file"] for row in inside):
            where = f"class {class_name}" + (f" in {part}" if part else "")
            raise UserError(
                f"no image of {where} is left (the first one: {inside[0]['reason']}); add readable "
                "images"
            )
