"""A folder of synthetic slices, laid out like the published data set: one folder per class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from covid.common.errors import UserError
from covid.common.made_files import being_written, make_folder, recording, write_new
from covid.common.output_files import is_empty, new_folder, write_csv, write_json
from covid.common.parallel import in_parallel
from covid.phantom.patient import Patient
from covid.phantom.scan import lesion_mask, make_patient
from covid.phantom.shortcuts import Switches, near_heights, render

VERSION = 2  # of the images: raised whenever the same seed gives other pixels
CLASS_FOLDERS = {True: "Infected", False: "Not_Infected"}
MOST_SLICES = 1_000_000  # of all patients together; more is a slip of the finger
DEFAULT_PATIENTS, DEFAULT_SLICES = 120, 4
# Where slices are taken: through the lungs, from above the fork of the windpipe to the diaphragm.
FIRST_HEIGHT, LAST_HEIGHT = (0.22, 0.30), (0.62, 0.70)
MEDIASTINAL_SHARE = 0.1  # of each patient's slices; the others are shown in the lung window
TRUTH = "truth.csv"  # what lies in each slice
TRUTH_COLUMNS = (
    *("file", "patient", "slice", "z", "window", "infected"),
    *("lung_pixels", "lesion_pixels", "lesion_share"),
)
INFO = "synthetic.json"  # what README.txt says, for programs

README = """Synthetic lung-CT slices
========================

Every image in this folder is SYNTHETIC: drawn by a program (covid.phantom, version {version}),
not taken from any person. For teaching and testing only; nothing medical follows from them.

{patients} synthetic patients, {infected} of them infected, {slices} slices each, seed {seed}.
{filed}

Patients who are not infected have congested lungs, the look-alike: as much haze, as dense, but
smooth and in the middle of the lungs, where COVID-19 is patchy and along the chest wall. The
infected ones have a little congestion, too.
truth.csv has one line for each image: how much of its lung is lesion (lesion_share, 0 to 1).

Names: synthetic-p003_s07_lung.png is patient 3, slice 7 (counted from the shoulders down), lung
window. Neighboring slices of a patient are nearly alike: split by patient, not by slice.
"""
FILED = {
    "true": "All slices of an infected patient lie in Infected, whether or not an opacity shows in them.",
    "permuted": "All slices of a patient lie in one folder, which says nothing about the lungs.",
}
SWITCHED_ON = """
SWITCHED ON, to be found out: these images lie on purpose.
{sentences}"""
NEAR_NAME = """
Near-duplicates: synthetic-p003_s07_near1_lung.png is the first one of slice 7.
"""


def infected_patients(patients: int, seed: int) -> set[int]:
    """One number of each pair 0 and 1, 2 and 3, ..., drawn from the seed."""
    second = np.random.default_rng((seed, patients)).integers(2, size=patients // 2)
    return set((2 * np.arange(patients // 2) + second).tolist())


def slice_plan(number: int, slices: int, seed: int) -> list[tuple[float, str]]:
    """Height z and window of each slice of one patient; knows nothing of the class."""
    rng = np.random.default_rng((seed, number, slices))
    top, bottom = rng.uniform(*FIRST_HEIGHT), rng.uniform(*LAST_HEIGHT)
    heights = np.linspace(top, bottom, slices)
    mediastinal = rng.permutation(slices)[: round(MEDIASTINAL_SHARE * slices)]
    windows = ["mediastinal" if index in mediastinal else "lung" for index in range(slices)]
    return list(zip(heights.tolist(), windows, strict=True))


def called_infected(patients: int, seed: int, labels: str) -> set[int]:
    """Numbers of the patients filed under Infected: the infected ones, or any other half."""
    if labels == "true":
        return infected_patients(patients, seed)
    order = np.random.default_rng((seed, patients, 1)).permutation(patients)
    return set(order[: patients // 2].tolist())


def named_slices(patient: Patient, slices: int, near_duplicates: int) -> list[tuple]:
    """Name, slice, height and window of each image of a patient: slices with near-duplicates."""
    images = []
    for index, (z, window) in enumerate(slice_plan(patient.number, slices, patient.seed)):
        stem = f"synthetic-p{patient.number:03d}_s{index:02d}"
        images.append((f"{stem}_{window}.png", index, z, window))
        for copy, near in enumerate(near_heights(patient, index, z, near_duplicates), start=1):
            images.append((f"{stem}_near{copy}_{window}.png", index, near, window))
    return images


def _write_patient(
    job: tuple, folder: Path, slices: int, switches: Switches, lists: list[Path]
) -> list[tuple]:
    """Render and write one patient's slices; returns their lines of truth.csv."""
    number, seed, infected, positive = job
    patient = make_patient(number, infected, seed, congested=not infected)
    shortcuts = switches.shortcuts if positive else ()
    rows = []
    for file, index, z, window in named_slices(patient, slices, switches.near_duplicates):
        name = Path(CLASS_FOLDERS[positive]) / file
        encoded = cv2.imencode(".png", render(patient, z, window, shortcuts))[1]
        with recording(lists):
            write_new(folder / name, encoded)
        lung, lesion = (int(mask.sum()) for mask in lesion_mask(patient, z))
        row = (name.as_posix(), patient.number, index, f"{z:.6f}", window, int(patient.infected))
        rows.append((*row, lung, lesion, f"{lesion / max(lung, 1):.4f}"))
    return rows


def _check(folder: Path, patients: int, slices: int, seed: int, switches: Switches) -> None:
    if patients < 2:
        raise UserError(
            f"synthetic data: at least 2 patients are needed, got {patients}; choose more"
        )
    if slices < 1:
        raise UserError(f"synthetic data: at least 1 slice per patient is needed, got {slices}")
    if patients * slices * (1 + switches.near_duplicates) > MOST_SLICES:
        near = f", each with {switches.near_duplicates} near-duplicates"
        raise UserError(
            f"synthetic data: at most {MOST_SLICES} slices are made, got {patients} patients of "
            f"{slices}{near if switches.near_duplicates else ''}; choose fewer"
        )
    if seed < 0:
        raise UserError(f"synthetic data: the seed must be 0 or more, got {seed}")
    if folder.exists() and (not folder.is_dir() or not is_empty(folder)):
        raise UserError(
            f"{folder}: expected a new or empty folder for the synthetic images, found files; "
            "choose another folder or empty this one"
        )


def write_dataset(
    folder: Path,
    patients: int = DEFAULT_PATIENTS,
    slices: int = DEFAULT_SLICES,
    seed: int = 0,
    progress: bool = True,
    shortcuts: Sequence[str] = (),
    near_duplicates: int = 0,
    labels: str = "true",
    processes: bool = False,
) -> list[Path]:
    """Write a whole synthetic data set, half of its patients infected.

    Parameters
    ----------
    folder : Path
        New or empty; gets `Infected`, `Not_Infected`, `README.txt`, `truth.csv`, `synthetic.json`.
    patients, slices : int
        Number of patients, and of slices of each.
    seed : int
        Decides which patients are infected and everything that is drawn.
    progress : bool
        Show a progress bar on a terminal, plain lines otherwise.
    shortcuts, near_duplicates, labels
        See `Switches`.
    processes : bool
        See `in_parallel`. The images are the same.

    Returns
    -------
    list of Path
        The images, by patient and slice.

    Raises
    ------
    UserError
        If the folder holds something already, a number is out of range or a switch unknown.
    """
    folder = Path(folder)
    switches = Switches(tuple(shortcuts), near_duplicates, labels)
    _check(folder, patients, slices, seed, switches)
    infected = infected_patients(patients, seed)
    called = called_infected(patients, seed, labels)

    with new_folder(folder):
        for name in CLASS_FOLDERS.values():
            make_folder(folder / name)
        lists = being_written()
        write = partial(
            _write_patient, folder=folder, slices=slices, switches=switches, lists=lists
        )
        jobs = [(number, seed, number in infected, number in called) for number in range(patients)]
        by_patient = in_parallel(write, jobs, "synthetic CT", "patient", progress, processes)
        rows = [row for rows in by_patient for row in rows]
        write_csv(folder / TRUTH, TRUTH_COLUMNS, rows)
        facts = {"version": VERSION, "seed": seed, "patients": patients, "slices": slices}
        _describe(folder, facts, len(infected), switches)
    return [folder / row[0] for row in rows]


def _describe(folder: Path, facts: dict, infected: int, switches: Switches) -> None:
    """Write README.txt and synthetic.json: how the images were made, what lies in them."""
    text = README.format(**facts, infected=infected, filed=FILED[switches.labels])
    if switches.near_duplicates:
        text += NEAR_NAME
    if switches != Switches():
        text += SWITCHED_ON.format(sentences="\n".join(switches.sentences()) + "\n")
    write_new(folder / "README.txt", text.encode("utf-8"))
    write_json({"synthetic": True, **facts, "switches": asdict(switches)}, folder / INFO)
