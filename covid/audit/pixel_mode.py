"""How the pixels of an image file are stored: gray or colour, how many bits, read from its header.

Reading as gray (`data.images.read_gray`) hides this, and it may give a class away: one hospital
exports gray images, the other one coloured screenshots.
"""

from __future__ import annotations

import cv2
import numpy as np

from minicnn.preprocessing.image_header import jpeg_segments

# Colour types of a png (PNG specification, 11.2.1)
PNG_COLOURS = {0: "gray", 2: "RGB", 3: "palette", 4: "gray + alpha", 6: "RGBA"}
CHANNELS = {1: "gray", 2: "gray + alpha", 3: "RGB", 4: "RGBA"}
PNM_MODES = {b"1": "gray, 1 bit", b"4": "gray, 1 bit", b"2": "gray", b"5": "gray"}


def pixel_mode(data: bytes, kind: str) -> str:
    """Return such as "gray, 8 bit" or "RGBA, 16 bit" for the bytes of a readable image file.

    Parameters
    ----------
    data : bytes
        The whole file, which has been decoded before: its header is whole.
    kind : str
        The format, as `minicnn.preprocessing.image_header.image_kind` names it.
    """
    if kind == "png":
        return f"{PNG_COLOURS.get(data[25], 'unknown')}, {data[24]} bit"
    if kind == "jpg":
        return _jpeg_mode(data)
    if kind == "pnm":
        return PNM_MODES.get(data[1:2], "RGB")
    # Rare formats: the decoder is asked, which costs more than to look at some bytes.
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        return "unknown"
    channels = 1 if image.ndim == 2 else image.shape[2]
    return f"{CHANNELS.get(channels, 'unknown')}, {8 * image.dtype.itemsize} bit"


def _jpeg_mode(data: bytes) -> str:
    """Precision and number of components stand in the start of frame (ITU-T T.81, B.2.2)."""
    for marker, start, _ in jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return f"{CHANNELS.get(data[start + 9], 'unknown')}, {data[start + 4]} bit"
    return "unknown"
