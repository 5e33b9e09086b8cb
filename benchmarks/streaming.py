"""Does a data set larger than memory cost more per image than a small one?

    python -m benchmarks.streaming --images 100000            # minicnn's iterator alone
    python -m benchmarks.streaming --images 100000 --train    # and training of tiny_cnn

Makes png files (noise, 32 x 32, really decoded) in a temporary folder. Each measurement runs in
a process of its own: a tenth of the images, then all; once through, every image read from its
file, augmented as in the article. Prints the time per image, the processor time per image (of all
threads; the better measure on a busy machine) and the largest memory (RSS).
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZE = 32  # pixels, height and width of the files
PATTERNS = 64  # different contents; file number n has content n modulo this


def main() -> int:
    """Run the command line; returns the exit code."""
    options = parse()
    if options.folder is not None:
        measure(options.folder, options.target, options.train)
        return 0
    print(f"{'images':>16}  {'what':<10} {'ms an image':>12} {'of processor':>13} {'memory':>12}")
    for count in (options.images // 10, options.images):
        with tempfile.TemporaryDirectory(prefix="streaming-") as folder:
            make_files(Path(folder), count)
            for train in (False, True) if options.train else (False,):
                command = [sys.executable, "-m", "benchmarks.streaming", "--folder", folder]
                command += ["--target", str(options.target)] + ["--train"] * train
                result = subprocess.run(command, check=True, capture_output=True, text=True)
                wall, processor, memory = map(float, result.stdout.split()[-3:])
                print(
                    f"{count:>16,}  {'training' if train else 'iterator':<10} "
                    f"{1e3 * wall / count:>12.4f} {1e3 * processor / count:>13.4f} "
                    f"{memory:>8.0f} MiB",
                    flush=True,
                )
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.streaming",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", type=int, default=100_000, metavar="N", help="default 100000")
    parser.add_argument("--train", action="store_true", help="train tiny_cnn on them, too")
    parser.add_argument(
        "--target", type=int, default=SIZE, metavar="PIXELS", help=f"resize to (default {SIZE})"
    )
    parser.add_argument("--folder", help=argparse.SUPPRESS)  # of one measurement
    return parser.parse_args()


def make_files(folder: Path, count: int) -> None:
    """Write `count` png files into two class folders."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (PATTERNS, SIZE, SIZE), dtype=np.uint8)
    contents = [cv2.imencode(".png", image)[1].tobytes() for image in noise]
    for name in ("Infected", "Not_Infected"):
        (folder / name).mkdir()
    for number in range(count):
        name = ("Infected", "Not_Infected")[number % 2]
        (folder / name / f"{number:07d}.png").write_bytes(contents[number % PATTERNS])


def measure(folder: str, size: int, train: bool) -> None:
    """Go once through the images of a folder; prints seconds, seconds of processor time, MiB."""
    from benchmarks.peers.article import AUGMENTATION
    from minicnn.preprocessing.image import ImageDataGenerator

    images = ImageDataGenerator(**AUGMENTATION, rescale=1 / 255).flow_from_directory(
        folder, (size, size), "grayscale", class_mode="binary", batch_size=30, seed=0
    )
    if train:
        from covid.training.architectures import build_model
        from minicnn.optimizers import Adam

        model = build_model("tiny_cnn", (size, size, 1), seed=0)
        model.compile(Adam(1e-4), "binary_crossentropy", ["acc"])
        model.fit(images, steps_per_epoch=3, verbose=0)  # loads the kernels
        start, busy = time.perf_counter(), time.process_time()
        model.fit(images, verbose=0)
    else:
        next(images)
        start, busy = time.perf_counter(), time.process_time()
        for _ in range(len(images)):
            next(images)
    print(time.perf_counter() - start, time.process_time() - busy, peak_memory())


def peak_memory() -> float:
    """The largest resident memory this process has had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: getrusage's number is inherited from the process that started it
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 2**10
    if os.name == "nt":
        return float("nan")  # Windows does not say without more libraries
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    sys.exit(main())
