"""Looks through a jpg before libjpeg does, which fills in what is damaged and goes on.

libjpeg draws something wherever bytes are missing or wrong, and prints a line without a file's
name on stderr. Whether the compressed data can be followed to their end, is told here by
stepping over every code word (see `jpeg_codes`); no pixel is computed.

What stays hidden: a changed bit that makes another valid sequence of codes of the same length.
A jpg has no check sum.
"""

import struct
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from minicnn.preprocessing import jpeg_codes
from minicnn.preprocessing.headers import END_OF_IMAGE, START_OF_SCAN, jpeg_segments

SEQUENTIAL, PROGRESSIVE = (0xC0, 0xC1), 0xC2  # starts of frame
OTHER_FRAMES = {0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
HUFFMAN, QUANTISATION, RESTART_INTERVAL = 0xC4, 0xDB, 0xDD
# JFIF and Adobe say what the colours are; all else (EXIF, thumbnails, texts) changes no pixel.
COLOURS = (0xE0, 0xEE)
NEEDED = {*SEQUENTIAL, PROGRESSIVE, HUFFMAN, QUANTISATION, RESTART_INTERVAL, *COLOURS}
FIRST_RESTART = 0xD0  # to 0xD7, in turn
CUT = "it is a cut-off jpg: the end is missing"
DAMAGED = "it is a damaged jpg: its compressed data make no sense"


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
    """

    progressive: bool = False
    units: int = 0
    components: dict[int, Component] = field(default_factory=dict)
    lookups: np.ndarray = field(default_factory=lambda: np.zeros((8, 2**16), np.uint16))
    restart_interval: int = 0


def checked_jpeg(data: bytes) -> bytes:
    """Return the same picture as a jpg that libjpeg decodes without a warning.

    Raises
    ------
    ValueError
        The file is cut off or damaged; with the reason, without the file's name.
    """
    frame = Frame()
    parts, position, marker = [data[:2]], 2, None
    try:
        while marker != END_OF_IMAGE:
            for marker, start, end in jpeg_segments(data, position):
                position = end
                if end > len(data):
                    raise ValueError(CUT)
                if marker in OTHER_FRAMES:
                    raise ValueError("it is a jpg of a rare kind; save it as png")
                if marker in NEEDED:
                    parts.append(data[start : start + 4])
                    parts.append(read_segment(frame, marker, data[start + 4 : end]))
            if marker == START_OF_SCAN:
                position = check_scan(frame, data, start + 4, end)
                parts.append(data[start:position])
                marker = None
            elif marker != END_OF_IMAGE:
                raise ValueError(CUT)
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError("it is a damaged jpg: its header makes no sense") from error
    return b"".join((*parts, data[start:end]))


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
    elif content.startswith(b"JFIF\0"):
        return content[:5] + b"\1\1" + content[7:]  # another version would make no difference
    elif content.startswith(b"Adobe") and content[11] > 2:
        raise ValueError("it is a damaged jpg: its colours are of an unknown kind")
    return content


def read_frame(frame: Frame, content: bytes) -> None:
    """Start of frame (ITU-T T.81, B.2.2): size, and sampling factors of each component."""
    precision, height, width, count = struct.unpack_from(">BHHB", content)
    if precision != 8:
        raise ValueError(f"it is a jpg of {precision} bits; save it as png")
    factors = {}
    for number in range(count):
        name, both, _ = content[6 + 3 * number : 9 + 3 * number]
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
    lengths = np.repeat(np.arange(1, 17), list(counts))
    places = 1 << (16 - lengths)
    if len(symbols) != len(lengths) or places.sum() > 2**16:
        raise ValueError("it is a damaged jpg: one of its Huffman tables makes no sense")
    table = np.zeros(2**16, np.uint16)
    table[: places.sum()] = np.repeat(lengths << 8 | np.frombuffer(symbols, np.uint8), places)
    return table


def check_scan(frame: Frame, data: bytes, start: int, end: int) -> int:
    """Step over all that a scan codes, and return where it ends.

    Its header is ``data[start:end]`` (ITU-T T.81, B.2.3); behind it are the compressed data, with a
    restart marker (D0 to D7 in turn) after each interval but the last.

    Raises
    ------
    ValueError
        There is too little or too much, or it cannot be followed.
    """
    count = data[start]
    names = data[start + 1 : start + 1 + 2 * count : 2]
    tables = data[start + 2 : start + 2 + 2 * count : 2]
    first, last, bits = data[start + 1 + 2 * count : end]
    components = [frame.components[name] for name in names]
    if count == 1:  # not in units: all its blocks, row by row
        units, in_unit = components[0].height * components[0].width, [1]
    else:
        units, in_unit = frame.units, [component.in_unit for component in components]
    dc = np.repeat([table >> 4 & 3 for table in tables], in_unit)
    ac = np.repeat([4 + (table & 3) for table in tables], in_unit)
    for component in components:
        check_order(frame, component, first, last, bits)
    refine, is_band = bits >> 4 > 0, frame.progressive and first > 0
    if is_band and count > 1:
        raise ValueError(DAMAGED)

    file = np.frombuffer(data, np.uint8)
    taken = np.empty(len(data) - end + jpeg_codes.PADDING, np.uint8)
    step = frame.restart_interval or units
    for number, done in enumerate(range(0, units, step)):
        if number > 0:
            if data[end : end + 2] != bytes((0xFF, FIRST_RESTART + (number - 1) % 8)):
                raise ValueError(DAMAGED)
            end += 2
        length, end = jpeg_codes.take_out(file, end, taken)
        interval = taken[: length + jpeg_codes.PADDING]
        inside = min(step, units - done)
        if is_band:
            nonzero, table = components[0].nonzero, frame.lookups[ac[0]]
            used = jpeg_codes.step_over_band(
                interval, done, inside, nonzero, table, first, last, refine
            )
        elif frame.progressive and refine:
            used = inside * len(dc)  # one bit for each block
        else:
            used = jpeg_codes.step_over_blocks(
                interval, inside * len(dc), dc, ac, frame.lookups, frame.progressive
            )
        if used == jpeg_codes.INVALID or -(-used // 8) != length:
            raise ValueError(DAMAGED if data.find(b"\xff\xd9", end) >= 0 else CUT)
    return end


def check_order(frame: Frame, component: Component, first: int, last: int, bits: int) -> None:
    """ValueError for a scan that does not go on where the earlier ones stopped.

    `first` to `last` are its coefficients: all, in a sequential jpg. In a progressive one the first
    is coded alone, before the others, and each scan adds one bit to what there is: `bits` is
    16 times the bits that were missing and those that will be (ITU-T T.81, G.1.1.1).
    """
    if not frame.progressive:
        fits = (first, last, bits) == (0, jpeg_codes.LAST, 0)
    else:
        missing = component.missing_bits
        follows = np.maximum(missing[first : last + 1], 0) == bits >> 4
        starts = last == 0 if first == 0 else first <= last <= jpeg_codes.LAST and missing[0] >= 0
        fits = starts and follows.all()
        missing[first : last + 1] = bits & 0xF
    if not fits:
        raise ValueError(DAMAGED)
