"""What would make a compiled kernel read or write beyond its arrays is refused in one sentence."""

import subprocess
import sys

import numpy as np
import pytest
from bad_arrays import SAMPLES, assert_one_sentence, small_model

from minicnn import kernels, layers, models


@pytest.fixture
def x(rng):
    return rng.random((SAMPLES, 10, 12, 1), dtype=np.float32)


@pytest.fixture
def y():
    return np.arange(SAMPLES) % 2


BAD_PARAMS = {
    "smaller": (lambda p: p[:1], ValueError),
    "larger": (lambda p: np.concatenate([p, p]), ValueError),
    "flat": (lambda p: p.reshape(-1), ValueError),
    "one number": (lambda p: np.float32(1), TypeError),
    "a list": (lambda p: p.tolist(), TypeError),
    "nothing": (lambda p: None, ValueError),
    "float16": (lambda p: p.astype(np.float16), TypeError),
    "integers": (lambda p: p.astype(int), TypeError),
    "big-endian": (lambda p: p.astype(">f4"), TypeError),
    "strided": (lambda p: np.repeat(p, 2, axis=-1)[..., ::2], ValueError),
    "broadcast": (lambda p: np.broadcast_to(p[:1], p.shape), ValueError),
}


@pytest.mark.parametrize("bad", BAD_PARAMS)
@pytest.mark.parametrize("filters, channels", [(4, 1), (8, 4), (2, 2)])  # pooled, winograd, rows
def test_parameters_that_do_not_fit_are_refused(bad, filters, channels, rng, backend):
    change, error = BAD_PARAMS[bad]
    model = models.Sequential(
        [
            layers.Conv2D(filters, 3, activation="relu", input_shape=(8, 8, channels)),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3, activation="sigmoid"),
        ]
    )
    model.compile("sgd", "binary_crossentropy")
    x, y = rng.random((2, 8, 8, channels), dtype=np.float32), np.zeros((2, 3))
    for layer in (model.layers[0], model.layers[3]):
        kernel = layer.params["kernel"]
        for attempt in (model.predict, lambda x: model.train_on_batch(x, y)):
            layer.params["kernel"] = change(kernel)
            with pytest.raises(error, match=f"{layer.name}: expected .*kernel") as caught:
                attempt(x)
            assert_one_sentence(caught)
        layer.params["kernel"] = kernel
    model.train_on_batch(x, y)


@pytest.mark.parametrize("bad", BAD_PARAMS)
def test_parameters_replaced_between_the_passes_are_refused(bad, rng, backend):
    change, error = BAD_PARAMS[bad]
    for layer, shape in ((layers.Conv2D(4, 3), (8, 8, 2)), (layers.Dense(3), (5,))):
        layer.build(shape, rng)
        y = layer.forward(rng.random((2, *shape), dtype=np.float32))
        layer.params["kernel"] = change(layer.params["kernel"])
        for backward in (layer.backward, layer.backward_linear):
            with pytest.raises(error, match=f"{layer.label}: expected .*kernel") as caught:
                backward(np.ones_like(y))
            assert_one_sentence(caught)


def test_a_parameter_is_read_from_params_not_from_the_attribute(rng, backend):
    layer = layers.Conv2D(4, 3)
    layer.build((8, 8, 2), rng)
    x = rng.random((2, 8, 8, 2), dtype=np.float32)
    y = layer.forward(x)
    dx = layer.backward(np.ones_like(y))
    layer.kernel = np.ones((7, 7, 2, 4), np.float32)  # would have kernels read beyond its end
    np.testing.assert_array_equal(layer.backward(np.ones_like(y)), dx)
    layer.kernel = np.ones((7, 7, 2, 4), np.float32)
    np.testing.assert_array_equal(layer.forward(x), y)


def test_a_float64_parameter_of_the_right_shape_is_taken(x, y):
    model = small_model()
    model.layers[0].params["kernel"] = np.ones((3, 3, 1, 4))
    assert np.isfinite(model.train_on_batch(x, y)[0])
    assert not np.array_equal(model.layers[0].params["kernel"], np.ones((3, 3, 1, 4)))


def test_gradients_that_do_not_fit_are_refused_by_plans(x):
    model = small_model()
    graph = model.graph
    with pytest.raises(RuntimeError, match="backward needs a run before it"):
        graph.backward([np.zeros((SAMPLES, 1), np.float32)])
    for end in (1, 2, 3):  # of a model that ends in the fused step, behind it, in a vector
        part = models.Model(model.inputs, [model.layers[end].output])
        (y,) = (part.graph.run([x], training=True)[t] for t in part.graph.outputs)
        for dy in (y[:1], y[..., :1], np.zeros((9 * SAMPLES, *y.shape[1:]), np.float32)):
            with pytest.raises(ValueError, match="expected dy of the output's shape"):
                part.graph.backward([dy])
        for dy in (y.astype(np.float16), y.astype(int), y.tolist()):
            with pytest.raises(TypeError, match="expected dy"):
                part.graph.backward([dy])


FIXED = [
    (layers.Conv2D(4, 3), (8, 8, 2), {"filters": 5, "kernel_size": (5, 5), "strides": (3, 3)}),
    (layers.Conv2D(4, 3), (8, 8, 2), {"padding": "same", "input_shape": (8, 8, 9)}),
    (layers.Dense(3), (4,), {"units": 4, "input_shape": (400,)}),
    (layers.MaxPooling2D(), (8, 8, 2), {"pool_size": (7, 7), "strides": (9, 9), "padding": "same"}),
    (layers.AveragePooling2D(), (8, 8, 2), {"pool_size": (7, 7), "input_shape": (2, 2, 2)}),
    (layers.GlobalMaxPooling2D(), (8, 8, 2), {"keepdims": True, "input_shape": (9, 9, 2)}),
]


@pytest.mark.parametrize("layer, shape, changes", FIXED, ids=lambda value: type(value).__name__)
def test_settings_stay_once_a_layer_is_built(layer, shape, changes, rng):
    layer.build(shape, rng)
    for name, value in changes.items():
        before = getattr(layer, name)
        setattr(layer, name, before)
        with pytest.raises(ValueError, match=f"expected {name} to stay .* once .* built"):
            setattr(layer, name, value)
        assert getattr(layer, name) == before


def test_layers_of_the_users_own_that_give_the_wrong_thing(x):
    """What a fused convolution behind them reads is checked as in the layer itself."""

    class Wrong(layers.Layer):
        result = staticmethod(lambda x: x)

        def output_shape(self, input_shape):
            return input_shape

        def forward(self, x, training=False):
            return self.result(x)

        def backward(self, dy):
            return dy

    for channels, filters in ((1, 4), (4, 8), (2, 2)):
        entrance = layers.Input((10, 12, channels))
        wrong = Wrong()
        tensor = layers.Conv2D(filters, 3, activation="relu")(wrong(entrance))
        tensor = layers.Flatten()(layers.MaxPooling2D()(tensor))
        model = models.Model(entrance, layers.Dense(1)(tensor))
        images = np.repeat(x, channels, axis=3)
        expected = model.predict(images)
        for result, error in (
            (lambda x: x[:, :5], ValueError),
            (lambda x: x[..., :0], ValueError),
            (lambda x: x[:0], ValueError),
            (lambda x: x.astype(np.float16), TypeError),
            (lambda x: None, TypeError),
        ):
            wrong.result = result
            with pytest.raises(error, match="conv2d.*: expected") as caught:
                model.predict(images)
            assert_one_sentence(caught)
        wrong.result = np.asfortranarray
        np.testing.assert_array_equal(model.predict(images), expected)


def test_joined_branches_of_different_batches_are_refused():
    entrances = [layers.Input((6, 6, 1)), layers.Input((6, 6, 1))]
    branches = [layers.Flatten()(layers.Conv2D(2, 3)(one)) for one in entrances]
    model = models.Model(entrances, layers.Dense(1)(layers.concatenate(branches)))
    two, three = np.ones((2, 6, 6, 1), np.float32), np.ones((3, 6, 6, 1), np.float32)
    with pytest.raises(ValueError, match="as many samples for each input, got 2, 3"):
        model.predict_on_batch([two, three])
    for backend in kernels.MODULES:
        with kernels.use_backend(backend), pytest.raises(ValueError, match="concatenate: expected"):
            model.graph.run([two, three])


def test_hostile_arrays_do_not_end_the_process():
    """All of it in one process of its own, which must come to its end by itself."""
    code = """
import numpy as np
from minicnn import layers

rng = np.random.default_rng(0)
cases = [
    (lambda: layers.Conv2D(4, 3, activation="relu"), (9, 8, 2)),
    (lambda: layers.Conv2D(9, 3, strides=2, padding="same"), (9, 8, 9)),
    (lambda: layers.MaxPooling2D(3, 2, "same"), (9, 8, 2)),
    (lambda: layers.AveragePooling2D(3, 2, "same"), (9, 8, 2)),
    (lambda: layers.GlobalMaxPooling2D(), (9, 8, 2)),
    (lambda: layers.GlobalAveragePooling2D(), (9, 8, 2)),
    (lambda: layers.Dense(9), (70,)),
    (lambda: layers.Dense(2, activation="sigmoid"), (70,)),
    (lambda: layers.Dropout(0.5), (9, 8, 2)),
    (lambda: layers.ReLU(), (9, 8, 2)),
    (lambda: layers.Sigmoid(), (9, 8, 2)),
    (lambda: layers.Activation("relu"), (9, 8, 2)),
    (lambda: layers.Flatten(), (9, 8, 2)),
]
refused = 0
for make, shape in cases:
    layer = make()
    layer.build(shape, rng)
    x = rng.random((3, *shape), dtype=np.float32)
    y = layer.forward(x, True)
    dy = rng.random(y.shape, dtype=np.float32)
    layer.backward(dy)

    def spoil(a):
        yield from (a[:0], a[..., :0], a[0], a[None], a.astype(np.float16), a.astype(int))
        yield from (a.astype(">f4"), a.astype(complex), a.astype(str), a.astype(object))
        yield from (a.tolist(), None, np.float32(1), a.reshape(-1), np.ma.masked_array(a))
        yield from (np.repeat(a, 400, axis=1), np.repeat(a, 3, axis=-1), a[:, ::2], a.view("i4"))

    for bad in spoil(x):
        try:
            layer.forward(bad, True)
        except (TypeError, ValueError) as error:
            assert str(error).startswith(layer.label + ": expected") and "\\n" not in str(error)
            refused += 1
        else:
            raise SystemExit(f"{layer.label} took {np.shape(bad)}")
    layer.forward(x, True)
    for bad in [*spoil(dy), np.repeat(dy, 50, axis=0)]:
        try:
            layer.backward(bad)
        except (TypeError, ValueError) as error:
            assert str(error).startswith(layer.label), error
            refused += 1
        else:
            raise SystemExit(f"{layer.label} took a gradient {np.shape(bad)}")
print(refused)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout
    assert int(done.stdout) == 13 * (19 + 20)
