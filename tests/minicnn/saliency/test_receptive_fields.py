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
    assert receptive_field(published("compact_cnn"), "average_pooling2d").size == (54, 54)


def test_behind_global_pooling_a_unit_sees_all_that_the_units_before_it_see():
    """8 x 7 and two pixels of padding on each side; no window of 2 begins in the last column."""
    model = models.Sequential(
        [
            layers.Conv2D(2, 5, padding="same", input_shape=(8, 7, 1)),
            layers.MaxPooling2D(2),
            layers.GlobalAveragePooling2D(keepdims=True, name="all"),
            layers.Conv2D(3, 1, name="behind"),
        ]
    )
    assert receptive_field(model, "all") == ((12, 10), (8, 6), (3.5, 2.5))
    assert receptive_field(model, "behind") == receptive_field(model, "all")


def test_the_rule_looks_at_receptive_field_and_filters():
    methods = {name: recommend_method(published(name)).method for name in SMALLER}
    assert methods.pop("compact_cnn") == "grad-cam"  # 38 of 150 pixels, 32 filters
    assert set(methods.values()) == {"occlusion"}
    tiny = recommend_method(published("tiny_cnn"))
    assert tiny.field.size == (3, 3) and tiny.share == 3 / 150 and tiny.filters == 6
    assert "3 x 3 of 150 x 150" in tiny.reason
    assert recommend_method(deep()).method == "grad-cam"  # 8 of 40 pixels, 8 filters
    assert recommend_method(deep(filters=7)).method == "occlusion"
    assert recommend_method(deep(side=82)).method == "occlusion"  # 8 of 82 pixels
    dense = models.Sequential([layers.Flatten(input_shape=(4, 4, 1)), layers.Dense(1)])
    assert recommend_method(dense)[:3] == ("occlusion", [], None)
