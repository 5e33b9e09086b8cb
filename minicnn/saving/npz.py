"""Arrays and one text of JSON in an .npz file: written whole or not at all, read without trust.

An .npz file is a zip archive of .npy files, one for each array. A file to read may be damaged or
hostile: nothing is unpickled, nothing is unpacked to disk, and sizes are compared before memory is
taken. Compressed arrays are refused. minicnn never writes them (trained weights hardly get
smaller), and without them all arrays together are at most as large as the file.
"""

import json
import math
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from minicnn.files import atomic_write

FORMAT_VERSION = 1
ANOTHER_FILE = "name a file that minicnn saved, or take another copy of it"
META = "__meta__"
DTYPE_KINDS = "fiubU"  # numbers, booleans, strings
ZIP_END = b"PK\x05\x06"  # the record at the end of a zip file, of 22 bytes without a comment


class ModelFileError(ValueError):
    """A file that cannot be read as what it should be.

    Attributes
    ----------
    problem : str
        The file, what was expected and what was found; the error's text adds what to do.
    """

    def __init__(self, path, problem: str, remedy: str = ANOTHER_FILE):
        self.problem = f"{path}: {one_line(problem)}"
        super().__init__(f"{self.problem}; {remedy}")


TAKEN = ("file", "allow_pickle")  # np.savez's own arguments


def write_npz(path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays to `path`, which is then either whole or as it was before.

    ValueError if the path does not end in .npz or `read_npz` would refuse the arrays; OSError if
    the file cannot be written.
    """
    if Path(path).suffix != ".npz":
        raise ValueError(f"{path}: expected a name that ends in .npz (the only format there is)")
    if not Path(path).parent.is_dir():
        raise FileNotFoundError(f"{path}: expected a folder to write to, found none; make it first")
    for name, array in arrays.items():
        if (
            name in TAKEN
            or not name.isprintable()
            or "\\" in name
            or {"", ".", ".."} & set(name.split("/"))
        ):
            raise ValueError(f"{path}: expected a name like weights/conv2d/kernel, got {name!r}")
        dtype = np.asarray(array).dtype
        if dtype.kind not in DTYPE_KINDS:
            raise ValueError(f"{path}: expected {name} to hold numbers or a text, got {dtype}")
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def read_npz(path, only_meta: bool = False) -> tuple[dict[str, np.ndarray], dict | None]:
    """The arrays of a file (none with `only_meta`), and its `__meta__` or None.

    FileNotFoundError if there is no such file; ModelFileError, a ValueError, if it cannot be read
    or was written by another version of minicnn.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: no such file")
    try:
        arrays = read_arrays(path, only_meta)
        meta = parse_json(arrays.pop(META)) if META in arrays else None
    except Exception as error:  # zipfile raises nearly anything at a damaged directory
        reason = getattr(error, "strerror", None) or error
        found = error if type(error) is ValueError else f"one that cannot be read ({reason})"
        problem = f"expected a model file of minicnn (.npz), found {found}"
        raise ModelFileError(path, problem) from None
    version = FORMAT_VERSION if meta is None else meta.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:  # True == 1
        problem = f"expected format version {FORMAT_VERSION}, found {version!r}"
        raise ModelFileError(path, problem, f"update minicnn, or {ANOTHER_FILE}")
    return arrays, meta


def read_arrays(path, only_meta: bool) -> dict[str, np.ndarray]:
    """All arrays of an .npz file, or `__meta__` alone; a ValueError's text is what was found."""
    if not os.path.isfile(path):  # opening a pipe would block
        raise ValueError("a folder, a device or a pipe")
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 22))
        if not file.read().startswith(ZIP_END):  # zipfile would search for it farther in front
            raise ValueError("a file of another kind, or one that was cut off or added to")
        with zipfile.ZipFile(file) as archive:
            members: dict[str, zipfile.ZipInfo] = {}
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                if name in members:
                    raise ValueError(f"{name} more than once")
                if member.compress_type != zipfile.ZIP_STORED:
                    raise ValueError(f"{name}, which is compressed (write it anew with np.savez)")
                members[name] = member
            total = sum(member.file_size for member in members.values())
            if total > size:
                raise ValueError(f"arrays of {total} bytes in a file of {size}")
            names = members.keys() & {META} if only_meta else members
            return {name: read_array(archive, members[name], name) for name in names}


def read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> np.ndarray:
    """One array of an archive; ValueError unless its header promises what is there."""
    try:
        with archive.open(member) as file:
            if npy.read_magic(file) != (1, 0):
                raise ValueError("an .npy version that np.savez does not need")
            shape, _, dtype = npy.read_array_header_1_0(file)
            promised = file.tell() + math.prod(shape) * dtype.itemsize  # Python's int: no overflow
        if dtype.kind not in DTYPE_KINDS:
            raise ValueError(f"{dtype}; Python objects are never read")
        if promised != member.file_size:
            raise ValueError(f"{member.file_size} bytes for an array of {promised}")
        with archive.open(member) as file:  # compares the checksum at its end
            return npy.read_array(file, allow_pickle=False)
    except Exception as error:  # so does NumPy at a damaged header
        raise ValueError(f"{name}, which cannot be read as numbers or text ({error})") from None


def parse_json(array: np.ndarray) -> dict:
    """The dict that an array of one text holds as JSON; ValueError where it is none."""
    if array.shape != () or array.dtype.kind != "U":
        raise ValueError(f"a description that is {array.dtype} of shape {array.shape}, not a text")
    # NumPy's own conversion stops with a SystemError at numbers that are no characters.
    codec = "utf-32-be" if array.dtype.str[0] == ">" else "utf-32-le"
    try:
        content = json.loads(array.tobytes().decode(codec))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"a description that is no JSON ({error})") from None
    if not isinstance(content, dict):
        raise ValueError(f"a description that is {type(content).__name__} instead of dict")
    return content


def one_line(text: str, longest: int = 600) -> str:
    """A text as it can be shown: on one line, without control characters, not endless."""
    text = " ".join(text[: 2 * longest].split())
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= longest else f"{shown[:longest]}..."
