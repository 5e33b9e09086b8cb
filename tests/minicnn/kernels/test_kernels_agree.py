"""The three sources of every kernel, naive, NumPy and compiled, give the same numbers.

Runs once more in a second process without the compiler, see `test_without_compiler`.
"""

import inspect

import numpy as np
import pytest
from kernel_names import KERNELS
from shape_grid import CONVOLUTIONS, POOLINGS

from minicnn.kernels import compiled, naive, windows
from minicnn.layers.windows import pad_images, window_pads

MODULES = (naive, windows, compiled)
RELATIVE = {np.float64: 1e-10, np.float32: 1e-4}
DTYPES = pytest.mark.parametrize("dtype", list(RELATIVE), ids=lambda dtype: dtype.__name__)


def all_three(name, *arguments):
    """What the three kernels of that name return; fails if one of them changes an argument."""
    results = []
    for module in MODULES:
        given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        results.append(getattr(module, name)(*given))
        for argument, was in zip(given, arguments, strict=True):
            np.testing.assert_array_equal(argument, was, err_msg=f"{name} changed an argument")
    return results


def agree(name, *arguments):
    """Compare the kernels' results, to the precision of their dtype; give the naive one."""
    expected, *others = all_three(name, *arguments)
    relative = RELATIVE[expected.dtype.type]
    # A sum of many numbers may come out near 0: then the largest sets the scale.
    scale = np.abs(expected).max(initial=0)
    bounds = {"rtol": relative, "atol": relative * scale}
    for module, found in zip(MODULES[1:], others, strict=True):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        assert found.flags.c_contiguous
        which = f"{module.__name__}: {name}"
        np.testing.assert_allclose(found, expected, **bounds, err_msg=which)
    return expected


def same(name, *arguments):
    """The same, for kernels whose results must be equal; 0 and -0, NaN and NaN are."""
    expected, *others = all_three(name, *arguments)
    for module, found in zip(MODULES[1:], others, strict=True):
        assert found.dtype == expected.dtype
        assert found.flags.c_contiguous
        np.testing.assert_array_equal(found, expected, err_msg=f"{module.__name__}: {name}")
    return expected


def signature(function):
    return inspect.signature(getattr(function, "py_func", function))


def test_same_names():
    for module in (windows, compiled):
        assert sorted(name for name, value in vars(module).items() if callable(value)) == KERNELS


@pytest.mark.parametrize("module", [windows, compiled], ids=["numpy", "numba"])
@pytest.mark.parametrize("name", KERNELS)
def test_same_signature_in_the_same_file(name, module):
    first, second = getattr(naive, name), getattr(module, name)
    assert signature(first) == signature(second)
    assert first.__module__.split(".")[-1] == second.__module__.split(".")[-1]
    assert first.__module__ != second.__module__
    assert second.__doc__ == f"See naive.{name}."


@DTYPES
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution(case, dtype, rng):
    x_shape, filters, kernel_size, strides, padding = CONVOLUTIONS[case]
    pads = window_pads(x_shape, kernel_size, strides, padding)
    x = pad_images(rng.normal(size=x_shape).astype(dtype), pads, 0)
    kernel = rng.normal(size=(*kernel_size, x_shape[3], filters)).astype(dtype)
    bias = rng.normal(size=filters).astype(dtype)
    y = agree("conv2d_forward", x, kernel, bias, strides)
    dy = rng.normal(size=y.shape).astype(dtype)
    agree("conv2d_grad_input", dy, kernel, strides, x.shape[1:3])
    agree("conv2d_grad_kernel", x, dy, strides, kernel_size)


@DTYPES
@pytest.mark.parametrize("case", POOLINGS)
def test_max_pooling(case, dtype, rng):
    x_shape, pool_size, strides, padding = POOLINGS[case]
    pads = window_pads(x_shape, pool_size, strides, padding)
    x = rng.integers(0, 3, size=x_shape).astype(dtype)  # full of ties
    x = pad_images(x, pads, -np.inf)
    (y, argmax), *others = all_three("maxpool2d_forward", x, pool_size, strides)
    assert (y.dtype, argmax.dtype) == (dtype, np.int32)
    for other_y, other_argmax in others:
        np.testing.assert_array_equal(other_y, y)
        np.testing.assert_array_equal(other_argmax, argmax)
        assert (other_y.dtype, other_argmax.dtype) == (dtype, np.int32)
        assert other_y.flags.c_contiguous and other_argmax.flags.c_contiguous
    dy = rng.normal(size=y.shape).astype(dtype)
    agree("maxpool2d_grad_input", dy, argmax, pool_size, strides, x.shape[1:3])


def test_max_pooling_lets_nan_win():
    x = np.array([[1.0, np.nan, 3.0], [np.nan, 5.0, 2.0]]).reshape(1, 2, 3, 1)
    for y, argmax in all_three("maxpool2d_forward", x, (2, 2), (1, 1)):
        assert np.isnan(y).all()
        assert argmax.ravel().tolist() == [2, 0]  # in each window the last NaN


@DTYPES
@pytest.mark.parametrize("case", POOLINGS)
def test_average_pooling(case, dtype, rng):
    x_shape, pool_size, strides, padding = POOLINGS[case]
    pads = window_pads(x_shape, pool_size, strides, padding)
    x = pad_images(rng.normal(size=x_shape).astype(dtype), pads, 0)
    out_size = [
        (size - window) // stride + 1
        for size, window, stride in zip(x.shape[1:3], pool_size, strides, strict=True)
    ]
    counts = rng.integers(1, 5, size=out_size).astype(dtype)
    y = agree("avgpool2d_forward", x, counts, pool_size, strides)
    dy = rng.normal(size=y.shape).astype(dtype)
    agree("avgpool2d_grad_input", dy, counts, pool_size, strides, x.shape[1:3])


@DTYPES
@pytest.mark.parametrize(
    ("batch", "inputs", "units"),
    [(1, 1, 1), (3, 5, 2), (2, 7, 9), (1, 1030, 1), (1, 2049, 8)],
)
def test_dense(batch, inputs, units, dtype, rng):
    x = rng.normal(size=(batch, inputs)).astype(dtype)
    kernel = rng.normal(size=(inputs, units)).astype(dtype)
    dy = rng.normal(size=(batch, units)).astype(dtype)
    agree("dense_forward", x, kernel, rng.normal(size=units).astype(dtype))
    agree("dense_grad_input", dy, kernel)
    agree("dense_grad_kernel", x, dy)


@DTYPES
@pytest.mark.parametrize(("rows", "features"), [(1, 1), (5, 3), (1024, 1), (2050, 2)])
def test_bias(rows, features, dtype, rng):
    agree("grad_bias", rng.normal(size=(rows, features)).astype(dtype))


@DTYPES
def test_relu(dtype, rng):
    x = np.concatenate([rng.normal(size=20), [0.0, -0.0, np.inf, -np.inf, np.nan]]).astype(dtype)
    y = same("relu_forward", x)
    assert np.isnan(y[-1])
    dx = same("relu_grad_input", rng.normal(size=x.shape).astype(dtype), y)
    assert (y.dtype, dx.dtype) == (dtype, dtype)


@DTYPES
@pytest.mark.filterwarnings("error")
def test_sigmoid(dtype, rng):
    x = np.concatenate([rng.normal(size=20), [0.0, 80.0, -80.0, 1000.0, -1000.0]]).astype(dtype)
    y = agree("sigmoid_forward", x)
    agree("sigmoid_grad_input", rng.normal(size=x.shape).astype(dtype), y)


@pytest.mark.parametrize("size", [1, 100, (1 << 14) + 3])  # the last: more than one block
@pytest.mark.parametrize(
    ("rate", "seed", "step"),
    [(0.0, 0, 0), (1.0, 1, 0), (0.25, 2**32 - 1, 1), (0.5, 3_000_000_000, 2**32 - 1)],
)
def test_dropout_keeps_the_same_units(size, rate, seed, step):
    keep = same("dropout_keep", size, rate, seed, step)
    assert keep.dtype == np.uint8
    if size > 1000:
        assert abs(keep.mean() - (1 - rate)) < 0.02


@DTYPES
def test_masked_scale(dtype, rng):
    x = np.concatenate([rng.normal(size=50), [np.inf, np.nan]]).astype(dtype)
    keep = np.append(rng.integers(0, 2, size=50), [0, 0]).astype(np.uint8)
    y = same("masked_scale", x, keep, dtype(1.25))
    assert y.dtype == dtype
    assert y[-2:].tolist() == [0, 0]  # what is dropped is 0, whatever it was


UPDATES = {
    "adam": ("adam_update", 2, [0.01, 0.9, 0.999, 1e-7]),
    "rmsprop": ("rmsprop_update", 2, [0.01, 0.9, 0.5, 1e-7]),
    "plain descent": ("momentum_update", 1, [0.01, 0.0, False]),
    "momentum": ("momentum_update", 1, [0.01, 0.9, False]),
    "nesterov": ("momentum_update", 1, [0.01, 0.9, True]),
}


@DTYPES
@pytest.mark.parametrize("case", UPDATES)
def test_updates(case, dtype, rng):
    name, slots, settings = UPDATES[case]
    settings = [value if isinstance(value, bool) else dtype(value) for value in settings]
    start = rng.normal(size=37).astype(dtype)
    gradients = rng.normal(size=(3, 37)).astype(dtype)
    results = []
    for module in MODULES:
        arrays = [start.copy(), *(np.zeros(37, dtype) for _ in range(slots))]
        for gradient in gradients:
            given = gradient.copy()
            getattr(module, name)(arrays[0], given, *arrays[1:], *settings)
            np.testing.assert_array_equal(given, gradient)
        results.append(arrays)
    for expected, in_numpy, found in zip(*results, strict=True):
        assert found.dtype == in_numpy.dtype == expected.dtype == dtype
        np.testing.assert_array_equal(in_numpy, expected)
        np.testing.assert_allclose(found, expected, rtol=RELATIVE[dtype], atol=RELATIVE[dtype])
    assert not np.array_equal(results[0][0], start)
