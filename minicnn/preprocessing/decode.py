"""From the bytes of an image file to pixels, or to the reason why there are none.

The errors here are ValueErrors whose text is the reason, without the file's name.
"""

import os
import stat
import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from minicnn.preprocessing.image_header import (
    BYTES_PER_PIXEL,
    END_OF_JPG,
    EXTRA_BYTES,
    LENGTH,
    START_OF_SCAN,
    WIDTH,
    bit_depth,
    bytes_to_read,
    damage_as_reason,
    image_kind,
    open_image,
    pixel_limit,
)

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
END_OF_PNG = b"IEND\xaeB`\x82"  # the last chunk, with its check sum (PNG specification, 11.2.5)
FEW_LEVELS = 64  # gray levels: an image that is left with fewer has lost what a model could see


class UnknownRange(ValueError):
    """Gray values of which it is not known what is black and white."""


def read_file(path: str | os.PathLike | BytesIO) -> bytes:
    """All of a file that is needed to decode it; the text of the ValueError is the reason.

    What is no ordinary file is not opened: a pipe would wait for ever.
    """
    if isinstance(path, BytesIO):
        data = path.getvalue()
        return data[: bytes_to_read(data[:EXTRA_BYTES], len(data))]
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is a folder, a pipe or a device, not a file; name an image file")
        largest = BYTES_PER_PIXEL * pixel_limit()
        if status.st_size > largest:
            raise ValueError(
                f"it has {status.st_size} bytes, more than any image of a size that is read; save "
                "it smaller"
            )
        with open(path, "rb") as file:
            needed = bytes_to_read(file.read(EXTRA_BYTES), status.st_size)
            file.seek(0)
            return file.read(needed)
    except FileNotFoundError as error:
        dangling = "it is a link to a file that does not exist; correct the link"
        missing = "there is no such file; check the path"
        raise ValueError(dangling if os.path.islink(path) else missing) from error
    except PermissionError as error:
        raise ValueError("permission to read it is denied; change its permissions") from error
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "out of memory"
        raise ValueError(f"the system cannot read it ({reason})") from error


def decode(data: bytes, color_mode: str = "rgb") -> np.ndarray:
    """Decode the bytes of an image file; of several pages or frames, the first.

    Parameters
    ----------
    data : bytes
    color_mode : {"grayscale", "rgb", "rgba"}
        Gray is `to_gray` of the colors; of a jpg, the brightness as it is stored. Without "rgba",
        opacity is dropped: a transparent pixel keeps the color stored under it.

    Returns
    -------
    ndarray, (height, width) for "grayscale", else (height, width, 3 or 4), uint8
        C-contiguous; 16-bit gray has become 8 bit by ``round(value / 257)``.

    Raises
    ------
    ValueError
        It is empty, cut off, damaged, too large, no image, or of an unsupported pixel type.
    """
    image = loaded(data, color_mode)
    if is_deep(image):
        values = deep_values(image, bit_depth(image, data))
        return from_16_bits(values, image.info.get("transparency", -1), color_mode)
    return from_8_bits(image, data, color_mode)


def decode_gray(data: bytes, any_range: bool = False) -> np.ndarray:
    """As `decode` with "grayscale", but gray of more than 8 bits keeps its values.

    Returns
    -------
    ndarray, (height, width)
        uint8 or uint16; with `any_range` also int32 or float32, which otherwise are `UnknownRange`.
    """
    image = loaded(data, "grayscale")
    if is_deep(image):
        return deep_values(image, bit_depth(image, data), any_range)
    return from_8_bits(image, data, "grayscale")


def to_8_bits(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """round(255 * (value - black) / (white - black)), 0 or 255 for values outside; uint8.

    A half is rounded up. From 0 to 65535 this is round(value / 257).
    """
    levels = (values.astype(np.float64) - black) * (255 / (white - black))
    return np.floor(levels.clip(0, 255) + 0.5).astype(np.uint8)


def loaded(data: bytes, color_mode: str) -> "ImageFile":
    """A Pillow image with its pixels, if it is whole and may be decoded."""
    from PIL import Image

    image = whole_image(data)
    with damage_as_reason(image_kind(data)):
        if color_mode == "grayscale":
            image.draft("L", None)  # of a jpg, the colors are not even decoded
        if image.format == "TIFF":  # with memory of its own, it would ask Pillow's limit, too
            image.im = Image.new(image.mode, (image.tag_v2[WIDTH], image.tag_v2[LENGTH])).im
        image.load()
    return image


def is_deep(image: "ImageFile") -> bool:
    """Whether an image is gray of more than 8 bits."""
    return image.mode[0] in "IF"


def deep_values(image: "ImageFile", bits: int, any_range: bool = False) -> np.ndarray:
    """The values of gray of more than 8 bits, as in `decode_gray`; `bits` are those of the file."""
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise ValueError("some of its values are infinite or not a number; save it without them")
    if bits == 16 and values.dtype.kind in "iu" and values.min() >= 0:
        return values.astype(np.uint16)
    if not any_range:
        raise UnknownRange(
            f"its pixels have {bits} bits a channel; save it with 8 bits, or as 16-bit gray from 0 "
            f"to 65535 instead of {values.min():g} to {values.max():g}"
        )
    return values


def from_16_bits(values: np.ndarray, transparent: int, color_mode: str) -> np.ndarray:
    """As `decode`, of uint16 gray of which the value `transparent` is transparent."""
    gray = to_8_bits(values, 0, 65535)
    warn_of_lost_levels(values, gray)
    if color_mode == "grayscale":
        return gray
    opacity = np.where(values == transparent, 0, 255).astype(np.uint8)
    return np.dstack([gray] * 3 + [opacity] * (color_mode == "rgba"))


def warn_of_lost_levels(values: np.ndarray, gray: np.ndarray) -> None:
    """Warn where uint16 `values` of a small range have become uint8 `gray` of too few levels."""
    if np.ptp(gray) < FEW_LEVELS:
        left, before = len(np.unique(gray)), len(np.unique(values))
        if left < min(FEW_LEVELS, before):
            warnings.warn(
                f"an image of 16 bits is left with fewer than {FEW_LEVELS} gray levels, although its "
                "file has more: 0 to 65535 became 0 to 255, and it uses a small part of that; save it "
                "with 8 bits",
                stacklevel=5,  # who called load_img
            )


def from_8_bits(image: "ImageFile", data: bytes, color_mode: str) -> np.ndarray:
    """As `decode`, of an image with 8 bits a channel or fewer."""
    with damage_as_reason(image_kind(data)):
        if color_mode != "rgba":
            image.info.pop("transparency", None)  # of which Pillow would warn when it is dropped
        elif image.mode == "L" and "transparency" in image.info:
            # Pillow brings gray of 2 or 4 bits to 8, but not the level that is transparent.
            image.info["transparency"] *= 255 // (2 ** bit_depth(image, data) - 1)
        if color_mode == "grayscale" and image.mode not in ("1", "L", "LA"):
            return to_gray(np.asarray(image.convert("RGB")))
        return np.array(image.convert(MODES[color_mode]))


def to_gray(image: np.ndarray) -> np.ndarray:
    """Luma of ITU-R BT.601, 0.299 red + 0.587 green + 0.114 blue, cut off to a whole number.

    The integer weights are those with which OpenCV reads a png as gray, as the article does. Pillow
    rounds instead: half of all colors differ by 1.

    Parameters
    ----------
    image : ndarray, (height, width, 3), uint8
        Red first.

    Returns
    -------
    ndarray, (height, width), uint8
    """
    red, green, blue = (image[..., channel].astype(np.uint32) for channel in range(3))
    return ((9797 * red + 19234 * green + 3737 * blue) >> 15).astype(np.uint8)


def whole_image(data: bytes) -> "ImageFile":
    """As `open_image`, after a look whether a png or jpg is whole, which Pillow does not take."""
    image = open_image(data)
    if image.format == "PNG":
        with damage_as_reason("png"):
            image.verify()  # the check sums
        image = open_image(data)  # `verify` uses it up
        is_whole = END_OF_PNG in data
    else:
        is_whole = image.format != "JPEG" or data.rfind(END_OF_JPG) > data.rfind(START_OF_SCAN)
    if not is_whole:
        raise ValueError(f"it is a cut-off {image_kind(data)}: the end is missing")
    return image
