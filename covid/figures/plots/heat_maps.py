"""Figures of what a model reacts to: a heat map beside those of random models, inputs of filters.

Images are arrays (height, width), heat maps have the same shape. Sizes and places are in inches.
"""

import math
from pathlib import Path

import cv2
import numpy as np
from matplotlib.colors import to_rgb

from covid.figures.plots.canvas import (
    BLUE,
    GREEN,
    NAME_FONT,
    NAME_LINE,
    ORANGE,
    PHONE,
    SOFT,
    Place,
    caption,
    picture_at,
    require,
    sheet,
    shorten,
    text_at,
    wrap,
    write,
)
from covid.figures.plots.images import levels

GAP = 0.1
SIDE = 320  # pixels of a slice on the first page: twice what they take there, for sharp screens
STRONGEST = 0.85  # of the color, where a heat map is largest
REMARKS, VERDICT = 8, 9.5  # sizes of the text below, points of 1/72 inch
SPACING = 1.3  # of its lines
VERDICTS = {True: GREEN, False: ORANGE, None: SOFT}


def heat_map_with_check(
    image: np.ndarray,
    heat: np.ndarray,
    random_maps: list[tuple[np.ndarray, str]],
    path: Path,
    title: str,
    note: str = "",
    *,
    name: str = "",
    method: str = "",
    remarks: list[str],
    verdict: str,
    passed: bool | None,
) -> Path:
    """An image, its heat map, the maps of random models, and what follows from them as text.

    Parameters
    ----------
    image, heat : (height, width) float arrays
        The image as the model gets it; the heat map, orange above 0, blue below.
    random_maps : list of (heat map, text)
        Of the same model with random weights; none of these figures is without them.
    name, method : str
        The image's file name; what made the maps.
    remarks, verdict
        Sentences about colors and method; the result of the comparison.
    passed : bool or None
        Whether the map depends on what was learned; None where that is not known.
    """
    require(len(random_maps) > 0, path, "at least one map of a random model beside the heat map")
    large, small = ((PHONE - GAP) / count - GAP for count in (2, len(random_maps)))
    small_text = "\n".join(wrap(remark, PHONE - 2 * GAP, REMARKS) for remark in remarks)
    large_text = wrap(verdict, PHONE - 2 * GAP, VERDICT)
    second = 0.3 + large + 2 * NAME_LINE + 0.45  # where the random models' maps begin
    top = second + small + 0.1  # and the text
    verdict_top = top + text_height(small_text, REMARKS) + 0.1
    height = verdict_top + text_height(large_text, VERDICT)
    size = f"the model's input, {image.shape[0]} x {image.shape[1]}"
    maps = [(None, size, large), (heat, method, large)]
    maps += [(one, text, small) for one, text in random_maps]
    with sheet(path, title, note, PHONE, height, by_hand=True, dark=True) as body:
        for number, (one, text, size) in enumerate(maps):
            row, column = (0, number) if number < 2 else (1, number - 2)
            place = Place(GAP + column * (size + GAP), second if row else 0.3, size, size)
            place = picture_at(body, place, levels(tinted(image, one), 0, 1))
            caption(body, place, "above", text, fontsize=8 if row else 9)
            if number == 0:
                caption(body, place, "below", shorten(name, large), **NAME_FONT)
        for y, text, points, color in (
            (top, small_text, REMARKS, SOFT),
            (verdict_top, large_text, VERDICT, VERDICTS[passed]),
        ):
            text_at(body, GAP, y, text, fontsize=points, linespacing=SPACING, color=color)
    return path


def activation_maximization(
    inputs: list[tuple[np.ndarray, str]], bounds: tuple, path: Path, title: str, note: str = ""
) -> Path:
    """Inputs (height, width) that maximize activations, three in a row, each with a text below.

    `bounds`, (low, high), are drawn black and white, the same in every image.
    """
    require(len(inputs) > 0, path, "at least one filter")
    columns, below = 3, 0.7
    cell = (PHONE - GAP) / columns - GAP
    rows = math.ceil(len(inputs) / columns)
    with sheet(path, title, note, PHONE, rows * (cell + below), by_hand=True, dark=True) as body:
        for index, (image, text) in enumerate(inputs):
            row, column = divmod(index, columns)
            place = (GAP + column * (cell + GAP), row * (cell + below))
            gray = np.repeat(levels(image, *bounds)[:, :, None], 3, axis=2)  # red, green, blue
            place = picture_at(body, Place(*place, cell, cell), gray)
            text = "\n".join(wrap(line, cell, 8) for line in text.split("\n"))
            caption(body, place, "below", text, fontsize=8)
    return path


def slice_with_heat(image: np.ndarray, heat: np.ndarray, path: Path, *, largest: float) -> Path:
    """A slice beside its heat map, without any text, for the first page; arrays as above.

    The color is full where the map is `largest`.
    """
    pair = np.hstack([levels(tinted(image, one, largest), 0, 1) for one in (None, heat)])
    pair = cv2.resize(pair, (2 * SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return write(cv2.cvtColor(pair, cv2.COLOR_RGB2BGR), path)


def text_height(text: str, points: float) -> float:
    """Inches that the lines of a text take; a line of this face is 1.2 times its size high."""
    return (text.count("\n") + 1) * 1.2 * SPACING * points / 72


def tinted(image: np.ndarray, heat: np.ndarray | None, largest: float = 0.0) -> np.ndarray:
    """The image in gray with a heat map's colors over it, (height, width, 3) in [0, 1].

    The heat map is divided by `largest`; by its own largest size where that is 0, since maps of
    different models have no scale in common.
    """
    low, high = min(0.0, float(image.min())), max(1.0, float(image.max()))
    gray = ((image - low) / (high - low))[:, :, None]  # (height, width) -> (height, width, 1)
    if heat is None:
        return np.repeat(gray, 3, axis=2)
    largest = largest or np.abs(heat).max() or 1.0
    strength = (STRONGEST * np.abs(heat) / largest)[:, :, None]
    color = np.where(heat[:, :, None] > 0, to_rgb(ORANGE), to_rgb(BLUE))
    return np.clip((1 - strength) * gray + strength * color, 0, 1)
