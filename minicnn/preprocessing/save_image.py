"""Arrays as image files: `save_img`, and the batches that iterators save with `save_to_dir`."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from minicnn.arguments import refuse_data_format
from minicnn.preprocessing.load_image import array_to_img


def save_img(
    path: str | os.PathLike | BinaryIO,
    x: np.ndarray,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array as an image file, by Pillow.

    Parameters
    ----------
    path : str, path or binary file object
    x : ndarray, (height, width, channels)
        1, 3 or 4 channels. The opacity of a jpeg is dropped, with a warning.
    data_format : str, optional
        Only "channels_last".
    file_format : str, optional
        "png", "jpg", "tif", ...; by default what the path ends in.
    scale : bool
        As for `array_to_img`: True stretches the values to 0..255.
    **kwargs
        For Pillow's `Image.save`, such as quality=95.

    Raises
    ------
    ValueError
        If Pillow writes no files of this format, or `array_to_img` refuses the array.
    """
    from PIL import Image

    refuse_data_format("save_img", data_format)
    if file_format is None and isinstance(path, str | os.PathLike):
        file_format = Path(path).suffix[1:]
    pillow_name = pillow_format(file_format, "save_img: expected file_format")
    image = Image.fromarray(array_to_img(x, scale=scale))
    if image.mode == "RGBA" and pillow_name == "JPEG":
        warnings.warn("save_img: a jpeg holds no opacity, which is dropped", stacklevel=2)
        image = image.convert("RGB")
    image.save(path, format=pillow_name, **kwargs)


def pillow_format(name: str | None, expected: str) -> str:
    """Pillow's name of the format that files ending in `name` have; else a ValueError."""
    from PIL import Image

    by_extension = Image.registered_extensions()
    found = by_extension.get(f".{name}".lower(), str(name).upper())
    if found not in Image.SAVE:
        raise ValueError(
            f"{expected} to be one that Pillow writes, such as 'png', 'jpg' or 'tif', got {name!r}"
        )
    return found


@dataclass(frozen=True)
class BatchSaver:
    """Saves what an iterator gives: `save_to_dir`, `save_prefix` and `save_format` of the flows.

    Attributes
    ----------
    numbers : int
        A file's name is prefix_image_number.format, with a random number below this one, by which
        the same image in other passes mostly has other names.
    """

    folder: str
    prefix: str
    file_format: str
    numbers: int

    def save(self, x: np.ndarray, indices: np.ndarray, random_numbers: np.ndarray) -> None:
        """Write the images of a batch, stretched to 0..255 each, under their numbers."""
        for image, index, number in zip(x, indices, random_numbers, strict=True):
            name = f"{self.prefix}_{index}_{number}.{self.file_format}"
            save_img(os.path.join(self.folder, name), image)


def batch_saver(
    save_to_dir: str | os.PathLike | None,
    save_prefix: str,
    save_format: str,
    numbers: int,
    owner: str,
) -> BatchSaver | None:
    """The saver of an iterator, None without `save_to_dir`; ValueError where it cannot save."""
    if not save_to_dir:
        return None
    folder = os.fspath(save_to_dir)
    if not os.path.isdir(folder):
        raise ValueError(
            f"{owner}: expected save_to_dir to be a folder that exists, got {folder!r}; make it first"
        )
    pillow_format(save_format, f"{owner}: expected save_format")
    return BatchSaver(folder, save_prefix, save_format, numbers)
