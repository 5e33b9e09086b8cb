"""From the bytes of an image file to pixels, or to a reason in words why there are none.

OpenCV returns ``None`` for everything it cannot decode, some of its decoders draw something where
bytes are missing, and they print lines on stderr that name neither the file nor a remedy. So what
is cheap to see in the bytes is looked at first.
The errors here are ValueErrors whose text is the reason, without the file's name.
"""

import os
import stat

import numpy as np

from minicnn.preprocessing.image_header import check_size, image_kind, pixel_limit
from minicnn.preprocessing.jpeg import check_jpeg
from minicnn.preprocessing.png import plain_png

BYTES_PER_PIXEL = 16  # more than any format takes; a file larger than that is not read at all


def read_file(path: str | os.PathLike) -> bytes:
    """The whole file; what is no ordinary file (a pipe would wait for ever) is not opened."""
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
            return file.read()
    except FileNotFoundError as error:
        dangling = "it is a link to a file that does not exist; correct the link"
        missing = "there is no such file; check the path"
        raise ValueError(dangling if os.path.islink(path) else missing) from error
    except PermissionError as error:
        raise ValueError("permission to read it is denied; change its permissions") from error
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "out of memory"
        raise ValueError(f"the system cannot read it ({reason})") from error


def decode(data: bytes, flags: int, check_sums: bool = True) -> np.ndarray:
    """Decode the bytes of an image file; of several pages or frames, the first.

    Parameters
    ----------
    data : bytes
    flags : int
        As for ``cv2.imdecode``.
    check_sums : bool
        Whether to compute those of a png here, for a better message. libpng does in any case, and
        prints a line on stderr where one is wrong.

    Returns
    -------
    ndarray, (height, width) or (height, width, 3 or 4), uint8
        Blue first; 16 bit has become 8 bit by ``round(value / 257)``.

    Raises
    ------
    ValueError
        It is empty, cut off, damaged, too large, no image, or of an unsupported pixel type.
    """
    import cv2

    if "OPENCV_LOG_LEVEL" not in os.environ:  # whoever sets it asked to see the messages
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    kind = image_kind(data)
    check_size(data, kind)
    if kind == "png":
        data = plain_png(data, check_sums)
    elif kind == "jpg":
        check_jpeg(data)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except (cv2.error, MemoryError) as error:
        raise ValueError(f"it is a damaged {kind}, or there is too little memory for it") from error
    if image is None:
        raise ValueError(f"it is a damaged or cut-off {kind}, or a kind of {kind} that is not read")
    if image.dtype == np.uint16:
        # In 32 bits, because 65535 + 128 does not fit into 16.
        image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.dtype != np.uint8:
        raise ValueError(f"its pixels are {image.dtype}; save it with 8 or 16 bits, unsigned")
    return image
