"""Reads the arrays of an .npz file without trusting it; `minicnn.saving.npz` is who asks.

An .npz file is a zip archive of .npy files, one for each array. What is read may be damaged, or
made by somebody who means harm, so the archive's directory and each array's header are checked
before any array is read. Nothing is unpickled and nothing is unpacked to disk.

Compressed arrays are refused. minicnn never writes them (trained weights hardly get smaller),
and without them no array can be larger than the file it is read from: that bounds the memory,
and no small file can unfold into a large one.
"""

import math
import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterable

import numpy as np

LARGEST_DIRECTORY = 4 * 2**20  # bytes: about 40,000 arrays
LONGEST_HEADER = 1024  # bytes; NumPy's own are 118
LONGEST_NAME = 1000  # characters
CHUNK = 2**20  # bytes read at once
DIRECTORY_ENTRY = 46  # bytes, without the name

END_RECORD = struct.Struct("<4s4H2LH")  # how a zip file ends: the directory's size is item 5
END_RECORDS_64 = struct.Struct("<4sQ2H2L4Q4sLQL")  # in front of it beyond 4 GiB: item 8
SEPARATE_SIZE, UTF8_NAME = 0x08, 0x800  # flags of a member that change nothing here
NPY_START = b"\x93NUMPY\x01\x00"
NPY_HEADER = re.compile(
    r"{'descr': '(?P<dtype>[<>|](?:f[248]|[iu][1248]|b1|U[0-9]{1,9}))', "
    r"'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>[0-9, ]*)\), } *\n"
)


def read_arrays(path, only: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """All arrays of an .npz file, or those named; the text of a ValueError says what was found."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):  # to open a pipe would wait for somebody to write to it
        raise ValueError("a folder" if stat.S_ISDIR(mode) else "a device or a pipe")
    with open(path, "rb") as file:
        check_end(file)
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            check_members(members, os.stat(path).st_size)
            named = {member.filename[: -len(".npy")]: member for member in members}
            return {
                name: read_array(archive, member)
                for name, member in named.items()
                if only is None or name in only
            }


def check_end(file) -> None:
    """ValueError unless this is a zip file, whole, with a directory of a sensible size."""
    start = file.read(8)
    if not start:
        raise ValueError("an empty file")
    if start.startswith(b"\x93NUMPY"):
        raise ValueError("one single array (.npy)")
    if start.startswith(b"\x89HDF"):
        raise ValueError("an HDF5 file; minicnn does not read Keras' files")
    if not start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise ValueError("a file of another kind")
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - END_RECORDS_64.size - END_RECORD.size))
    tail = file.read()
    if tail[-END_RECORD.size :][:4] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        raise ValueError("a cut-off file, or one with something behind its end")
    directory = END_RECORD.unpack(tail[-END_RECORD.size :])[5]
    if len(tail) == END_RECORDS_64.size + END_RECORD.size:
        large = END_RECORDS_64.unpack(tail[: END_RECORDS_64.size])
        if large[10] == b"PK\x06\x07":
            directory = large[8]
    if directory > LARGEST_DIRECTORY:
        raise ValueError(f"a directory of {directory} bytes, more than any model's")


def check_members(members: list[zipfile.ZipInfo], file_size: int) -> None:
    """ValueError unless all members are plainly stored arrays that fit into the file together."""
    names = [member.orig_filename for member in members]
    if any(name in ("config.json", "model.weights.h5") for name in names):
        raise ValueError("a Keras file; minicnn does not read those")
    seen = set()
    for member, name in zip(members, names, strict=True):
        if not name.endswith(".npy"):
            raise ValueError(f"{name!r}, which is no array")
        if not is_plain(name[: -len(".npy")]):
            raise ValueError(f"an array with a name that is no plain path ({name!r})")
        if name in seen:
            raise ValueError(f"{name} more than once")
        seen.add(name)
        if member.flag_bits & ~(SEPARATE_SIZE | UTF8_NAME):
            raise ValueError(f"{name}, which is encrypted")
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name}, which is compressed (write it anew with np.savez)")
        if member.compress_size != member.file_size:
            raise ValueError(f"{name} of two sizes, {member.compress_size} and {member.file_size}")
    total = sum(member.file_size for member in members)
    if total > file_size:
        raise ValueError(f"arrays of {total} bytes in a file of {file_size}")


def is_plain(name: str) -> bool:
    """Whether a name is a path inside a folder, and can be shown.

    Arrays are never unpacked to files here, but others may unpack them.
    """
    parts = name.split("/")
    odd = "\\" in name or ":" in parts[0] or not name.isprintable() or len(name) > LONGEST_NAME
    return not odd and not any(part in ("", ".", "..") for part in parts)


def directory_size(names: Iterable[str]) -> int:
    """Bytes that the directory of an archive with arrays of these names has, at least."""
    return sum(DIRECTORY_ENTRY + len(f"{name}.npy".encode()) for name in names)


def read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """One array; memory for it is taken when its size has been found to be the member's."""
    with archive.open(info) as member:
        start = member.read(len(NPY_START) + 2)
        header_size = int.from_bytes(start[-2:], "little")
        if not start.startswith(NPY_START) or header_size > LONGEST_HEADER:
            raise ValueError(f"{info.filename}, which is no array, or one with an odd header")
        header = member.read(header_size).decode("latin-1")
        known = NPY_HEADER.fullmatch(header)
        if known is None:
            kind = "Python objects, which are never read" if "'|O'" in header else "an odd kind"
            raise ValueError(f"{info.filename} with {kind} (header {header.strip()[:100]!r})")
        kind, digits = known["dtype"][1], int(known["dtype"][2:])
        item_size = 4 * digits if kind == "U" else digits
        shape = tuple(int(size) for size in known["shape"].split(",") if size.strip())
        expected = math.prod(shape) * item_size  # in Python's integers, which never overflow
        found = info.file_size - len(start) - header_size
        if expected != found:
            raise ValueError(f"{info.filename} with {found} bytes for an array of {expected}")
        numbers = bytearray(expected)
        for first in range(0, expected, CHUNK):  # after the last one zipfile compares the checksum
            part = memoryview(numbers)[first : first + CHUNK]
            if member.readinto(part) != len(part):
                raise ValueError(f"{info.filename}, which is cut off")
        order = "F" if known["fortran"] == "True" else "C"
        try:
            return np.ndarray(shape, known["dtype"], buffer=numbers, order=order)
        except ValueError:  # too many axes, or endless ones beside one of no numbers
            raise ValueError(f"{info.filename} with an impossible shape {shape}") from None
