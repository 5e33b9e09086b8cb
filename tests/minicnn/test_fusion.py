"""The plan of a model: fused steps give the numbers of the layers run one by one.

Runs once more in a second process without the compiler, see `test_without_compiler`.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from shape_grid import CONVOLUTIONS, POOLINGS, spread_out

from covid.training.architectures import MODELS, build_model
from minicnn import fusion, kernels, layers, models
from minicnn.gradcheck import check_model
from minicnn.kernels.fused import winograd
from minicnn.kernels.runtime import thread_count
from minicnn.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D

RELATIVE = {np.float64: 1e-10, np.float32: 1e-4}
DTYPES = pytest.mark.parametrize("dtype", list(RELATIVE), ids=lambda dtype: dtype.__name__)


def chain(image_shape, *chained) -> models.Model:
    """A model of some layers, with biases that are not 0."""
    model = models.Sequential([Input(image_shape), *chained], seed=3)
    rng = np.random.default_rng(4)
    for layer in model.layers:
        if "bias" in layer.params:
            layer.params["bias"][...] = rng.normal(size=layer.params["bias"].shape)
    return model


def fresh(chained) -> list:
    """Layers like these that no model has."""
    configs = [{k: v for k, v in layer.config().items() if k != "name"} for layer in chained]
    return [type(layer)(**config) for layer, config in zip(chained, configs, strict=True)]


def run(model, x, layer_by_layer: bool, training=True) -> dict[str, np.ndarray]:
    """Output and all gradients, for a gradient of the output that is the same each time."""
    for layer in model.layers:
        if isinstance(layer, Dropout):
            layer.step = 5
    (output,) = model.graph.outputs
    y = model.graph.run([x], training, layer_by_layer)[output]
    dy = np.random.default_rng(6).normal(size=y.shape).astype(y.dtype)
    (dx,) = model.graph.backward([dy], input_gradients=True)
    found = {"y": y, "x": dx, **model.named_grads()}
    return {name: array.copy() for name, array in found.items()}


def agree(model, x, dtype, training=True) -> dict[str, np.ndarray]:
    """Compare both ways; gives what the fused one found."""
    model.astype(dtype)
    x = x.astype(dtype)
    before = x.copy()
    expected, found = (run(model, x, by_layer, training) for by_layer in (True, False))
    np.testing.assert_array_equal(x, before)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype == dtype
        scale = np.abs(array).max(initial=0)
        np.testing.assert_allclose(
            found[name], array, rtol=RELATIVE[dtype], atol=RELATIVE[dtype] * scale, err_msg=name
        )
    return found


def step_kinds(model) -> list[str]:
    return [type(step).__name__ for step in model.graph.steps()]


# Which layers become one step


def test_the_plans_of_the_published_models():
    dense = ["DenseStep", "DenseStep"]
    assert step_kinds(build_model("tiny_cnn")) == ["PooledDenseStep", "DenseStep"]
    plan = ["PooledStep", "WinogradStep", "FlattenStep", "DropoutStep", *dense]
    assert step_kinds(build_model("cnn_dropout", (30, 30, 1))) == plan
    assert step_kinds(build_model("cnn", (30, 30, 1))) == plan
    kinds = step_kinds(build_model("reduced_inception"))
    counts = {kind: kinds.count(kind) for kind in kinds}
    assert counts == {
        "RowsStep": 4,
        "PoolStep": 1,
        "FlattenStep": 4,
        "JoinStep": 1,
        "UnitStep": 1,
    }


@pytest.mark.parametrize("backend", ["naive", "numpy"])
def test_kernels_that_are_not_compiled_run_layer_by_layer(backend):
    with kernels.use_backend(backend):
        assert set(step_kinds(build_model("tiny_cnn"))) == {"LayerStep"}


def test_what_is_wanted_as_an_output_is_not_swallowed():
    inner = chain((8, 8, 1), Conv2D(2, 3, activation="relu"), MaxPooling2D(), Flatten())
    assert step_kinds(inner) == ["PooledStep", "LayerStep"]
    outputs = [layer.output for layer in inner.layers]
    both = models.Model(inner.inputs, outputs)
    assert "PooledStep" not in step_kinds(both)
    found = both.predict_on_batch(spread_out((2, 8, 8, 1)).astype(np.float32))
    assert [y.shape for y in found] == [(2, 6, 6, 2), (2, 3, 3, 2), (2, 18)]


def test_a_layer_that_was_changed_by_hand_runs_itself():
    class Doubled(Conv2D):
        def forward(self, x, training=False):
            return 2 * super().forward(x, training)

    model = chain((8, 8, 1), Doubled(2, 3), MaxPooling2D())
    assert step_kinds(model) == ["LayerStep", "LayerStep"]
    model = chain((8, 8, 1), Conv2D(2, 3), MaxPooling2D())
    model.layers[1].backward = lambda dy: None
    assert step_kinds(model) == ["RowsStep", "LayerStep"]


@pytest.mark.parametrize(
    "pooling",
    [MaxPooling2D(3), MaxPooling2D(2, 1), MaxPooling2D(2, padding="same"), MaxPooling2D((2, 1))],
    ids=["3x3", "overlapping", "same", "2x1"],
)
def test_other_poolings_are_not_fused(pooling):
    model = chain((9, 9, 1), Conv2D(2, 3, activation="relu"), pooling)
    assert step_kinds(model) == ["RowsStep", "LayerStep"]
    agree(model, spread_out((2, 9, 9, 1)), np.float64)


def test_a_fused_layer_has_no_cache_of_an_earlier_run():
    model = chain((8, 8, 1), Conv2D(2, 3), MaxPooling2D())
    x = spread_out((2, 8, 8, 1)).astype(np.float32)
    model.graph.run([x], layer_by_layer=True)
    model.graph.run([x])
    with pytest.raises(RuntimeError, match="conv2d: backward needs a forward before it"):
        model.layers[0].backward(np.zeros((2, 6, 6, 2), np.float32))


# The same numbers


@DTYPES
@pytest.mark.parametrize("activation", ["relu", None])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions(case, activation, dtype):
    x_shape, filters, kernel_size, strides, padding = CONVOLUTIONS[case]
    layer = Conv2D(filters, kernel_size, strides, padding, activation=activation)
    agree(chain(x_shape[1:], layer), spread_out(x_shape), dtype)


POOLED = {  # batch, height, width
    "even": (2, 8, 6),
    "odd": (2, 9, 7),
    "one window": (1, 4, 4),
    "one row of windows": (3, 5, 12),
    "wide": (1, 6, 37),
}


@DTYPES
@pytest.mark.parametrize("activation", ["relu", None])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("case", POOLED)
def test_one_channel_with_pooling_and_dropout(case, padding, activation, dtype):
    batch, height, width = POOLED[case]
    conv = Conv2D(5, 3, padding=padding, activation=activation)
    model = chain((height, width, 1), conv, MaxPooling2D(), Dropout(0.4, seed=2))
    assert step_kinds(model) == ["PooledStep"]
    x = spread_out((batch, height, width, 1))
    agree(model, x, dtype)
    agree(model, x, dtype, training=False)


@DTYPES
@pytest.mark.parametrize("units, use_bias", [(1, True), (2, False), (7, True)])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("case", POOLED)
def test_one_channel_up_to_a_dense_layer_of_few_units(case, padding, units, use_bias, dtype):
    batch, height, width = POOLED[case]
    first = [Conv2D(3, 3, padding=padding, activation="relu", use_bias=use_bias), MaxPooling2D()]
    last = [Flatten(), Dense(units, activation="relu" if units > 1 else None, use_bias=use_bias)]
    x = spread_out((batch, height, width, 1))
    for between in ([], [Dropout(0.4, seed=2)]):
        model = chain((height, width, 1), *fresh(first + between + last))
        assert step_kinds(model) == ["PooledDenseStep"]
        agree(model, x, dtype)
        agree(model, x, dtype, training=False)


def test_a_dense_layer_of_many_units_or_used_twice_stays_by_itself():
    pooled = [Conv2D(2, 3), MaxPooling2D(), Flatten()]
    many = chain((6, 7, 1), *pooled, Dense(8))
    assert step_kinds(many) == ["PooledStep", "FlattenStep", "DenseStep"]
    inputs, shared = Input((6, 7, 1)), Dense(2)
    branches = []
    for _ in range(2):
        y = inputs
        for layer in fresh(pooled):
            y = layer(y)
        branches.append(shared(y))
    twice = models.Model(inputs, layers.concatenate(branches), seed=0)
    assert "PooledDenseStep" not in step_kinds(twice)
    for model in (many, twice):
        agree(model, spread_out((3, 6, 7, 1)), np.float64)


@DTYPES
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("activation", ["relu", None])
@pytest.mark.parametrize("size", [(3, 3), (5, 5), (7, 7), (2, 4)])
def test_a_convolution_of_one_tap_in_front_of_another(size, activation, use_bias, dtype):
    front = Conv2D(1, 1, activation=activation, use_bias=use_bias)
    model = chain((9, 21, 1), front, Conv2D(2, size, padding="same", activation="relu"))
    assert step_kinds(model) == ["RowsStep"]
    front.params["kernel"][...] = -0.7
    agree(model, spread_out((3, 9, 21, 1)), dtype)


def test_a_convolution_of_one_tap_that_others_see_or_that_is_used_twice():
    inputs, shared = Input((6, 5, 1)), Conv2D(1, 1, activation="relu")
    seen = shared(inputs)
    both = [Conv2D(1, 3)(seen), Conv2D(1, 3, activation="relu")(seen)]
    seen_twice = models.Model(inputs, Flatten()(layers.concatenate(both)), seed=0)
    inputs, shared = Input((6, 5, 1)), Conv2D(1, 1, activation="relu")
    used_twice = models.Model(inputs, Conv2D(1, 3)(shared(shared(inputs))), seed=0)
    for model in (seen_twice, used_twice):
        assert all(getattr(step, "front", None) is None for step in model.graph.steps())
        for param in model.named_weights().values():
            param[...] = np.abs(param)
        agree(model, spread_out((3, 6, 5, 1)), np.float64)


WINOGRAD = {  # batch, height, width, channels, filters
    "one tile": (1, 6, 6, 4, 8),
    "less than a tile": (2, 4, 5, 4, 8),
    "parts of tiles": (2, 9, 12, 5, 9),
    "several groups of tile rows": (1, 60, 11, 4, 8),
    "more tiles in a row than a group has": (1, 7, 35, 4, 8),
}


@DTYPES
@pytest.mark.parametrize("activation", ["relu", None])
@pytest.mark.parametrize("pool", [True, False], ids=["pooled", "not pooled"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("case", WINOGRAD)
def test_many_channels(case, padding, pool, activation, dtype, monkeypatch):
    monkeypatch.setattr(winograd, "MORE_TILES", 7)  # of a group, so that small images have several
    batch, height, width, channels, filters = WINOGRAD[case]
    conv = Conv2D(filters, 3, padding=padding, activation=activation)
    model = chain((height, width, channels), conv, *([MaxPooling2D()] if pool else []))
    assert step_kinds(model) == ["WinogradStep"]
    agree(model, spread_out((batch, height, width, channels)), dtype)


@pytest.mark.parametrize("case", POOLINGS)
def test_pooling_that_needs_no_gradient(case):
    x_shape, pool_size, strides, padding = POOLINGS[case]
    model = chain(x_shape[1:], MaxPooling2D(pool_size, strides, padding))
    assert step_kinds(model) == ["PoolStep"]
    x = np.random.default_rng(0).integers(-3, 3, size=x_shape).astype(np.float32)
    (output,) = model.graph.outputs
    by_layer, fused = (model.graph.run([x], False, one)[output] for one in (True, False))
    np.testing.assert_array_equal(fused, by_layer)


@pytest.mark.parametrize("name", MODELS)
def test_whole_models(name):
    model = build_model(name, (54, 58, 1), seed=1)
    agree(model, spread_out((3, 54, 58, 1)), np.float64)


def test_a_layer_that_is_used_twice():
    inputs = Input((9, 8, 1))
    shared = Conv2D(2, 3, activation="relu", padding="same")
    first, second = shared(inputs), shared(MaxPooling2D((2, 2), (1, 1), "same")(inputs))
    joined = layers.concatenate([Flatten()(first), Flatten()(second)])
    model = models.Model(inputs, Dense(2)(joined), seed=0)
    agree(model, spread_out((3, 9, 8, 1)), np.float64)


def test_branches_that_meet_and_are_used_elsewhere_too():
    inputs = Input((6, 5, 1))
    one, other = Conv2D(2, 3, activation="relu")(inputs), Conv2D(1, 3)(inputs)
    flat = Flatten()(one)
    joined = layers.concatenate([flat, Flatten()(other)])
    outputs = Dense(2)(layers.concatenate([Dense(3)(joined), Dense(2)(flat)]))
    model = models.Model(inputs, outputs, seed=0)
    assert "JoinStep" not in step_kinds(model)
    agree(model, spread_out((2, 6, 5, 1)), np.float64)


# Ties, cuts and what is no number


def whole_numbers(model) -> None:
    """Give all parameters small whole values, so that sums are exact in any order."""
    rng = np.random.default_rng(0)
    for param in model.named_weights().values():
        param[...] = rng.integers(-2, 3, size=param.shape)


@pytest.mark.parametrize("activation", ["relu", None])
def test_ties_of_one_channel(activation):
    """The same winners: equal sums, sums of exactly 0, and black borders."""
    model = chain((12, 13, 1), Conv2D(6, 3, activation=activation), MaxPooling2D())
    whole_numbers(model)
    x = np.random.default_rng(1).integers(-1, 2, size=(4, 12, 13, 1)).astype(np.float32)
    x[:, :4] = 0
    expected, found = run(model, x, True), run(model, x, False)
    np.testing.assert_array_equal(found["y"], expected["y"])
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bias", [1, 0, -1])
def test_ties_in_black_borders_of_many_channels(bias):
    """Sums of products with 0 are exactly 0 by Winograd's method, too, and the first one wins."""
    model = chain((11, 14, 4), Conv2D(8, 3, activation="relu"), MaxPooling2D())
    model.layers[0].params["bias"][...] = bias
    x = spread_out((2, 11, 14, 4))
    x[:, :7] = 0
    x[:, :, :7] = 0
    agree(model, x, np.float64)


def test_a_flat_image_of_many_channels():
    """Equal sums that are not 0: rounding picks the winner, which pixel it is does not matter."""
    model = chain((11, 14, 4), Conv2D(8, 3), MaxPooling2D()).astype(np.float64)
    x = np.full((2, 11, 14, 4), 0.7)
    expected, found = run(model, x, True), run(model, x, False)
    for name in ("y", "conv2d/kernel", "conv2d/bias"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-10)
    np.testing.assert_allclose(found["x"].sum(), expected["x"].sum(), rtol=1e-10)


@pytest.mark.parametrize("channels", [1, 4])
def test_sums_below_zero_give_nothing_and_get_nothing(channels):
    conv = Conv2D(8, 3, activation="relu", bias_initializer="zeros")
    model = models.Sequential([Input((8, 8, channels)), conv, MaxPooling2D()], seed=0)
    model.graph.steps()  # builds the layers
    conv.params["kernel"][...] = -1
    x = np.random.default_rng(0).random((2, 8, 8, channels), dtype=np.float32)
    found = run(model, x, False)
    for name in ("y", "x", "conv2d/kernel", "conv2d/bias"):
        assert not found[name].any(), name


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_stays_so(channels, value):
    model = chain((10, 10, channels), Conv2D(8, 3, activation="relu"), MaxPooling2D())
    x = spread_out((1, 10, 10, channels)).astype(np.float32)
    x[0, 4, 5, 0] = value
    by_layer, fused = run(model, x, True)["y"], run(model, x, False)["y"]
    reached = ~np.isfinite(by_layer)
    assert reached.any()
    assert not np.isfinite(fused[reached]).any()


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_dropout_drops_the_same_units(rate):
    model = chain((20, 22, 1), Conv2D(3, 3), MaxPooling2D(), Dropout(rate, seed=9))
    x = np.abs(spread_out((4, 20, 22, 1))).astype(np.float32)
    expected, found = run(model, x, True), run(model, x, False)
    np.testing.assert_array_equal(found["y"] == 0, expected["y"] == 0)
    assert abs((found["y"] == 0).mean() - rate) < 0.05
    assert model.layers[-1].step == (6 if rate else 5)


# Gradients, by differences


GRADIENT_CASES = {
    "pooled": ((6, 7, 1), [Conv2D(2, 3, activation="relu"), MaxPooling2D(), Dropout(0.3, seed=1)]),
    "pooled, dense": ((6, 7, 1), [Conv2D(2, 3), MaxPooling2D(), Flatten(), Dense(2)]),
    "winograd": ((6, 7, 4), [Conv2D(8, 3, activation="relu", padding="same")]),
    "winograd, pooled": ((8, 7, 4), [Conv2D(8, 3, activation="relu"), MaxPooling2D()]),
    "rows": ((5, 6, 2), [Conv2D(3, (3, 2), activation="relu", padding="same")]),
    "one tap": ((4, 5, 1), [Conv2D(1, 1, activation="relu"), Conv2D(1, (2, 5))]),
    "two convolutions": (
        (12, 12, 1),
        [Conv2D(4, 3, activation="relu"), MaxPooling2D(), Conv2D(8, 3), MaxPooling2D()],
    ),
}


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("case", GRADIENT_CASES)
def test_gradients_of_fused_steps(case):
    image_shape, first = GRADIENT_CASES[case]
    model = chain(image_shape, *fresh(first), Flatten(), Dense(1, activation="sigmoid"))
    model.compile("adam", "binary_crossentropy")
    assert step_kinds(model)[0] != "LayerStep"
    report = check_model(model, spread_out((3, *image_shape)), [1, 0, 1], max_params=150)
    report.raise_if_wrong()


def test_gradients_of_the_reduced_inception():
    model = build_model("reduced_inception", (9, 10, 1), seed=0)
    model.compile("adam", "binary_crossentropy")
    check_model(model, spread_out((2, 9, 10, 1)), [1, 0], max_params=60).raise_if_wrong()


# Memory that is used again, and threads


def test_other_batch_sizes_in_between_change_nothing():
    model = build_model("reduced_inception", (16, 15, 1), seed=0)
    x = spread_out((7, 16, 15, 1)).astype(np.float32)
    first = run(model, x, False)
    for size in (2, 7, 3):
        run(model, x[:size], False)
    model.astype(np.float64)
    run(model, x.astype(np.float64), False)
    model.astype(np.float32)
    again = run(model, x, False)
    for name, array in first.items():
        np.testing.assert_array_equal(again[name], array, err_msg=name)


@pytest.mark.parametrize("channels", [1, 4])
def test_outputs_are_the_callers_to_keep(channels):
    model = chain((8, 8, channels), Conv2D(8, 3, activation="relu"), MaxPooling2D())
    x = spread_out((2, 8, 8, channels)).astype(np.float32)
    y = model.predict_on_batch(x)
    kept = y.copy()
    model.predict_on_batch(-x)
    np.testing.assert_array_equal(y, kept)


@pytest.mark.parametrize("name", MODELS)
def test_the_number_of_threads_changes_no_bit(name):
    model = build_model(name, (58, 54, 1), seed=1)
    x = spread_out((7, 58, 54, 1)).astype(np.float32)
    available = thread_count.get_threads()
    results = []
    try:
        for count in (1, 2, 3):
            thread_count.set_threads(count)
            results.append(run(model, x, False))
    finally:
        thread_count.set_threads(available)
    for other in results[1:]:
        for array_name, array in results[0].items():
            np.testing.assert_array_equal(other[array_name], array, err_msg=array_name)


def test_several_threads_may_use_one_model():
    model = build_model("cnn", (22, 22, 1), seed=0)
    x = spread_out((12, 22, 22, 1)).astype(np.float32)
    batches = [x[start : start + 1 + start % 3] for start in range(9)]
    expected = [model.predict_on_batch(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(model.predict_on_batch, batches * 10))
    for y, right in zip(found, expected * 10, strict=True):
        np.testing.assert_array_equal(y, right)


def test_the_plan_is_made_once():
    model = build_model("tiny_cnn")
    assert model.graph.steps() is model.graph.steps()
    assert isinstance(model.graph.steps()[0], fusion.PooledStep)
