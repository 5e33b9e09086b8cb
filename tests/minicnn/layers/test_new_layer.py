"""The layer that CONTRIBUTING.md shows how to write: read from there, and used as any other."""

import importlib.util
import re

import numpy as np
import pytest
from places import ROOT

from minicnn import initializers, models
from minicnn.gradcheck import check_layer, check_model
from minicnn.layers import Conv2D, Dense, Flatten, Input
from minicnn.layers.base import Layer
from minicnn.saving.describe import LAYERS


@pytest.fixture
def prelu(tmp_path, monkeypatch):
    """The class, from a file of its own, known to model files by its name."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "new_layer.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("new_layer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(LAYERS, "PReLU", module.PReLU)
    return module.PReLU


@pytest.fixture
def model(prelu):
    chain = [Conv2D(3, 3, input_shape=(7, 6, 1)), prelu(name="bent"), Flatten()]
    made = models.Sequential([*chain, Dense(1, activation="sigmoid")], seed=0)
    made.compile("adam")
    return made


def test_what_it_computes(prelu):
    layer = prelu()
    layer.build((2,), np.random.default_rng(0))
    layer.params["slope"][...] = [0.5, 0.25]
    x = np.array([[-2.0, 4.0], [6.0, -8.0]])
    np.testing.assert_array_equal(layer.forward(x), [[-1, 4], [6, -2]])
    dx = layer.backward(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(dx, [[0.5, 2], [3, 1]])
    np.testing.assert_array_equal(layer.grads["slope"], [-2 * 1, -8 * 4])


def test_its_gradients(prelu, model, backend):
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 1))
    layer = prelu()
    layer.build((7, 6, 1), np.random.default_rng(0))
    layer.params["slope"][...] = 0.3
    check_layer(layer, x).raise_if_wrong()
    check_model(model, x, [0, 1]).raise_if_wrong()


def test_a_misfit_is_refused_by_the_base_class(model):
    layer = model.get_layer("bent")
    with pytest.raises(ValueError, match="bent: expected input of shape"):
        layer.forward(np.zeros((1, 7, 6, 1), np.float32))
    with pytest.raises(RuntimeError, match="bent: backward needs a forward before it"):
        layer.backward(np.zeros((1, 5, 4, 3), np.float32))


def test_it_trains_and_is_saved_and_loaded(model, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 7, 6, 1)).astype(np.float32)
    y = np.arange(8) % 2
    before = model.evaluate(x, y)
    model.fit(x, y, epochs=30, verbose=0)
    assert model.evaluate(x, y) < before
    assert (model.get_layer("bent").params["slope"] != 0).any()
    model.save(tmp_path / "model.npz")
    loaded = models.load_model(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


class WeightedSum(Layer):
    """a * x0 + (1 - a) * x1: a layer with several inputs, and a parameter."""

    takes_list = True
    share_initializer = staticmethod(initializers.zeros)

    def output_shape(self, input_shape):
        return input_shape[0]

    def param_shapes(self, input_shape):
        return {"share": (1,)}

    def compute(self, x, training):
        self.x = x
        return self.share * x[0] + (1 - self.share) * x[1]

    def compute_gradients(self, dy):
        self.grads = {"share": np.sum(dy * (self.x[0] - self.x[1])).reshape(1)}
        return [self.share * dy, (1 - self.share) * dy]


def test_a_layer_with_several_inputs_and_a_parameter(tmp_path, monkeypatch):
    monkeypatch.setitem(LAYERS, "WeightedSum", WeightedSum)
    rng = np.random.default_rng(0)
    check_layer(WeightedSum(), [rng.normal(size=(2, 3)) for _ in range(2)]).raise_if_wrong()
    inputs = Input((4,))
    y = WeightedSum()([Dense(3)(inputs), Dense(3)(inputs)])
    model = models.Model(inputs, Dense(1, activation="sigmoid")(y))
    model.compile("sgd")
    x = rng.random((6, 4), dtype=np.float32)
    model.train_on_batch(x, np.arange(6) % 2)
    model.save(tmp_path / "model.npz")
    loaded = models.load_model(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_a_list_is_for_layers_that_take_one():
    x = Input((4,))
    for inputs in ([x], (x, x)):
        with pytest.raises(TypeError, match="dense: expected one tensor, got a (list|tuple)"):
            Dense(2)(inputs)
