"""Batches from a folder of images with one subfolder per class."""

import os
from collections.abc import Iterable

import numpy as np

from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.class_folders import class_names, image_files
from minicnn.preprocessing.file_iterator import FileIterator
from minicnn.preprocessing.subsets import require_images, subset_slice

CLASS_MODES = ("categorical", "binary", "sparse", "input", None)


class DirectoryIterator(FileIterator):
    """Batches from image files; made by `ImageDataGenerator.flow_from_directory`.

    The classes are folders, in the order of `classes` or of their sorted names; the files are
    sorted within each class, and their names begin with its folder. With `subset`, of each class
    the first files are for validation, the others for training.
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        image_data_generator: ImageAugmenter,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Iterable[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | os.PathLike | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: str | None = None,
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
        validation_split = image_data_generator.validation_split
        files = []
        for name in names:
            found = image_files(directory, name, follow_links)
            files.append(found[subset_slice(len(found), subset, validation_split, owner)])
        filenames = [filename for of_class in files for filename in of_class]
        require_images(len(filenames), subset, validation_split, owner)
        self.class_mode = class_mode
        self.num_classes = len(names)
        self.class_indices = {name: number for number, name in enumerate(names)}
        numbers = np.arange(len(names), dtype=np.int32)
        self.classes = self.labels = np.repeat(numbers, [len(of_class) for of_class in files])
        super().__init__(
            filenames,
            directory,
            image_data_generator,
            owner,
            target_size=target_size,
            color_mode=color_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=dtype,
        )
