"""What the header segments of a jpg say: size, sampling factors, Huffman tables.

Only as far as `jpeg` needs it to step over the compressed data.
"""

import struct
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

SEQUENTIAL, PROGRESSIVE = (0xC0, 0xC1), 0xC2  # starts of frame
OTHER_FRAMES = {0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
HUFFMAN, QUANTISATION, RESTART_INTERVAL = 0xC4, 0xDB, 0xDD
# JFIF and Adobe say what the colours are; all else (EXIF, thumbnails, texts) changes no pixel.
JFIF, ADOBE = 0xE0, 0xEE
NEEDED = {*SEQUENTIAL, PROGRESSIVE, HUFFMAN, QUANTISATION, RESTART_INTERVAL, JFIF, ADOBE}


@dataclass
class Component:
    """A colour channel, in blocks of 8 x 8 pixels.

    Attributes
    ----------
    in_unit : int
        How many of its blocks are in each unit of a scan of several components.
    height, width : int
        Of the blocks that have pixels of the image.
    nonzero : (height, width, 64) bool array
        Which coefficients are not zero so far, for a progressive jpg.
    missing_bits : (64,) int array
        How many low bits of each coefficient are still to come; -1 before its first scan.
    """

    in_unit: int
    height: int
    width: int
    nonzero: np.ndarray
    missing_bits: np.ndarray = field(default_factory=lambda: np.full(64, -1))


@dataclass
class Frame:
    """What the segments before a scan have said.

    Attributes
    ----------
    progressive : bool
    units : int
        Of a scan of several components, see `Component`.
    components : dict of int to Component
        By the number that the file gives them.
    lookups : (8, 65536) uint16 array
        The Huffman tables as `jpeg_codes` takes them: four for DC, four for AC.
    restart_interval : int
        Units between two restart markers; 0 if there are none.
    transform : int
        What Adobe's segment says of the colours: 0 none, 1 YCbCr, 2 YCCK.
    """

    progressive: bool = False
    units: int = 0
    components: dict[int, Component] = field(default_factory=dict)
    lookups: np.ndarray = field(default_factory=lambda: np.zeros((8, 2**16), np.uint16))
    restart_interval: int = 0
    transform: int = 0


def read_segment(frame: Frame, marker: int, content: bytes) -> bytes:
    """Note in `frame` what the scans need to know; return the content without what is odd."""
    if marker in (*SEQUENTIAL, PROGRESSIVE):
        if frame.components:
            raise ValueError("it is a damaged jpg: it has two headers")
        frame.progressive = marker == PROGRESSIVE
        read_frame(frame, content)
    elif marker == HUFFMAN:
        rest = content
        while rest:
            number = (rest[0] & 3) + 4 * (rest[0] >> 4 & 1)
            symbols = sum(rest[1:17])
            frame.lookups[number] = lookup(rest[1:17], rest[17 : 17 + symbols])
            rest = rest[17 + symbols :]
    elif marker == RESTART_INTERVAL:
        (frame.restart_interval,) = struct.unpack(">H", content)
    elif marker == JFIF and content.startswith(b"JFIF\0"):
        return content[:5] + b"\1\1" + content[7:]  # another version would make no difference
    elif marker == ADOBE and content.startswith(b"Adobe"):
        frame.transform = content[11]
    return content


def check_colours(frame: Frame) -> None:
    """ValueError for a transform of Adobe's that does not go with the number of components."""
    known = {3: (0, 1), 4: (0, 2)}.get(len(frame.components), range(256))
    if frame.transform not in known:
        raise ValueError("it is a damaged jpg: its colours are of an unknown kind")


def read_frame(frame: Frame, content: bytes) -> None:
    """Start of frame (ITU-T T.81, B.2.2): size, and sampling factors of each component."""
    precision, height, width, count = struct.unpack_from(">BHHB", content)
    if precision != 8:
        raise ValueError(f"it is a jpg of {precision} bits; save it as png")
    factors = {}
    for number in range(count):
        name, both, _ = struct.unpack_from("BBB", content, 6 + 3 * number)
        factors[name] = both >> 4, both & 0xF
    if len(factors) != count or any(not 1 <= f <= 4 for pair in factors.values() for f in pair):
        raise ValueError("it is a damaged jpg: its header makes no sense")
    most_across = max(across for across, _ in factors.values())
    most_down = max(down for _, down in factors.values())
    frame.units = blocks(width, most_across) * blocks(height, most_down)
    for name, (across, down) in factors.items():
        shape = blocks(height * down, most_down), blocks(width * across, most_across)
        nonzero = np.zeros((*shape, 64) if frame.progressive else (0, 0, 64), bool)
        frame.components[name] = Component(across * down, *shape, nonzero)


def blocks(pixels: int, per_block: int) -> int:
    """How many blocks of 8 times `per_block` pixels it takes to cover `pixels`."""
    return -(-pixels // (8 * per_block))


@lru_cache(64)  # most files have the same few tables
def lookup(counts: bytes, symbols: bytes) -> np.ndarray:
    """A Huffman table as (65536,) uint16: ``length << 8 | symbol`` for each possible 16 bits.

    Code words are numbered from 0 on, the short ones first (ITU-T T.81, C.2), so that one of
    `length` bits fills the next 2^(16 - length) places.
    """
    nonsense = "it is a damaged jpg: one of its Huffman tables makes no sense"
    if len(counts) != 16 or len(symbols) != sum(counts):
        raise ValueError(nonsense)
    lengths = np.repeat(np.arange(1, 17), list(counts))
    places = 1 << (16 - lengths)
    if places.sum() > 2**16:
        raise ValueError(nonsense)
    table = np.zeros(2**16, np.uint16)
    table[: places.sum()] = np.repeat(lengths << 8 | np.frombuffer(symbols, np.uint8), places)
    return table
