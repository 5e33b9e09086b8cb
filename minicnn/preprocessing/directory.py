"""Batches from a folder of images with one subfolder per class."""

import copy
import os
from collections.abc import Iterator, Sequence

import numpy as np

from minicnn.arguments import choice, pair
from minicnn.preprocessing.augmentation import ImageAugmenter
from minicnn.preprocessing.image_cache import ImageStore
from minicnn.preprocessing.iterators import BatchIterator
from minicnn.preprocessing.load_image import CHANNELS, ImageFileError
from minicnn.preprocessing.resizing import INTERPOLATIONS

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")
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


def class_names(directory: str, classes: Sequence[str] | None = None) -> list[str]:
    """The class folders of `directory`: those asked for, else all subfolders sorted by name.

    ValueError if the directory or a folder asked for does not exist, or there is no subfolder.
    """
    if not os.path.isdir(directory):
        raise ImageFileError(
            f"{directory}: expected a directory with one folder per class, found no directory"
        )
    try:
        found = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    except OSError as error:
        raise unreadable(error) from error
    names = list(classes) if classes else found
    missing = [name for name in names if name not in found]
    if missing or len(set(names)) < len(names):
        raise ValueError(
            f"{directory}: expected each of classes={names} to be a different folder in it, "
            f"found {', '.join(found) or 'no folder'}"
        )
    if not names:
        raise ValueError(
            f"{directory}: expected one folder of images per class, found no folder; "
            "put the images into folders named after their classes"
        )
    return names


def image_files(directory: str, class_name: str, follow_links: bool = False) -> list[str]:
    """Image files of one class at any depth, sorted by folder, then name, as Keras sorts them.

    The names are relative to `directory`. ValueError if there is none.
    """
    top = os.path.join(directory, class_name)
    filenames = [
        os.path.relpath(os.path.join(folder, name), directory)
        for folder, names in sorted(walk(top, follow_links))
        for name in sorted(names)
        if name.lower().endswith(EXTENSIONS)
    ]
    if not filenames:
        raise ValueError(
            f"{top}: expected images ({' '.join(EXTENSIONS)}), found none; add some, remove "
            "the folder, or name the classes wanted with classes=[...]"
        )
    return filenames


def walk(top: str, follow_links: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield (folder, names of the files in it) for `top` and all folders inside it.

    A link to a folder that it is inside of is not followed: that way leads in a circle. ValueError
    if a folder cannot be read.
    """

    def stop(error: OSError) -> None:
        raise unreadable(error) from error

    for folder, inside, names in os.walk(top, onerror=stop, followlinks=follow_links):
        yield folder, names
        around = os.path.join(os.path.realpath(folder), "")
        inside[:] = [
            name
            for name in inside
            if not around.startswith(os.path.join(os.path.realpath(os.path.join(folder, name)), ""))
        ]


def unreadable(error: OSError) -> ValueError:
    """The error to raise for a folder that the system does not show."""
    return ValueError(
        f"{error.filename}: expected a folder that can be read, got: {error.strerror}"
    )
