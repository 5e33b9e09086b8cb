"""The article's steps pixel for pixel, and images that its code could not take."""

import math
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from covid.common.choices import CONTOURS, CROPS, LUNGS
from covid.data.preprocess import (
    SIZE,
    Box,
    bounding_box,
    crop,
    enhance,
    enhance_and_crop,
    find_contours,
    lung_box,
    steps,
    stretch,
    to_square,
)


def synthetic_slice(seed, height=512, width=512):
    """A bright body with two dark lungs on black, drawn: no real image."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width), 12.0)
    center = np.array([width, height]) / 2 + rng.uniform(-0.06, 0.06, 2) * [width, height]
    for shift, size, gray in (
        ((0, 0), (0.36, 0.27), 170),
        ((-0.15, 0), (0.1, 0.17), 30),
        ((0.15, 0), (0.1, 0.17), 40),
    ):
        middle = center + np.array(shift) * [width, height]
        axes = np.array(size) * [width, height] * rng.uniform(0.85, 1.1)
        cv2.ellipse(image, (tuple(middle), tuple(2 * axes), float(rng.uniform(-8, 8))), gray, -1)
    return np.clip(image + rng.normal(0, 8, image.shape), 0, 255).astype(np.uint8)


def article_steps(image):
    """The published steps written anew with plain numbers; the expectation of these tests."""
    square = cv2.resize(image, dsize=(512, 512), interpolation=cv2.INTER_AREA)
    stretched = (square - square.min()) / (square.max() - square.min())
    levels = np.uint8(stretched * 255)
    clahe = cv2.createCLAHE(clipLimit=3.0).apply(levels)
    smooth = cv2.filter2D(levels, -1, np.ones((3, 3), np.float32) / 9)
    found, _ = cv2.findContours(cv2.threshold(smooth, 50, 255, cv2.THRESH_BINARY)[1], 2, 1)
    left, top, right, bottom = 512, 512, 0, 0
    for outline in found:
        x, y, w, h = cv2.boundingRect(outline)
        if (w < 50 and h > 150) or (w > 150 and h < 50):
            continue
        if not 200 < cv2.contourArea(outline) < 512 * 512 * 0.5:
            continue
        left, top = min(left, x), min(top, y)
        right, bottom = max(right, x + w), max(bottom, y + h)
    cut = clahe[top:bottom, left:right]
    final = cv2.resize(cut, dsize=(512, 512), interpolation=cv2.INTER_AREA)
    return (left, top, right, bottom), clahe, cut, final


@pytest.mark.parametrize(
    "seed, height, width", [(1, 512, 512), (2, 512, 512), (3, 512, 512), (4, 630, 480), (5, 90, 97)]
)
def test_every_step_gives_the_articles_pixels(seed, height, width):
    image = synthetic_slice(seed, height, width)
    box, clahe, cut, final = article_steps(image)
    result = enhance_and_crop(image)
    assert result.box == box
    np.testing.assert_array_equal(result.image, final)
    original, enhanced, cropped = steps(image, CONTOURS)
    np.testing.assert_array_equal(original, to_square(image))
    np.testing.assert_array_equal(enhanced, clahe)
    np.testing.assert_array_equal(cropped, cut)


def test_the_crop_to_the_lungs_keeps_them_and_leaves_the_table_out():
    image = synthetic_slice(1)
    without = enhance_and_crop(image, rule=LUNGS)
    image[455:495, 100:160] = 200  # a rail of the table
    result = enhance_and_crop(image, rule=LUNGS)
    assert result.box == without.box == lung_box(to_square(image)) and result.rule == LUNGS
    assert enhance_and_crop(image).box.bottom > 470  # the article's goes down to it
    dark = np.argwhere((cv2.blur(image, (9, 9)) < 60) & (np.abs(np.arange(512) - 256) < 130))
    inside = dark[(dark[:, 0] > 180) & (dark[:, 0] < 330)]  # of the lungs
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0)
    assert result.box.left < left and right < result.box.right
    assert result.box.top < top and bottom < result.box.bottom
    _, enhanced, cropped = steps(image, LUNGS)
    np.testing.assert_array_equal(cropped, crop(enhanced, result.box))
    np.testing.assert_array_equal(result.image, to_square(cropped))


def test_the_crop_to_the_lungs_of_a_body_without_lungs_is_the_body():
    image = np.full((512, 512), 10, np.uint8)
    cv2.ellipse(image, (256, 256), (180, 130), 0, 0, 360, 170, -1)
    box = lung_box(image)
    np.testing.assert_allclose(box, (76, 126, 437, 387), atol=4)


def test_each_image_has_its_own_box():
    boxes = {enhance_and_crop(synthetic_slice(seed)).box for seed in (1, 2, 3)}
    assert len(boxes) == 3 and None not in boxes


def test_stretch_is_the_articles_formula_for_every_pair_of_extremes():
    for darkest, brightest in ((0, 255), (3, 200), (17, 18), (101, 254)):
        image = np.arange(darkest, brightest + 1, dtype=np.uint8)[None]
        expected = (image - image.min()) / (image.max() - image.min())
        np.testing.assert_array_equal(stretch(image), np.uint8(expected * 255))
    assert stretch(np.array([[50, 150]], np.uint8)).tolist() == [[0, 255]]


def test_a_flat_image_stretches_to_zeros_without_a_warning(recwarn):
    flat = stretch(np.full((4, 6), 90, np.uint8))
    assert flat.shape == (4, 6) and not flat.any() and not recwarn.list


@pytest.mark.parametrize("rule", CROPS)
@pytest.mark.parametrize(
    "image",
    [
        np.zeros((512, 512), np.uint8),
        np.full((512, 512), 255, np.uint8),
        np.full((1, 1), 77, np.uint8),
        np.tile(np.arange(250, dtype=np.uint8), (1, 20)),
        np.tile(np.arange(250, dtype=np.uint8), (1, 20)).T,
    ],
    ids=["black", "white", "one pixel", "1 x 5000", "5000 x 1"],
)
def test_degenerate_images_pass_whole(image, rule):
    kept = enhance_and_crop(image, rule=rule)
    assert kept.box is None or kept.box[2] > kept.box[0]
    assert kept.image.shape == (SIZE, SIZE) and kept.image.dtype == np.uint8
    if image.min() == image.max():
        assert kept.box is None
        assert enhance_and_crop(image, no_contour="drop", rule=rule).image is None


def test_drop_changes_nothing_for_an_image_with_a_contour():
    image = synthetic_slice(1)
    kept, dropped = enhance_and_crop(image), enhance_and_crop(image, no_contour="drop")
    assert kept.box == dropped.box
    np.testing.assert_array_equal(kept.image, dropped.image)


def on_black(*rectangles):
    """A stretched image with white rectangles (left, top, width, height)."""
    image = np.zeros((512, 512), np.uint8)
    for left, top, width, height in rectangles:
        image[top : top + height, left : left + width] = 255
    return image


@pytest.mark.parametrize(
    "rectangle, accepted",
    [
        ((100, 100, 60, 60), True),
        ((100, 100, 12, 12), False),  # under 200 pixels
        ((100, 100, 20, 20), True),
        ((100, 100, 30, 180), False),  # narrow and high
        ((100, 100, 180, 30), False),  # flat and wide
        ((100, 100, 80, 180), True),
        ((100, 100, 30, 120), True),  # narrow, but not high
        ((20, 20, 400, 400), False),  # more than half of the image
    ],
)
def test_which_contours_count(rectangle, accepted):
    box = bounding_box(find_contours(on_black(rectangle)))
    # The 3x3 mean makes a white rectangle one pixel larger on each side at the threshold of 50,
    # since three of nine white pixels give 85.
    left, top, width, height = rectangle
    grown = Box(left - 1, top - 1, left + width + 1, top + height + 1)
    assert box == (grown if accepted else None)


def test_the_box_is_the_union_and_the_crop_is_inside_it():
    image = on_black((60, 80, 40, 50), (300, 200, 70, 90))
    box = bounding_box(find_contours(image))
    assert box == (59, 79, 371, 291)
    assert crop(image, box).shape == (291 - 79, 371 - 59)
    assert bounding_box([]) is None


def test_enhance_does_not_depend_on_the_thread():
    images = [stretch(synthetic_slice(seed)) for seed in range(8)]
    alone = [enhance(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        for expected, found in zip(alone, pool.map(enhance, images), strict=True):
            np.testing.assert_array_equal(expected, found)


def test_inputs_are_not_changed():
    image = synthetic_slice(7)
    before = image.copy()
    enhance_and_crop(image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), np.zeros((0, 4), np.uint8)]
)
def test_what_is_no_gray_image_is_refused(image):
    with pytest.raises(ValueError, match="height, width"):
        enhance_and_crop(image)


def test_other_choices_are_refused():
    with pytest.raises(ValueError, match="rule must be one of lungs, contours, got 'body'"):
        enhance_and_crop(synthetic_slice(1), rule="body")
    with pytest.raises(ValueError, match="'keep' or 'drop'"):
        enhance_and_crop(synthetic_slice(1), no_contour="maybe")


def test_to_square_averages_the_pixels_under_a_target_pixel():
    image = np.zeros((1024, 1024), np.uint8)
    image[::2] = 200
    assert math.isclose(to_square(image).mean(), 100)
