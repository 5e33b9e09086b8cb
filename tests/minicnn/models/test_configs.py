"""`get_config` and `from_config`: an equal layer or model, without its weights."""

import json

import numpy as np
import pytest

from minicnn import layers, models

LAYERS = [
    layers.Activation("relu"),
    layers.AveragePooling2D((2, 3), strides=1, padding="same"),
    layers.Concatenate(axis=-1, name="joined"),
    layers.Conv2D(3, (2, 3), 2, "same", activation="relu", kernel_initializer="he_normal"),
    layers.Dense(4, "sigmoid", use_bias=False, bias_initializer="ones"),
    layers.Dropout(0.25, seed=3),
    layers.Flatten(),
    layers.GlobalAveragePooling2D(keepdims=True),
    layers.GlobalMaxPooling2D(),
    layers.InputLayer((5, 6, 1)),
    layers.MaxPooling2D(3),
    layers.ReLU(),
    layers.Sigmoid(),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_layers(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again is not layer and not again.params
    json.dumps(layer.get_config())


def test_keras_names():
    config = layers.Conv2D(3, 2, kernel_initializer="he_normal", name="first").get_config()
    assert config == {
        "name": "first",
        "filters": 3,
        "kernel_size": (2, 2),
        "strides": (1, 1),
        "padding": "valid",
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": "he_normal",
        "bias_initializer": "zeros",
    }
    assert layers.InputLayer((4, 5, 1)).get_config()["batch_shape"] == (None, 4, 5, 1)


def halves(shape, rng):
    return np.full(shape, 0.5)


def chain(**arguments):
    stack = [
        layers.Conv2D(2, 3, activation="relu", input_shape=(6, 7, 1), name="stem"),
        layers.Dropout(0.5),
        layers.Flatten(),
        layers.Dense(1, activation="sigmoid", kernel_initializer=halves),
    ]
    return models.Sequential(stack, name="chain", seed=3, **arguments)


def branches():
    x = layers.Input((6, 7, 1), name="pixels")
    conv = layers.Conv2D(2, 3, padding="same")
    both = layers.concatenate([conv(x), layers.MaxPooling2D(3, 1, "same")(x)])
    flat = layers.Flatten()(both)
    ends = [layers.Dense(1, activation="sigmoid")(flat), layers.Dense(2, name="more")(flat)]
    return models.Model(x, ends, name="branches", seed=3)


@pytest.mark.parametrize("make", [chain, branches])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_models(make, dtype):
    model = make().astype(dtype)
    first = model.get_weights()
    model.set_weights([weight + 1 for weight in first])
    again = type(model).from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.dtype == dtype and again.name == model.name
    for weight, expected in zip(again.get_weights(), first, strict=True):
        np.testing.assert_array_equal(weight, expected)  # those that follow from its seed
    assert not set(again.layers) & set(model.layers)
    again.compile("sgd")
    x = np.ones((2, 6, 7, 1), dtype)
    assert np.shape(again.predict(x)[0]) == np.shape(model.predict(x)[0])


def test_an_initializer_of_ones_own_is_kept():
    again = models.Sequential.from_config(chain().get_config())
    assert np.all(again.get_layer(index=-1).params["kernel"] == 0.5)


def test_what_is_refused():
    with pytest.raises(ValueError, match="expected a functional model, found a sequential one"):
        models.Model.from_config(chain().get_config())
    with pytest.raises(ValueError, match="from_config: custom_objects is not supported"):
        models.Sequential.from_config(chain().get_config(), custom_objects={"Mine": chain})
    with pytest.raises(RuntimeError, match="not built yet"):
        models.Sequential([layers.Dense(1)]).get_config()

    class Mine(layers.Flatten):
        pass

    with pytest.raises(ValueError, match="mine: a layer of a class that minicnn does not have"):
        models.Sequential([Mine(input_shape=(2, 2), name="mine")]).get_config()
    with pytest.raises(ValueError, match="layers is missing"):
        models.Sequential.from_config({"kind": "sequential", "name": "a", "seed": 1})
