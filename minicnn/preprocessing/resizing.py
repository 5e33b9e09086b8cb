"""Resizing of 8-bit images, with the numbers of Pillow, which Keras uses.

Pillow's filters average over all the pixels that fall into an output pixel when they shrink
an image; those of `cv2.resize` (INTER_LINEAR, INTER_CUBIC) do not, and on a 512x512 image
brought to 150x150 the two differ by up to half the range. The filters are therefore written
out here; each is a few lines.
"""

import numpy as np

from minicnn.arguments import choice


def _box(distance: np.ndarray) -> np.ndarray:
    # Half-open, so that a pixel on the border of two output pixels counts for one of them.
    return ((distance > -0.5) & (distance <= 0.5)).astype(np.float64)


def _triangle(distance: np.ndarray) -> np.ndarray:
    return np.maximum(1.0 - np.abs(distance), 0.0)


def _hamming(distance: np.ndarray) -> np.ndarray:
    window = 0.54 + 0.46 * np.cos(np.pi * distance)
    return np.where(np.abs(distance) < 1.0, np.sinc(distance) * window, 0.0)


def _cubic(distance: np.ndarray) -> np.ndarray:
    # Keys (1981), "Cubic convolution interpolation for digital image processing", eq. 4,
    # with a = -0.5.
    a = -0.5
    d = np.abs(distance)
    near = (a + 2.0) * d**3 - (a + 3.0) * d**2 + 1.0
    far = a * (d**3 - 5.0 * d**2 + 8.0 * d - 4.0)
    return np.where(d < 1.0, near, np.where(d < 2.0, far, 0.0))


def _lanczos(distance: np.ndarray) -> np.ndarray:
    return np.where(np.abs(distance) < 3.0, np.sinc(distance) * np.sinc(distance / 3.0), 0.0)


_FILTERS = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "hamming": _hamming,
    "box": _box,
    "lanczos": _lanczos,
}
INTERPOLATIONS = ("nearest", *_FILTERS)


def filter_weights(in_size: int, out_size: int, interpolation: str) -> np.ndarray:
    """What each input pixel contributes to each output pixel along one axis.

    Pixel i covers [i, i + 1), its centre is i + 0.5. With scale = in_size / out_size and
    stretch = max(scale, 1), so that a shrinking filter is as wide as an output pixel:

        weight[o, i] = filter((i + 0.5 - (o + 0.5) * scale) / stretch), rows divided by their sum

    Returns
    -------
    ndarray, (out_size, in_size), float64
        Each row sums to 1.
    """
    scale = in_size / out_size
    stretch = max(scale, 1.0)
    in_centres = np.arange(in_size) + 0.5
    out_centres = (np.arange(out_size) + 0.5) * scale
    distance = (in_centres[np.newaxis, :] - out_centres[:, np.newaxis]) / stretch
    weights = _FILTERS[interpolation](distance)
    return weights / weights.sum(axis=1, keepdims=True)


def resize(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    """An 8-bit image in another size, equal to what Pillow makes of it.

    Parameters
    ----------
    image : ndarray, (height, width) or (height, width, channels), uint8
        Four channels are red, green, blue, opacity.
    size : (int, int)
        Height and width of the result, pixels.
    interpolation : str
        "nearest" (exactly Pillow's pixels) or one of "bilinear", "bicubic", "hamming",
        "box", "lanczos" (Pillow's filters, to 1 of 255).

    Returns
    -------
    ndarray, uint8
        As `image`, with the new height and width.

    Raises
    ------
    ValueError
        If `interpolation` is none of these.
    """
    choice(interpolation, INTERPOLATIONS, "interpolation", "resize")
    if image.shape[:2] == tuple(size):
        return image
    if interpolation == "nearest":
        return _resize_nearest(image, size)
    if image.ndim == 3 and image.shape[2] == 4:
        return _resize_with_opacity(image, size, interpolation)
    return _resize_filtered(image, size, interpolation)


def _resize_nearest(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Take source pixel floor((o + 0.5) * in_size / out_size) for output pixel o.

    Where that is a whole number, the rounding of in_size / out_size decides between it and the
    pixel before; Pillow and OpenCV 5 (not 4) round in the same way.
    """
    import cv2

    height, width = size
    # INTER_NEAREST takes floor(o * in_size / out_size), other pixels; EXACT is the one above.
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)


def _resize_filtered(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    """Filter along the width, then along the height, each rounded to 8 bits."""
    in_height, in_width = image.shape[:2]
    out_height, out_width = size
    # (height, width[, channels]) -> (height, width, channels)
    pixels = image.reshape(in_height, in_width, -1)
    # (height, width, channels) -> (width, height, channels) -> (width, height * channels)
    columns = pixels.transpose(1, 0, 2).reshape(in_width, -1)
    # (out_width, width) @ (width, height * channels)
    columns = _to_8_bits(filter_weights(in_width, out_width, interpolation) @ columns)
    # (out_width, height, channels) -> (height, out_width, channels)
    pixels = columns.reshape(out_width, in_height, -1).transpose(1, 0, 2)
    # (out_height, height) @ (height, out_width * channels)
    rows = filter_weights(in_height, out_height, interpolation) @ pixels.reshape(in_height, -1)
    return _to_8_bits(rows).reshape(out_height, out_width, *image.shape[2:])


def _resize_with_opacity(
    image: np.ndarray, size: tuple[int, int], interpolation: str
) -> np.ndarray:
    """Weigh colours by their opacity, so that invisible pixels do not bleed into visible ones."""
    opacity = image[..., 3:].astype(np.float64) / 255.0
    weighted = np.concatenate([_to_8_bits(image[..., :3] * opacity), image[..., 3:]], axis=2)
    resized = _resize_filtered(weighted, size, interpolation)
    visible = np.maximum(resized[..., 3:], 1).astype(np.float64)
    colours = _to_8_bits(resized[..., :3] * (255.0 / visible))
    return np.concatenate([colours, resized[..., 3:]], axis=2)


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    return np.clip(np.floor(values + 0.5), 0.0, 255.0).astype(np.uint8)
