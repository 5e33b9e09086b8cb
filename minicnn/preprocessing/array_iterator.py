"""Batches from an array in memory."""

from typing import Any

import numpy as np

from minicnn.numeric_checks import as_numbers, require_finite
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.iterators import BatchIterator


class NumpyArrayIterator(BatchIterator):
    """Batches from an array in memory; made by `ImageDataGenerator.flow`.

    Attributes
    ----------
    x : ndarray, (n, height, width, channels)
    y : ndarray, (n, ...), or None
    """

    def __init__(
        self,
        x: np.ndarray,
        y: Any,
        image_data_generator: ImageAugmenter,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
    ) -> None:
        self.x = as_numbers(x, "flow: images")
        self.y = None if y is None else np.asarray(y)
        if self.x.ndim != 4 or 0 in self.x.shape:
            raise ValueError(
                "flow: expected images of shape (samples, height, width, channels), none of "
                f"them 0, got {self.x.shape}"
            )
        if self.y is not None and self.y.shape[:1] != self.x.shape[:1]:
            raise ValueError(
                f"flow: expected as many targets as images, got targets of shape {self.y.shape} "
                f"for images of shape {self.x.shape}"
            )
        require_finite(self.x, "flow: images")  # once: what is made of finite ones is finite
        super().__init__(
            len(self.x), self.x.shape[1:], image_data_generator, batch_size, shuffle, seed
        )

    def _images(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.x, indices

    def _targets(self, indices: np.ndarray) -> np.ndarray | None:
        return None if self.y is None else self.y[indices]
