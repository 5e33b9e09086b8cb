"""The explorer's page of a model: a slice, and beside it the same one without lesions, or another."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from covid.common.choices import KERNELS, MODEL_FILE
from covid.common.errors import UserError, shown
from covid.data.disclaimer import small_print
from covid.data.images import read_gray
from covid.data.manifest import read_manifest, words_for
from covid.data.preprocess import enhance_and_crop, enhance_within
from covid.data.split_folder import SplitFolder
from covid.figures.examples import least_flat, lesion_shares
from covid.phantom.twin import healthy_twin
from covid.training.model_file import classes_of, crop_of, model_input, wants_enhanced
from covid.training.predictions import Result
from minicnn.callbacks import load_weight_history
from minicnn.explorer import Sample, write_page
from minicnn.models import Model


@dataclass(frozen=True)
class Slice:
    """A slice on the page.

    `gray` is prepared up to `model_input`, (height, width) uint8; `label` 1 for the positive class.
    """

    name: str
    gray: np.ndarray
    label: int


def explorer_page(
    model: Model, path: Path, slices: list[Slice], command: str, model_folder: Path
) -> Path:
    """Write the page; the first slice is that of the agreement and of `command`, which explains it.

    Where `model_folder` has the convolutions of every epoch, the page has them, too. UserError if
    they are damaged.
    """
    negative, positive = classes_of(model)
    samples = [
        Sample(model_input(model, one.gray), one.label, shown(one.name), healthy=one.label == 0)
        for one in slices
    ]
    first = samples[0]
    return write_page(
        model,
        first.x,
        first.y,
        path,
        name=first.name,
        others=samples[1:],
        classes=(shown(negative), shown(positive)),
        epochs=kernels_of(model, model_folder),
        prepare=preparation(model),
        note=shown(small_print(positive, bool(model.metadata.get("synthetic")))),
        command=command,
    )


def preparation(model: Model) -> dict:
    """What the page does to a file that is dropped on it, and what it does not do."""
    prepared = model.metadata["preprocessing"]
    samplewise = prepared.get("samplewise", False)
    missing = (
        "the contrast enhancement and the crop of covid predict" if wants_enhanced(model) else ""
    )
    rescale = 1.0 if samplewise else prepared["rescale"]
    return {"rescale": rescale, "samplewise": samplewise, "missing": missing}


def page_of_run(
    model: Model, result: Result, split: SplitFolder, path: Path, model_folder: Path
) -> Path:
    """The page of a run: a test slice with lesions beside the same without, else beside a healthy one.

    `result` is that of the test. Taken are slices of which the model is not quite sure.
    """
    negative, positive = classes_of(model)
    test, shares = split.folder / "test", lesion_shares(split)
    ill, healthy = (result.files[least_flat(result, label, shares)] for label in (1, 0))
    slices = [Slice(f"{positive}: {Path(ill).name}", read_gray(test / ill), 1)]
    rows = read_manifest(split.folder)
    row = next(row for row in rows if row["file"] == f"test/{ill}")
    twin = without_lesions(model, Path(row["source"]))
    if twin is None:
        slices.append(Slice(f"{negative}: {Path(healthy).name}", read_gray(test / healthy), 0))
    else:
        slices.append(Slice("the same slice without lesions", twin, 0))
    words = ["explain", str(model_folder / MODEL_FILE), *words_for(row, split.folder)]
    command = shlex.join(["covid", *words])
    return explorer_page(model, path, slices, command, model_folder)


def kernels_of(model: Model, folder: Path) -> list | None:
    """The convolutions of every epoch, from beside the model; None where there is no such file."""
    try:
        return load_weight_history(folder / KERNELS, model)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UserError(f"{error}; delete it to do without the epochs") from None


def without_lesions(model: Model, source: Path) -> np.ndarray | None:
    """The healthy twin of a synthetic source image, prepared as the model's images; None without one.

    It is cropped as the source itself is, so that both can be compared pixel by pixel.
    """
    twin = healthy_twin(source)
    if twin is None or not wants_enhanced(model):
        return twin
    return enhance_within(twin, enhance_and_crop(read_gray(source), rule=crop_of(model)).box)
