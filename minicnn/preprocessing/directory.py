"""Batches from a folder of images with one subfolder per class."""

import os
from collections.abc import Sequence

import numpy as np

from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.class_folders import class_names, image_files
from minicnn.preprocessing.file_iterator import FileIterator

CLASS_MODES = ("categorical", "binary", "sparse", None)


class DirectoryIterator(FileIterator):
    """Batches from image files; made by `ImageDataGenerator.flow_from_directory`.

    The classes are folders, in the order of `classes` or of their sorted names; the files are
    sorted within each class, and their names begin with its folder.
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        image_data_generator: ImageAugmenter,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        follow_links: bool = False,
        interpolation: str = "nearest",
    ) -> None:
        owner = "flow_from_directory"
        if class_mode not in CLASS_MODES:
            raise ValueError(
                f"{owner}: expected class_mode to be one of {CLASS_MODES}, got {class_mode!r}"
            )
        directory = os.fspath(directory)
        names = class_names(directory, classes)
        if class_mode == "binary" and len(names) > 2:
            raise ValueError(
                f"{directory}: expected at most 2 class folders for class_mode='binary', got "
                f"{len(names)} ({', '.join(names)}); use 'categorical' or 'sparse'"
            )
        files = [image_files(directory, name, follow_links) for name in names]
        self.class_mode = class_mode
        self.num_classes = len(names)
        self.class_indices = {name: number for number, name in enumerate(names)}
        numbers = np.arange(len(names), dtype=np.int32)
        self.classes = np.repeat(numbers, [len(of_class) for of_class in files])
        super().__init__(
            [filename for of_class in files for filename in of_class],
            directory,
            image_data_generator,
            target_size,
            color_mode,
            interpolation,
            batch_size,
            shuffle,
            seed,
            owner,
        )
