"""A folder of synthetic slices, laid out like the published data set: one folder per class."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from covid.errors import UserError
from covid.output import made_aside
from covid.parallel import in_parallel
from covid.phantom.scan import make_patient, render_slice

VERSION = 1  # of the images: raised whenever the same seed gives other pixels
CLASS_FOLDERS = {True: "Infected", False: "Not_Infected"}
MOST_SLICES = 1_000_000  # of all patients together; more is a slip of the finger
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
        raise UserError(
            f"synthetic data: at least 2 patients are needed, got {patients}; choose more"
        )
    if slices < 1:
        raise UserError(f"synthetic data: at least 1 slice per patient is needed, got {slices}")
    if patients * slices > MOST_SLICES:
        raise UserError(
            f"synthetic data: at most {MOST_SLICES} slices are made, got {patients} patients of "
            f"{slices}; choose fewer"
        )
    if seed < 0:
        raise UserError(f"synthetic data: the seed must be 0 or more, got {seed}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"{folder}: expected a new or empty folder for the synthetic images, found files; "
            "choose another folder or empty this one"
        )


def write_dataset(
    folder: Path, patients: int = 60, slices: int = 8, seed: int = 0, progress: bool = True
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
        Show a progress bar on a terminal, plain lines otherwise.

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
    with made_aside(folder) as temporary:
        for name in CLASS_FOLDERS.values():
            (temporary / name).mkdir()
        by_patient = in_parallel(
            lambda number: _write_patient(temporary, number, number in infected, slices, seed),
            range(patients),
            "synthetic CT",
            "patient",
            progress,
        )
        text = README.format(
            version=VERSION, patients=patients, infected=len(infected), slices=slices, seed=seed
        )
        (temporary / "README.txt").write_text(text, encoding="utf-8")
    return [folder / name for names in by_patient for name in names]
