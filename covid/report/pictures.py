"""Figures inside the page: png files as data URIs, each with an alternative text."""

import base64
import functools
import struct
from dataclasses import dataclass
from pathlib import Path

from covid.report.run_data import Run

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Sheets of CT slices are the large files, up to 0.8 MB each. As WebP of this quality they take an
# eighth of that, and their letters stay sharp. The others are diagrams: without any loss they take
# a third. Three models on two splits then make a page below 3 MB.
LARGE, QUALITY = 150_000, 55
LOSSLESS = 101  # what OpenCV takes for "no loss" is any quality above 100
LARGEST_FILE = 30_000_000
CONVERTED = 64  # figures that are kept: a few megabytes
WIDE = 1000  # pixels: a diagram that scrolls on a phone, whose letters could not be read else


@dataclass(frozen=True)
class Picture:
    """A figure of the page; `size` is (width, height) in pixels, None where the file is damaged.

    `title` stands before the caption, `remark` behind it.
    """

    file: str
    alt: str
    title: str
    remark: str
    size: tuple[int, int] | None
    source: str = ""

    @property
    def wide(self) -> bool:
        return self.size[0] > WIDE


def picture(run: Run, file: str, alt: str, title: str = "", remark: str = "") -> Picture | None:
    """A figure of the run, or None where there is no such file.

    Parameters
    ----------
    file : str
        A png, inside of the run folder.
    alt : str
        What is to be seen, for those who cannot see it.
    """
    path = run.folder / file
    try:
        if not path.is_file():
            return None
        data = path.read_bytes() if path.stat().st_size <= LARGEST_FILE else b""
    except OSError:
        data = b""
    size = png_size(data)
    if size is None:
        run.lacks(f"{file} is damaged and not shown")
        return Picture(file, alt, title, remark, None)
    kind, data = smaller(data)
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    alt = f"{alt} The images are synthetic." if run.synthetic else alt
    return Picture(file, alt, title, remark, size, source)


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as a png's header says; None where it is none."""
    if not data.startswith(PNG_SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 33:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return (width, height) if 0 < width < 20_000 and 0 < height < 20_000 else None


def convert(path: Path) -> None:
    """Do what takes time of showing a figure before the page is written."""
    smaller(path.read_bytes())


@functools.lru_cache(maxsize=CONVERTED)
def smaller(data: bytes) -> tuple[str, bytes]:
    """(format, bytes) of a png: as WebP where that is smaller, without loss where it is not LARGE."""
    import cv2
    import numpy as np

    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            return "png", data
        quality = QUALITY if len(data) > LARGE else LOSSLESS
        ok, encoded = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])
    except cv2.error:  # built without WebP, or a side longer than WebP's 16,383 pixels
        return "png", data
    return ("webp", encoded.tobytes()) if ok and len(encoded) < len(data) else ("png", data)
