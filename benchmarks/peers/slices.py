"""Synthetic slices for the benchmarks: drawn once, varied where more are wanted."""

import functools
import tempfile
from pathlib import Path

import cv2
import numpy as np

from covid.phantom import write_dataset

PATIENTS, SLICES_EACH = 6, 10
JPEG_QUALITY = 95  # OpenCV's default
CLASSES = ("Infected", "Not_Infected")


@functools.cache
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Sixty slices of six synthetic patients.

    Returns
    -------
    images : (60, 512, 512) uint8 array
    labels : (60,) float32 array
        1 where the patient is infected.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = write_dataset(Path(folder) / "slices", PATIENTS, SLICES_EACH, 0, progress=False)
        images = np.stack([cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files])
        labels = np.array([file.parent.name == CLASSES[0] for file in files], np.float32)
    return images, labels


def batch(size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """A batch as the models take it.

    Returns
    -------
    x : (count, size, size, 1) float32 array in [0, 1]
    y : (count, 1) float32 array of 0 and 1, both in it
    """
    images, labels = drawn()
    order = np.random.default_rng(0).permutation(len(images))[:count]
    small = [cv2.resize(images[i], (size, size), interpolation=cv2.INTER_AREA) for i in order]
    # (count, size, size) -> (count, size, size, 1)
    x = np.stack(small)[..., None].astype(np.float32) / np.float32(255)
    return x, labels[order][:, None]


def write_jpg(folder: Path, count: int) -> None:
    """Write `count` jpg files of 512x512 pixels into two class folders; no two are the same.

    There are sixty drawn slices only: beyond them come the same, moved a few pixels sideways.
    """
    images, labels = drawn()
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    for number in range(count):
        again, index = divmod(number, len(images))
        image = np.roll(images[index], 3 * again, axis=1)
        name = CLASSES[0] if labels[index] else CLASSES[1]
        path = folder / name / f"synthetic-{number:05d}.jpg"
        if not cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
            raise RuntimeError(f"{path}: OpenCV could not write the image")
