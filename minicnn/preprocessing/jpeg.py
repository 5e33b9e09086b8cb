"""Looks through a jpg before libjpeg does, which fills in what is damaged and goes on.

libjpeg draws something wherever bytes are missing or wrong, and prints a line without a file's
name on stderr. So every code word is stepped over here first (see `jpeg_codes`), which
tells whether the compressed data can be followed to their end. No pixel is computed.

What stays hidden: a changed bit that makes another valid sequence of codes of the same length.
A jpg has no check sum.
"""

import struct

import numpy as np

from minicnn.preprocessing import jpeg_codes
from minicnn.preprocessing.headers import END_OF_IMAGE, START_OF_SCAN, jpeg_segments
from minicnn.preprocessing.jpeg_header import (
    NEEDED,
    OTHER_FRAMES,
    Component,
    Frame,
    check_colours,
    read_segment,
)

FIRST_RESTART = 0xD0  # to 0xD7, in turn
CUT = "it is a cut-off jpg: the end is missing"
DAMAGED = "it is a damaged jpg: its compressed data make no sense"


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
                check_colours(frame)
                position = check_scan(frame, data, start + 4, end)
                parts.append(data[start:position])
                marker = None
            elif marker != END_OF_IMAGE:
                raise ValueError(CUT)
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError("it is a damaged jpg: its header makes no sense") from error
    return b"".join((*parts, data[start:end]))


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
    first, last, bits = struct.unpack("BBB", data[start + 1 + 2 * count : end])
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
