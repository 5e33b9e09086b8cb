"""`repr` of a layer: one line, from its `config`, whatever a subclass does."""

import numpy as np
import pytest

from minicnn import layers
from minicnn.layers.base import Layer
from minicnn.models import Sequential


def built(layer, shape):
    layer.build(shape, np.random.default_rng(0))
    return layer


@pytest.mark.parametrize(
    "layer, expected",
    [
        (layers.Conv2D(1, 3), "<Conv2D conv2d: 1 filter 3x3, unbuilt>"),
        (
            layers.Conv2D(2, (3, 5), strides=2, padding="same", use_bias=False, name="first"),
            "<Conv2D first: 2 filters 3x5, strides 2x2, padding same, use_bias False, unbuilt>",
        ),
        (layers.Dense(10, activation="sigmoid"), "<Dense dense: 10 units, sigmoid, unbuilt>"),
        (layers.Dropout(0.5), "<Dropout dropout: rate 0.5, unbuilt>"),
        (layers.MaxPooling2D(), "<MaxPooling2D max_pooling2d: 2x2, strides 2x2, unbuilt>"),
        (layers.Flatten(), "<Flatten flatten: unbuilt>"),
        (
            built(layers.Conv2D(6, (3, 3), activation="relu"), (150, 150, 1)),
            "<Conv2D conv2d: 6 filters 3x3, relu, (150, 150, 1) -> (148, 148, 6), 60 parameters>",
        ),
        (
            built(layers.Concatenate(), [(8,), (3,)]),
            "<Concatenate concatenate: (8,), (3,) -> (11,)>",
        ),
        (layers.Input((4,)).node.layer, "<InputLayer input_layer: unbuilt>"),
    ],
)
def test_one_line(layer, expected):
    assert repr(layer) == expected


class Scaled(Layer):
    """A user's layer; its settings come from `config`, its defaults from the constructor."""

    def __init__(self, factors, offset=None, mode="soft", **others):
        super().__init__(**others)
        self.factors, self.offset, self.mode = factors, offset, mode

    def config(self):
        settings = {"factors": self.factors, "offset": self.offset, "mode": self.mode}
        return {**super().config(), **settings}


class Wider(layers.Conv2D):
    """Its constructor does not name the defaults of its base."""

    def __init__(self, **settings):
        super().__init__(64, 3, **settings)


def test_a_layer_of_the_users_has_one_for_nothing():
    assert repr(Scaled(3, mode="hard")) == "<Scaled scaled: 3 factors, mode hard, unbuilt>"
    assert repr(Wider()) == "<Wider wider: 64 filters 3x3, unbuilt>"


def test_it_stays_one_short_line():
    line = repr(Scaled(list(range(1000)), offset=np.zeros((100, 100)), mode="two\nlines"))
    assert "\n" not in line
    assert len(line) < 250


class Refuses(Layer):
    def config(self):
        raise RuntimeError("no config here")


def test_it_never_raises():
    for broken in (layers.Dense.__new__(layers.Dense), Refuses()):
        assert " object at 0x" in repr(broken)


def test_looking_at_a_model_makes_nothing():
    model = Sequential([layers.Dense(2, input_shape=(3,)), layers.Dense(1)], seed=0)
    assert repr(model) == "<Sequential sequential: 2 layers, unbuilt, not compiled>"
    assert not any(layer.built or layer.name for layer in model.known_layers())
