"""Changes of an image's gray values: what is drawn from channel_shift_range and brightness_range."""

import numpy as np

from minicnn.preprocessing.load_image import array_to_img


def channel_shift(image: np.ndarray, intensity: float) -> np.ndarray:
    """Add `intensity` to all channels; what leaves the range of the image's values is clipped to it.

    Parameters
    ----------
    image : ndarray, (height, width, channels), float32
    intensity : float
        In the units of the image.

    Returns
    -------
    ndarray, (height, width, channels), float32
    """
    return np.clip(image + np.float32(intensity), image.min(), image.max())


def brightness_shift(image: np.ndarray, factor: float) -> np.ndarray:
    """Multiply the values by `factor`, in 8 bits, as Pillow's `ImageEnhance.Brightness` does.

    Fractions are cut before and after, and values above 255 become 255; opacity stays. An image
    with values outside [0, 255] is stretched to 0..255 before, and back to its range after it.

    Parameters
    ----------
    image : ndarray, (height, width, channels), float32
        1, 3 or 4 channels; ValueError for other numbers.
    factor : float
        At least 0; 1 leaves the brightness as it is.

    Returns
    -------
    ndarray, (height, width, channels), float32
    """
    from PIL import Image, ImageEnhance

    low, high = image.min(), image.max()
    stretched = bool(low < 0 or high > 255)
    picture = Image.fromarray(array_to_img(image, scale=stretched))
    enhanced = ImageEnhance.Brightness(picture).enhance(float(factor))
    values = np.asarray(enhanced, dtype=np.float32).reshape(image.shape)
    return values / 255 * (high - low) + low if stretched else values
