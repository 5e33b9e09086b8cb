"""Class folders of small synthetic images, as the tests of data sets need them."""

from pathlib import Path

import cv2
import numpy as np

from covid.data.class_folders import ImageFile

GRAY = np.random.default_rng(0).integers(0, 256, (24, 31), dtype=np.uint8)


def encoded(extension, image=GRAY):
    return cv2.imencode(extension, image)[1].tobytes()


def put(path, content=None):
    """Write bytes to `path`, or an image of the kind its extension names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(path.suffix.lower()) if content is None else content)
    return path


def two_classes(folder, count=10, names=("Infected", "Not_Infected"), patients=5):
    """Class folders of small synthetic images called p<patient>_<slice>.png."""
    for offset, name in enumerate(names):
        for index in range(count):
            put(folder / name / f"p{offset}{index % patients}_{index:03d}.png")
    return folder


def listing(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


# Splitting


def files(infected, healthy):
    """Image files that need not exist: lists of names for both classes."""
    return [ImageFile(Path("d/Infected", name), "Infected", 1) for name in infected] + [
        ImageFile(Path("d/Not_Infected", name), "Not_Infected", 0) for name in healthy
    ]


def with_four_patients(folder):
    """Two classes of 16 small images of 4 patients each; one is no image, one is all black."""
    rng = np.random.default_rng(0)
    for letter, name in zip("pq", ("Infected", "Not_Infected"), strict=True):
        for index in range(16):
            image = rng.integers(0, 256, (24, 31), dtype=np.uint8)
            put(folder / name / f"{letter}{index % 4}_{index:02d}.png", encoded(".png", image))
    put(folder / "Infected/p0_00.png", b"no image")
    put(folder / "Infected/notes.txt", b"notes")
    put(folder / "Not_Infected/q0_00.png", encoded(".png", np.zeros((20, 20), np.uint8)))
    return folder
