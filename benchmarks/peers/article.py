"""The article's augmentation, and its preparation of images: one by one, in OpenCV.

Same steps and numbers as `covid.data.preprocess`, in the article's way: contours filtered in
Python, one box found with minimum and maximum, one CLAHE object for all. The box is that of the
image itself, so that the same is computed on both sides.
"""

import cv2
import numpy as np

SIZE = 512
AUGMENTATION = {
    "rotation_range": 40,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 0.2,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "fill_mode": "nearest",
}


def prepare(images: list[np.ndarray]) -> list[np.ndarray]:
    """Enhance and crop gray images.

    Parameters
    ----------
    images : list of (height, width) uint8 arrays

    Returns
    -------
    list of (512, 512) uint8 arrays
    """
    clahe = cv2.createCLAHE(clipLimit=3.0)
    return [prepare_one(image, clahe) for image in images]


def prepare_one(image: np.ndarray, clahe) -> np.ndarray:
    """One image: 512x512, stretched, enhanced, cropped to its contours, 512x512 again."""
    square = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    darkest, brightest = square.min(), square.max()
    levels = np.uint8((square - darkest) / (brightest - darkest) * 255)
    enhanced = clahe.apply(levels)
    left, top, right, bottom = boundaries(contours_of(levels))
    if right == 0:
        return enhanced  # nothing found: whole, where the article drops it
    cropped = enhanced[top:bottom, left:right]
    return cv2.resize(cropped, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def contours_of(levels: np.ndarray) -> list[np.ndarray]:
    """Outlines of what is bright, without strips, specks, and more than half the image."""
    mean = cv2.filter2D(levels, -1, np.ones((3, 3), np.float32) / 9)
    _, bright = cv2.threshold(mean, 50, 255, cv2.THRESH_BINARY)
    found, _ = cv2.findContours(bright, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    kept = []
    for contour in found:
        _, _, width, height = cv2.boundingRect(contour)
        if (width < 50 and height > 150) or (width > 150 and height < 50):
            continue
        if 200 < cv2.contourArea(contour) < levels.size * 0.5:
            kept.append(contour)
    return kept


def boundaries(contours: list[np.ndarray]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the box around all contours; right is 0 without any."""
    left, top, right, bottom = SIZE, SIZE, 0, 0
    for contour in contours:
        x, y, width, height = cv2.boundingRect(contour)
        left, top = min(left, x), min(top, y)
        right, bottom = max(right, x + width), max(bottom, y + height)
    return left, top, right, bottom
