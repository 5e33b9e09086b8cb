"""The images of a split folder as the controls need them, written to a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from covid.common.made_files import make_folder
from covid.common.parallel import in_parallel
from covid.controls import variants
from covid.data.full_size import full_size_reader
from covid.data.images import write_png
from covid.data.lung_mask import hulls, lung_mask
from covid.data.manifest import new_row, read_manifest, write_manifest
from covid.data.split_folder import SplitFolder
from covid.training.baselines import histogram
from minicnn.preprocessing.resizing import resize

CHANGED = {  # folder -> what it holds of each image
    "lungs_blacked_out": variants.lungs_blacked_out,
    "border_only": variants.border_only,
    "lungs_only": variants.lungs_only,
}
UNCHANGED, PERMUTED = "image", "permuted_labels"


@dataclass(frozen=True)
class Material:
    """All images of a split, in the order of its manifest, and folders that hold their variants."""

    files: list[Path]
    parts: np.ndarray  # (n,) str
    labels: np.ndarray  # (n,) int, the true ones
    groups: list[str] | None  # None where the manifest names none
    kept_apart: bool  # whether groups are known and none is both in train and in test
    lung_shares: np.ndarray  # (n,) float, share of the image that was found to be lung
    histograms: np.ndarray  # (n, 32) float, of all pixels
    histograms_outside: np.ndarray  # (n, 32) float, without the lungs
    folders: dict[str, SplitFolder]  # one for every control that is trained
    permuted: np.ndarray  # (n,) int, the labels of the control with permuted labels


@dataclass(frozen=True)
class Example:
    """One test image for the figure: file name, class, "typical" or "worst", pixels, lung mask."""

    name: str
    class_name: str
    which: str
    image: np.ndarray
    mask: np.ndarray


def resized(gray: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """An image and its lung mask, (size, size), by nearest neighbor as the training does it."""
    mask = lung_mask(gray).astype(np.uint8)
    return resize(gray, (size, size), "nearest"), resize(mask, (size, size), "nearest") > 0


def groups_of(split: SplitFolder, files: list[Path]) -> list[str] | None:
    """The group of each image, as the manifest says; None if it names none.

    Images without a group beside others with one are a group each.
    """
    named = {split.folder / row["file"]: row["group"] for row in read_manifest(split.folder)}
    if not any(named[file] for file in files):
        return None
    # A file's own path is no group's name: it is absolute, or has the part in it.
    return [named[file] or file.as_posix() for file in files]


def prepare(split: SplitFolder, size: int, seed: int, folder: Path, progress: bool) -> Material:
    """Write every variant of every image into `folder`, size x size pixels.

    Parameters
    ----------
    split : SplitFolder
    size : int
        Pixels; the model's image size.
    seed : int
        Of the permuted labels.
    folder : Path
        Empty; not needed any more when the controls are done.
    progress : bool
    """
    listed = [(part, *pair) for part, pairs in split.parts.items() for pair in pairs]
    parts, files = np.array([part for part, _, _ in listed]), [file for _, file, _ in listed]
    labels = np.array([label for _, _, label in listed])
    groups = groups_of(split, files)
    own = groups or [file.as_posix() for file in files]
    permuted = variants.permuted_labels(labels, own, parts, seed)
    given = {UNCHANGED: labels, PERMUTED: permuted, **dict.fromkeys(CHANGED, labels)}
    folders = {name: empty_split_folder(split, folder / name) for name in given}
    classes = (split.negative, split.positive)
    written = {
        # Permuted, images of equal names come from both classes into one folder.
        name: [
            f"{classes[new]}/{f'{old}-' if name == PERMUTED else ''}{file.name}"
            for file, old, new in zip(files, labels, given[name], strict=True)
        ]
        for name in given
    }

    read = full_size_reader(split)

    def write(index: int) -> tuple[float, np.ndarray, np.ndarray]:
        image, mask = resized(read(files[index]), size)
        for name, target in folders.items():
            changed = CHANGED[name](image, mask) if name in CHANGED else image
            write_png(target.folder / parts[index] / written[name][index], changed)
        return mask.mean(), histogram(image), histogram(image, hulls(mask))

    for name, target in folders.items():
        names = zip(parts.tolist(), written[name], groups or [""] * len(files), strict=True)
        rows = [
            new_row(
                **{"part": part, "class": Path(file).parent.name},
                file=f"{part}/{file}",
                group=group,
            )
            for part, file, group in names
        ]
        write_manifest(target.folder, rows)
    done = in_parallel(write, range(len(files)), "blacking out", "image", progress)
    lungs, whole, outside = (np.array(column) for column in zip(*done, strict=True))
    apart = groups is not None and not shared(groups, parts)
    return Material(files, parts, labels, groups, apart, lungs, whole, outside, folders, permuted)


def shared(groups: list[str], parts: np.ndarray) -> set[str]:
    """The groups that are both in train and in test."""
    inside: dict[str, set[str]] = {"train": set(), "validate": set(), "test": set()}
    for group, part in zip(groups, parts.tolist(), strict=True):
        inside[part].add(group)
    return inside["train"] & inside["test"]


def empty_split_folder(split: SplitFolder, folder: Path) -> SplitFolder:
    """An empty split folder of the same classes."""
    for part in split.parts:
        for name in (split.negative, split.positive):
            make_folder(folder / part / name)
    return SplitFolder(folder, split.positive, split.negative, {}, split.info)


def choose_examples(material: Material, split: SplitFolder, size: int) -> list[Example]:
    """Of each class the test image with the median share of lung, and that with the least."""
    examples, read = [], full_size_reader(split)
    for label, name in ((1, split.positive), (0, split.negative)):
        rows = np.flatnonzero((material.parts == "test") & (material.labels == label))
        rows = rows[np.argsort(material.lung_shares[rows], kind="stable")]
        for which, row in (("typical", rows[len(rows) // 2]), ("worst", rows[0])):
            file = material.files[row]
            examples.append(Example(file.name, name, which, *resized(read(file), size)))
    return examples
