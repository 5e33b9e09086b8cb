"""Reads every file once and keeps only what the audit compares: about 7 kB an image."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from covid.audit.file_facts import Fact, file_facts
from covid.audit.hashing import SIDE, WORDS, look
from covid.audit.measures import MEASURES, measure
from covid.audit.pixel_mode import pixel_mode
from covid.common.parallel import in_parallel
from covid.data.class_folders import ImageFile
from covid.data.images import as_gray, values_in
from covid.data.window import GrayLevels
from minicnn.preprocessing.decode import read_file
from minicnn.preprocessing.image_header import image_kind

DIGEST = 16  # bytes of a check sum


@dataclass(frozen=True)
class Fingerprints:
    """What is known of the images that could be read, each an element of every attribute."""

    images: list[ImageFile]
    digests: list[bytes]  # check sums of the files
    formats: list[str]  # such as "png"
    modes: list[str]  # such as "gray, 8 bit"
    facts: list[frozenset[Fact]]  # see `covid.audit.file_facts`
    measures: np.ndarray  # (images, len(MEASURES)), float32; see `covid.audit.measures`
    hashes: np.ndarray  # (images, WORDS), uint64; see `covid.audit.hashing`
    details: np.ndarray  # (images, SIDE, SIDE), int8; all zeros for a flat image
    unreadable: list[tuple[Path, str]]  # the other files, with the reason as text

    def __len__(self) -> int:
        return len(self.images)

    @property
    def labels(self) -> np.ndarray:
        """(images,), int64: 1 for the positive class."""
        return np.array([image.label for image in self.images], np.int64)

    @property
    def tissue(self) -> np.ndarray:
        """(images,), float32: the gray level of soft tissue, which depends on the window."""
        return self.measures[:, list(MEASURES).index("tissue")]

    @property
    def flat(self) -> np.ndarray:
        """(images,), bool: constant images, with no detail to compare."""
        return ~self.details.any(axis=(1, 2))


def fingerprint(
    images: Sequence[ImageFile], progress: bool = False, levels: GrayLevels | None = None
) -> Fingerprints:
    """Take the fingerprints of all images, in their order; `levels` as in `read_gray`.

    Files that cannot be read are left out of all but `unreadable`.
    """
    count = len(images)
    # Made before and filled by the threads, each its own rows: the large arrays exist once.
    measures = np.zeros((count, len(MEASURES)), np.float32)
    hashes = np.zeros((count, WORDS), np.uint64)
    details = np.zeros((count, SIDE, SIDE), np.int8)
    same: dict[frozenset[Fact], frozenset[Fact]] = {}  # many files have the same: kept once

    def work(index: int) -> tuple | str:
        image = images[index]
        try:
            data = read_file(image.path)
            gray = as_gray(values_in(data, levels), levels)
        except ValueError as error:
            return str(error)
        measures[index] = measure(gray)
        hashes[index], details[index] = look(gray)
        digest = hashlib.blake2b(data, digest_size=DIGEST).digest()
        facts = file_facts(data, image.path, image.class_name)
        return digest, image_kind(data), pixel_mode(data), same.setdefault(facts, facts)

    found = in_parallel(work, range(count), "auditing", "image", progress)
    readable = [index for index, facts in enumerate(found) if not isinstance(facts, str)]
    if len(readable) < count:
        measures, hashes, details = measures[readable], hashes[readable], details[readable]
    columns = ([found[index][column] for index in readable] for column in range(4))
    return Fingerprints(
        [images[index] for index in readable],
        *columns,
        *(measures, hashes, details),
        [
            (image.path, why)
            for image, why in zip(images, found, strict=True)
            if isinstance(why, str)
        ],
    )
