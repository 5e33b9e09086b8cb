"""What the user hands in, checked before it is used: split folders, class folders, models.

And how one image becomes what a model takes: `model_input`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from covid.common.errors import UserError
from covid.common.parallel import in_parallel
from covid.dataset import Dataset, SplitFolder, read_manifest, read_split, scan
from covid.images import UnreadableImage, check_image
from covid.manifest import NO_CONTOUR_KEPT, SPLIT_INFO
from covid.model_checks import check_model
from covid.recipes import plain_generator
from minicnn.models import Model, load_model
from minicnn.npz import ModelFileError, one_line
from minicnn.preprocessing.image import img_to_array
from minicnn.preprocessing.loading import ImageFileError, UnreadableFile
from minicnn.preprocessing.resizing import resize

OUR_MODEL = "name the model.npz that `covid run` or `covid train` wrote"


def is_split(folder: Path) -> bool:
    """Whether this is a folder that `covid split` or `covid run` made."""
    return (folder / SPLIT_INFO).exists()


def open_split(folder: Path, parts: Iterable[str] | None = None) -> SplitFolder:
    """Read a split folder and look at every image of some parts (of all, by default).

    Raises
    ------
    UserError
        It is damaged, was changed by hand, or has an image that cannot be read.
    """
    split = read_split(folder)
    for part in parts or split.parts:
        listed = {file for file, _ in split.parts[part]}
        for name in (split.negative, split.positive):
            if not any(file.parent.name == name for file in listed):
                raise UserError(
                    f"{folder}: expected images of class {name} in {part}, found none; write the "
                    "folder again"
                )
            for file in sorted((folder / part / name).iterdir()):
                if file not in listed:
                    raise UserError(f"{file} is not in the folder's manifest.csv; take it away")
        # raises UnreadableImage, which names the file
        in_parallel(
            check_image, [file for file, _ in split.parts[part]], "checking", "image", False
        )
    return split


def refuse_for_split(folder: Path, given: dict[str, bool]) -> None:
    """UserError for options, by name whether they were given, that would need another split."""
    names = ", ".join(name for name, used in given.items() if used)
    if names:
        raise UserError(
            f"{folder} is split already, so that {names} cannot be followed; leave out those, "
            "or name the folder of the source images"
        )


def check_positive(split: SplitFolder, positive: str | None) -> None:
    """UserError where another positive class is asked for than the split folder has."""
    if positive not in (None, split.positive):
        raise UserError(
            f"{split.folder}: its positive class is {split.positive}; leave out --positive, or "
            "make another split folder"
        )


@contextmanager
def bad_files_in_words() -> Iterator[None]:
    """Turn what `minicnn` finds in image files while it trains into a UserError.

    They are read then: `open_split` does not decode every png.
    """
    try:
        yield
    except UnreadableFile as error:
        raise UnreadableImage(error.path, error.reason) from None
    except ImageFileError as error:
        raise UserError(f"{error}; put the images back, or start another run") from None


def is_enhanced(dataset: Dataset) -> bool:
    """Whether the images were enhanced and cropped by this program already.

    That is so where the manifest of `covid preprocess` lists them, and in a part of a split
    folder that was written so.

    Raises
    ------
    UserError
        The manifest lists some of them only.
    """
    around = dataset.folder.absolute().parent
    if is_split(around):
        return bool(read_split(around).info.get("enhanced"))
    try:
        rows = read_manifest(dataset.folder)
    except UserError:
        return False  # none, or somebody else's
    # An image that went through the crop has a box, or a status that says why it has none.
    cropped = [row for row in rows if row["left"] != "" or row["status"] == NO_CONTOUR_KEPT]
    listed = {dataset.folder / row["file"] for row in cropped}
    others = [image.path for image in dataset.images if image.path not in listed]
    if len(others) == len(dataset):
        return False
    if others:
        raise UserError(
            f"{others[0]} was not made by `covid preprocess` as the others in {dataset.folder} "
            f"were ({len(others)} such images): take it away, or start from the source images"
        )
    return True


def is_synthetic(dataset: Dataset) -> bool:
    """Whether all images have the names that `covid synth` gives."""
    return all(image.path.name.startswith("synthetic-") for image in dataset.images)


def open_model(path: Path) -> Model:
    """Load a model that `covid train` or `covid run` made.

    Raises
    ------
    UserError
        There is no such file, it is no model, or it was made by something else; see
        `minicnn.npz` and `covid.model_checks`.
    """
    try:
        model = load_model(path)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; {OUR_MODEL}") from None
    except ModelFileError as error:
        raise UserError(f"{error.problem}; {OUR_MODEL}") from None
    try:
        check_model(model)
    except ValueError as error:
        raise UserError(f"{path} is {one_line(str(error))}; {OUR_MODEL}") from None
    return model


def classes_of(model: Model) -> tuple[str, str]:
    """Names of the negative and the positive class of a model."""
    return model.metadata["negative"], model.metadata["positive"]


def wants_enhanced(model: Model) -> bool:
    """Whether the model was trained on images that were enhanced and cropped."""
    return bool(model.metadata["preprocessing"]["enhance"])


def scan_for(model: Model, folder: Path) -> Dataset:
    """Two class folders that are named like the model's classes; UserError for others."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if folder.is_dir() and not names.issuperset(classes_of(model)):
        raise UserError(
            f"{folder}: expected the model's classes {' and '.join(classes_of(model))} as folders; "
            "rename the folders, or take a model that was trained on these classes"
        )
    return scan(folder, model.metadata["positive"])


def model_input(model: Model, gray: np.ndarray) -> np.ndarray:
    """Turn a gray image that is enhanced already (or needs not be) into the model's input.

    Parameters
    ----------
    model : Model
        With the metadata that training left.
    gray : (height, width) uint8 array

    Returns
    -------
    x : (image_size, image_size, 1) float32 array
    """
    preprocessing = model.metadata["preprocessing"]
    size = preprocessing["image_size"]
    resized = resize(gray, (size, size), preprocessing["interpolation"])
    return plain_generator(preprocessing).standardize(img_to_array(resized))
