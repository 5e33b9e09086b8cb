"""The public face: `ImageDataGenerator` and the functions around image files.

A subset of tf.keras.preprocessing.image: same names, arguments, defaults and values, except
for the random ones (see `iterators`). What is not supported raises a ValueError.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.arguments import refuse_unsupported
from minicnn.preprocessing.array_iterator import NumpyArrayIterator
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.directory import DirectoryIterator
from minicnn.preprocessing.iterators import BatchIterator
from minicnn.preprocessing.load_image import array_to_img, img_to_array, load_img

__all__ = [
    "BatchIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "NumpyArrayIterator",
    "array_to_img",
    "img_to_array",
    "load_img",
]


class ImageDataGenerator(ImageAugmenter):
    """Batches of augmented images, from an array or from a folder.

    Everything about a single image, and all the arguments (`rotation_range`, `rescale`, ...),
    is in `ImageAugmenter`; the order of the batches is in `BatchIterator`.
    """

    def flow(
        self,
        x: np.ndarray,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: Any = None,
    ) -> NumpyArrayIterator:
        """Batches of augmented images from an array.

        Parameters
        ----------
        x : ndarray, (samples, height, width, channels)
            The images; not copied.
        y : array-like, (samples, ...), optional
            Targets; without them a batch is x alone.
        batch_size : int
            Images in a batch; the last one of a pass may have fewer.
        shuffle : bool
            A new order in every pass.
        seed : int, optional
            The generator's own seed, else a fresh one, if None.
        sample_weight, save_to_dir, save_prefix, save_format, ignore_class_split, subset
            Not supported; accepted with their defaults only.
        """
        refuse_unsupported(
            "flow",
            {
                "sample_weight": (sample_weight, None),
                "save_to_dir": (save_to_dir, None),
                "save_prefix": (save_prefix, ""),
                "save_format": (save_format, "png"),
                "ignore_class_split": (ignore_class_split, False),
                "subset": (subset, None),
            },
        )
        return NumpyArrayIterator(x, y, self, batch_size, shuffle, seed)

    def flow_from_directory(
        self,
        directory: str | os.PathLike,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: Any = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Batches of augmented images from a folder with one subfolder per class.

        Parameters
        ----------
        directory : str or path
            The folder with the class folders.
        target_size : (int, int)
            Height and width to which every image is resized, pixels.
        color_mode : str
            "grayscale", "rgb" or "rgba".
        classes : sequence of str, optional
            Class folders, in the order of their numbers; all, sorted by name, if None.
        class_mode : str or None
            "binary" (0 or 1) and "sparse" (class number): (batch,); "categorical": one-hot
            (batch, classes); None: no targets. With "binary" the folder that sorts last is 1.
        batch_size : int
            Images in a batch; the last one of a pass may have fewer.
        shuffle : bool
            A new order in every pass; set it to False for predictions.
        seed : int, optional
            The generator's own seed, else a fresh one, if None.
        follow_links : bool
            Whether to enter linked folders.
        interpolation : str
            As for `load_img`.
        save_to_dir, save_prefix, save_format, subset, keep_aspect_ratio
            Not supported; accepted with their defaults only.

        Raises
        ------
        ValueError
            If the directory has no class folders or one without images, or an argument is
            not supported; on the way, if a file cannot be read.
        """
        refuse_unsupported(
            "flow_from_directory",
            {
                "save_to_dir": (save_to_dir, None),
                "save_prefix": (save_prefix, ""),
                "save_format": (save_format, "png"),
                "subset": (subset, None),
                "keep_aspect_ratio": (keep_aspect_ratio, False),
            },
        )
        images = (directory, self, target_size, color_mode, classes, class_mode)
        order = (batch_size, shuffle, seed)
        iterator = DirectoryIterator(*images, *order, follow_links, interpolation)
        print(f"Found {iterator.n} images belonging to {iterator.num_classes} classes.")
        return iterator
