"""Batches from the image files that a table names, with targets from its columns."""

import os
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.class_folders import EXTENSIONS, classes_in_order
from minicnn.preprocessing.file_iterator import FileIterator
from minicnn.preprocessing.subsets import require_images, subset_slice
from minicnn.preprocessing.table import as_column, numeric, read_columns

OWNER = "flow_from_dataframe"
WITH_CLASSES = ("binary", "categorical", "sparse")
CLASS_MODES = (*WITH_CLASSES, "input", "multi_output", "raw", None)


class DataFrameIterator(FileIterator):
    """Batches from image files; made by `ImageDataGenerator.flow_from_dataframe`.

    The files are in the order of the table, without those that do not exist and those whose label
    is not among `classes`; of what is left, the first ones are for validation where `subset` says
    so, the others for training.
    """

    def __init__(
        self,
        dataframe: Any,
        directory: str | os.PathLike | None = None,
        image_data_generator: ImageAugmenter | None = None,
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
        data_format: str | None = "channels_last",
        save_to_dir: str | os.PathLike | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: str | None = None,
        validate_filenames: bool = True,
    ) -> None:
        generator = ImageAugmenter() if image_data_generator is None else image_data_generator
        self.class_mode = class_mode
        targets = target_columns(y_col, class_mode)
        weights = [] if weight_col is None else [weight_col]
        columns = read_columns(dataframe, [x_col, *targets, *weights], OWNER)
        directory = "" if directory is None else os.fspath(directory)
        names = columns[x_col].tolist()
        rows = rows_with_files(names, x_col, directory, validate_filenames)
        if class_mode in WITH_CLASSES:
            labels = checked_labels(columns[y_col].tolist(), y_col, class_mode)
            rows = self._number_classes(labels, y_col, rows, classes)
        elif classes is not None:
            warnings.warn(f"{OWNER}: classes is not used with {class_mode=}", stacklevel=3)
        kept = subset_slice(len(rows), subset, generator.validation_split, OWNER)
        require_images(kept.stop - kept.start, subset, generator.validation_split, OWNER)
        rows = rows[kept]
        if class_mode in WITH_CLASSES:
            self._keep_classes(kept, subset)
        else:
            values = [numeric(columns[name][rows], f"{OWNER}: {name!r}") for name in targets]
            self.labels = values[0] if np.ndim(y_col) == 0 and values else values
            if class_mode == "raw" and np.ndim(y_col) > 0:
                self.labels = np.stack(values, axis=1)
        if weight_col is not None:
            self.sample_weight = numeric(columns[weight_col][rows], f"{OWNER}: {weight_col!r}")
        super().__init__(
            [names[row] for row in rows],
            directory,
            generator,
            OWNER,
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

    def _number_classes(
        self, labels: list, y_col: str, rows: np.ndarray, classes: Iterable[str] | None
    ) -> np.ndarray:
        """Set what is known of the classes; the rows that have one of them."""
        names = list(dict.fromkeys(classes_in_order(classes, OWNER)))
        if self.class_mode == "binary" and len(names or set(labels)) != 2:
            raise ValueError(
                f"{OWNER}: expected 2 classes for class_mode='binary', got "
                f"{', '.join(names or sorted(set(labels)))}; use 'categorical' or 'sparse'"
            )
        texts = [[label] if isinstance(label, str) else label for label in labels]
        present = {one for row in rows for one in texts[row]}
        missing = [name for name in names if name not in present]
        if missing:
            message = f"{OWNER}: no image has the class {', '.join(missing)} in column {y_col!r}"
            if len(missing) == len(names):
                raise ValueError(f"{message}, only {', '.join(sorted(present))}")
            warnings.warn(message, stacklevel=4)
        names = names or sorted(present)
        self.num_classes = len(names)
        self.class_indices = {name: number for number, name in enumerate(names)}
        numbers = [
            [self.class_indices[one] for one in texts[row] if one in self.class_indices]
            for row in rows
        ]
        has_class = np.array([bool(of_row) for of_row in numbers], dtype=bool)
        one_each = all(isinstance(labels[row], str) for row in rows)
        kept = [of_row[0] if one_each else of_row for of_row in numbers if of_row]
        self.classes = np.array(kept, dtype=np.int32) if one_each else as_column(kept, OWNER)
        return rows[has_class]

    def _keep_classes(self, kept: slice, subset: str | None) -> None:
        """Keep the class numbers of a subset; a warning where it has none of a class."""
        whole = self.classes
        self.classes = self.labels = whole[kept]
        if whole.dtype != object and not set(whole) <= set(self.classes):
            warnings.warn(
                f"{OWNER}: {subset=} has no image of some classes; shuffle the rows of the "
                "table, if they are sorted by class",
                stacklevel=4,
            )


def target_columns(y_col: str | Sequence[str], class_mode: str | None) -> list[str]:
    """The columns that the targets come from; ValueError for what does not fit `class_mode`."""
    if class_mode not in CLASS_MODES:
        raise ValueError(
            f"{OWNER}: expected class_mode to be one of {CLASS_MODES}, got {class_mode!r}"
        )
    if class_mode in ("input", None):
        return []
    one = np.ndim(y_col) == 0  # a text, or a number, as tables without names have them
    if one and class_mode != "multi_output":
        return [y_col]
    if one or class_mode in WITH_CLASSES:
        wanted = "a list of columns" if one else "the name of one column"
        raise ValueError(
            f"{OWNER}: expected y_col to be {wanted} with {class_mode=}, got {y_col!r}"
        )
    return list(y_col)


def rows_with_files(names: list, x_col: str, directory: str, validate: bool) -> np.ndarray:
    """Numbers of the rows whose image file exists; of all rows if they are not to be looked for.

    Warns of the others, as Keras does. ValueError for what is no text, and where no file exists.
    """
    for row, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(
                f"{OWNER}: expected file names as text in column {x_col!r}, got {name!r} in row "
                f"{row + 1}"
            )
    paths = [os.path.join(directory, name) for name in names]
    exists = [
        not validate or (path.lower().endswith(EXTENSIONS) and os.path.isfile(path))
        for path in paths
    ]
    if not any(exists):
        raise ValueError(
            f"{OWNER}: expected image files ({' '.join(EXTENSIONS)}) in column {x_col!r}, found "
            f"none of {len(paths)}{', such as ' + paths[0] if paths else ''}; check directory and x_col"
        )
    invalid = len(paths) - sum(exists)
    if invalid:
        warnings.warn(
            f"{OWNER}: {invalid} of {len(paths)} file names in column {x_col!r} are of no image "
            f"file and are left out, such as {paths[exists.index(False)]}",
            stacklevel=4,
        )
    return np.flatnonzero(exists)


def checked_labels(labels: list, y_col: str, class_mode: str) -> list:
    """The labels, each a text, or with "categorical" a text or some; else ValueError."""
    several = (list, tuple) if class_mode == "categorical" else ()
    for row, label in enumerate(labels):
        texts = label if isinstance(label, several) else [label]
        if not texts or not all(isinstance(one, str) and one for one in texts):
            wanted = "text or a list of texts" if several else "text"
            raise ValueError(
                f"{OWNER}: expected each label in column {y_col!r} to be {wanted} and not empty, "
                f"got {label!r} in row {row + 1}"
            )
    return labels
