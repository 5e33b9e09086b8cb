"""Names of layers and weights; weights taken out of a model, put back, and of another dtype."""

import numpy as np
import pytest
from tiny_models import SHAPE, assert_same, by_adding, small_chain

from minicnn import layers, models


def test_names_are_keras_names_in_the_order_of_creation():
    first, second = layers.Conv2D(1, 1), layers.Conv2D(1, 1)
    inputs = layers.Input(SHAPE)
    model = models.Model(inputs, first(second(layers.Conv2D(1, 1, name="mine")(inputs))))
    assert (first.name, second.name) == ("conv2d", "conv2d_1")
    # The order of the layers is that of the data's way, not that of the names.
    assert [layer.name for layer in model.layers[1:]] == ["mine", "conv2d_1", "conv2d"]
    names = [
        f"{layer}/{part}" for layer in ("mine", "conv2d_1", "conv2d") for part in ("kernel", "bias")
    ]
    assert list(model.named_weights()) == names
    assert model.get_layer("mine").filters == 1
    with pytest.raises(ValueError, match="mine, conv2d_1, conv2d.*got 'yours'"):
        model.get_layer("yours")


def test_a_name_must_not_be_used_twice():
    twice = [
        layers.Flatten(input_shape=SHAPE),
        layers.Dense(2, name="a"),
        layers.Dense(1, name="a"),
    ]
    with pytest.raises(ValueError, match="unique, got 'a' more than once"):
        models.Sequential(twice).get_weights()


def test_get_weights_copies_and_set_weights_checks():
    model = by_adding()
    weights = model.get_weights()
    weights[0][:] = 7
    assert not np.array_equal(model.get_weights()[0], weights[0])
    model.set_weights(weights)
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])
    before = model.get_weights()
    model.set_weights(2 * w for w in before)
    model.layers[-1].set_weights(w for w in before[-2:])
    assert_same(model.get_weights(), [2 * w for w in before[:-2]] + before[-2:])
    model.set_weights(before)
    with pytest.raises(ValueError, match="expected 4 weight arrays, got 3"):
        model.set_weights(weights[:3])
    with pytest.raises(ValueError, match=r"dense/kernel: expected shape \(18, 1\), got \(1, 18\)"):
        model.set_weights([np.zeros_like(w) for w in weights[:2]] + [weights[2].T, weights[3]])
    assert_same(model.get_weights(), before)


def test_float64_and_back(rng):
    model = by_adding()
    x = rng.random((2, *SHAPE))
    single = model.predict(x)
    double = model.astype("float64").predict(x)
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(single, double, rtol=1e-5)
    np.testing.assert_array_equal(model.astype("float32").predict(x), single)


def test_kernels_in_fortran_order_are_trained():
    def fortran(shape, rng):
        return np.asfortranarray(rng.normal(size=shape))

    model = models.Sequential(
        [layers.Dense(2, kernel_initializer=fortran, input_shape=(3,))], seed=0
    )
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile("sgd")
    before = model.get_weights()
    model.astype("float64").astype("float32").train_on_batch(
        np.ones((4, 3), np.float32), [0, 1, 1, 1]
    )
    assert not np.array_equal(before[0], model.get_weights()[0])
    assert all(param.flags.c_contiguous for param in model.named_weights().values())


def test_layers_of_two_models_in_a_third_get_names_that_fit_all_three():
    first, second = small_chain(2), small_chain(4)
    assert first.layers[0].name == second.layers[0].name == "dense"
    x = layers.Input((3,))
    both = models.Model(x, layers.concatenate([first.layers[0](x), second.layers[0](x)]), seed=0)
    names = [layer.name for layer in both.layers]
    assert len(set(names)) == len(names)
    assert first.layers[0].name == "dense"
    assert second.layers[0].name in names
    assert len(both.named_weights()) == 4
    assert both.predict_on_batch(np.ones((2, 3), np.float32)).shape == (2, 6)


def test_a_new_name_does_not_meet_itself_in_the_layers_first_model():
    earlier = small_chain(2)
    later = small_chain(4)
    later.add(layers.Dense(5, name="dense_1"))
    x = layers.Input((3,))
    models.Model(x, layers.concatenate([earlier.layers[0](x), later.layers[0](x)]))
    assert len(later.named_weights()) == 4


def test_names_that_the_user_gave_are_not_changed():
    x = layers.Input((3,))
    hidden = layers.Dense(2)(x)
    models.Model(x, hidden)
    end = layers.Dense(2, name="dense")(hidden)
    model = models.Model(x, end)
    assert model.layers[-1].name == "dense"
    assert model.layers[1].name.startswith("dense_")
