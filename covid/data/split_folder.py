"""A folder of split images, read and checked: split.json, manifest.csv, and the images themselves.

Also whether class folders are enhanced already, or synthetic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from covid.common.choices import MANIFEST, PARTS, SPLIT_INFO
from covid.common.errors import UserError, shortened, shown
from covid.common.parallel import in_parallel
from covid.common.plain_names import is_plain_name
from covid.data.class_folders import Dataset
from covid.data.existing_split import refuse_another_split
from covid.data.images import UnreadableImage, check_image
from covid.data.manifest import NO_CONTOUR_KEPT, read_manifest
from covid.data.same_names import meant
from minicnn.files import ordinary_file
from minicnn.preprocessing.load_image import ImageFileError, UnreadableFile
from minicnn.preprocessing.system_names import is_system_name

NAMED = 5  # images that cannot be read; the others are counted


def _is_list(value, kind: type) -> bool:
    return isinstance(value, list) and all(type(item) is kind for item in value)


def _are_counts(value) -> bool:
    """Part -> class -> number of images."""
    return isinstance(value, dict) and all(
        isinstance(classes, dict) and all(type(n) is int and n >= 0 for n in classes.values())
        for classes in value.values()
    )


NEEDED_INFO = {  # what split.json must hold, and of which kind it must be
    "positive": is_plain_name,
    "negative": is_plain_name,
    "ratios": lambda value: _is_list(value, float) and len(value) == 3,
    "seed": lambda value: isinstance(value, int),
    "group": lambda value: value is None or isinstance(value, str),
    "notes": lambda value: _is_list(value, str),
    "counts": _are_counts,
}


@dataclass(frozen=True)
class SplitFolder:
    """A folder that `write_split` made.

    Attributes
    ----------
    folder : Path
    positive, negative : str
        Names of the classes.
    parts : dict of str to list of (Path, int)
        For "train", "validate" and "test" the image files that were written, with their labels
        (1 for the positive class).
    info : dict
        All that split.json holds.
    """

    folder: Path
    positive: str
    negative: str
    parts: dict[str, list[tuple[Path, int]]]
    info: dict

    @property
    def files(self) -> dict[str, Path]:
        """All images, by their path inside the folder."""
        images = (file for files in self.parts.values() for file, _ in files)
        return {file.relative_to(self.folder).as_posix(): file for file in images}


def read_split(folder: str | Path) -> SplitFolder:
    """Read back what `write_split` wrote.

    Raises
    ------
    UserError
        The folder was not written by `write_split`, is damaged, or an image has gone.
    """
    folder = Path(folder)
    path = folder / SPLIT_INFO
    try:
        info = json.loads(ordinary_file(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}): name a folder written by `covid split`"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error}); write the folder again") from error
    missing = [key for key in NEEDED_INFO if not isinstance(info, dict) or key not in info]
    if missing:
        raise UserError(f"{path}: {', '.join(missing)} missing; write the folder again")
    odd = [key for key, fits in NEEDED_INFO.items() if not fits(info[key])]
    if info["positive"] == info["negative"]:
        odd.append("negative")
    if odd:
        raise UserError(
            f"{path} is damaged ({odd[0]} cannot be {shortened(repr(info[odd[0]]))}); write the "
            "folder again"
        )
    parts: dict[str, list[tuple[Path, int]]] = {part: [] for part in PARTS}
    seen: set[Path] = set()
    for row in read_manifest(folder):
        if not row["file"]:
            continue
        file = folder / row["file"]
        if row["part"] not in parts or not file.is_file():
            raise UserError(
                f"{file} is in {MANIFEST} but not in the folder; write the folder again"
            )
        label = int(row["class"] == info["positive"])
        parents = Path(row["part"], row["class"])
        if Path(row["file"]).parent != parents or row["label"] != label or file in seen:
            raise UserError(
                f"{folder / MANIFEST} is damaged (the line of {row['file']}); write the folder "
                "again"
            )
        seen.add(file)
        parts[row["part"]].append((file, label))
    return SplitFolder(folder, info["positive"], info["negative"], parts, info)


def is_split(folder: Path) -> bool:
    """Whether this is a folder that `covid split` or `covid run` made."""
    return (folder / SPLIT_INFO).exists()


def open_split(folder: Path, parts: Iterable[str] | None = None) -> SplitFolder:
    """Read a split folder and look at every image of some parts (of all, by default).

    Raises
    ------
    UserError
        It is damaged, was changed by hand, or has an image that cannot be read.
    """
    split = read_split(folder)
    for part in parts or split.parts:
        listed = {file for file, _ in split.parts[part]}
        for name in (split.negative, split.positive):
            if not any(file.parent.name == name for file in listed):
                raise UserError(
                    f"{folder}: expected images of class {name} in {part}, found none; write the "
                    "folder again"
                )
            for file in sorted((folder / part / name).iterdir()):
                if file not in listed and not is_system_name(file.name):
                    raise UserError(f"{file} is not in the folder's {MANIFEST}; take it away")
    files = [file for part in parts or split.parts for file, _ in split.parts[part]]
    require_readable(files)
    return split


def require_readable(files: Sequence[Path]) -> None:
    """UserError that names the files that cannot be read, of many the first `NAMED`."""

    def problem(file: Path) -> UnreadableImage | None:
        try:
            check_image(file)
        except UnreadableImage as error:
            return error
        return None

    found = [error for error in in_parallel(problem, files, "checking", "image", False) if error]
    if len(found) == 1:
        raise found[0]
    if found:
        also = ", ".join(shown(error.path.name) for error in found[1:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        raise UserError(
            f"{len(found)} of {len(files)} images cannot be read: {shown(found[0].path)}: "
            f"{found[0].reason}; also {also}{more}; write the folder again"
        )


def check_kept(split: SplitFolder, positive: str | None, given: dict[str, object]) -> None:
    """UserError for options that a folder that is split already cannot follow.

    Parameters
    ----------
    positive : str or None
        The positive class asked for, if one is.
    given : dict of str to object
        Options that would need another split, each with whether it was given.
    """
    refuse_another_split(split.folder, given)
    if positive is not None and meant(positive, (split.positive, split.negative)) != split.positive:
        raise UserError(
            f"{split.folder}: its positive class is {split.positive}; leave out --positive, or "
            "make another split folder"
        )


@contextmanager
def bad_files_as_errors() -> Iterator[None]:
    """Turn what `minicnn` finds in image files while it trains into a UserError.

    They are read then: `open_split` does not decode every png.
    """
    try:
        yield
    except UnreadableFile as error:
        raise UnreadableImage(error.path, error.reason) from None
    except ImageFileError as error:
        raise UserError(f"{error}; put the images back, or start another run") from None


def is_enhanced(dataset: Dataset) -> bool:
    """Whether the images were enhanced and cropped by this program already.

    That is so where the manifest of `covid preprocess` lists them, and in a part of a split
    folder that was written so.

    Raises
    ------
    UserError
        The manifest lists some of them only.
    """
    around = dataset.folder.absolute().parent
    if is_split(around):
        return bool(read_split(around).info.get("enhanced"))
    try:
        rows = read_manifest(dataset.folder)
    except UserError:
        return False  # none, or somebody else's
    # An image that went through the crop has a box, or a status that says why it has none.
    cropped = [row for row in rows if row["left"] != "" or row["status"] == NO_CONTOUR_KEPT]
    listed = {dataset.folder / row["file"] for row in cropped}
    others = [image.path for image in dataset.images if image.path not in listed]
    if len(others) == len(dataset):
        return False
    if others:
        raise UserError(
            f"{others[0]} was not made by `covid preprocess` as the others in {dataset.folder} "
            f"were ({len(others)} such images): take it away, or start from the source images"
        )
    return True


def is_synthetic(dataset: Dataset) -> bool:
    """Whether all images have the names that `covid synth` gives."""
    return all(image.path.name.startswith("synthetic-") for image in dataset.images)


def groups_in(split: SplitFolder, part: str) -> dict[str, str] | None:
    """The group of every image of a part, by its name there; None where groups are not known."""
    groups = {
        Path(row["file"]).relative_to(part).as_posix(): row["group"]
        for row in read_manifest(split.folder)
        if row["file"] and row["part"] == part
    }
    return groups if all(groups.values()) else None
