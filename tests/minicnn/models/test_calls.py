"""Models and layers called on arrays, layers by index, and weights that are set."""

import numpy as np
import pytest

from minicnn import layers, models

SHAPE = (6, 7, 1)


def chain():
    stack = [layers.Conv2D(2, 3, activation="relu", input_shape=SHAPE), layers.Dropout(0.5)]
    return models.Sequential(
        [*stack, layers.Flatten(), layers.Dense(1, activation="sigmoid")], seed=3
    )


@pytest.fixture
def x(rng):
    return rng.random((4, *SHAPE), dtype=np.float32)


def test_a_model_of_arrays_gives_arrays(x):
    model = chain()
    y = model(x)
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, model.predict(x))
    np.testing.assert_array_equal(model(x.tolist()), y)
    dropped = model(x, training=True)
    assert not np.array_equal(dropped, y)
    np.testing.assert_array_equal(model(x), y)


def test_a_model_that_is_not_built_is_built_for_the_arrays():
    model = models.Sequential([layers.Dense(2)], seed=0)
    assert model(np.ones((3, 4))).shape == (3, 2)


def test_several_outputs_are_a_list():
    inputs = layers.Input((3,))
    model = models.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(2)(inputs)])
    assert [y.shape for y in model(np.ones((5, 3)))] == [(5, 1), (5, 2)]


def test_what_a_model_is_not_called_on(x):
    model = chain()
    with pytest.raises(TypeError, match="expected arrays, got a tensor"):
        model(layers.Input(SHAPE))
    with pytest.raises(ValueError, match=r"expected input of shape \(batch, 6, 7, 1\)"):
        model(x[:, 1:])
    with pytest.raises(ValueError, match="expected finite numbers, got nan"):
        model(np.full_like(x, np.nan))


def test_a_layer_of_arrays_gives_arrays(x):
    conv = chain().layers[0]
    np.testing.assert_array_equal(conv(x), conv.forward(x))
    fresh = layers.Conv2D(3, 2)
    assert fresh(x).shape == (4, 5, 6, 3)
    assert fresh.built and len(fresh.params) == 2
    dropout = layers.Dropout(0.5, seed=1)
    np.testing.assert_array_equal(dropout(x), x)
    assert np.mean(dropout(x, training=True) == 0) > 0.3
    joined = layers.concatenate([x, 2 * x])
    np.testing.assert_array_equal(joined, np.concatenate([x, 2 * x], axis=-1))
    for several in ([x], [x, layers.Input(SHAPE)], []):
        with pytest.raises(TypeError, match="expected one tensor, got a list"):
            fresh(several)
    with pytest.raises(TypeError, match="expected a tensor .* got ndarray"):
        layers.Concatenate()(x)


def test_layers_by_index():
    model = chain()
    assert model.get_layer(index=0) is model.get_layer("conv2d")
    assert model.get_layer(index=-1) is model.layers[-1]
    for bad in (4, -5, 1.5, "first"):
        with pytest.raises(ValueError, match="expected an index"):
            model.get_layer(index=bad)
    for both in ({}, {"name": "conv2d", "index": 0}):
        with pytest.raises(ValueError, match="either the name of a layer or its index"):
            model.get_layer(**both)


BAD = {
    "shape": np.zeros((1, 2)),
    "objects": np.array([[None]] * 40, dtype=object),
    "text": np.full((40, 1), "a"),
    "complex": np.full((40, 1), 1j),
    "ragged": [[1.0], [2.0, 3.0]],
    "masked": np.ma.masked_less(np.zeros((40, 1)), 1),
    "none": None,
}


@pytest.mark.parametrize("case", BAD)
def test_weights_are_set_all_or_none(case):
    """The last but one does not fit: the first ones are not set either."""
    model = chain()
    before = model.get_weights()
    weights = [weight + 1 for weight in before]
    weights[-2] = BAD[case]
    with pytest.raises((TypeError, ValueError), match="dense"):
        model.set_weights(weights)
    with pytest.raises((TypeError, ValueError), match="dense"):
        model.layers[-1].set_weights([weights[-2], weights[-1]])
    with pytest.raises((TypeError, ValueError), match="dense"):
        model.layers[-1].set_weights([before[-2], np.array(["b"])])
    for weight, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_an_overflow_that_is_an_error_sets_nothing():
    model = chain()
    before = model.get_weights()
    weights = [weight + 1 for weight in before[:-1]] + [np.array([1e300])]
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        model.set_weights(weights)
    for weight, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_models_cannot_be_frozen():
    model = chain()
    model.trainable = True
    with pytest.raises(ValueError, match="sequential: freezing layers is not supported"):
        model.trainable = False
    with pytest.raises(ValueError, match="sequential: trainable is not supported"):
        models.Sequential([], trainable=False)
    x = layers.Input((2,))
    with pytest.raises(ValueError, match="functional: trainable is not supported"):
        models.Model(x, layers.Dense(1)(x), trainable=False)
