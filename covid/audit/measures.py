"""Scalar measures of an image that a model might use instead of the lungs.

None of them says anything about a disease by itself. Where one of them separates the classes, the
images of the classes were made in different ways.
"""

from __future__ import annotations

import cv2
import numpy as np

from covid.data.preprocess import SIZE, Box, bounding_box, find_contours, stretch, to_square

FRAME = 16  # the border is a frame of height/16 and width/16 pixels
CORNER = 8  # a corner is a rectangle of height/8 x width/8 pixels
SATURATED = 8  # gray levels at both ends of the scale that clipping fills
SMOOTHING = 9  # gray levels over which the histogram is averaged

# Name -> what it is, as tables and figures say it. All in gray levels of 0 to 255, or in pixels.
MEASURES = {
    "width": "image width",
    "height": "image height",
    "mean": "mean intensity",
    "spread": "spread of intensity",
    "border_mean": "mean of the border",
    "border_spread": "spread of the border",
    "corner": "brightest corner",
    "bottom": "mean of the bottom edge",
    "crop_left": "left edge of the crop",
    "crop_top": "top edge of the crop",
    "crop_right": "right edge of the crop",
    "crop_bottom": "bottom edge of the crop",
    "darkest": "darkest gray (1 %)",
    "brightest": "brightest gray (99 %)",
    "tissue": "gray of soft tissue",
}


def measure(gray: np.ndarray) -> np.ndarray:
    """All of `MEASURES`, in their order: (height, width) uint8 -> (len(MEASURES),) float32."""
    height, width = gray.shape
    mean, spread = cv2.meanStdDev(gray)
    histogram = np.bincount(gray.ravel(), minlength=256)
    box = crop_box(gray)
    values = (
        *(width, height, mean.item(), spread.item()),
        *border(gray),
        brightest_corner(gray),
        gray[height - thickness(height, CORNER) :].mean(),
        *(box.left, box.top, box.right, box.bottom),
        *(level_at(histogram, 0.01), level_at(histogram, 0.99), tissue_level(histogram)),
    )
    return np.array(values, np.float32)


def thickness(side: int, divisor: int) -> int:
    """A part of a side, in pixels; at least one."""
    return max(1, side // divisor)


def border(gray: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the frame of 1/16 of the sides."""
    height, width = gray.shape
    rows, columns = thickness(height, FRAME), thickness(width, FRAME)
    between = gray[rows : height - rows]
    sides = (
        *(gray[:rows], gray[height - rows :]),
        *(between[:, :columns], between[:, width - columns :]),
    )
    levels = np.concatenate([side.ravel() for side in sides])
    return float(levels.mean()), float(levels.std())


def brightest_corner(gray: np.ndarray) -> float:
    """The highest of the four corners' 99 % levels: a marker or a letter stands there."""
    rows, columns = (thickness(side, CORNER) for side in gray.shape)
    edges = (gray[:rows], gray[-rows:])
    corners = [edge[:, part] for edge in edges for part in (slice(columns), slice(-columns, None))]
    histograms = [np.bincount(corner.ravel(), minlength=256) for corner in corners]
    return max(float(level_at(histogram, 0.99)) for histogram in histograms)


def crop_box(gray: np.ndarray) -> Box:
    """What `data.preprocess` would crop to, in the 512x512 image; all of it without a contour."""
    box = bounding_box(find_contours(stretch(to_square(gray))))
    return Box(0, 0, SIZE, SIZE) if box is None else box


def level_at(histogram: np.ndarray, share: float) -> int:
    """The gray level that `share` of the pixels do not exceed; `histogram` has 256 counts."""
    cumulated = np.cumsum(histogram)
    return int(np.searchsorted(cumulated, share * cumulated[-1]))


def tissue_level(histogram: np.ndarray) -> int:
    """The commonest gray in the brighter half of those that are not clipped: soft tissue.

    Where its peak stands depends on the window: near 230 in a lung window, where muscle is clipped
    to white and fat remains, near 120 in a mediastinal one, where muscle is in the brighter half.
    The brighter half begins in the middle between the 1 % and the 99 % level.
    """
    smooth = np.convolve(histogram, np.ones(SMOOTHING), "same")
    middle = (level_at(histogram, 0.01) + level_at(histogram, 0.99)) // 2
    first = min(max(middle, SATURATED), 255 - SATURATED)
    return first + int(np.argmax(smooth[first : 256 - SATURATED]))
