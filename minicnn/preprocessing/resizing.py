"""Resizing of 8-bit images by Pillow, as in Keras.

Pillow's filters average over all the pixels that fall into an output pixel when they shrink
an image; those of `cv2.resize` (INTER_LINEAR, INTER_CUBIC) do not, and on a 512x512 image
brought to 150x150 the two differ by up to half the range.
"""

import numpy as np

from minicnn.arguments import choice

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def resize(
    image: np.ndarray, size: tuple[int, int], interpolation: str, keep_aspect_ratio: bool = False
) -> np.ndarray:
    """An 8-bit image in another size.

    Parameters
    ----------
    image : ndarray, (height, width), (height, width, 3) or (height, width, 4), uint8
        Four channels are red, green, blue, opacity.
    size : (int, int)
        Height and width of the result, pixels.
    interpolation : str
        "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos"; ValueError for any other.
    keep_aspect_ratio : bool
        Resize `centered_crop` of the image only, which then is not distorted.

    Returns
    -------
    ndarray, uint8
        As `image`, with the new height and width.
    """
    from PIL import Image

    choice(interpolation, INTERPOLATIONS, "interpolation", "resize")
    if image.shape[:2] == tuple(size):
        return image
    height, width = size
    resampling = Image.Resampling[interpolation.upper()]
    box = centered_crop(image.shape[:2], size) if keep_aspect_ratio else None
    return np.array(Image.fromarray(image).resize((width, height), resampling, box))


def centered_crop(shape: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest part around the center of an image that has the aspect ratio of `size`.

    Parameters
    ----------
    shape, size : (int, int)
        Height and width of the image, and of what it becomes, pixels.

    Returns
    -------
    (int, int, int, int)
        Left, top, right and bottom, pixels; cut to whole ones, as in Keras.
    """
    height, width = shape
    kept_height = min(height, width * size[0] // size[1])
    kept_width = min(width, height * size[1] // size[0])
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return left, top, left + kept_width, top + kept_height
