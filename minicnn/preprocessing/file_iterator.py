"""Batches from image files, wherever their names and classes come from."""

import copy
import os

import numpy as np

from minicnn.arguments import choice, pair, refuse_data_format, refuse_unsupported
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.image_cache import ImageStore
from minicnn.preprocessing.iterators import BatchIterator, Targets
from minicnn.preprocessing.load_image import CHANNELS
from minicnn.preprocessing.resizing import INTERPOLATIONS
from minicnn.preprocessing.save_image import batch_saver


class FileIterator(BatchIterator):
    """What the iterators over files have in common.

    A file is read and resized when it is needed first, then kept as uint8 as far as memory allows
    (see `ImageStore`): changes on disk after that may not be noticed. A prediction at `position`
    belongs to `filenames[index_array[position]]` of its pass; with shuffle=False that is
    `filenames[position]`.

    `class_mode` says what the targets are, of the generator's dtype unless they are columns:

    - "binary" and "sparse": class numbers, (batch,)
    - "categorical": 1 for the class of an image, or for each of its classes, else 0,
      (batch, num_classes)
    - "input": the images, as they are after augmentation
    - "raw": values of a table, (batch,), or (batch, columns) of several; "multi_output": a list of
      one array for each of several columns
    - None: no targets

    Attributes
    ----------
    filenames : list of str
        Relative to `directory`.
    filepaths : list of str
        The same with `directory` in front.
    class_indices : dict of str to int
        Class to its number; this, `num_classes` and `classes` only where there are classes.
    num_classes : int
    classes : ndarray, (n,), int32
        The class number of each file; objects, lists of numbers, where files have several.
    labels : ndarray, (n, ...), or list of arrays
        `classes`, or the values from which "raw" and "multi_output" take theirs.
    store : ImageStore
        Where the images come from.
    directory, target_size, color_mode, class_mode, interpolation, keep_aspect_ratio
        As given.
    """

    class_mode: str | None
    class_indices: dict[str, int]
    num_classes: int
    classes: np.ndarray
    labels: Targets

    def __init__(
        self,
        filenames: list[str],
        directory: str,
        image_data_generator: ImageAugmenter,
        owner: str,
        *,
        target_size: tuple[int, int],
        color_mode: str,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        data_format: str | None,
        save_to_dir: str | os.PathLike | None,
        save_prefix: str,
        save_format: str,
        interpolation: str,
        keep_aspect_ratio: bool,
        dtype: str | None,
    ) -> None:
        refuse_data_format(owner, data_format)
        refuse_unsupported(owner, {"dtype": (dtype, None, str(image_data_generator.dtype))})
        self.directory = directory
        self.target_size = pair(target_size, "target_size", owner)
        self.color_mode = choice(color_mode, tuple(CHANNELS), "color_mode", owner)
        self.interpolation = choice(interpolation, INTERPOLATIONS, "interpolation", owner)
        self.keep_aspect_ratio = keep_aspect_ratio
        saver = batch_saver(save_to_dir, save_prefix, save_format, 10**7, owner)
        self.filenames = filenames
        self.filepaths = [os.path.join(directory, name) for name in filenames]
        settings = (self.color_mode, self.target_size, self.interpolation, keep_aspect_ratio)
        self.store = ImageStore(self.filepaths, *settings)
        n, shape = len(filenames), self.store.image_shape
        super().__init__(n, shape, image_data_generator, batch_size, shuffle, seed, saver)

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

    def _targets(self, indices: np.ndarray, x: np.ndarray) -> Targets | None:
        dtype = self.image_data_generator.dtype
        match self.class_mode:
            case None:
                return None
            case "input":
                return x.copy()
            case "multi_output":
                return [column[indices] for column in self.labels]
            case "raw":
                return self.labels[indices]
            case "categorical":
                targets = np.zeros((len(indices), self.num_classes), dtype=dtype)
                for row, index in zip(targets, indices, strict=True):
                    row[self.classes[index]] = 1  # a number, or a list of several
                return targets
        return self.classes[indices].astype(dtype)
