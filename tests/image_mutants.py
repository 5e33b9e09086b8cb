"""Reads thousands of damaged images in a process of its own, and says what became of each.

    python tests/image_mutants.py FIRST LAST

Mutant number n is made of `seeds()[n % len]` with the generator of seed n, written to a file, and
read by `read_gray` and by `load_img`. A line on stdout names what is wrong; before each mutant, its
number goes to the file `current`, so that a crash or a hang can be laid at its door.
"""

import io
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from covid.images import UnreadableImage, check_image, read_gray
from minicnn.preprocessing.image import load_img
from mutator import mutations


def seeds() -> dict[str, bytes]:
    """Small valid synthetic images of every format, by name."""
    rng = np.random.default_rng(7)
    colour = cv2.GaussianBlur(rng.integers(0, 256, (24, 31, 3), dtype=np.uint8), (0, 0), 1.5)
    gray = colour[..., 0].copy()
    deep = gray.astype(np.uint16) * 257
    alpha = np.dstack([colour, gray])
    progressive = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    restarts = (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)
    images = {
        "gray.png": (gray, ()),
        "deep.png": (deep, ()),
        "alpha.png": (alpha, ()),
        "bits.png": (gray // 128 * 255, (cv2.IMWRITE_PNG_BILEVEL, 1)),
        "gray.jpg": (gray, ()),
        "colour.jpg": (colour, ()),
        "restarts.jpg": (colour, restarts),
        "progressive.jpg": (colour, progressive),
        "gray.bmp": (gray, ()),
        "colour.bmp": (colour, ()),
        "lzw.tif": (colour, ()),
        "plain.tif": (gray, (cv2.IMWRITE_TIFF_COMPRESSION, 1)),
        "deep.tif": (deep, ()),
        "lossy.webp": (colour, (cv2.IMWRITE_WEBP_QUALITY, 60)),
        "lossless.webp": (alpha, (cv2.IMWRITE_WEBP_QUALITY, 101)),
        "colour.gif": (colour, ()),
        "gray.pgm": (gray, ()),
        "text.ppm": (colour, (cv2.IMWRITE_PXM_BINARY, 0)),
        "bits.pbm": (gray // 128 * 255, ()),
        "colour.jp2": (np.tile(colour, (3, 3, 1)), ()),
    }
    made = {
        name: cv2.imencode(Path(name).suffix, image, options)[1].tobytes()
        for name, (image, options) in images.items()
    }
    return {**made, "palette.png": palette_png(gray)}
