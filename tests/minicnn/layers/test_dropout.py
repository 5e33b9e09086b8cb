"""Dropout: what it keeps, what it scales, and that the mask follows from seed and step."""

import math

import numpy as np
import pytest
from small_images import with_weights

from minicnn import layers

pytestmark = pytest.mark.usefixtures("backend")


def test_dropout_outside_training_changes_nothing():
    x = np.arange(1.0, 13).reshape(3, 4)
    layer = with_weights(layers.Dropout(0.75), x)
    assert layer.forward(x).tolist() == x.tolist()
    assert layer.backward(x).tolist() == x.tolist()


def test_dropout_scales_what_it_keeps():
    x = np.ones((4, 5000))
    layer = with_weights(layers.Dropout(0.75, seed=0), x)
    y = layer.forward(x, training=True)
    assert sorted(set(y.ravel().tolist())) == [0, 4]
    kept = np.mean(y != 0)
    assert abs(kept - 0.25) < 4 * math.sqrt(0.25 * 0.75 / y.size)  # four standard deviations
    assert layer.backward(3 * np.ones_like(x)).tolist() == (3 * y).tolist()


def test_dropout_mask_follows_from_seed_and_step():
    x = np.ones((1, 200))
    masks = {}
    for seed in (1, 2):
        layer = with_weights(layers.Dropout(0.5, seed=seed), x)
        for step in range(3):
            masks[seed, step] = layer.forward(x, training=True).tolist()
        layer.step = 1
        assert layer.forward(x, training=True).tolist() == masks[seed, 1]
    distinct = {str(mask) for mask in masks.values()}
    assert len(distinct) == 6


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 1), (1.0, 0)])
def test_dropout_of_nothing_and_of_everything(rate, expected):
    x = np.ones((2, 50))
    layer = with_weights(layers.Dropout(rate), x)
    assert set(layer.forward(x, training=True).ravel().tolist()) == {expected}
    assert set(layer.backward(x).ravel().tolist()) == {expected}
