"""Image files as uint8 arrays of one size, each decoded and resized once where memory allows."""

import os
import threading
import weakref
from collections.abc import Sequence

import numpy as np

from minicnn.preprocessing.load_image import CHANNELS, img_to_array, load_img

# What all stores of a process keep together. The images that do not fit are read again each time
# they are asked for: a set of any size streams, in the same time an image and the same memory.
CACHE_LIMIT_BYTES = 384 * 2**20

_stores: "weakref.WeakSet[ImageStore]" = weakref.WeakSet()
_stores_lock = threading.Lock()


def _new_lock() -> None:
    """In a process made by fork: the lock may have been held by a thread that is not here."""
    global _stores_lock
    _stores_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


class ImageStore:
    """The images of some files, by their number.

    The first ones, as many as fit into what other stores have left of `CACHE_LIMIT_BYTES`, are
    kept once they have been read: a file that changes on disk afterwards is not noticed.

    Parameters
    ----------
    filepaths : sequence of str
    color_mode : {"grayscale", "rgb", "rgba"}
    target_size : (int, int)
        Height and width, pixels.
    interpolation, keep_aspect_ratio
        As for `load_img`.

    Attributes
    ----------
    image_shape : (int, int, int)
        height, width, channels.
    kept : int
        How many of the images are kept, those numbered 0 to kept - 1.
    """

    def __init__(
        self,
        filepaths: Sequence[str],
        color_mode: str,
        target_size: tuple[int, int],
        interpolation: str,
        keep_aspect_ratio: bool = False,
    ) -> None:
        self.filepaths = filepaths
        self.settings = color_mode, target_size, interpolation, keep_aspect_ratio
        self.image_shape = (*target_size, CHANNELS[color_mode])
        with _stores_lock:
            free = CACHE_LIMIT_BYTES - sum(store._images.nbytes for store in _stores)
            each = int(np.prod(self.image_shape))
            self.kept = max(0, min(len(filepaths), free // each))
            # Takes no memory until images are written into it.
            self._images = np.empty((self.kept, *self.image_shape), dtype=np.uint8)
            _stores.add(self)
        self._is_read = np.zeros(self.kept, dtype=bool)

    def get(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An array with these images in it, and at which of its positions they are.

        May be called from several threads at once. ValueError if a file cannot be read.

        Returns
        -------
        images : ndarray, (any number, height, width, channels), uint8
            Not to be changed.
        positions : (batch,) int array
        """
        is_kept = indices < self.kept
        if is_kept.all():
            for index in indices[~self._is_read[indices]]:
                self._images[index] = self._read(index)
                self._is_read[index] = True  # after the image: another thread may be looking
            return self._images, indices
        images = np.empty((len(indices), *self.image_shape), dtype=np.uint8)
        if is_kept.any():
            kept, positions = self.get(indices[is_kept])
            images[is_kept] = kept[positions]
        for position in np.flatnonzero(~is_kept):
            images[position] = self._read(indices[position])
        return images, np.arange(len(indices))

    def __reduce__(self) -> tuple:
        """To another process goes where the images are; it reads them itself."""
        return ImageStore, (self.filepaths, *self.settings)

    def _read(self, index: int) -> np.ndarray:
        return img_to_array(load_img(self.filepaths[index], *self.settings), dtype="uint8")
