"""Synthetic images that have nothing in common, saved in two class folders."""

import cv2
import numpy as np

from covid.audit.lookalikes import Pairs
from covid.data.class_folders import scan
from covid.data.split import Split

CLASSES = ("Not_Infected", "Infected")


def texture(seed, size=96, smooth=2.0):
    """A synthetic image like no other."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.standard_normal((size, size)), (0, 0), smooth)
    return np.clip(128 + 60 * field / field.std(), 0, 255).astype(np.uint8)


def save(folder, label, name, image, suffix=".png"):
    path = folder / CLASSES[label] / f"{name}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(suffix, image)[1].tobytes())
    return path


def textures(folder, per_class=20, change=lambda image, label: image, suffixes=(".png", ".png")):
    """Two class folders of images that have nothing in common."""
    for number in range(2 * per_class):
        label = number % 2
        image = change(texture(number), label)
        save(folder, label, f"synthetic-{number:03d}", image, suffixes[label])
    return scan(folder)


def split_of(dataset, test):
    """A split whose test images are those for which `test` says so, by their names."""
    parts = {"train": [], "validate": [], "test": []}
    for image in dataset:
        parts["test" if test(image.path.stem) else "train"].append(image)
    return Split(parts, (0.5, 0.1, 0.4), 0)


def pairs_of(images, correlation, other_window=False):
    count = len(images)
    return Pairs(
        np.array(images),
        np.zeros(count, np.int64),
        np.array(correlation, np.float32),
        np.zeros((count, 2), np.float32),
        np.zeros(count, bool),
        np.full(count, other_window),
    )
