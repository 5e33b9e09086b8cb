"""A simple lung mask: where the dark regions inside the body are.

Threshold, body, dark regions in it, gaps closed: a few lines of OpenCV that need no training.
Good enough to black lungs out; no segmentation to measure volumes with. It works on raw slices
and on enhanced-and-cropped ones, in the lung and in the mediastinal window: lungs are darker
than the body in all of them.
"""

from __future__ import annotations

import cv2
import numpy as np

SIZE = 256  # pixels; the mask is made in an image of SIZE x SIZE
SMALLEST_SHARE = 0.004  # of the image: smaller dark regions are windpipe or bowel gas
INSIDE_SHARE = 0.9  # of a dark region: with less of it inside the body it is air around the body
BLACK = 20  # gray level: darker than the air around the body in the lung window
BODY_SHARE = 0.1  # of the image: a smaller bright region is no body
CORNER = 10  # pixels, height and width of the corners of the image that are tested
TABLE = 5  # pixels: thinner bright things, such as the table's shell, are no body
THIN = 5  # pixels: thinner dark things are noise or gaps between organs
GAP = 31  # pixels: opacities at the lung's edge that are narrower are counted in


def lung_mask(image: np.ndarray) -> np.ndarray:
    """Find the lungs in a slice.

    1. 5x5 median against noise, threshold by Otsu (1979, "A threshold selection method from
       gray-level histograms"): bright is body, dark is air and lung.
    2. The body is the convex hull of all large bright regions, or the whole image; see `body`.
    3. Dark regions that lie inside it and are large enough are lungs. They may touch the image's
       edge, because the contour crop often cuts along the lungs' tips.
    4. Closing and filling of holes: vessels and opacities, which are bright, belong to the lung.

    (height, width) uint8 -> (height, width) bool, all False where there is no lung to be found, as
    in slices of the abdomen.
    """
    _, found = body_and_lungs(image)
    lungs = np.zeros((SIZE, SIZE), np.uint8)
    for region in found:
        lungs |= filled(region)
    height, width = image.shape
    return cv2.resize(lungs, (width, height), interpolation=cv2.INTER_NEAREST) > 0


def body_and_lungs(image: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Steps 1 to 3 of `lung_mask`: the body, and the dark regions in it, each (SIZE, SIZE) bool."""
    small = cv2.medianBlur(cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA), 5)
    bright = (small > body_level(small)).astype(np.uint8)
    inside = body(bright)
    dark = regions(cv2.morphologyEx(1 - bright, cv2.MORPH_OPEN, disc(THIN)), SMALLEST_SHARE)
    return inside, [region for region in dark if inside[region].mean() >= INSIDE_SHARE]


def body_level(gray: np.ndarray) -> int:
    """The gray level above which a pixel is body, by Otsu's threshold.

    In the mediastinal window air and lung are black, and fat is dark gray: there the threshold
    separates bright organs from all else, and is searched again among the dark pixels.
    """
    level = otsu(gray)
    dark = gray[gray <= level]
    return otsu(dark) if dark.size > 0 and np.median(dark) < BLACK else level


def otsu(gray: np.ndarray) -> int:
    """Otsu's threshold: the two classes of gray levels with the smallest variance.

    A flat image has one class: nothing in it is above the threshold.
    """
    if gray.min() == gray.max():
        return int(gray.max())
    return int(cv2.threshold(gray.reshape(1, -1), 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0])


def body(bright: np.ndarray) -> np.ndarray:
    """The convex hull of all large bright regions, (SIZE, SIZE) bool; empty if there is none.

    There are several where the lungs reach the image's edge and part the chest wall into pieces.
    The contour crop often cuts so close that it is in the image's corners, which else are air; then
    all of the image is body.
    """
    hull = np.zeros_like(bright)
    ends = (slice(None, CORNER), slice(-CORNER, None))
    corners = [bright[rows, columns].mean() > 0.5 for rows in ends for columns in ends]
    if sum(corners) >= 3:  # an infected lung's corner may be dark, a table has two dark ones
        return hull == 0
    without_table = cv2.morphologyEx(bright, cv2.MORPH_OPEN, disc(TABLE))
    large = regions(without_table, BODY_SHARE)
    if large:
        pixels = np.argwhere(np.any(large, axis=0))[:, ::-1].astype(np.int32)  # x and y
        cv2.fillConvexPoly(hull, cv2.convexHull(pixels), 1)
    return hull > 0


def regions(binary: np.ndarray, smallest_share: float) -> list[np.ndarray]:
    """The connected regions of ones that take at least this share of the image, each as bool.

    `binary` is a (height, width) uint8 array of zeros and ones.
    """
    _, labels, table, _ = cv2.connectedComponentsWithStats(binary, connectivity=4)
    areas = table[:, cv2.CC_STAT_AREA]
    large = np.flatnonzero(areas >= smallest_share * binary.size)
    return [labels == label for label in large if label != 0]  # 0 is the background


def filled(region: np.ndarray) -> np.ndarray:
    """A region with its gaps closed and its holes filled, uint8."""
    binary = region.astype(np.uint8)
    left, top, width, height = cv2.boundingRect(binary)  # nothing is closed outside of it
    box = slice(top, top + height), slice(left, left + width)
    margin = GAP  # closing must not be cut off at the edge
    padded = cv2.copyMakeBorder(binary[box], *[margin] * 4, cv2.BORDER_CONSTANT)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc(GAP))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(closed, outlines, -1, 1, cv2.FILLED)
    binary[box] = closed[margin:-margin, margin:-margin]
    return binary


def disc(diameter: int) -> np.ndarray:
    """A round structuring element."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))


def hulls(mask: np.ndarray) -> np.ndarray:
    """The convex hull of each region of a mask: no opacity at a lung's edge stays outside.

    Where an opacity as bright as the chest wall has eaten into a lung, the mask has a dent, and
    both the opacity and the dent's shape would give the class away. (height, width) bool, like
    the mask.
    """
    covered = np.zeros(mask.shape, np.uint8)
    fill_hulls(mask.astype(np.uint8), covered)
    return covered > 0


def fill_hulls(binary: np.ndarray, target: np.ndarray) -> None:
    """Set the convex hull of each connected region of `binary` to 1 in `target`; both uint8."""
    outlines, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        cv2.fillConvexPoly(target, cv2.convexHull(outline), 1)
