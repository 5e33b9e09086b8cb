"""Two ways to begin: with quiet dense layers, and with filters of a known scale."""

import numpy as np
import pytest

from covid.training.architectures import build_model
from covid.training.first_weights import ENOUGH, SILENT, SPREAD, quiet_start, standard_start
from minicnn.layers import Conv2D, Dense, Dropout, Input
from minicnn.models import Model


def hidden_model(units: int = 6) -> Model:
    x = Input((40,))
    hidden = Dense(units, activation="relu", name="hidden")(Dropout(0.5)(x))
    model = Model(x, Dense(1, activation="sigmoid", name="out")(hidden), seed=5)
    model.get_layer("hidden").params["bias"] -= 100  # dead on every image
    return model


def test_quiet_start_wakes_every_unit_and_begins_undecided(rng):
    images = rng.normal(3, 1, (200, 40)).astype(np.float32)
    model = hidden_model()
    before = model.get_layer("hidden").params["kernel"].copy()
    quiet_start(model, images)
    p = model.predict_on_batch(images)[:, 0]
    logit = np.log(p / (1 - p))
    assert abs(logit.mean()) < 1e-4
    active = (model.get_layer("out").cache.x > 0).mean(axis=0)
    # One standard deviation above 0: 84 % of a normal distribution.
    assert np.all(np.abs(active - 0.84) < 0.08), active
    kernel = model.get_layer("hidden").params["kernel"]
    np.testing.assert_array_equal(kernel[:, :3], before[:, :3])
    np.testing.assert_array_equal(kernel[:, 3:], -before[:, :3])
    last = model.get_layer("out").params["kernel"]
    np.testing.assert_array_equal(last[3:], -last[:3])


def test_quiet_start_leaves_an_odd_unit_its_weights(rng):
    model = hidden_model(units=3)
    before = model.get_layer("hidden").params["kernel"].copy()
    quiet_start(model, rng.normal(size=(50, 40)).astype(np.float32))
    np.testing.assert_array_equal(model.get_layer("hidden").params["kernel"][:, 2], before[:, 2])


def test_quiet_start_changes_dense_layers_only_and_no_shape(rng):
    images = rng.normal(size=(4, 150, 150, 1)).astype(np.float32)
    model, untouched = (build_model("tiny_cnn", seed=2) for _ in range(2))
    quiet_start(model, images)
    for name in ("kernel", "bias"):
        found, before = (m.graph.layers[1].params[name] for m in (model, untouched))
        np.testing.assert_array_equal(found, before)
    assert model.count_params() == 65_777


@pytest.fixture(scope="module")
def begun():
    """compact_cnn after its start, what it looked at, and what its layers made of that."""
    images = np.random.default_rng(3).normal(2, 3, (6, 70, 66, 1)).astype(np.float32)
    model = build_model("compact_cnn", (70, 66, 1), seed=2)
    model.get_layer("conv2d_1").params["bias"] += 7  # not kept
    standard_start(model, images)
    model.predict_on_batch(images)
    outputs, sums, x = {}, {}, images
    for layer in model.layers:  # a chain
        x = outputs[layer.name] = layer.forward(x)
        sums[layer.name] = layer.compute(layer.cache.x_padded, False) if is_conv(layer) else None
    return model, outputs, sums


def is_conv(layer) -> bool:
    return isinstance(layer, Conv2D)


def test_standard_start_looks_at_no_more_images_than_it_needs(rng):
    images = rng.normal(size=(ENOUGH + 9, 60, 60, 1)).astype(np.float32)
    one, other = (build_model("compact_cnn", (60, 60, 1), seed=2) for _ in range(2))
    standard_start(one, images)
    images[ENOUGH:] += 100
    standard_start(other, images)
    for found, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_standard_start_gives_every_filter_the_same_scale(begun):
    model, _, sums = begun
    *first, last = [layer.name for layer in model.layers if is_conv(layer)]
    for name in [*first, last]:
        np.testing.assert_allclose(sums[name].std(axis=(0, 1, 2)), SPREAD, rtol=1e-3)
        mean = -SILENT * SPREAD if name == last else 0
        np.testing.assert_allclose(sums[name].mean(axis=(0, 1, 2)), mean, atol=1e-3)


def test_standard_start_makes_every_map_evidence_for_the_positive_class(begun):
    model, outputs, _ = begun
    dense = model.layers[-1]
    found, kernel = outputs["global_max_pooling2d"], dense.params["kernel"]
    # Each map's largest value counts the same: a standard deviation of it 1 / 32.
    np.testing.assert_allclose(found.std(axis=0) * kernel[:, 0], 1 / 32, rtol=1e-4)
    logits = found @ kernel + dense.params["bias"]
    assert abs(logits.mean()) < 1e-4


@pytest.mark.parametrize("kind", ["black", "gray", "copies"])
def test_standard_start_where_nothing_differs_makes_no_large_weights(kind, rng):
    one = {"black": np.zeros, "gray": np.ones, "copies": rng.random}[kind]((54, 54, 1))
    model = build_model("compact_cnn", (54, 54, 1), seed=2)
    standard_start(model, np.repeat(0.3 * one[np.newaxis], 7, axis=0).astype(np.float32))
    assert all(np.abs(array).max() < 100 for array in model.get_weights())
