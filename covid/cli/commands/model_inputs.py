"""What the commands that ask a model share: image files prepared for it, and what it is."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from covid.common.errors import UserError, shortened, shown
from covid.data.disclaimer import small_print
from covid.data.gray_levels import levels_of
from covid.data.images import as_gray, is_prepared, read_values
from covid.data.preprocess import enhance_and_crop
from covid.data.same_names import meant
from covid.data.window import GrayLevels
from covid.training.model_file import (
    classes_of,
    crop_of,
    levels_of_model,
    model_input,
    threshold_of,
    wants_enhanced,
)
from minicnn.models import Model


def about(path: Path, model: Model) -> dict:
    """What every answer in JSON says of the model that gave it."""
    negative, positive = classes_of(model)
    return {
        "model": str(path),
        "positive": positive,
        "negative": negative,
        "threshold": threshold_of(model),
        "note": model_note(model),
    }


def label_of(model: Model, options: Namespace) -> str:
    """The class of the image: --label, or the name of the folder it is in."""
    classes = classes_of(model)
    if options.label is None:
        folder = options.image.absolute().parent.name
        if meant(folder, classes):
            return meant(folder, classes)
        raise UserError(
            f"{shown(options.image)}: expected it in a folder named like its class, "
            f"{' or '.join(classes)}, found {shown(folder)}; add --label with one of the two"
        )
    label = meant(options.label, classes)
    if label is None:
        raise UserError(
            f"--label: expected {' or '.join(classes)}, got {shortened(options.label)!r}; choose one"
        )
    return label


def model_note(model: Model) -> str:
    """The small print under every answer of a model."""
    synthetic = "Trained on synthetic images. " if model.metadata.get("synthetic") else ""
    return f"{synthetic}{small_print(classes_of(model)[1], synthetic=False)}"


def probability(model: Model, x: np.ndarray) -> float:
    """The model's probability of the positive class for one prepared image."""
    return float(model.predict_on_batch(x[None])[0, 0])


def answer(model: Model, p: float) -> tuple[str, str]:
    """The class that a probability means at the model's threshold, and both as text."""
    classes, threshold = classes_of(model), threshold_of(model)["value"]
    above = p > threshold
    side = "above" if above else "not above"
    called = classes[int(above)]
    return called, f"p({classes[1]}) = {p:.4f}, {side} {threshold:.4f}: {called}"


def levels_for(model: Model, paths: Sequence[Path]) -> GrayLevels | None:
    """How these files are read: as the model's images were, or by the rule for a data set."""
    return levels_of_model(model) or levels_of(paths)


def prepare_image(
    model: Model, path: Path, as_is: bool, levels: GrayLevels | None = None
) -> tuple[np.ndarray, str]:
    """Read an image file and prepare it as the model's training images were.

    Parameters
    ----------
    as_is : bool
        True for images that are enhanced and cropped already; those that this program made so
        are known.
    levels : GrayLevels, optional
        Of `levels_for`.

    Returns
    -------
    x : (image_size, image_size, 1) float32 array
    remark : str
        What is odd about the image; empty if nothing is.

    Raises
    ------
    UnreadableImage
    """
    gray, remark = prepare_gray(model, path, as_is, levels)
    return model_input(model, gray), remark


def levels_remark(model: Model, values: np.ndarray, levels: GrayLevels | None) -> str:
    """What is odd about the bits and values of a file, beside the model's; empty if nothing is."""
    trained = levels_of_model(model)
    if levels is None or trained is None and values.dtype == np.uint8:
        return ""
    black, white = levels.black, levels.white
    if values.dtype == np.uint8:
        return f"it has 8 bits; of the model's images, {black:g} to {white:g} became gray 0 to 255"
    if trained is None:
        return (
            f"it has more than 8 bits, unlike the model's images; {black:g} to {white:g} became gray "
            "0 to 255"
        )
    lowest, highest = values.min(), values.max()
    outside = (
        f"its values are {lowest:g} to {highest:g}, the model's images had {black:g} to {white:g}"
    )
    return outside if highest <= black or lowest >= white else ""


def prepare_gray(
    model: Model, path: Path, as_is: bool, levels: GrayLevels | None = None
) -> tuple[np.ndarray, str]:
    """As `prepare_image`, but the (height, width) uint8 image in front of `model_input`."""
    values = read_values(path, levels)
    gray = as_gray(values, levels)
    prepared = is_prepared(path)
    # An image in a split folder has become 8 bits there.
    copied = values.dtype == np.uint8 and (prepared or as_is)
    remark = "" if copied else levels_remark(model, values, levels)
    if gray.max() == gray.min():
        remark = remark or "all its pixels are equal, there is nothing to see"
    if prepared and not wants_enhanced(model):
        remark = remark or "enhanced and cropped, unlike the images the model was trained on"
    elif prepared:
        remark = remark or "enhanced and cropped already, used as it is"
    elif wants_enhanced(model) and not as_is:
        enhanced = enhance_and_crop(gray, rule=crop_of(model))
        gray = enhanced.image
        if enhanced.box is None:
            remark = remark or "no contour of a body was found, the whole image was used"
    return gray, remark
