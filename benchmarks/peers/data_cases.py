"""The data path: augmented batches beside Keras' generator, preprocessing beside OpenCV."""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.parallel import on_all_cores
from benchmarks.peers import KERAS_GENERATOR, absent, article
from benchmarks.peers.rounds import OURS, Case
from benchmarks.peers.slices import batch, drawn, write_jpg
from covid.data.preprocess import enhance_and_crop
from minicnn.preprocessing.image import ImageDataGenerator

FILES = 240
PIXELS = 150
BATCH = 30
NAMES = ("augmentation/disk", "augmentation/memory", "preprocessing")
AUGMENTATION = {**article.AUGMENTATION, "rescale": 1 / 255}
DISK_NOTE = (
    f"{FILES} jpg files of 512x512, resized to {PIXELS}x{PIXELS}, after the first epoch: minicnn "
    "keeps decoded images in memory (up to 384 MiB), Keras reads and decodes every file again"
)


def augmentation_cases(wanted: list[str]) -> Iterator[Case]:
    """Batches of thirty with the article's augmentation, from files and from an array."""
    generators = {OURS: ImageDataGenerator(**AUGMENTATION)}
    missing = {}
    if absent(KERAS_GENERATOR):
        missing["keras"] = absent(KERAS_GENERATOR)
    else:
        # Keras keeps its old generator there; no public name leads to it any more.
        from keras.src.legacy.preprocessing import image

        generators["keras"] = image.ImageDataGenerator(**AUGMENTATION)
    if NAMES[0] in wanted:
        with tempfile.TemporaryDirectory() as folder:
            write_jpg(Path(folder) / "images", FILES)
            iterators = {name: from_disk(each, folder) for name, each in generators.items()}
            for _ in range(len(iterators[OURS])):
                next(iterators[OURS])  # the first epoch decodes
            yield Case(NAMES[0], checked(NAMES[0], iterators), missing, DISK_NOTE)
    if NAMES[1] in wanted:
        x, y = batch(PIXELS, len(drawn()[0]))
        images = np.concatenate(
            [np.roll(x * 255, shift, axis=2) for shift in range(FILES // len(x))]
        )
        labels = np.tile(y[:, 0], FILES // len(x))
        iterators = {
            name: each.flow(images, labels, batch_size=BATCH, seed=0)
            for name, each in generators.items()
        }
        yield Case(NAMES[1], checked(NAMES[1], iterators), missing)


def from_disk(generator, folder: str):
    """An iterator over the files, made without the line that says how many there are."""
    with contextlib.redirect_stdout(io.StringIO()):
        return generator.flow_from_directory(
            Path(folder) / "images",
            target_size=(PIXELS, PIXELS),
            color_mode="grayscale",
            batch_size=BATCH,
            class_mode="binary",
            seed=0,
        )


def checked(case: str, iterators: dict) -> dict[str, Callable[[], object]]:
    """What is timed: the next batch of each, once it is sure that all make the same kind.

    Raises
    ------
    ValueError
        If a batch has another shape or dtype, or the gray levels are not alike on average.
    """
    found = {name: next(iterator) for name, iterator in iterators.items()}
    ours_x, ours_y = found[OURS]
    for name, (x, y) in found.items():
        same_kind = (x.shape, x.dtype, y.shape) == (ours_x.shape, ours_x.dtype, ours_y.shape)
        if not same_kind or not 0.5 < x.mean() / ours_x.mean() < 2:
            raise ValueError(
                f"{case}: expected a batch {ours_x.shape} {ours_x.dtype} with a mean near "
                f"{ours_x.mean():.3f} from {name}, got {x.shape} {x.dtype}, {x.mean():.3f}"
            )
    return {name: iterator.__next__ for name, iterator in iterators.items()}


def preprocessing_case(wanted: list[str]) -> Iterator[Case]:
    """Enhancing and cropping sixty images that are in memory."""
    images = list(drawn()[0])

    def ours():
        return on_all_cores(enhance_and_crop, images)

    def article_loop(threads: int):
        before = cv2.getNumThreads()
        cv2.setNumThreads(threads)
        try:
            return article.prepare(images)
        finally:
            cv2.setNumThreads(before)

    for enhanced, expected in zip(ours(), article_loop(1), strict=True):
        if not np.array_equal(enhanced.image, expected):
            raise ValueError("preprocessing: minicnn and the article's loop give other images")
    contestants = {OURS: ours, "opencv_loop": lambda: article_loop(1)}
    note = f"{len(images)} images of 512x512, the same pixels from both; the loop has one thread"
    yield Case(NAMES[2], contestants, {}, note)
