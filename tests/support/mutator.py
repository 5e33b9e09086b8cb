"""Damages the bytes of a file as disks, transfers and fuzzers do; the same seed, the same damage.

rng = np.random.default_rng(seed)
    damaged = mutations(data, rng)
"""

import struct

import numpy as np

NASTY = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutations(data: bytes, rng: np.random.Generator) -> bytes:
    """Return `data` after one to four kinds of damage drawn from `rng`; never the same bytes."""
    if not data:
        return rng.bytes(int(rng.integers(1, 65)))
    damaged = data
    while damaged == data:
        for _ in range(rng.integers(1, 5)):
            kind = KINDS[rng.integers(len(KINDS))]
            # The empty file is a case of its own, and then there is nothing left to damage.
            damaged = kind(damaged, rng) or damaged[:1]
    return damaged


def place(data: bytes, rng: np.random.Generator) -> int:
    """A position; half of the time in the first 64 bytes, where the headers are."""
    return int(rng.integers(min(64, len(data)) if rng.random() < 0.5 else len(data)))


def stretch(data: bytes, rng: np.random.Generator) -> slice:
    """A piece of up to a quarter of the file."""
    start = place(data, rng)
    return slice(start, start + int(rng.integers(1, len(data) // 4 + 2)))


def truncate(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: place(data, rng)]


def cut_front(data: bytes, rng: np.random.Generator) -> bytes:
    return data[place(data, rng) :]


def flip_bits(data: bytes, rng: np.random.Generator) -> bytes:
    """One to eight bits."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 9)):
        changed[place(data, rng)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def set_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """One to eight bytes."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 9)):
        changed[place(data, rng)] = int(rng.integers(256))
    return bytes(changed)


def overwrite(data: bytes, rng: np.random.Generator) -> bytes:
    """A piece becomes noise, or all the same byte."""
    piece = stretch(data, rng)
    length = len(data[piece])
    noise = rng.bytes(length) if rng.random() < 0.5 else rng.bytes(1) * length
    return data[: piece.start] + noise + data[piece.start + length :]


def edit_number(data: bytes, rng: np.random.Generator) -> bytes:
    """Two or four bytes become a number that lengths and sizes rarely are, in either byte order."""
    size = int(rng.choice((2, 4)))
    number = int(rng.choice(NASTY)) & (256**size - 1)
    order = "<>"[rng.integers(2)]
    start = place(data, rng)
    return (
        data[:start]
        + struct.pack(f"{order}{'H' if size == 2 else 'I'}", number)
        + data[start + size :]
    )


def nudge_number(data: bytes, rng: np.random.Generator) -> bytes:
    """A big-endian number of four bytes becomes a little larger or smaller."""
    start = place(data, rng)
    number = int.from_bytes(data[start : start + 4], "big") + int(rng.integers(-3, 4))
    return data[:start] + (number % 2**32).to_bytes(4, "big") + data[start + 4 :]


def duplicate(data: bytes, rng: np.random.Generator) -> bytes:
    piece = stretch(data, rng)
    return data[: piece.stop] + data[piece] + data[piece.stop :]


def insert(data: bytes, rng: np.random.Generator) -> bytes:
    start = place(data, rng)
    return data[:start] + rng.bytes(int(rng.integers(1, 65))) + data[start:]


def delete(data: bytes, rng: np.random.Generator) -> bytes:
    piece = stretch(data, rng)
    return data[: piece.start] + data[piece.stop :]


def splice(data: bytes, rng: np.random.Generator) -> bytes:
    """A piece of the file over another place of it."""
    piece, start = data[stretch(data, rng)], place(data, rng)
    return data[:start] + piece + data[start + len(piece) :]


def append(data: bytes, rng: np.random.Generator) -> bytes:
    return data + rng.bytes(int(rng.integers(1, 257)))


KINDS = (
    *(truncate, cut_front, flip_bits, set_bytes, overwrite, edit_number, nudge_number),
    *(duplicate, insert, delete, splice, append),
)
