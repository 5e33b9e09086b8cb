"""The lung mask: where the phantom's lungs are, and none where there is no lung."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from covid.common.choices import CROPS
from covid.data.lung_mask import hulls, lung_mask
from covid.data.preprocess import crop, enhance_and_crop, to_square
from covid.phantom import make_patient, outlines, render_slice


def dice(one, two):
    """2 |A and B| / (|A| + |B|)."""
    return 2 * np.sum(one & two) / (one.sum() + two.sum())


@functools.cache
def slices_with_lungs(infected):
    """(image, true mask) of two patients in both windows."""
    found = []
    for number, z in ((2, 0.4), (4, 0.5)):
        patient = make_patient(number, infected, 3)
        truth = outlines.lung_mask(patient, z, patient.frame) > 0.5
        found += [(render_slice(patient, z, window), truth) for window in ("lung", "mediastinal")]
    return found


@pytest.mark.parametrize("rule", [None, *CROPS])
@pytest.mark.parametrize("infected", [False, True])
def test_the_mask_is_where_the_phantoms_lungs_are(rule, infected):
    for image, truth in slices_with_lungs(infected):
        if rule is not None:
            enhanced = enhance_and_crop(image, rule=rule)
            square = to_square(truth.astype(np.uint8) * 255)
            truth = to_square(crop(square, enhanced.box)) > 127
            image = enhanced.image
        found = lung_mask(image)
        assert found.shape == image.shape
        # In the mediastinal window gas in the windpipe and lung touch; lung that is as dense as the
        # chest wall is left out, more of it without CLAHE.
        assert dice(found, truth) > (0.65 if infected else 0.9)
        # The hulls leave nearly no lung outside: that is what is blacked out.
        least = (0.6 if rule is None else 0.8) if infected else 0.98
        assert np.mean(hulls(found)[truth]) > least


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 60), np.uint8),
        np.full((512, 512), 200, np.uint8),
        np.random.default_rng(1).integers(0, 256, (100, 90), np.uint8),
        np.array([[7]], np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (256, 1)),
    ],
)
def test_where_there_is_no_lung_none_is_found(image):
    found = lung_mask(image)
    assert found.shape == image.shape
    assert found.dtype == bool
    assert not found.any()


def test_a_hole_at_the_images_edge_counts_and_air_beside_the_body_does_not():
    image = np.full((256, 256), 220, np.uint8)
    image[:, :30] = 10  # air
    image[0:120, 90:160] = 60  # a lung that the crop has cut
    found = lung_mask(image)
    assert found[60, 120]
    assert not found[:, :30].any()


def test_lungs_that_part_the_chest_wall_are_inside_the_body():
    """As on a figure cut out so close that both lungs reach its upper and lower edge."""
    image = np.full((256, 256), 220, np.uint8)
    image[:, 45:110] = image[:, 150:215] = 60
    image[:20, :20] = image[:20, -20:] = 10  # air in two corners
    found = lung_mask(image)
    assert found[128, 80] and found[128, 180] and not found[128, 130]
    assert not found[:20, :20].any()


def test_hulls_cover_dents_and_keep_regions_apart():
    mask = np.zeros((20, 40), bool)
    mask[2:18, 2:6] = mask[2:6, 6:14] = mask[14:18, 6:14] = True  # a C
    mask[5:15, 25:35] = True
    covered = hulls(mask)
    assert covered[10, 10]
    assert not covered[:, 16:24].any()
    assert np.all(covered[mask])
