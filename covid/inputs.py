"""A model that the user hands in, checked before it is used; an image as the model takes it."""

from pathlib import Path

import numpy as np

from covid.common.errors import UserError
from covid.data.class_folders import Dataset, scan
from covid.model_checks import check_model
from covid.recipes import plain_generator
from minicnn.models import Model, load_model
from minicnn.npz import ModelFileError, one_line
from minicnn.preprocessing.image import img_to_array
from minicnn.preprocessing.resizing import resize

OUR_MODEL = "name the model.npz that `covid run` or `covid train` wrote"


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
