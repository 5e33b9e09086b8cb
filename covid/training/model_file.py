"""A model file, opened and checked; and one image as its model takes it: `model_input`.

A model file may come from anybody. What its metadata says decides how large images are made and
how files are called, so nothing is used before metadata, shapes and weights are looked at here.
"""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from covid.common.choices import CONTOURS, CROPS
from covid.common.errors import UserError, shortened
from covid.common.plain_names import is_plain_name
from covid.data.class_folders import Dataset, folder_names, scan
from covid.data.labels_csv import scan_labels
from covid.data.part_names import are_parts
from covid.data.same_names import meant
from covid.data.window import BITS, WINDOW, GrayLevels, are_usable, recorded_levels
from covid.metrics import NOT_CHOSEN
from minicnn.layers import Conv2D, Sigmoid
from minicnn.models import Model, load_model
from minicnn.preprocessing.model_image import model_image
from minicnn.preprocessing.resizing import INTERPOLATIONS
from minicnn.saving.npz import ModelFileError, one_line

NEEDED_METADATA = ("positive", "negative", "preprocessing")
NEEDED_PREPROCESSING = ("enhance", "image_size", "interpolation")
LARGEST_IMAGE = 2048  # pixels on a side
LARGEST_OUTPUT = 2**26  # values that one layer makes of one image: 256 MB
# Products or sums that one layer needs for one image: seconds, in which Ctrl-C is not heard. The
# largest layer of VGG16 needs half of it for 1024 * 1024 pixels.
LARGEST_WORK = 2**36
LARGEST_FACTOR = 1e9  # of gray values; far from the end of float32
OUR_MODEL = "name the model.npz that `covid run` or `covid train` wrote"


def open_model(path: Path) -> Model:
    """Load a model that `covid train` or `covid run` made.

    Raises
    ------
    UserError
        There is no such file, it is no model, or it was made by something else; see
        `minicnn.saving.npz` and `check_model`.
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


def threshold_of(model: Model) -> dict:
    """The threshold in a model's metadata; 0.5 where none was chosen, as in older models."""
    return model.metadata.get("threshold") or NOT_CHOSEN


def wants_enhanced(model: Model) -> bool:
    """Whether the model was trained on images that were enhanced and cropped."""
    return bool(model.metadata["preprocessing"]["enhance"])


def crop_of(model: Model) -> str:
    """What the model's images were cropped to; models of earlier versions know one rule only."""
    return model.metadata["preprocessing"].get("crop", CONTOURS)


def levels_of_model(model: Model) -> GrayLevels | None:
    """How the model's images of more than 8 bits were read; None where all had 8 bits."""
    return recorded_levels(model.metadata["preprocessing"].get("gray_levels"))


def scan_for(model: Model, folder: Path, labels: Path | None = None) -> Dataset:
    """The images of two classes that are named like the model's; UserError for others."""
    positive = model.metadata["positive"]
    if labels is not None:
        return scan_labels(folder, labels, positive, partial(require_classes, model, labels))
    if folder.is_dir():
        names = folder_names(folder)
        if not are_parts(names):  # which `scan` refuses
            require_classes(model, folder, names)
    return scan(folder, positive)


def require_classes(model: Model, where: Path, names: Sequence[str]) -> None:
    """UserError unless both classes of a model are among the names."""
    if any(meant(name, names) is None for name in classes_of(model)):
        raise UserError(
            f"{where}: expected the model's classes {' and '.join(classes_of(model))}, found "
            f"{shortened(', '.join(names))}; rename them, or take a model that was trained on these"
        )


def model_input(model: Model, gray: np.ndarray) -> np.ndarray:
    """Turn a gray image that is enhanced already (or need not be) into the model's input.

    (height, width) uint8 -> (image_size, image_size, 1) float32
    """
    preprocessing = model.metadata["preprocessing"]
    size = preprocessing["image_size"]
    return model_image(gray, (size, size), preprocessing)


def check_model(model: Model) -> None:
    """ValueError unless a model has all that evaluate, predict, figures and explain need.

    It says what is wrong, without the file's name.
    """
    metadata = model.metadata
    missing = [name for name in NEEDED_METADATA if name not in metadata]
    if not missing and isinstance(metadata["preprocessing"], dict):
        given = metadata["preprocessing"]
        missing = [name for name in NEEDED_PREPROCESSING if name not in given]
        if not given.get("samplewise") and "rescale" not in given:
            missing.append("rescale")
    if missing or not model.losses:
        raise ValueError(
            "a model that does not say how to prepare its images or what its output means "
            f"({', '.join(missing) or 'its loss'} missing)"
        )
    for key in ("positive", "negative"):
        require(is_plain_name(metadata[key]), key, "the name of a class folder", metadata[key])
    require(metadata["positive"] != metadata["negative"], "classes", "two", metadata["positive"])
    usable = is_plain_name(model.name, forbidden="/\\:")  # figures are called after the model
    require(usable, "name", "one that a file can have", model.name)
    check_preprocessing(metadata["preprocessing"])
    check_threshold(metadata.get("threshold"))
    check_shapes(model, metadata["preprocessing"]["image_size"])
    for name, param in model.named_weights().items():
        require(np.isfinite(param).all(), name, "finite numbers", "nan or inf: a failed training")


def check_preprocessing(given: dict) -> None:
    """ValueError unless images can be prepared as this says."""
    require(isinstance(given, dict), "preprocessing", "a dict", given)
    for key in ("enhance", "samplewise"):
        value = given.get(key, False)
        require(isinstance(value, bool), key, "true or false", value)
    rule = given.get("crop", CONTOURS)
    require(rule in CROPS, "crop", " or ".join(CROPS), rule)
    levels = given.get("gray_levels")
    require(levels is None or are_levels(levels), "gray_levels", "by, black and white", levels)
    size = given["image_size"]
    fits = type(size) is int and 1 <= size <= LARGEST_IMAGE
    require(fits, "image_size", f"pixels in [1, {LARGEST_IMAGE}]", size)
    way = given["interpolation"]
    require(way in INTERPOLATIONS, "interpolation", ", ".join(INTERPOLATIONS), way)
    if not given.get("samplewise"):
        factor = given["rescale"]
        fits = type(factor) in (int, float) and 0 < factor < LARGEST_FACTOR
        require(fits, "rescale", f"a number in (0, {LARGEST_FACTOR:g})", factor)


def are_levels(given) -> bool:
    """Whether `recorded_levels` can use this."""
    return (
        isinstance(given, dict)
        and given.get("by") in (WINDOW, BITS)
        and are_usable(given.get("black"), given.get("white"))
    )


def check_threshold(given) -> None:
    """ValueError unless this is a threshold with its origin ("chosen_on" may be None), or None."""
    if given is None:
        return
    require(isinstance(given, dict), "threshold", "a dict", given)
    value = given.get("value")
    fits = type(value) in (int, float) and 0 <= value <= 1
    require(fits, "threshold", "a number in [0, 1]", value)
    for key in ("chosen_on", "method"):
        text = given.get(key)
        fits = isinstance(text, str) and text.isprintable() or (key, text) == ("chosen_on", None)
        require(fits, "threshold", f"a text as its {key}", text)


def check_shapes(model: Model, size: int) -> None:
    """ValueError unless the model makes one probability of an image, in memory and time there is."""
    shapes = [tensor.sample_shape for tensor in model.inputs]
    require(shapes == [(size, size, 1)], "input", f"images ({size}, {size}, 1)", shapes)
    shapes = [tensor.sample_shape for tensor in model.outputs]
    require(shapes == [(1,)], "output", "one unit", shapes)
    last = model.outputs[0].node.layer
    ends_well = isinstance(last, Sigmoid) or isinstance(last.activation, Sigmoid)
    require(ends_well, "output", "a sigmoid, which gives a probability", last.label)
    for node in model.graph.nodes:
        shape, layer = node.output.sample_shape, node.layer
        require(math.prod(shape) <= LARGEST_OUTPUT, layer.label, "a smaller output", shape)
        # With padding, a window may be larger than its image: as much memory as it likes.
        window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", (1, 1))
        require(max(window) <= size, layer.label, f"a window of at most {size} pixels", window)
        channels = node.inputs[0].sample_shape[-1] if isinstance(layer, Conv2D) else 1
        work = math.prod(shape) * math.prod(window) * channels
        require(work <= LARGEST_WORK, layer.label, "less work for one image", f"{work:.1e} sums")


def require(fits: bool, what: str, expected: str, found) -> None:
    """ValueError with what was expected and found, unless it fits."""
    if not fits:
        shown = found if isinstance(found, str) and found.isprintable() else repr(found)
        raise ValueError(f"a model with an unusable {what}: expected {expected}, found {shown}")
