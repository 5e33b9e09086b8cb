"""`Sequential`: every way to put a chain together, when it is built, what it refuses."""

import numpy as np
import pytest
from tiny_models import SHAPE, assert_same, by_adding, chain_of

from covid.training.architectures import build_model
from minicnn import layers, models


def with_input():
    return models.Sequential([layers.Input(SHAPE), *chain_of({})], seed=4)


def with_input_layer():
    return models.Sequential([layers.InputLayer(input_shape=SHAPE), *chain_of({})], seed=4)


def by_build():
    model = models.Sequential(chain_of({}), seed=4)
    model.build((None, *SHAPE))
    return model


def by_first_data():
    model = models.Sequential(chain_of({}), seed=4)
    model.predict(np.zeros((2, *SHAPE)))
    return model


def test_layers_have_names_and_parameters_as_soon_as_one_looks():
    model = models.Sequential(chain_of({"input_shape": SHAPE}), seed=4)
    assert model.layers[0].params["kernel"].shape == (3, 3, 1, 2)
    model.add(layers.Dense(1))
    assert [layer.name for layer in model.layers[-2:]] == ["dense", "dense_1"]


@pytest.mark.parametrize(
    "build", [by_adding, with_input, with_input_layer, by_build, by_first_data]
)
def test_all_ways_to_a_chain_give_the_same(build, rng):
    x = rng.random((3, *SHAPE), dtype=np.float32)
    expected = models.Sequential(chain_of({"input_shape": SHAPE}), seed=4)
    model = build()
    assert [layer.name for layer in model.layers] == ["conv2d", "max_pooling2d", "flatten", "dense"]
    model.set_weights(expected.get_weights())
    np.testing.assert_array_equal(model.predict(x), expected.predict(x))


def test_a_chain_and_its_functional_twin_agree(rng):
    x = rng.random((5, *SHAPE), dtype=np.float32)
    y = np.array([0, 1, 1, 0, 1])
    chain = models.Sequential(chain_of({"input_shape": SHAPE}), seed=4)
    inputs = tensor = layers.Input(SHAPE)
    for layer in chain_of({}):
        tensor = layer(tensor)
    model = models.Model(inputs, tensor, seed=9)
    model.set_weights(chain.get_weights())
    for one in (chain, model):
        one.compile("adam", "binary_crossentropy")
        one.fit(x, y, batch_size=5, epochs=3, shuffle=False, verbose=0)
    assert_same(chain.get_weights(), model.get_weights())


def test_a_chain_can_be_compiled_before_it_is_built(rng):
    model = models.Sequential(chain_of({}), seed=4)
    model.compile("adam", "binary_crossentropy", ["acc"])
    history = model.fit(rng.random((4, *SHAPE)), np.array([0, 1, 0, 1]), verbose=0)
    assert list(history.history) == ["acc", "loss"]


def test_a_chain_that_is_not_built_says_so():
    model = models.Sequential(chain_of({}), name="mine")
    for use in (model.get_weights, model.count_params, lambda: model.input_shape):
        with pytest.raises(RuntimeError, match="mine: not built yet"):
            use()
    with pytest.raises(RuntimeError, match="not built yet"):
        models.Sequential().count_params()


def test_what_a_chain_refuses():
    model = by_adding()
    with pytest.raises(TypeError, match="expected a layer, got str"):
        model.add("relu")
    with pytest.raises(ValueError, match="dense is in this model already"):
        model.add(model.layers[-1])
    with pytest.raises(ValueError, match="conv2d.*height, width, channels"):
        model.add(layers.Conv2D(2, 3))
    assert len(model.layers) == 4 and model.output_shape == (None, 1)
    with pytest.raises(ValueError, match="at least 3x3 pixels"):
        build_model("tiny_cnn", input_shape=(2, 9, 1))


def test_a_sequential_model_is_built_for_one_shape():
    model = models.Sequential([layers.Flatten(), layers.Dense(2)], seed=0)
    model.build((None, 4, 5, 1))
    before = model.get_weights()
    model.build((None, 4, 5, 1))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    text = r"sequential: expected samples of shape \(4, 5, 1\), for which .* got \(5, 5, 1\)"
    with pytest.raises(ValueError, match=text):
        model.build((None, 5, 5, 1))
    assert model.output_shape == (None, 2)


@pytest.mark.parametrize("shape", [(3,), None], ids=["shape known", "shape unknown"])
def test_pop_takes_the_last_layer_off(shape):
    first, last = layers.Dense(4, input_shape=shape), layers.Dense(2)
    model = models.Sequential([first, last], seed=0)
    assert model.pop() is last
    model.add(layers.Dense(5))
    x = np.ones((2, 3), np.float32)
    assert model.predict_on_batch(x).shape == (2, 5)
    assert model.layers[0] is first
    assert model.pop() is not last
    assert model.pop() is first
    assert model.layers == []
    with pytest.raises(ValueError, match="sequential: expected a layer to take off"):
        model.pop()
    model.add(layers.Dense(1, input_shape=(6,)) if shape else layers.Dense(1))
    assert model.predict_on_batch(np.ones((2, 6 if shape else 3), np.float32)).shape == (2, 1)
