"""Receptive fields, and the rule that says which method suits a layer."""

import numpy as np
import pytest
from saliency_models import SMALLER, X, branching, deep, published

from minicnn import layers, models
from minicnn.saliency import (
    last_feature_maps,
    receptive_field,
    recommend_method,
)
from minicnn.saliency.passes import run_layers

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", ["stem", "left", "pooled", "right", "joined"])
def test_a_unit_sees_its_receptive_field_and_nothing_else(name):
    """Every pixel is changed once: which pixels change a unit in the middle?"""
    model = branching()
    model.get_layer("stem").activation = model.get_layer("left").activation = None  # no kinks
    field = receptive_field(model, name)
    tensor = model.get_layer(name).output
    unit = tuple(size // 2 for size in tensor.sample_shape[:2])
    before = run_layers(model, X[None])[tensor][0][unit].copy()
    seen = np.zeros((9, 8), bool)
    for place in np.ndindex(9, 8):
        x = X.copy()
        x[place] += 50  # a pooling passes its largest number on only
        lower = X.copy()
        lower[place] -= 50
        seen[place] = any(
            (run_layers(model, one[None])[tensor][0][unit] != before).any() for one in (x, lower)
        )
    rows, cols = np.nonzero(seen)
    for axis, places in enumerate((rows, cols)):
        center = field.start[axis] + unit[axis] * field.step[axis]
        low, high = center - (field.size[axis] - 1) / 2, center + (field.size[axis] - 1) / 2
        assert places.min() == max(low, 0) and places.max() == min(high, (8, 7)[axis])


def test_receptive_fields_by_hand():
    """3, behind the pooling 4, behind the second convolution 4 + 2 * 2 = 8, every 2 pixels."""
    model = published("cnn_dropout")
    convolution, pooling = model.layers[0].name, model.layers[1].name
    assert receptive_field(model, convolution).size == (3, 3)
    assert receptive_field(model, pooling).size == (4, 4)
    assert receptive_field(model, "conv2d_1") == ((8, 8), (2, 2), (3.5, 3.5))
    inception = published("reduced_inception")
    sizes = [receptive_field(inception, one).size[0] for one in last_feature_maps(inception)]
    assert sizes == [7, 3, 5, 4]


def test_the_rule_looks_at_receptive_field_and_filters():
    assert {recommend_method(published(name)).method for name in SMALLER} == {"occlusion"}
    tiny = recommend_method(published("tiny_cnn"))
    assert tiny.field.size == (3, 3) and tiny.share == 3 / 150 and tiny.filters == 6
    assert "3 x 3 of 150 x 150" in tiny.reason
    assert recommend_method(deep()).method == "grad-cam"  # 8 of 40 pixels, 8 filters
    assert recommend_method(deep(filters=7)).method == "occlusion"
    assert recommend_method(deep(side=82)).method == "occlusion"  # 8 of 82 pixels
    dense = models.Sequential([layers.Flatten(input_shape=(4, 4, 1)), layers.Dense(1)])
    assert recommend_method(dense)[:3] == ("occlusion", [], None)
