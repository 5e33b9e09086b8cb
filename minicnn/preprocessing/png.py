"""Looks at the parts of a png before libpng does, whose complaints name no file.

What libpng refuses, it refuses as a whole: it never fills in what is damaged. So this is for the
sake of the message, and of the parts that only make libpng print warnings.
"""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRANSPARENCY = b"tRNS"


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, first byte, one past the last byte) of the complete chunks of a png file.

    A chunk is 4 bytes of length, 4 of type, the content, 4 of check sum (specification, 5.3).
    """
    start = len(SIGNATURE)
    while start + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if end > len(data):
            return
        yield kind, start, end
        if kind == b"IEND":
            return
        start = end


def plain_png(data: bytes, check_sums: bool) -> bytes:
    """Return the same picture as a png of nothing else.

    Chunks whose type begins with an upper-case letter make the picture (specification, 5.4).
    Colour profiles, texts, dates and further frames go, and a transparency that makes no sense.

    Parameters
    ----------
    data : bytes
    check_sums : bool
        Whether to compute the chunks' check sums; libpng does, too.

    Raises
    ------
    ValueError
        The file is cut off or damaged; with the reason, without the file's name.
    """
    kept, kind, view = [], b"", memoryview(data)
    for number, (kind, start, end) in enumerate(png_chunks(data)):
        if number == 0 and (kind != b"IHDR" or end - start != 25):
            raise ValueError("it is a damaged png: the header is missing")
        (stored,) = struct.unpack_from(">I", data, end - 4)
        is_needed = kind[:1].isupper()
        if is_needed and check_sums and zlib.crc32(view[start + 4 : end - 4]) != stored:
            raise ValueError(
                f"it is a damaged png: the check sum of its {kind.decode('latin-1')!r} part is "
                "wrong"
            )
        if is_needed or (kind == TRANSPARENCY and is_sensible(view[start:end], data)):
            kept.append(view[start:end])
    if kind != b"IEND":
        raise ValueError("it is a cut-off png: the end is missing")
    whole = len(SIGNATURE) + sum(map(len, kept)) == len(data)
    return data if whole else b"".join((SIGNATURE, *kept))


def is_sensible(chunk: memoryview, data: bytes) -> bool:
    """Whether a chunk about transparency is one that libpng reads without a warning.

    Its check sum is right, and its length that of the image's colour type (specification, 11.3.1).
    """
    depth, colour = data[len(SIGNATURE) + 16 : len(SIGNATURE) + 18]
    lengths = {0: (2,), 2: (6,), 3: range(1, 2**depth + 1)}.get(colour, ())
    (stored,) = struct.unpack(">I", chunk[-4:])
    return len(chunk) - 12 in lengths and zlib.crc32(chunk[4:-4]) == stored
