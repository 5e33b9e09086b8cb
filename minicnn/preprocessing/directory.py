"""Batches from a folder of images with one subfolder per class."""

import copy
import os
from collections.abc import Sequence

import numpy as np

from minicnn.arguments import choice, pair
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.class_folders import class_names, image_files
from minicnn.preprocessing.image_cache import ImageStore
from minicnn.preprocessing.iterators import BatchIterator
from minicnn.preprocessing.load_image import CHANNELS
from minicnn.preprocessing.resizing import INTERPOLATIONS

CLASS_MODES = ("categorical", "binary", "sparse", None)


class DirectoryIterator(BatchIterator):
    """Batches from image files; made by `ImageDataGenerator.flow_from_directory`.

    A file is read and resized when it is needed first, then kept as uint8 as far as memory allows
    (see `ImageStore`): changes on disk after that may not be noticed. A prediction at `position`
    belongs to `filenames[index_array[position]]` of its pass; with shuffle=False that is
    `filenames[position]`.

    Attributes
    ----------
    class_indices : dict of str to int
        Folder name to class number, in the order of `classes` or of the sorted names.
    num_classes : int
    classes : ndarray, (n,), int32
        The class number of each file.
    filenames : list of str
        Relative to `directory`, class folder first, sorted within each class.
    filepaths : list of str
        The same with `directory` in front.
    store : ImageStore
        Where the images come from.
    directory, target_size, color_mode, class_mode, interpolation
        As given.
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
        self.directory = os.fspath(directory)
        self.target_size = pair(target_size, "target_size", owner)
        self.color_mode = choice(color_mode, tuple(CHANNELS), "color_mode", owner)
        self.interpolation = choice(interpolation, INTERPOLATIONS, "interpolation", owner)
        if class_mode not in CLASS_MODES:
            raise ValueError(
                f"{owner}: expected class_mode to be one of {CLASS_MODES}, got {class_mode!r}"
            )
        self.class_mode = class_mode
        names = class_names(self.directory, classes)
        self.num_classes = len(names)
        if class_mode == "binary" and self.num_classes > 2:
            raise ValueError(
                f"{self.directory}: expected at most 2 class folders for class_mode='binary', got "
                f"{self.num_classes} ({', '.join(names)}); use 'categorical' or 'sparse'"
            )
        self.class_indices = {name: number for number, name in enumerate(names)}
        files = [image_files(self.directory, name, follow_links) for name in names]
        self.filenames = [filename for of_class in files for filename in of_class]
        self.filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        numbers = np.arange(self.num_classes, dtype=np.int32)
        self.classes = np.repeat(numbers, [len(of_class) for of_class in files])

        settings = (self.color_mode, self.target_size, self.interpolation)
        self.store = ImageStore(self.filepaths, *settings)
        n, shape = len(self.filenames), self.store.image_shape
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
    ) -> "DirectoryIterator":
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
