"""Looks whether a jpg is whole before libjpeg does, which fills in what is missing with gray.

Only the markers are looked at. A jpg has no check sums: compressed data with a changed byte are
decoded to something, mostly after a line on stderr that names no file.
"""

import re

from minicnn.preprocessing.image_header import END_OF_IMAGE, START_OF_SCAN, jpeg_segments

# Behind the compressed data; a byte of 255 among them is followed by a 0, and intervals of them
# may be divided by the markers D0 to D7 (ITU-T T.81, B.1.1.5).
NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def check_jpeg(data: bytes) -> None:
    """ValueError with the reason, without the file's name, where a jpg is cut off or damaged."""
    position, scans = 2, 0
    while True:
        segments = list(jpeg_segments(data, position))  # up to a scan's header, or to the end
        marker, _, position = segments[-1] if segments else (None, 0, 0)
        if marker == END_OF_IMAGE and scans == 0:
            raise ValueError("it is a cut-off jpg: there is no picture in it")
        if marker == END_OF_IMAGE:
            return
        following = NEXT_MARKER.search(data, position)
        if marker != START_OF_SCAN or following is None:
            raise ValueError("it is a cut-off jpg: the end is missing")
        position, scans = following.start(), scans + 1
