"""Looks through a png before libpng does, which prints its complaints on stderr.

libpng is only handed files that it decodes without a word: chunks whose check sums are right,
picture data of the right length, and nothing else that it might not like.
"""

import struct
import zlib
from collections.abc import Iterator

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PLAIN = {b"IHDR", b"IDAT", b"IEND"}
# Samples a pixel and the allowed bits a sample, by colour type (PNG specification, 11.2.1).
COLOUR_TYPES = {
    0: (1, (1, 2, 4, 8, 16)),
    2: (3, (8, 16)),
    3: (1, (1, 2, 4, 8)),
    4: (2, (8, 16)),
    6: (4, (8, 16)),
}
PALETTE = 3
# Adam7: first column, first row, distance of columns and of rows of each pass (specification, 8.2).
PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
LAST_FILTER = 4


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


def checked_png(data: bytes) -> bytes:
    """Return the same picture as a png that libpng decodes without a warning.

    Colour profiles, texts and dates change no pixel and go. Nothing is copied if `data` is a plain,
    uncompressed png, as those that this project writes.

    Raises
    ------
    ValueError
        As `check_png`.
    """
    chunks, content, is_clean = check_png(data)
    if is_clean and chunks.keys() == PLAIN and len(data) > len(content):
        return data
    # Level 0 does not compress: libpng need not do again what has been done above.
    parts = [
        (b"IHDR", chunks[b"IHDR"][0]),
        *palette(chunks),
        *transparency(chunks),
        (b"IDAT", zlib.compress(content, 0)),
        (b"IEND", b""),
    ]
    return SIGNATURE + b"".join(_chunk(kind, part) for kind, part in parts)


def check_png(data: bytes, check_sum: bool = True) -> tuple[dict[bytes, list[bytes]], bytes, bool]:
    """Look at all of a png but its colours.

    Parameters
    ----------
    data : bytes
    check_sum : bool
        Whether to check the sum of the unpacked data, too: those of the chunks have vouched for
        every byte, so that it can only be wrong if its writer was.

    Returns
    -------
    chunks : dict of bytes to list of bytes
        Contents by type.
    content : bytes
        The rows of pixels, unpacked.
    is_clean : bool
        Whether there is nothing behind them.

    Raises
    ------
    ValueError
        The file is cut off or damaged; with the reason, without the file's name.
    """
    chunks = read_chunks(data)
    rows = row_lengths(chunks[b"IHDR"][0])
    expected = sum(count * length for count, length in rows)
    content, is_clean = inflate(b"".join(chunks[b"IDAT"]), expected, check_sum)
    check_filters(content, rows)
    palette(chunks)
    return chunks, content, is_clean


def read_chunks(data: bytes) -> dict[bytes, list[bytes]]:
    """The contents of a png's chunks by type.

    Those whose type begins with an upper-case letter make the picture (specification, 5.4): their
    check sums must be right, and that of the transparency.
    """
    found: dict[bytes, list[bytes]] = {b"IDAT": []}
    kind = b""
    view = memoryview(data)
    for number, (kind, start, end) in enumerate(png_chunks(data)):
        if number == 0 and (kind != b"IHDR" or end - start != 25):
            raise ValueError("it is a damaged png: the header is missing")
        if kind[:1].isupper() or kind == b"tRNS":
            (stored,) = struct.unpack_from(">I", data, end - 4)
            if zlib.crc32(view[start + 4 : end - 4]) != stored:
                raise ValueError(
                    f"it is a damaged png: the check sum of its {kind!r} part is wrong"
                )
        found.setdefault(kind, []).append(view[start + 8 : end - 4])
    if kind != b"IEND":
        raise ValueError("it is a cut-off png: the end is missing")
    return found


def row_lengths(header: bytes) -> list[tuple[int, int]]:
    """(rows, bytes in each) of the picture, or of each of its seven passes if it is interlaced.

    Each row begins with the number of its filter (specification, 7.2 and 9.2).
    """
    width, height, depth, colour, packing, filtering, interlace = struct.unpack(">IIBBBBB", header)
    samples, depths = COLOUR_TYPES.get(colour, (0, ()))
    if depth not in depths or packing or filtering or interlace > 1:
        raise ValueError(
            f"it is a damaged png: colour type {colour} with {depth} bits, compression {packing}, "
            f"filter {filtering}, interlace {interlace} does not exist"
        )
    passes = PASSES if interlace else ((0, 0, 1, 1),)
    sizes = [
        (len(range(top, height, down)), len(range(left, width, right)))
        for left, top, right, down in passes
    ]
    return [
        (rows, 1 + (columns * samples * depth + 7) // 8)
        for rows, columns in sizes
        if rows and columns
    ]


def inflate(stream: bytes, expected: int, check_sum: bool) -> tuple[bytes, bool]:
    """Unpack the first `expected` bytes; also, whether they are all, and the stream ends there.

    Without its check sum, a stream that is not compressed need not go through zlib.
    """
    if not check_sum:
        content = stored_content(stream)
        if len(content) == expected:
            return content, True
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(stream, expected + 1)
    except zlib.error as error:
        raise ValueError("it is a damaged png: its picture data cannot be unpacked") from error
    if len(content) < expected:
        raise ValueError(
            f"it is a damaged png: expected {expected} bytes of picture data, found {len(content)}"
        )
    return content[:expected], unpacker.eof and len(content) == expected


def stored_content(stream: bytes) -> bytes:
    """The content of a zlib stream that is not compressed; of others, nothing or something shorter.

    Behind a header of two bytes, each block is 1 (the last one) or 0, its length, the length with
    all bits turned, and the content (RFC 1951, 3.2.4).
    """
    parts, position, is_last = [], 2, int.from_bytes(stream[:2], "big") % 31 != 0
    while not is_last and position + 5 <= len(stream):
        kind, length, turned = struct.unpack_from("<BHH", stream, position)
        if kind > 1 or length ^ turned != 0xFFFF:
            break
        parts.append(memoryview(stream)[position + 5 : position + 5 + length])
        position, is_last = position + 5 + length, kind == 1
    return b"".join(parts) if is_last else b""


def check_filters(content: bytes, rows: list[tuple[int, int]]) -> None:
    """ValueError where a row's first byte names a filter that does not exist."""
    start = 0
    for count, length in rows:
        filters = np.frombuffer(content, np.uint8, count * length, start)[::length]
        if filters.max() > LAST_FILTER:
            raise ValueError(f"it is a damaged png: there is no filter {filters.max()}")
        start += count * length


def palette(chunks: dict[bytes, list[bytes]]) -> list[tuple[bytes, bytes]]:
    """The palette of a palette image, filled up with black: its pixels may point anywhere."""
    depth, colour = chunks[b"IHDR"][0][8:10]
    if colour != PALETTE:
        return []  # a suggestion for poor screens
    entries = chunks.get(b"PLTE", [b""])[0]
    if not entries or len(entries) % 3 or len(entries) > 3 * 2**depth:
        raise ValueError("it is a damaged png: its palette is missing or of a wrong length")
    return [(b"PLTE", bytes(entries).ljust(3 * 2**depth, b"\0"))]


def transparency(chunks: dict[bytes, list[bytes]]) -> list[tuple[bytes, bytes]]:
    """Which colours are transparent, if the chunk about it makes sense (specification, 11.3.1)."""
    depth, colour = chunks[b"IHDR"][0][8:10]
    lengths = {0: (2,), 2: (6,), PALETTE: range(1, 2**depth + 1)}
    found = chunks.get(b"tRNS", [])[:1]
    return [(b"tRNS", part) for part in found if len(part) in lengths.get(colour, ())]


def _chunk(kind: bytes, content: bytes) -> bytes:
    check_sum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check_sum)
