"""Variants of an image: lungs blacked out, border only, lungs only, histogram."""

from __future__ import annotations

import numpy as np
import pytest

from covid.controls.variants import border_only, lungs_blacked_out, lungs_only
from covid.data.preprocess import SIZE
from covid.training.baselines import histogram


@pytest.fixture
def picture(rng):
    """A bright image, 60 x 50, with a mask that reaches into its frame."""
    image = rng.integers(100, 256, (60, 50), np.uint8)
    mask = np.zeros((60, 50), bool)
    mask[2:30, 10:30] = True
    return image, mask


def test_lungs_are_blacked_out_and_nothing_else(picture):
    image, mask = picture
    changed = lungs_blacked_out(image, mask)
    assert not changed[mask].any()
    np.testing.assert_array_equal(changed[~mask], image[~mask])
    np.testing.assert_array_equal(lungs_blacked_out(image, np.zeros_like(mask)), image)


def test_the_border_is_a_tenth_on_each_side_without_lungs(picture):
    image, mask = picture
    changed = border_only(image, mask)
    assert not changed[6:54, 5:45].any()
    assert not changed[mask].any()
    frame = np.ones_like(mask)
    frame[6:54, 5:45] = False
    kept = frame & ~mask
    np.testing.assert_array_equal(changed[kept], image[kept])


def test_the_lungs_are_all_that_is_left(picture):
    image, mask = picture
    changed = lungs_only(image, mask)
    np.testing.assert_array_equal(changed[mask], image[mask])
    assert not changed[~mask].any()


def test_a_histogram_is_shares_of_pixels():
    image = np.array([[0, 7], [8, 255]], np.uint8)
    whole = histogram(image)
    assert whole[[0, 1, 31]].tolist() == [0.5, 0.25, 0.25]
    assert whole.sum() == 1
    outside = histogram(image, np.array([[True, False], [False, True]]))
    assert outside[[0, 1]].tolist() == [0.5, 0.5]
    assert not histogram(image, np.ones((2, 2), bool)).any()


def test_the_border_is_as_wide_as_the_constant_says():
    image = np.full((SIZE, SIZE), 9, np.uint8)
    left = border_only(image, np.zeros(image.shape, bool)) > 0
    assert left.mean() == pytest.approx(1 - 0.8**2, abs=0.005)
