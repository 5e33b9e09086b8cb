"""The preparation of a slice: contrast (CLAHE), then a crop, by the article's rule or ours.

One function a step, in the order in which they run: `to_square`, `stretch`, `enhance`, then
`find_contours` and `bounding_box` (the article's crop, with its parameters; unlike in the
article's last loop, every image is cropped by its own box) or `lung_box` (ours: on many slices
the article's rule cuts into the lungs), and `crop`; `enhance_and_crop` is all of them.

An image is an array (height, width), uint8 gray. A contour is an array (points, 1, 2), int32, x
and y in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from covid.common.choices import CONTOURS, CROPS, LUNGS, NO_CONTOUR
from covid.data.lung_mask import SIZE as MASK_SIZE
from covid.data.lung_mask import body_and_lungs

SIZE = 512  # pixels, height and width of every prepared image
CLIP_LIMIT = 3.0
TILES = (8, 8)
THRESHOLD = 50  # gray level, of 255, between air and body
NARROW, LONG = 50, 150  # pixels: a box narrower than one and longer than the other is no body part
SMALLEST_AREA = 200  # pixels
LARGEST_SHARE = 0.5  # of the image's area
MARGIN = 10  # pixels around the lungs that were found
# Of the body's height and width, the most that is cut off on each side: lungs full of fluid are not
# dark, but they lie in the chest.
MOST_CUT_OFF = 1 / 12


class Box(NamedTuple):
    """A rectangle in pixels of the 512x512 image; right and bottom are one past the last."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Enhanced:
    """What became of an image."""

    image: np.ndarray | None  # (512, 512); None when it has no contour and such are dropped
    box: Box | None  # what was cropped to; None when no contour was accepted
    rule: str  # how the box was found: "contours" or "lungs"


def to_square(image: np.ndarray, size: int = SIZE) -> np.ndarray:
    """Resize to size x size pixels, without keeping the aspect ratio, as the article does.

    INTER_AREA averages all source pixels under a target pixel.

    Raises
    ------
    ValueError
        Not a two-dimensional uint8 array with at least one pixel.
    """
    if image.ndim != 2 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(
            f"expected an image of shape (height, width) and dtype uint8, got {image.shape} "
            f"{image.dtype}"
        )
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


def stretch(image: np.ndarray) -> np.ndarray:
    """Stretch the gray levels to 0..255: ``255 * (image - min) / (max - min)``.

    Cut off and not rounded, as the article does. There are only 256 levels, so the formula is
    worked out once for each of them and then looked up. A flat image, for which the article divides
    by zero, becomes all zeros.
    """
    darkest, brightest = int(image.min()), int(image.max())
    if darkest == brightest:
        return np.zeros_like(image)
    share = (np.arange(256) - darkest) / (brightest - darkest)
    # Levels darker or brighter than any in the image are never looked up.
    return cv2.LUT(image, np.uint8(share.clip(0, 1) * 255))


def enhance(stretched: np.ndarray) -> np.ndarray:
    """Equalize the histogram tile by tile with limited contrast (CLAHE, clip 3.0, 8x8 tiles).

    K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994.
    """
    # A new object for each call: it keeps buffers, so that threads cannot share one.
    return cv2.createCLAHE(clipLimit=CLIP_LIMIT, tileGridSize=TILES).apply(stretched)


def find_contours(stretched: np.ndarray) -> list[np.ndarray]:
    """Find the contours of the stretched (not the CLAHE) image that can be body or lungs.

    3x3 mean, threshold at 50 of 255, outlines of the bright regions and of their holes
    (S. Suzuki and K. Abe, "Topological structural analysis of digitized binary images by border
    following", 1985), filtered by `is_plausible`. Of straight stretches of an outline only the
    ends are kept, which changes neither its area nor its box.
    """
    mean = cv2.blur(stretched, (3, 3))
    _, bright = cv2.threshold(mean, THRESHOLD, 255, cv2.THRESH_BINARY)
    contours, _ = cv2.findContours(bright, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [contour for contour in contours if is_plausible(contour, stretched.size)]


def is_plausible(contour: np.ndarray, image_area: int) -> bool:
    """Whether a contour counts: its box is no long strip, its area neither tiny nor half the image.

    `image_area` is in pixels.
    """
    if not SMALLEST_AREA < cv2.contourArea(contour) < LARGEST_SHARE * image_area:
        return False  # most of them: specks
    _, _, width, height = cv2.boundingRect(contour)
    return not (min(width, height) < NARROW and max(width, height) > LONG)


def bounding_box(contours: Sequence[np.ndarray]) -> Box | None:
    """Return the smallest box around all contours, or None if there are none."""
    if not contours:
        return None
    left, top, width, height = cv2.boundingRect(np.concatenate(contours))
    return Box(left, top, left + width, top + height)


def lung_box(square: np.ndarray) -> Box | None:
    """Return the box around the lungs, or None where there is no body in the image.

    Around all dark regions inside the body, with a margin, and no smaller than the body less a
    twelfth on each side; where no lung is found, around the body. Table and background are left out.

    `square` is the (512, 512) image before CLAHE.
    """
    body, lungs = body_and_lungs(square)
    if not body.any():
        return None
    around = rectangle(body)
    if not lungs:
        return around
    inner = rectangle(np.any(lungs, axis=0))
    spare_x = int(MOST_CUT_OFF * (around.right - around.left))
    spare_y = int(MOST_CUT_OFF * (around.bottom - around.top))
    return Box(
        max(0, min(inner.left - MARGIN, around.left + spare_x)),
        max(0, min(inner.top - MARGIN, around.top + spare_y)),
        min(SIZE, max(inner.right + MARGIN, around.right - spare_x)),
        min(SIZE, max(inner.bottom + MARGIN, around.bottom - spare_y)),
    )


def rectangle(mask: np.ndarray) -> Box:
    """The smallest box around the pixels of a lung mask's size that are True."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    scale = SIZE // MASK_SIZE
    return Box(scale * left, scale * top, scale * (left + width), scale * (top + height))


def crop(image: np.ndarray, box: Box) -> np.ndarray:
    """Return the part of `image` (height, width) inside `box`: a view, not a copy."""
    return image[box.top : box.bottom, box.left : box.right]


def enhance_and_crop(image: np.ndarray, no_contour: str = "keep", rule: str = CONTOURS) -> Enhanced:
    """Run all steps on one image: 512x512, CLAHE, crop to its own box, back to 512x512.

    Parameters
    ----------
    image : numpy.ndarray
        Of any size.
    no_contour : {"keep", "drop"}
        What becomes of an image in which no contour or body is found: the whole CLAHE image, or None.
    rule : {"contours", "lungs"}
        The article's crop, or `lung_box`.

    Raises
    ------
    ValueError
        Another `no_contour` or `rule`, or an array that is no image.
    """
    if rule not in CROPS:
        raise ValueError(f"rule must be one of {', '.join(CROPS)}, got {rule!r}")
    if no_contour not in NO_CONTOUR:
        raise ValueError(f"no_contour must be 'keep' or 'drop', got {no_contour!r}")
    _, enhanced, box = _enhance_and_find(image, rule)
    if box is not None:
        return Enhanced(to_square(crop(enhanced, box)), box, rule)
    return Enhanced(enhanced if no_contour == "keep" else None, None, rule)


def enhance_within(image: np.ndarray, box: Box | None) -> np.ndarray:
    """As `enhance_and_crop`, with the box of another image; whole without one. (512, 512) uint8."""
    enhanced = enhance(stretch(to_square(image)))
    return enhanced if box is None else to_square(crop(enhanced, box))


def steps(image: np.ndarray, rule: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the three stages that the article's figures show; `rule` as in `enhance_and_crop`.

    The resized image and the one after CLAHE, both (512, 512), and the second one inside its box,
    at the box's own size; whole without a box.
    """
    square, enhanced, box = _enhance_and_find(image, rule)
    return square, enhanced, enhanced if box is None else crop(enhanced, box)


def _enhance_and_find(image: np.ndarray, rule: str) -> tuple[np.ndarray, np.ndarray, Box | None]:
    square = to_square(image)
    stretched = stretch(square)
    box = lung_box(square) if rule == LUNGS else bounding_box(find_contours(stretched))
    return square, enhance(stretched), box
