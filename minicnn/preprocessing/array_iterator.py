"""Batches from an array in memory."""

import os
from typing import Any

import numpy as np

from minicnn.arguments import refuse_data_format, refuse_unsupported
from minicnn.numeric_checks import as_numbers, require_finite
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.iterators import BatchIterator
from minicnn.preprocessing.save_image import batch_saver
from minicnn.preprocessing.standardization import checked_images
from minicnn.preprocessing.subsets import require_images, subset_slice


class NumpyArrayIterator(BatchIterator):
    """Batches from an array in memory; made by `ImageDataGenerator.flow`.

    Attributes
    ----------
    x : ndarray, (n, height, width, channels)
    y : ndarray, (n, ...), or None
        Both of the subset only, if one was asked for; `sample_weight` as well.
    """

    def __init__(
        self,
        x: np.ndarray,
        y: Any,
        image_data_generator: ImageAugmenter,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | os.PathLike | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: str | None = None,
    ) -> None:
        refuse_data_format("flow", data_format)
        if isinstance(x, tuple | list) and len(x) > 0 and np.ndim(x[0]) == 4:
            raise ValueError(
                "flow: x=(images, other inputs) is not supported, expected one array of images, got "
                f"a {type(x).__name__} of {len(x)}"
            )
        refuse_unsupported("flow", {"dtype": (dtype, None, str(image_data_generator.dtype))})
        saver = batch_saver(save_to_dir, save_prefix, save_format, 10**4, "flow")
        self.x, self.y = checked_images(x, "flow"), None if y is None else np.asarray(y)
        self._check_length(self.y, "targets")
        if sample_weight is not None:
            if y is None:
                raise ValueError("flow: expected y together with sample_weight, got None")
            self.sample_weight = as_numbers(sample_weight, "flow: sample_weight")
            self._check_length(self.sample_weight, "weights")
            require_finite(self.sample_weight, "flow: sample_weight")
        self.subset = subset
        if subset is not None:
            self._take(subset, image_data_generator.validation_split, ignore_class_split)
        n, shape = len(self.x), self.x.shape[1:]
        super().__init__(n, shape, image_data_generator, batch_size, shuffle, seed, saver)

    def _check_length(self, array: np.ndarray | None, what: str) -> None:
        if array is not None and array.shape[:1] != self.x.shape[:1]:
            raise ValueError(
                f"flow: expected as many {what} as images, got {what} of shape {array.shape} "
                f"for images of shape {self.x.shape}"
            )

    def _take(self, subset: str, validation_split: float, ignore_class_split: bool) -> None:
        """Keep one subset only; ValueError where it is empty, or the two have other classes."""
        kept = subset_slice(len(self.x), subset, validation_split, "flow")
        require_images(kept.stop - kept.start, subset, validation_split, "flow")
        if self.y is not None and not ignore_class_split:
            cut = int(validation_split * len(self.y))
            alone = np.setxor1d(self.y[:cut], self.y[cut:])
            if alone.size:
                raise ValueError(
                    f"flow: expected the same classes in both subsets, got {alone[0]!s} in one only "
                    f"(the first {cut} images are for validation); shuffle images and targets "
                    "alike before, or set ignore_class_split=True"
                )
        self.x = self.x[kept]
        self.y = None if self.y is None else self.y[kept]
        if self.sample_weight is not None:  # which Keras leaves whole: other samples' weights
            self.sample_weight = self.sample_weight[kept]

    def name_of(self, position: int) -> str:
        return super().name_of(position) + (f" of the {self.subset} subset" if self.subset else "")

    def _images(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.x, indices

    def _targets(self, indices: np.ndarray, x: np.ndarray) -> np.ndarray | None:
        return None if self.y is None else self.y[indices]
