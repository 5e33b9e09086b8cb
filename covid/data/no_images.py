"""Says what a folder holds instead of images, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

SLICES = (
    "export each slice as 16-bit png or tif, with 1024 added to Hounsfield units so that none is "
    "negative, and see --window"
)
UNPACK = "unpack them and name the folder that holds the two class folders"
KINDS = {  # what files are: their extensions, what to do
    "DICOM": (".dcm .dicom .ima", f"DICOM is not read: {SLICES}"),
    "volume": (".nii .nrrd .mha .mhd", f"volumes are not read: {SLICES}"),
    "array": (".npy .npz .mat .h5", f"arrays are not read: {SLICES}"),
    "packed": (".zip .tar .tgz .gz .rar .7z", UNPACK),
    "HEIC": (".heic .heif .avif", "save them as png or jpg"),
}


def what_is_there(paths: Iterable[Path]) -> tuple[str, str] | None:
    """What most of the files are, such as "12 DICOM files", and what to do; None for other kinds."""
    counts = Counter(kind for path in paths if (kind := _kind(path)) is not None)
    if not counts:
        return None
    kind, count = counts.most_common(1)[0]
    return f"{count} {kind} file{'s' if count > 1 else ''}", KINDS[kind][1]


def _kind(path: Path) -> str | None:
    """By the extension, also one in front of .gz; DICOM often has none, and a word in its head."""
    name = path.name.lower()
    for suffix in (Path(name.removesuffix(".gz")).suffix, Path(name).suffix):
        for kind, (extensions, _) in KINDS.items():
            if suffix in extensions.split():
                return kind
    return "DICOM" if _begins_as_dicom(path) else None


def _begins_as_dicom(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with open(path, "rb") as file:
            return file.read(132).endswith(b"DICM")
    except OSError:
        return False
