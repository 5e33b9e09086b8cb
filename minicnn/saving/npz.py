"""Arrays and one text of JSON in an .npz file: written whole or not at all, read with suspicion.

What is read is checked in `minicnn.saving.npz_reader`; what could not be read again is not written.
"""

import json
import os
import re
import struct
import zipfile
from pathlib import Path

import numpy as np

from minicnn.files import whole_file
from minicnn.saving.npz_reader import LARGEST_DIRECTORY, directory_size, is_plain, read_arrays

FORMAT_VERSION = 1
LONGEST_TEXT = 4 * 2**20  # characters of `__meta__`
ANOTHER_FILE = "name a file that minicnn saved, or take another copy of it"


class ModelFileError(ValueError):
    """A file that cannot be read as what it should be.

    Attributes
    ----------
    problem : str
        The file, what was expected and what was found; the error's text says what to do, too.
    """

    def __init__(self, path, problem: str, remedy: str = ""):
        self.problem = f"{path}: {one_line(problem)}"
        super().__init__(f"{self.problem}; {remedy}" if remedy else self.problem)


def write_npz(path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays to `path` so that it is either whole or as it was before.

    Raises
    ------
    ValueError
        If the path does not end in .npz, or `read_npz` could not read the arrays again.
    FileNotFoundError
        If the folder does not exist.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"{path}: expected a name that ends in .npz (the only format there is)")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent}: expected a folder to write {path.name} to")
    for name, array in arrays.items():
        if not is_plain(name):
            raise ValueError(f"{path}: expected a name like weights/conv2d/kernel, got {name!r}")
        kind = np.asarray(array).dtype.str
        if not re.fullmatch(r"[<>|](?:f[248]|[iu][1248]|b1|U[0-9]+)", kind):
            raise ValueError(f"{path}: expected {name} to hold numbers or a text, got {kind}")
    if directory_size(arrays) > LARGEST_DIRECTORY / 2:  # a half is left for what zip adds
        raise ValueError(f"{path}: expected fewer arrays, or shorter names, got {len(arrays)}")
    if "__meta__" in arrays and len(str(arrays["__meta__"])) > LONGEST_TEXT:
        raise ValueError(
            f"{path}: expected a description of at most {LONGEST_TEXT} characters, got "
            f"{len(str(arrays['__meta__']))}; keep less in model.metadata"
        )
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def read_npz(path, only_meta: bool = False) -> tuple[dict[str, np.ndarray], dict | None]:
    """The arrays of a file (none with `only_meta`), and its `__meta__` or None.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        A ValueError: if it cannot be read, or was written by a newer version of minicnn.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: no such file")
    damage = (OSError, EOFError, OverflowError, RuntimeError, UnicodeError, struct.error)
    try:
        arrays = read_arrays(path, ("__meta__",) if only_meta else None)
        meta = parse_meta(arrays.pop("__meta__")) if "__meta__" in arrays else None
    except (*damage, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or str(error)
        found = f"one that cannot be read ({reason})"
    except ValueError as error:
        found = str(error)
    else:
        if meta is not None:
            check_version(meta.get("format_version"), path)
        return arrays, meta
    raise ModelFileError(
        path, f"expected a model file of minicnn (.npz), found {found}", ANOTHER_FILE
    )


def check_version(version, path) -> None:
    """ModelFileError unless this version of minicnn reads files of that format version."""
    if type(version) is int and version > FORMAT_VERSION:
        raise ModelFileError(
            path,
            f"written by a newer version of minicnn (format {version}; this one reads "
            f"{FORMAT_VERSION}): update minicnn",
        )
    if type(version) is not int or version != FORMAT_VERSION:
        raise ModelFileError(
            path, f"expected format version {FORMAT_VERSION}, found {version!r}", ANOTHER_FILE
        )


def parse_meta(array: np.ndarray) -> dict:
    """The description in `__meta__`; ValueError where it is none."""
    if array.nbytes > 4 * LONGEST_TEXT:
        raise ValueError(f"a description of {array.nbytes} bytes")
    return parse_json(array)


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
    shown = "".join(char if char.isprintable() else "?" for char in text[: longest + 1])
    return shown if len(text) <= longest else f"{shown[:longest]}..."
