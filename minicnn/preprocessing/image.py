"""The public face: `ImageDataGenerator` and the functions around image files.

A subset of tf.keras.preprocessing.image: same names, arguments, defaults and values, except
for the random ones (see `iterators`). What is not supported raises a ValueError.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minicnn.arguments import refuse_others
from minicnn.preprocessing.array_iterator import NumpyArrayIterator
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.dataframe import WITH_CLASSES, DataFrameIterator
from minicnn.preprocessing.directory import DirectoryIterator
from minicnn.preprocessing.iterators import BatchIterator
from minicnn.preprocessing.load_image import array_to_img, img_to_array, load_img
from minicnn.preprocessing.save_image import save_img

__all__ = [
    "BatchIterator",
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "NumpyArrayIterator",
    "array_to_img",
    "img_to_array",
    "load_img",
    "save_img",
]


class ImageDataGenerator(ImageAugmenter):
    """Batches of augmented images, from an array, a folder or a table of file names.

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
        save_to_dir: str | os.PathLike | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
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
        sample_weight : array-like, (samples,), optional
            With it, a batch is (x, y, weights).
        seed : int, optional
            The generator's own seed, else a fresh one, if None.
        save_to_dir : path, optional
            A folder into which every image is saved as it is given, its values stretched to
            0..255, for looking at augmentations.
        save_prefix, save_format : str
            Names are prefix_image_number.format, with a random number.
        ignore_class_split : bool
            Whether the two subsets may differ in the values of `y`.
        subset : str, optional
            "validation": the first `validation_split` of the samples, "training": the others.

        Raises
        ------
        ValueError
            If shapes do not fit, numbers are not finite, or a subset is empty or of other classes
            than the other.
        """
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            ignore_class_split=ignore_class_split,
        )

    def flow_from_directory(
        self,
        directory: str | os.PathLike,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Iterable[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | os.PathLike | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
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
            Class folders, in the order of their numbers; all, sorted by name, if None. ["."] is
            `directory` itself, for images without classes.
        class_mode : str or None
            "binary", "sparse", "categorical", "input" or None: see `FileIterator`. With "binary"
            the folder that sorts last is 1.
        batch_size, seed, save_to_dir, save_prefix, save_format
            As for `flow`.
        shuffle : bool
            A new order in every pass; set it to False for predictions.
        follow_links : bool
            Whether to enter linked folders.
        subset : str, optional
            "validation": the first `validation_split` of each class's files as they are sorted,
            "training": the others.
        interpolation, keep_aspect_ratio
            As for `load_img`.

        Raises
        ------
        ValueError
            If the directory has no class folders or one without images, or an argument is
            not supported; on the way, if a file cannot be read.
        """
        iterator = DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
        )
        print(f"Found {iterator.n} images belonging to {iterator.num_classes} classes.")
        return iterator

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | os.PathLike | None = None,
        x_col: str = "filename",
        y_col: str | Sequence[str] = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Iterable[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | os.PathLike | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        **others: Any,
    ) -> DataFrameIterator:
        """Batches of augmented images from a table of file names and targets.

        Parameters
        ----------
        dataframe : table
            Path of a csv file, dict of columns, structured array or pandas' DataFrame, see
            `table.read_columns`. Unlike Keras, a path is taken, too.
        directory : str or path, optional
            What the file names are relative to; the current folder if None.
        x_col : str
            The column of the file names.
        y_col : str or sequence of str
            The column of the targets, or several for "raw" and "multi_output".
        weight_col : str, optional
            A column of weights; with it, a batch is (x, y, weights).
        classes : sequence of str, optional
            Classes in the order of their numbers; rows of others are left out. All labels, sorted,
            if None.
        class_mode : str or None
            "binary", "sparse", "categorical", "input", "raw", "multi_output" or None: see
            `FileIterator`. Labels of the first three are text, also such as "0"; with
            "categorical" a row may have a list of them.
        target_size, color_mode, batch_size, shuffle, seed, save_to_dir, save_prefix, save_format, \
interpolation
            As for `flow_from_directory`.
        subset : str, optional
            "validation": the first `validation_split` of the rows whose file exists and whose
            class is wanted, "training": the others.
        validate_filenames : bool
            Leave rows out, with a warning, whose file does not exist or has not the extension of
            an image. Without it, a missing file is an error on the way.
        **others
            has_ext, sort and drop_duplicates of older versions of Keras; accepted only with the
            value that says what is done now.

        Raises
        ------
        ValueError
            If a column is not there or holds something else than `class_mode` needs, or no file
            exists; on the way, if a file cannot be read.
        """
        of_keras = {"has_ext": (True,), "sort": (False,), "drop_duplicates": (False,)}
        refuse_others("flow_from_dataframe", others, of_keras)
        iterator = DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            validate_filenames=validate_filenames,
        )
        validated = "validated" if validate_filenames else "non-validated"
        of_classes = ""
        if class_mode in WITH_CLASSES:
            of_classes = f" belonging to {iterator.num_classes} classes"
        print(f"Found {iterator.n} {validated} image filenames{of_classes}.")
        return iterator
