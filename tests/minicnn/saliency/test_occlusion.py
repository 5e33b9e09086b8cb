"""Occlusion: the corner that counts lights up, logits instead of saturated probabilities."""

import numpy as np
import pytest

from minicnn import layers, models
from minicnn.saliency import (
    grad_cam,
    logits_of,
    occlusion,
    share_inside,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def looks_at_a_corner():
    """logit = sum of the 3x3 pixels at the top left corner, and 7."""
    model = models.Sequential(
        [
            layers.Conv2D(1, 1, use_bias=False, input_shape=(9, 12, 1)),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    weights = np.zeros((9, 12))
    weights[:3, :3] = 1
    model.layers[0].params["kernel"][...] = 1
    model.layers[2].params["kernel"][...] = weights.reshape(-1, 1)
    model.layers[2].params["bias"][...] = 7
    return model


def test_occlusion_lights_the_corner_that_counts(backend):
    x = np.full((9, 12, 1), 0.5)
    heat = occlusion(looks_at_a_corner(), x, size=3, stride=3, value=0)
    expected = np.zeros((3, 4))
    expected[0, 0] = 4.5  # nine pixels of 0.5 become 0
    np.testing.assert_allclose(heat.values, expected, atol=1e-5)
    np.testing.assert_allclose(heat.on_image, np.kron(expected, np.ones((3, 3))), atol=1e-5)
    assert heat.logit == pytest.approx(11.5)
    mask = np.zeros((9, 12), bool)
    mask[:3, :3] = True
    assert share_inside(heat.on_image, mask) == pytest.approx(1)


def test_occlusion_of_the_probability_and_of_single_pixels():
    x = np.full((9, 12, 1), 0.5)
    heat = occlusion(looks_at_a_corner(), x, size=1, value=1, of="probability")
    sigmoid = [1 / (1 + np.exp(-z)) for z in (11.5, 12.0)]
    assert heat.values.shape == (9, 12)
    np.testing.assert_allclose(heat.values[:3, :3], sigmoid[0] - sigmoid[1], rtol=1e-2)
    assert not heat.values[3:].any() and not heat.values[:, 3:].any()


def test_what_is_covered_becomes_the_mean_and_every_pixel_is_covered():
    x = np.zeros((9, 12, 1))
    x[5:] = 1  # mean 4 / 9
    heat = occlusion(looks_at_a_corner(), x, size=(4, 5), stride=(4, 4))
    assert heat.values.shape == (3, 3)  # rows from 0, 4, 5; columns from 0, 4, 7
    np.testing.assert_allclose(heat.values[0], [-4, 0, 0], atol=1e-5)  # nine pixels, 0 to 4 / 9
    # Pixels covered twice have the mean of two drops: columns 4, of patches from 0 and from 4.
    np.testing.assert_allclose(heat.on_image[0, 3:6], [-4, -2, 0], atol=1e-5)


def test_a_saturated_model_still_has_logits():
    """With a logit of 200 the probability is 1 in every bit, and says nothing of a patch."""
    model = looks_at_a_corner()
    model.layers[2].params["bias"][...] = 200
    x = np.full((9, 12, 1), 0.5)
    assert model.predict(x[None])[0, 0] == 1
    assert logits_of(model, x[None])[0] == pytest.approx(204.5)
    assert occlusion(model, x, 3, 3, 0).values[0, 0] == pytest.approx(4.5, rel=1e-4)
    assert not occlusion(model, x, 3, 3, 0, of="probability").values.any()
    assert grad_cam(model, x).values.any()


def test_share_inside():
    assert share_inside([[1, -1], [2, 0]], [[True, True], [False, False]]) == 0.5
    assert np.isnan(share_inside(np.zeros((2, 2)), np.ones((2, 2))))
