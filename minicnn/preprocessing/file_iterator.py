"""Batches from image files, wherever their names and classes come from."""

import copy
import os

import numpy as np

from minicnn.arguments import choice, pair
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.image_cache import ImageStore
from minicnn.preprocessing.iterators import BatchIterator
from minicnn.preprocessing.load_image import CHANNELS
from minicnn.preprocessing.resizing import INTERPOLATIONS


class FileIterator(BatchIterator):
    """What the iterators over files have in common.

    A file is read and resized when it is needed first, then kept as uint8 as far as memory allows
    (see `ImageStore`): changes on disk after that may not be noticed. A prediction at `position`
    belongs to `filenames[index_array[position]]` of its pass; with shuffle=False that is
    `filenames[position]`.

    Attributes
    ----------
    filenames : list of str
        Relative to `directory`.
    filepaths : list of str
        The same with `directory` in front.
    class_indices : dict of str to int
        Class to its number.
    num_classes : int
    classes : sequence of n
        The class number of each file.
    store : ImageStore
        Where the images come from.
    directory, target_size, color_mode, class_mode, interpolation
        As given.
    """

    def __init__(
        self,
        filenames: list[str],
        directory: str,
        image_data_generator: ImageAugmenter,
        target_size: tuple[int, int],
        color_mode: str,
        interpolation: str,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        owner: str,
    ) -> None:
        self.directory = directory
        self.target_size = pair(target_size, "target_size", owner)
        self.color_mode = choice(color_mode, tuple(CHANNELS), "color_mode", owner)
        self.interpolation = choice(interpolation, INTERPOLATIONS, "interpolation", owner)
        self.filenames = filenames
        self.filepaths = [os.path.join(directory, name) for name in filenames]
        settings = (self.color_mode, self.target_size, self.interpolation)
        self.store = ImageStore(self.filepaths, *settings)
        n, shape = len(filenames), self.store.image_shape
        super().__init__(n, shape, image_data_generator, batch_size, shuffle, seed)

    @property
    def labels(self) -> np.ndarray:
        """Another name of `classes`: the class number of each file, (n,) int32."""
        return self.classes

    @property
    def batch_filenames(self) -> list[str]:
        """The file names of the batch made last, in its order."""
        return [self.filenames[index] for index in self.batch_indices]

    def name_of(self, position: int) -> str:
        return f"file {self.filenames[self.batch_indices[position]]}"

    def again(
        self,
        image_data_generator: ImageAugmenter,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
    ) -> "FileIterator":
        """Another iterator over the same files: what one has read, the other has, too.

        Not in Keras. For example to train on augmented images and then to evaluate on the same
        ones without augmentation.
        """
        other = copy.copy(self)
        BatchIterator.__init__(
            other, self.n, self.image_shape, image_data_generator, batch_size, shuffle, seed
        )
        return other

    def _images(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.store.get(indices)

    def _targets(self, indices: np.ndarray) -> np.ndarray | None:
        """None, or float32: class numbers (batch,), or one-hot rows (batch, num_classes)."""
        if self.class_mode is None:
            return None
        dtype = self.image_data_generator.dtype
        if self.class_mode == "categorical":
            return np.eye(self.num_classes, dtype=dtype)[self.classes[indices]]
        return self.classes[indices].astype(dtype)
