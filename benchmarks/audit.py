"""How long does `covid audit` take, how much memory, and does it find what was planted?

    python -m benchmarks audit                        # 100,000 generated images
    python -m benchmarks audit --images 5000
    python -m benchmarks audit --data my_images       # two class folders that are there already

The generated images are synthetic: slices of the phantom, each bent, resized to 128 to 256 pixels
and marked with spots of its own, as jpg files in a temporary folder. Every tenth is a
near-duplicate of the one before: moved by up to 1 % of its side, brighter or darker, with other
noise. The audit runs in a process of its own; its largest memory (RSS) is that of all of Python and
its libraries.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.streaming import peak_memory

PATIENTS, HEIGHTS = 16, (0.2, 0.35, 0.5, 0.65, 0.8)  # of the slices that are bent
SIZES = (128, 160, 192, 224, 256)  # pixels
PLANTED_EVERY = 10
MOVED = 0.01  # of the side, at most: what is planted, from its original
PER_FOLDER = 1000  # files
CLASSES = ("Infected", "Not_Infected")


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    options = parse(arguments)
    if options.measure:
        print(json.dumps(measure(options.data)))
        return 0
    if options.data is not None:
        report(options.data, "given")
        return 0
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        start = time.perf_counter()
        make_files(Path(folder), options.images)
        print(f"{options.images:,} images made in {time.perf_counter() - start:.0f} s", flush=True)
        report(Path(folder), "generated")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", type=int, default=100_000, metavar="N", help="default 100000")
    parser.add_argument("--data", type=Path, metavar="DIR", help="audit these images instead")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)  # one process
    return parser.parse_args(arguments)


def report(folder: Path, what: str) -> None:
    """Audit a folder in a new process and print what it took and found."""
    command = [sys.executable, "-m", "benchmarks.audit", "--data", str(folder), "--measure"]
    found = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    )
    images = found["images"]
    print(
        f"{images:,} {what} images: {found['seconds']:.0f} s, {found['processor']:.0f} s of "
        f"processor time, {found['memory']:.0f} MiB\n"
        f"reading {1e3 * found['reading'] / images:.2f} ms an image "
        f"({1e3 * found['reading_processor'] / images:.2f} ms of processor time; 100,000 such "
        f"images: {found['reading'] / images * 1e5:.0f} s), comparing {found['comparing']:.0f} s\n"
        f"near-duplicates: {found['pairs']:,} pairs of {found['candidates']:,} that were compared"
    )
    if what == "generated":
        print(f"planted {found['planted']:,}, of these found {found['planted_found']:,}")
    print(found["verdict"])


def make_files(folder: Path, count: int) -> None:
    """Write `count` images into two class folders, every tenth like the one before."""
    import numpy as np

    from benchmarks.parallel import on_all_cores
    from covid.phantom import make_patient, render_slice

    for name in CLASSES:
        for number in range(count // PER_FOLDER + 1):
            (folder / name / f"{number:04d}").mkdir(parents=True)
    wanted = [(number, height) for number in range(PATIENTS) for height in HEIGHTS]
    slices = on_all_cores(
        lambda job: render_slice(make_patient(job[0], job[0] % 2 == 0, 0), job[1]),
        wanted,
        "slices of the phantom",
    )
    grain = np.random.default_rng(0).normal(0, 3, (1024, 1024)).round().astype(np.int16)
    on_all_cores(
        lambda number: file_of(folder, number).write_bytes(encoded(slices, grain, number)),
        range(count),
        "image files",
    )


def file_of(folder: Path, number: int) -> Path:
    """Near-duplicates are in the class of their original."""
    name = CLASSES[number // PLANTED_EVERY % 2]
    return folder / name / f"{number // PER_FOLDER:04d}" / f"synthetic-{number:07d}.jpg"


def is_planted(number: int) -> bool:
    """Whether this image is a near-duplicate of the one before."""
    return number % PLANTED_EVERY == PLANTED_EVERY - 1


def encoded(slices: list, grain, number: int) -> bytes:
    """Image file number `number`; depends on nothing but its arguments.

    Parameters
    ----------
    slices : list of ndarray (512, 512), uint8
    grain : ndarray (1024, 1024), int16
        Noise, of which every image gets a piece.
    number : int
    """
    import cv2
    import numpy as np

    original = number - 1 if is_planted(number) else number
    own, change = np.random.default_rng((1, original)), np.random.default_rng((2, number))
    size = SIZES[own.integers(len(SIZES))]
    image = slices[own.integers(len(slices))]
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    for _ in range(12):  # vessels and nodules of its own
        center = own.integers(size // 5, 4 * size // 5, 2).tolist()
        radius, level = int(own.integers(1, size // 16)), int(own.integers(0, 256))
        cv2.circle(image, center, radius, level, -1, cv2.LINE_AA)
    # A slow displacement of up to some 8 % of the side: 6 x 6 random vectors, in between smooth.
    bends = (0.03 * size * own.standard_normal((6, 6, 2))).astype(np.float32)
    bends = cv2.resize(bends, (size, size), interpolation=cv2.INTER_CUBIC)
    bends += own.uniform(-0.05, 0.05, 2).astype(np.float32) * size
    if is_planted(number):
        bends += change.uniform(-MOVED, MOVED, 2).astype(np.float32) * size
    places = np.arange(size, dtype=np.float32) * np.float32(own.uniform(0.85, 1.1))
    bends[..., 0] += places
    bends[..., 1] += places[:, None]
    image = cv2.remap(image, bends, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    row, column = change.integers(0, len(grain) - size, 2)
    noisy = image + grain[row : row + size, column : column + size] + change.integers(-6, 7)
    image = np.clip(noisy, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 90))[1].tobytes()


def measure(folder: Path) -> dict:
    """Audit a folder; seconds, MiB, and what was found."""
    from covid.audit import run
    from covid.audit.verdict import summarize
    from covid.data.class_folders import scan
    from covid.data.split import plan_split

    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    dataset = scan(folder, classes[0])
    start, busy = time.perf_counter(), time.process_time()
    read = {}

    def fingerprint(images, progress):
        prints = taken(images, progress)
        read.update(wall=time.perf_counter() - start, processor=time.process_time() - busy)
        return prints

    taken, run.fingerprint = run.fingerprint, fingerprint
    audit = run.run_audit(dataset, plan_split(dataset.images), progress=True)
    verdict = summarize(audit)["verdict"]
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    return {
        "images": len(audit.prints),
        "seconds": seconds,
        "processor": processor,
        "reading": read["wall"],
        "reading_processor": read["processor"],
        "comparing": seconds - read["wall"],
        "memory": peak_memory(),
        "pairs": len(audit.pairs),
        "candidates": len(audit.candidates),
        "verdict": verdict,
        **planted(audit),
    }


def planted(audit) -> dict:
    """How many pairs were planted, and how many of them were found."""
    images = audit.prints.images
    if not all(image.path.stem[10:].isdigit() for image in images):
        return {}
    numbers = [int(image.path.stem[10:]) for image in images]
    wanted = {(number - 1, number) for number in numbers if is_planted(number)}
    found = {
        tuple(sorted((numbers[first], numbers[second])))
        for first, second in audit.pairs.images.tolist()
    }
    return {"planted": len(wanted), "planted_found": len(wanted & found)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
