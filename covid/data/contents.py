"""contents.csv: a hash of the bytes of each image file, so that one that was replaced is noticed."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path

from covid.common.csv_cells import csv_rows
from covid.common.errors import UserError, shown
from covid.common.output_files import write_csv
from covid.common.parallel import in_parallel

CONTENTS = "contents.csv"
COLUMNS = ("file", "blake2b")
UNREADABLE = "unreadable"  # in place of a hash


def digest(content: bytes) -> str:
    """The hash, 128 bits as text."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """By name the hash of each file, as it is now."""
    return dict(
        zip(files, in_parallel(_digest_of, list(files.values()), "", "", False), strict=True)
    )


def _digest_of(path: Path) -> str:
    try:
        return digest(path.read_bytes())
    except OSError:
        return UNREADABLE


def write_contents(found: Mapping[str, str], folder: Path) -> None:
    """Write contents.csv into `folder`; `found` is what `digests` gives."""
    write_csv(folder / CONTENTS, COLUMNS, found.items())


def read_contents(folder: Path) -> dict[str, str]:
    """By name the hash in contents.csv; empty where there is none, as older versions left it."""
    try:
        with csv_rows(folder / CONTENTS) as rows:
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise ValueError("its first line is another one")
            return {row["file"]: row["blake2b"] for row in rows}
    except FileNotFoundError:
        return {}
    except (KeyError, ValueError, csv.Error) as error:
        raise UserError(f"{folder / CONTENTS} is damaged ({error}); start another run") from None


def check_contents(files: Mapping[str, Path], folder: Path) -> None:
    """UserError where a file has gone, or changed, since contents.csv was written into `folder`.

    Files that were added are not looked for.
    """
    before = read_contents(folder)
    gone = [name for name in before if name not in files]
    if gone:
        raise UserError(
            f"{shown(gone[0])} has gone since this run was begun"
            f"{f', and {len(gone) - 1} more' if len(gone) > 1 else ''}; put it back, or start "
            "another run"
        )
    known = {name: path for name, path in files.items() if name in before}
    for name, now in digests(known).items():
        if now != before[name]:
            raise UserError(
                f"{shown(files[name])} is not the file that this run was begun with; put that one "
                "back, or start another run"
            )
