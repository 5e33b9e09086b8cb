"""Reads many damaged images in this process, and says which of them did something they must not.

    python tests/support/image_mutants.py FIRST LAST FOLDER

Mutant number n comes from seed image n % (number of seed images) and the random generator of seed
n. Before it is read, n is written to FOLDER/current, so that whoever waits for this process knows
which mutant ended it or is never done. What goes wrong is printed, one line each; the last line
counts what was read and what was refused.
"""

import os
import sys
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from bad_images import GRAY, PNG, SMOOTH, chunk, cmyk_jpg, contents, encoded
from mutator import mutations

from benchmarks.streaming import peak_memory
from covid.data.images import UnreadableImage, check_image, read_gray
from minicnn.preprocessing.image import load_img

SLOW = 5.0  # seconds for one image of less than 64 x 64 pixels, on a busy machine
MOST_MEMORY = 2048  # MiB: an image within the limit may take 64 million pixels of 16 bytes and more
DECODERS_OWN = (b"LZWDecode: ", b"tempfile.tif: ", b"TIFF")  # of libtiff, which names no file


def seed_images() -> dict[str, bytes]:
    """Small valid synthetic images of every format, by name."""
    bits = GRAY // 128 * 255
    names = ["gray", "16_bit", "alpha", "palette", "one_bit", "interlaced", "odd_text"]
    chosen = {f"{name}.png": contents()[f"{name.replace('_', ' ')}.png"][0] for name in names}
    return {
        **chosen,
        "gray.jpg": encoded(".jpg"),
        "color.jpg": encoded(".jpg", SMOOTH),
        "cmyk.jpg": cmyk_jpg(),
        "restarts.jpg": encoded(".jpg", SMOOTH, cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
        "progressive.jpg": encoded(".jpg", SMOOTH, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "gray.bmp": encoded(".bmp"),
        "color.bmp": encoded(".bmp", SMOOTH),
        "packed.tif": encoded(".tif", SMOOTH),
        "plain.tif": encoded(".tif", GRAY, cv2.IMWRITE_TIFF_COMPRESSION, 1),
        "deep.tif": encoded(".tif", GRAY.astype(np.uint16) * 257),
        "lossy.webp": encoded(".webp", SMOOTH, cv2.IMWRITE_WEBP_QUALITY, 60),
        "lossless.webp": contents()["lossless.webp"][0],
        "color.gif": encoded(".gif", SMOOTH),
        "animated.gif": contents()["animated.gif"][0],
        "binary.pgm": encoded(".pgm"),
        "text.pgm": encoded(".pgm", GRAY, cv2.IMWRITE_PXM_BINARY, 0),
        "bits.pbm": encoded(".pbm", bits),
        "wavelets.jp2": encoded(".jp2", SMOOTH),
    }


def read_all(first: int, last: int, folder: Path) -> Counter:
    """Read the mutants; returns how many were "read" and "refused" by each function."""
    seeds = list(seed_images().items())
    for name, data in seeds:  # unharmed, they are read; and this compiles what has to be
        (folder / name).write_bytes(data)
        read_gray(folder / name)
    stderr = os.open(folder / "stderr", os.O_RDWR | os.O_CREAT)
    os.dup2(stderr, 2)
    counts: Counter = Counter()
    for number in range(first, last):
        name, data = seeds[number % len(seeds)]
        path = folder / f"{number}-{name}"
        mutant = mutations(data, np.random.default_rng(number))
        # Of each png twice: with check sums that tell of the damage, and with right ones.
        path.write_bytes(resealed(mutant) if number // len(seeds) % 2 else mutant)
        (folder / "current").write_text(f"{number} ({name})")
        outcomes = {}
        for read in (read_gray, load_img, check_image):
            outcomes[read] = attempt(read, path)
            counts[f"{read.__name__}: {outcomes[read]}"] += 1
            if os.fstat(stderr).st_size:
                said = os.pread(stderr, 300, 0)
                os.ftruncate(stderr, 0)
                os.lseek(stderr, 0, os.SEEK_SET)
                if not said.startswith(DECODERS_OWN):
                    print(f"mutant {number} ({name}), {read.__name__}: stderr got {said}")
        # A png may have right check sums in all but the packed data, see `check_image`.
        strict = not name.endswith(".png")
        if outcomes[read_gray] != outcomes[check_image] and (
            strict or outcomes[check_image] == "refused"
        ):
            print(f"mutant {number} ({name}): check_image and read_gray disagree")
        path.unlink()
    if (peak := peak_memory()) > MOST_MEMORY:
        print(f"up to {peak:.0f} MiB of memory were used")
    return counts


def resealed(data: bytes) -> bytes:
    """A png with its chunks' check sums made right; other files as they are."""
    if not data.startswith(PNG):
        return data
    start, parts = len(PNG), [PNG]
    while start + 12 <= len(data):  # a chunk is 4 bytes of length, 4 of type, content, check sum
        end = start + 12 + int.from_bytes(data[start : start + 4], "big")
        parts.append(chunk(data[start + 4 : start + 8], data[start + 8 : end - 4]))
        start = end
    return b"".join(parts)


def attempt(read, path: Path) -> str:
    """Call `read`; "read" or "refused", or what it should not have done, which is printed, too."""
    start = time.perf_counter()
    try:
        image = read(path)
        good = image is None or (image.dtype == np.uint8 and image.size > 0)
        outcome = "read" if good else "no image"
    except ValueError as error:
        text = str(error)
        wrapping = "can be read, but " if read is load_img else "used as an image: "
        name, _, reason = text.partition(wrapping)
        in_words = reason.startswith(("it is ", "its ", "the file is empty"))
        expected = read is load_img or isinstance(error, UnreadableImage)
        good = path.name in name and in_words and "\n" not in text and expected
        outcome = "refused" if good else f"raised {error!r}"
    except Exception as error:  # the point: nothing else may come out
        outcome = f"raised {error!r}"
    if time.perf_counter() - start > SLOW:
        outcome = "took too long"
    if outcome not in ("read", "refused"):
        print(f"mutant {path.name}, {read.__name__}: {outcome}")
    return outcome


if __name__ == "__main__":
    print(dict(read_all(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
