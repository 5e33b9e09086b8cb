"""A folder of synthetic slices, laid out like the published data set: one folder per class."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from covid.errors import UserError
from covid.phantom.scan import make_patient, render_slice

VERSION = 1  # of the images: raised whenever the same seed gives other pixels
CLASS_FOLDERS = {True: "Infected", False: "Not_Infected"}
MEDIASTINAL_SHARE = 0.2  # of each patient's slices; the others are shown in the lung window

README = """Synthetic lung-CT slices
========================

Every image in this folder is SYNTHETIC: drawn by a program (covid.phantom, version {version}),
not taken from any person. For teaching and testing only; nothing medical follows from them.

{patients} synthetic patients, {infected} of them infected, {slices} slices each, seed {seed}.
All slices of an infected patient lie in Infected, whether or not an opacity shows in them.

Names: synthetic-p003_s07_lung.png is patient 3, slice 7 (counted from the shoulders down), lung
window. Neighbouring slices of a patient are nearly alike: split by patient, not by slice.
"""


def infected_patients(patients: int, seed: int) -> set[int]:
    """Numbers of the infected half (rounded down), drawn from the seed."""
    order = np.random.default_rng((seed, patients)).permutation(patients)
    return set(order[: patients // 2].tolist())


def slice_plan(number: int, slices: int, seed: int) -> list[tuple[float, str]]:
    """Height z and window of each slice of one patient; knows nothing of the class."""
    rng = np.random.default_rng((seed, number, slices))
    top, bottom = rng.uniform(0.06, 0.14), rng.uniform(0.83, 0.93)
    heights = np.linspace(top, bottom, slices)
    mediastinal = rng.permutation(slices)[: round(MEDIASTINAL_SHARE * slices)]
    return [
        (float(z), "mediastinal" if index in mediastinal else "lung")
        for index, z in enumerate(heights)
    ]


def _write_patient(folder: Path, number: int, infected: bool, slices: int, seed: int) -> list[Path]:
    """Render and write one patient's slices; returns their paths relative to `folder`."""
    patient = make_patient(number, infected, seed)
    names = []
    for index, (z, window) in enumerate(slice_plan(number, slices, seed)):
        name = Path(CLASS_FOLDERS[infected]) / f"synthetic-p{number:03d}_s{index:02d}_{window}.png"
        done, encoded = cv2.imencode(".png", render_slice(patient, z, window))
        if not done:
            raise RuntimeError(f"{name}: OpenCV could not encode the image as png")
        (folder / name).write_bytes(encoded.tobytes())
        names.append(name)
    return names


def _check(folder: Path, patients: int, slices: int, seed: int) -> None:
    if patients < 2:
        raise UserError(f"synthetic data: at least 2 patients are needed, got {patients}")
    if slices < 1:
        raise UserError(f"synthetic data: at least 1 slice per patient is needed, got {slices}")
    if seed < 0:
        raise UserError(f"synthetic data: the seed must be 0 or more, got {seed}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"{folder}: expected a new or empty folder for the synthetic images, found files; "
            "choose another folder or empty this one"
        )


def write_dataset(
    folder: Path, patients: int = 40, slices: int = 12, seed: int = 0, progress: bool = True
) -> list[Path]:
    """Write a whole synthetic data set, half of its patients infected.

    Parameters
    ----------
    folder : Path
        New or empty; gets `Infected`, `Not_Infected` and `README.txt`.
    patients, slices : int
        Number of patients, and of slices of each.
    seed : int
        Decides which patients are infected and everything that is drawn.
    progress : bool
        Show a progress bar on a terminal, a line at the end otherwise.

    Returns
    -------
    list of Path
        The images, by patient and slice.

    Raises
    ------
    UserError
        If the folder holds something already, or a number is out of range.
    """
    folder = Path(folder)
    _check(folder, patients, slices, seed)
    infected = infected_patients(patients, seed)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name in CLASS_FOLDERS.values():
            (temporary / name).mkdir()
        names = _render_all(temporary, patients, infected, slices, seed, progress)
        text = README.format(
            version=VERSION, patients=patients, infected=len(infected), slices=slices, seed=seed
        )
        (temporary / "README.txt").write_text(text, encoding="utf-8")
        temporary.chmod(0o755)  # mkdtemp allows nobody else to look
        if folder.exists():
            folder.rmdir()  # empty, as checked; Windows cannot replace a folder
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return [folder / name for name in names]


def _render_all(
    folder: Path, patients: int, infected: set[int], slices: int, seed: int, progress: bool
) -> list[Path]:
    """All patients, several at a time; NumPy and OpenCV let go of Python's lock."""
    from tqdm import tqdm

    on_terminal = progress and sys.stderr.isatty()
    opencv_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # one patient per core already; more threads only get in the way
    try:
        with (
            ThreadPoolExecutor(os.cpu_count()) as pool,
            tqdm(
                total=patients, unit="patient", desc="synthetic CT", disable=not on_terminal
            ) as bar,
        ):
            jobs = [
                pool.submit(_write_patient, folder, number, number in infected, slices, seed)
                for number in range(patients)
            ]
            names: list[Path] = []
            for job in jobs:
                names += job.result()
                bar.update()
    finally:
        cv2.setNumThreads(opencv_threads)
    if progress and not on_terminal:
        print(f"synthetic CT: {len(names)} slices of {patients} patients written")
    return names
