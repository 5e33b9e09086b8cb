"""What every layer promises, tested on all of them: see `minicnn.layers.base`.

A new layer gets all these tests by a line in `shape_grid.CASES`.
"""

import json
import re

import numpy as np
import pytest
from shape_grid import CASES, Case, spread_out

from minicnn import kernels, layers
from minicnn.arguments import shape_text
from minicnn.kernels.runtime import thread_count

EVERY_LAYER = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
ONE_EACH = {case.name.split(":")[0]: case for case in reversed(CASES)}
EACH_CLASS = pytest.mark.parametrize("case", list(ONE_EACH.values()), ids=list(ONE_EACH))
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


def as_list(value):
    return value if isinstance(value, list) else [value]


def arrays_in(thing):
    """All arrays in a (nested) tuple, list or dict."""
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, (list, tuple)):
        return [array for part in thing for array in arrays_in(part)]
    return []


def copies(thing):
    return [array.copy() for array in arrays_in(thing)]


def assert_same(found, expected):
    """All arrays in one equal those in the other, bit by bit."""
    found, expected = arrays_in(found), arrays_in(expected)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def assert_apart(these, those):
    """No array in one shares memory with an array in the other."""
    for one in arrays_in(these):
        for other in arrays_in(those):
            assert not np.shares_memory(one, other)


def there_and_back(case: Case, dtype=np.float64, training=True):
    """A layer after forward and backward, with everything that went in and came out."""
    layer, x = case.layer(dtype), case.x(dtype)
    y = layer.forward(x, training)
    dy = case.dy(y)
    dx = layer.backward(dy)
    return layer, x, y, dy, dx


@EVERY_LAYER
@DTYPES
def test_shapes_and_dtypes(case, dtype, backend):
    layer, x, y, dy, dx = there_and_back(case, dtype)
    batch = len(as_list(x)[0])
    input_shape = [one.shape[1:] for one in x] if isinstance(x, list) else x.shape[1:]
    assert y.shape == (batch, *layer.output_shape(input_shape))
    assert isinstance(dx, list) == isinstance(x, list)
    assert [one.shape for one in as_list(dx)] == [one.shape for one in as_list(x)]
    assert list(layer.grads) == list(layer.params)
    shapes_made = {name: param.shape for name, param in layer.params.items()}
    assert layer.param_shapes(input_shape) == shapes_made
    for name, param in layer.params.items():
        assert layer.grads[name].shape == param.shape
    for array in arrays_in([y, dx, layer.grads]):
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert np.isfinite(array).all()


@EACH_CLASS
def test_dtype_follows_the_input_and_not_the_parameters(case, backend):
    layer, x = case.layer(np.float32), case.x(np.float64)
    y = layer.forward(x)
    dx = layer.backward(case.dy(y))
    for array in arrays_in([y, dx, layer.grads]):
        assert array.dtype == np.float64
    assert all(param.dtype == np.float32 for param in layer.params.values())


@EACH_CLASS
def test_float32_and_float64_give_about_the_same(case, backend):
    *_, single_y, _, single_dx = there_and_back(case, np.float32)
    *_, double_y, _, double_dx = there_and_back(case, np.float64)
    for single, double in zip(
        arrays_in([single_y, single_dx]), arrays_in([double_y, double_dx]), strict=True
    ):
        np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-5)


@EVERY_LAYER
def test_nothing_given_is_changed(case, backend):
    layer, x = case.layer(), case.x()
    before = copies([x, layer.params])
    y = layer.forward(x, training=True)
    assert_same([x, layer.params], before)
    dy = case.dy(y)
    given = copies([dy, y])
    layer.backward(dy)
    assert_same([x, layer.params], before)
    assert_same([dy, y], given)


@EVERY_LAYER
@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
def test_what_is_returned_shares_no_memory(case, training, backend):
    layer, x, y, dy, dx = there_and_back(case, training=training)
    assert_apart(y, x)
    assert_apart(dx, [x, y, dy])
    assert_apart(layer.grads, [x, y, dy, dx, layer.params])
    assert_apart(dx, layer.cache)
    parts = as_list(dx)
    for number, part in enumerate(parts):
        assert_apart(part, parts[:number])


@EVERY_LAYER
def test_backward_twice_gives_the_same(case, backend):
    layer, _, _, dy, dx = there_and_back(case)
    first = copies([dx, layer.grads])
    again = layer.backward(dy)
    assert_same([again, layer.grads], first)


@EVERY_LAYER
def test_gradients_are_replaced_not_added_to(case, backend):
    layer, _, _, dy, dx = there_and_back(case)
    first = copies([dx, layer.grads])
    kept = layer.grads
    halved = layer.backward(dy / 2)
    assert_same([2 * one for one in arrays_in([halved, layer.grads])], first)  # 2 is exact
    assert_same([kept], first[len(as_list(dx)) :])


@EVERY_LAYER
def test_each_backend_understands_the_others_cache(case):
    results = []
    for there in kernels.MODULES:
        for back in kernels.MODULES:
            layer, x = case.layer(), case.x()
            with kernels.use_backend(there):
                y = layer.forward(x, training=True)
            with kernels.use_backend(back):
                dx = layer.backward(case.dy(y))
            results.append(copies([y, dx, layer.grads]))
    for other in results[1:]:
        for found, expected in zip(other, results[0], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


LARGER = [
    Case("Conv2D: narrow", lambda: layers.Conv2D(3, 3, padding="same"), (5, 33, 40, 1)),
    Case("Conv2D: wide", lambda: layers.Conv2D(16, (3, 2), strides=2), (5, 33, 40, 9)),
    Case("Dense: few units", lambda: layers.Dense(1, activation="sigmoid"), (7, 9001)),
    Case("Dense: many units", lambda: layers.Dense(16, activation="relu"), (7, 9001)),
    Case("MaxPooling2D", lambda: layers.MaxPooling2D(3, 2, "same"), (5, 33, 40, 9)),
    Case("AveragePooling2D", lambda: layers.AveragePooling2D(3, 2, "same"), (5, 33, 40, 9)),
    Case("ReLU", layers.ReLU, (5, 33, 40, 9)),
    Case("Dropout", lambda: layers.Dropout(0.4, seed=3), (5, 33, 40, 9)),
]


@pytest.mark.parametrize("case", CASES + LARGER, ids=lambda case: case.name)
@DTYPES
def test_results_do_not_depend_on_the_number_of_threads(case, dtype):
    available = thread_count.get_threads()
    if available == 1:
        pytest.skip("needs two processor cores")
    results = []
    try:
        for threads in (1, available):
            thread_count.set_threads(threads)
            layer, _, y, _, dx = there_and_back(case, dtype)
            results.append(copies([y, dx, layer.grads]))
    finally:
        thread_count.set_threads(available)
    for other in results[1:]:
        assert_same(other, results[0])


@EACH_CLASS
def test_views_are_understood(case, backend):
    """Inputs need not be contiguous in memory: every second row of something larger."""
    layer, x = case.layer(), case.x()
    views = [np.repeat(one, 2, axis=0)[::2] for one in as_list(x)]
    assert not any(view.flags.c_contiguous for view in views if len(view) > 1)
    view = views if isinstance(x, list) else views[0]
    y, expected = layer.forward(view), case.layer().forward(x)
    assert_same(y, expected)
    dy = case.dy(y)
    assert_same(layer.backward(np.repeat(dy, 2, axis=0)[::2]), layer.backward(dy))


@EACH_CLASS
def test_the_cache_is_a_named_tuple_whose_fields_are_explained(case):
    layer = there_and_back(case)[0]
    if layer.cache is None:
        assert "cache :" not in layer.__doc__  # it keeps nothing
        return
    assert isinstance(layer.cache, tuple)
    assert f"cache : Cache({', '.join(layer.cache._fields)})" in " ".join(layer.__doc__.split())


@EACH_CLASS
def test_config_makes_the_same_layer_again(case):
    layer, x, y, _, _ = there_and_back(case, training=False)
    config = json.loads(json.dumps(layer.config()))
    again = type(layer)(**config)
    again.build(layer.input_shape, np.random.default_rng(0))
    again.set_weights(layer.get_weights())
    again.params = {name: param.astype(np.float64) for name, param in layer.params.items()}
    assert_same(again.forward(x), y)


# Errors: which layer, what was expected, what was found


@EACH_CLASS
def test_backward_needs_a_forward(case, backend):
    layer = case.layer()
    layer.name = "middle"
    with pytest.raises(RuntimeError, match="middle: backward needs a forward before it"):
        layer.backward(np.zeros((2, 3)))


@EACH_CLASS
def test_forward_needs_a_build(case):
    layer = case.make()
    layer.name = "middle"
    with pytest.raises(RuntimeError, match="middle: not built yet"):
        layer.forward(case.x())


@EACH_CLASS
@pytest.mark.parametrize("change", ["one more at the end", "an axis less", "an axis more"])
def test_inputs_of_a_wrong_shape(case, change):
    layer = case.layer()
    layer.name = "middle"
    one = as_list(case.x())[0]
    wrong = {
        "one more at the end": np.concatenate([one, one[..., :1]], axis=-1),
        "an axis less": one[..., 0],
        "an axis more": one[..., None],
    }[change]
    expected = shape_text(("batch", *one.shape[1:]))
    found = shape_text(wrong.shape)
    text = (
        f"middle: expected inputs? of shapes? .*{re.escape(expected)}.*, got .*{re.escape(found)}"
    )
    x = [wrong, *case.x()[1:]] if isinstance(case.x(), list) else wrong
    with pytest.raises(ValueError, match=text):
        layer.forward(x)


@EACH_CLASS
def test_gradients_of_a_wrong_shape(case, backend):
    layer, _, y, dy, _ = there_and_back(case)
    layer.name = "middle"
    for wrong in (dy[..., None], np.concatenate([dy, dy]), np.concatenate([dy, dy], axis=-1)):
        text = f"middle: expected dy of the output's shape {shape_text(y.shape)}, got "
        with pytest.raises(ValueError, match=re.escape(text + shape_text(wrong.shape))):
            layer.backward(wrong)


@EACH_CLASS
def test_inputs_that_are_no_float_arrays(case):
    layer = case.layer()
    layer.name = "middle"
    for wrong, found in ((np.int64, "int64"), (np.float16, "float16"), (np.uint8, "uint8")):
        x = [one.astype(wrong) for one in as_list(case.x())]
        with pytest.raises(TypeError, match=f"middle: expected a float32 or float64 .* {found}"):
            layer.forward(x if isinstance(case.x(), list) else x[0])
    nested = [one.tolist() for one in as_list(case.x())]
    with pytest.raises(TypeError, match="middle: expected a float32 or float64 array, got list"):
        layer.forward(nested if isinstance(case.x(), list) else nested[0])


@pytest.mark.parametrize(
    ("layer", "shape", "text"),
    [
        (layers.Conv2D(1, 3), (2, 5, 1), "conv2d: .* at least 3x3 pixels .* got 2x5"),
        (layers.Conv2D(1, (2, 4)), (5, 3, 1), "conv2d: .* at least 2x4 pixels .* got 5x3"),
        (layers.MaxPooling2D(2), (1, 4, 2), "max_pooling2d: .* at least 2x2 pixels .* got 1x4"),
        (layers.AveragePooling2D((1, 3)), (4, 2, 2), "average_pooling2d: .* 1x3 .* got 4x2"),
        (layers.GlobalMaxPooling2D(), (9,), r"global_max_pooling2d: expected images .* got \(9,\)"),
        (layers.Conv2D(1, 3), (5,), r"conv2d: expected images .*, got \(5,\)"),
        (layers.MaxPooling2D(2), (5, 5), r"max_pooling2d: expected images .*, got \(5, 5\)"),
        (layers.Dense(1), (5, 5, 1), r"dense: expected vectors .*\(5, 5, 1\); put a Flatten"),
        (layers.Concatenate(), [(3, 3, 1), (3, 4, 1)], r"concatenate: .*\(3, 3, 1\).*\(3, 4, 1\)"),
        (layers.Concatenate(), (3, 3, 1), "concatenate: expected a list of inputs"),
        (layers.Concatenate(axis=1), [(3, 3, 1)], "concatenate: expected axis=-1"),
    ],
)
def test_shapes_that_do_not_fit_a_layer(layer, shape, text):
    with pytest.raises(ValueError, match=text):
        layer.output_shape(shape)
    with pytest.raises(ValueError, match=text):
        layer.build(shape, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: layers.Conv2D(0, 3), "conv2d: expected filters .* got 0"),
        (lambda: layers.Conv2D(2.5, 3), "conv2d: expected filters .* got 2.5"),
        (lambda: layers.Conv2D(None, 3), "conv2d: expected filters .* got None"),
        (lambda: layers.Conv2D("many", 3), "conv2d: expected filters .* got 'many'"),
        (lambda: layers.Conv2D(2, 0), "conv2d: expected kernel_size .* got 0"),
        (lambda: layers.Conv2D(2, (3, 3, 3)), r"conv2d: expected kernel_size .* got \(3, 3, 3\)"),
        (lambda: layers.Conv2D(2, 3, strides=0), "conv2d: expected strides .* got 0"),
        (lambda: layers.Conv2D(2, 3, padding="full"), "conv2d: expected padding .* got 'full'"),
        (lambda: layers.Conv2D(2, 3, activation="tanh"), "conv2d: .*activation.* got 'tanh'"),
        (lambda: layers.Conv2D(2, 3, kernel_initializer="x"), "conv2d: .* got 'x'"),
        (lambda: layers.MaxPooling2D(0), "max_pooling2d: expected pool_size .* got 0"),
        (lambda: layers.MaxPooling2D(2, strides=0), "max_pooling2d: expected strides .* got 0"),
        (lambda: layers.AveragePooling2D(2, padding=1), "average_pooling2d: .*padding.* got 1"),
        (lambda: layers.Dense(-1), "dense: expected units .* got -1"),
        (lambda: layers.Dense([3]), r"dense: expected units .* got \[3\]"),
        (lambda: layers.Dropout(1.5), "dropout: expected rate .* got 1.5"),
        (lambda: layers.Dropout("half"), "dropout: expected rate .* got 'half'"),
        (lambda: layers.Dropout(0.5, seed=-1), "dropout: expected seed .* got -1"),
        (lambda: layers.Dropout(0.5, seed=1.5), "dropout: expected seed .* integer .* got 1.5"),
        (lambda: layers.Dropout(0.5, seed=True), "dropout: expected seed .* integer .* got True"),
        (lambda: layers.Dropout(0.5, noise_shape=(1,)), "dropout: noise_shape is not supported"),
        (lambda: layers.Conv2D(2, True), "conv2d: expected kernel_size .* got True"),
        (lambda: layers.Conv2D(2, (3, True)), r"conv2d: expected kernel_size .* got \(3, True\)"),
        (lambda: layers.Conv2D(2, 3, groups=2), "conv2d: groups is not supported, .* 1, got 2"),
        (lambda: layers.Conv2D(2, 3, dilation_rate=(1, 2)), r"conv2d: dilation_rate .*\(1, 2\)"),
        (lambda: layers.Conv2D(2, 3, data_format="channels_first"), "conv2d: data_format is not"),
        (lambda: layers.MaxPooling2D(data_format="channels_first"), "max_pooling2d: data_format"),
        (lambda: layers.GlobalAveragePooling2D("channels_first"), "global_.*: data_format is not"),
        (lambda: layers.Flatten("channels_first"), "flatten: data_format is not supported"),
        (lambda: layers.Input((3,), batch_size=8), "input: batch_size is not supported"),
        (
            lambda: layers.Input((3,), dtype="uint8", name="photo"),
            "photo: dtype is not supp.*uint8",
        ),
        (lambda: layers.InputLayer(), "input_layer: expected input_shape, .* got none"),
        (lambda: layers.Activation("softmax"), "activation: .* got 'softmax'"),
        (lambda: layers.ReLU(input_shape=(0, 3)), r"re_lu: expected a shape .* got \(0, 3\)"),
    ],
)
def test_arguments_that_make_no_sense(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize("layer", [layers.Conv2D(2, 3), layers.Dense(2)])
def test_what_an_initializer_function_returns_is_normalized(layer):
    layer.kernel_initializer = lambda shape, rng: np.asfortranarray(rng.normal(size=shape))
    layer.bias_initializer = lambda shape, rng: [0] * shape[0]
    layer.build((4, 5, 3) if isinstance(layer, layers.Conv2D) else (3,), np.random.default_rng(0))
    for param in layer.params.values():
        assert param.dtype == np.float32
        assert param.flags.c_contiguous


@pytest.mark.parametrize("part", ["kernel_initializer", "bias_initializer"])
def test_an_initializer_function_must_give_the_shape_asked_for(part):
    for make, shape in ((layers.Dense, (3,)), (lambda n, **k: layers.Conv2D(n, 1, **k), (4, 4, 3))):
        layer = make(2, name="middle", **{part: lambda shape, rng: np.zeros((9, 9))})
        with pytest.raises(ValueError, match=r"middle: expected the initializer .*\(9, 9\)"):
            layer.build(shape, np.random.default_rng(0))


def test_keras_arguments_at_their_defaults():
    layers.Conv2D(2, 3, data_format="channels_last", dilation_rate=1, groups=1)
    layers.Conv2D(2, 3, data_format=None, dilation_rate=[1, 1])
    layers.AveragePooling2D(2, 2, "same", data_format="channels_last")
    layers.GlobalMaxPooling2D("channels_last", False)
    layers.Flatten("channels_last")
    layers.Dropout(0.5, noise_shape=None)
    layers.Input((3,), batch_size=None, dtype="float32")


def test_sizes_may_be_numpy_integers():
    layer = layers.Conv2D(np.int64(2), np.int32(3), strides=(np.int8(1), 2))
    assert (layer.kernel_size, layer.strides) == ((3, 3), (1, 2))
    assert all(type(size) is int for size in layer.kernel_size + layer.strides)
    json.dumps(layers.Dropout(0.5, seed=np.uint32(7)).config())


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Conv2D(2, 3, 1, "same", "relu"),  # Keras has data_format here
        lambda: layers.MaxPooling2D(2, 2, "same", "pool"),
        lambda: layers.GlobalMaxPooling2D(None, False, "pool"),
        lambda: layers.Dropout(0.5, None),
        lambda: layers.Dense(2, None, True, "zeros", "zeros", "last"),
        lambda: layers.Input((3,), "photo"),
        lambda: layers.ReLU(6.0),
        lambda: layers.Flatten(None, "flat"),
        lambda: layers.Concatenate(-1, "joined"),
    ],
)
def test_arguments_that_keras_has_in_another_place_need_their_names(make):
    with pytest.raises(TypeError, match="positional"):
        make()


@pytest.mark.parametrize("name", [3, ("a",), b"a"])
def test_a_name_is_a_text(name):
    with pytest.raises(TypeError, match="conv2d: expected name to be a str, got"):
        layers.Conv2D(2, 3, name=name)


def test_weights_of_a_wrong_shape():
    layer = layers.Dense(2)
    layer.build((3,), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"dense: expected weights of shapes \[\(3, 2\), \(2,\)\]"):
        layer.set_weights([np.zeros((2, 3)), np.zeros(2)])


def test_the_grid_is_kept_away_from_ties_and_corners():
    for shape in {tuple(s) for case in CASES for s in as_list(case.x_shape)}:
        numbers = np.sort(spread_out(shape), axis=None)
        assert np.abs(numbers).min() > 1e-4
        assert numbers.size == 1 or np.diff(numbers).min() > 1e-4
