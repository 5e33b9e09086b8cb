"""What a file says of itself beside the pixels: how it is stored, its tags, its name.

Images of one class that come from one place often share such a fact. Some of them change the pixels
or how they are prepared (`SEEN`), so that a model can learn them; name and tags it never gets.
"""

from __future__ import annotations

import re
from pathlib import Path

from covid.audit.pixel_mode import pixel_mode
from covid.common.errors import shown
from covid.data.same_names import composed
from minicnn.preprocessing.image_header import image_kind, open_image

Fact = tuple[str, str]  # a property, and its value

# Property -> the files that have a value of it, as text.
SEEN = {
    "mode": "files stored as {}",
    "bits": "files with {} a channel",
    "format": "{} files",
    "size": "files of {} pixels",
    "width": "files {} pixels wide",
    "height": "files {} pixels high",
    "jpg quality": "jpg files of quality {}",
}
UNSEEN = {
    "extension": "files with the extension {}",
    "tag": "files with the tag {}",
    "no tag": "files without the tag {}",
    "name prefix": "files with names that begin with {!r}",
    "name length": "files with names of length {} (a number counts as 1)",
}

# Mean of the luminance table of ITU-T T.81, table K.1, to which the quality is relative.
MEAN_STEP = 57.625
LONGEST_TAG = 40  # characters
MOST_TAGS = 100  # of one file


def file_facts(data: bytes, path: Path, class_name: str) -> frozenset[Fact]:
    """All facts of a readable image file; a file has several of "tag", none of "no tag"."""
    image = open_image(data)
    mode, bits = pixel_mode(data).split(", ")
    width, height = image.size
    facts = [
        *(("mode", mode), ("bits", bits), ("format", image_kind(data))),
        *(("size", f"{width} x {height}"), ("width", f"{width}"), ("height", f"{height}")),
        ("extension", path.suffix),
        *name_facts(path.stem, class_name),
        *(("tag", shown(tag)[:LONGEST_TAG]) for tag in sorted(tags(image, data))[:MOST_TAGS]),
    ]
    if image.format == "JPEG" and image.quantization:
        luminance = image.quantization[min(image.quantization)]
        facts.append(("jpg quality", f"{jpg_quality(luminance)}"))
    return frozenset(facts)


def name_facts(stem: str, class_name: str) -> list[Fact]:
    """Beginning and length of a file name, in which the name of its class does not count."""
    stem = re.sub(re.escape(composed(class_name)), "", composed(stem), flags=re.IGNORECASE)
    stem = re.sub(r"\d+", "0", stem)
    prefix = stem.partition("0")[0]
    return [("name length", f"{len(stem)}"), *([("name prefix", prefix)] if prefix else [])]


def tags(image, data: bytes) -> set[str]:
    """Names of what stands beside the pixels, such as "exif", "dpi", "icc_profile", "Software"."""
    if image.format == "TIFF":
        from PIL.TiffTags import lookup

        return {lookup(tag).name for tag in image.tag_v2}
    found = set(map(str, image.info))
    return found | png_chunks(data) if image.format == "PNG" else found


def png_chunks(data: bytes) -> set[str]:
    """Kinds of the chunks of a png, texts with their keyword; also those behind the pixels."""
    found, place = set(), 8
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        text = kind in (b"tEXt", b"zTXt", b"iTXt")
        keyword = data[place + 8 : place + 8 + min(length, 80)].partition(b"\0")[0] if text else b""
        found.add(" ".join(part.decode("latin-1") for part in (kind, keyword) if part))
        place += 12 + length
    return found


def jpg_quality(table: list[int]) -> int:
    """The quality from 1 to 100 at which libjpeg would make steps as large as these on average.

    libjpeg scales the tables of ITU-T T.81 by 50 / quality up to 50, by 2 - quality / 50 above.
    """
    scale = sum(table) / len(table) / MEAN_STEP
    quality = 50 / scale if scale > 1 else 50 * (2 - scale)
    return max(1, min(100, round(quality)))
