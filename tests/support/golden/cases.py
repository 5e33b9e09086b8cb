"""What is computed both with Keras and with minicnn: the cases, their numbers, the comparison.

`make_keras.py` runs these cases with real Keras, `make_minicnn.py` with minicnn. Both give
dictionaries of arrays under the same names.

Inputs, labels and first weights follow from seeds through `numbers`, so that they need not be
stored and do not come from the code under test.
"""

import math
import zlib

import numpy as np


def numbers(name: str, shape: tuple, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """Numbers in [low, high) that follow from a name; float64.

    Made from a bit generator's raw stream, which NumPy guarantees never to change (it does not
    for the methods of `Generator`).
    """
    bits = np.random.PCG64(zlib.crc32(name.encode())).random_raw(math.prod(shape))
    unit = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return (low + (high - low) * unit).reshape(shape)


# name -> (layer class, its arguments, shape of the input with batch axis)
LAYERS = {
    "conv_valid": ("Conv2D", {"filters": 2, "kernel_size": 3}, (2, 5, 6, 1)),
    "conv_valid_channels": ("Conv2D", {"filters": 3, "kernel_size": (2, 3)}, (2, 6, 5, 2)),
    "conv_batch_1": ("Conv2D", {"filters": 1, "kernel_size": 3}, (1, 4, 5, 1)),
    "conv_1x1": ("Conv2D", {"filters": 2, "kernel_size": 1, "padding": "same"}, (2, 4, 3, 3)),
    "conv_stride_2": ("Conv2D", {"filters": 2, "kernel_size": 3, "strides": 2}, (2, 7, 9, 2)),
    "conv_stride_misfit": ("Conv2D", {"filters": 2, "kernel_size": 3, "strides": 2}, (2, 8, 6, 1)),
    "conv_stride_beyond_kernel": (
        "Conv2D",
        {"filters": 2, "kernel_size": 2, "strides": 3},
        (2, 8, 9, 2),
    ),
    "conv_same": ("Conv2D", {"filters": 2, "kernel_size": 3, "padding": "same"}, (2, 5, 4, 2)),
    "conv_same_7x7": ("Conv2D", {"filters": 1, "kernel_size": 7, "padding": "same"}, (2, 9, 8, 1)),
    "conv_same_even": (
        "Conv2D",
        {"filters": 2, "kernel_size": (2, 4), "padding": "same"},
        (2, 5, 6, 2),
    ),
    "conv_same_stride_2_even_input": (
        "Conv2D",
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
        (2, 4, 6, 1),
    ),
    "conv_same_stride_2_odd_input": (
        "Conv2D",
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
        (2, 5, 7, 2),
    ),
    "conv_same_even_stride_2": (
        "Conv2D",
        {"filters": 2, "kernel_size": (4, 2), "strides": 2, "padding": "same"},
        (2, 7, 6, 2),
    ),
    "conv_same_input_below_kernel": (
        "Conv2D",
        {"filters": 2, "kernel_size": 5, "padding": "same"},
        (2, 3, 2, 2),
    ),
    "conv_relu": ("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "relu"}, (2, 6, 5, 2)),
    "conv_sigmoid": (
        "Conv2D",
        {"filters": 2, "kernel_size": 2, "activation": "sigmoid"},
        (2, 4, 4, 2),
    ),
    "conv_no_bias": (
        "Conv2D",
        {"filters": 2, "kernel_size": 3, "use_bias": False},
        (2, 5, 5, 2),
    ),
    "conv_many_filters": ("Conv2D", {"filters": 32, "kernel_size": 3}, (2, 6, 7, 1)),
    "conv_many_channels": ("Conv2D", {"filters": 16, "kernel_size": 3}, (2, 6, 5, 11)),
    "max_valid": ("MaxPooling2D", {"pool_size": 2}, (2, 6, 4, 3)),
    "max_valid_misfit": ("MaxPooling2D", {"pool_size": 2}, (2, 5, 7, 2)),
    "max_overlapping": ("MaxPooling2D", {"pool_size": (3, 2), "strides": 1}, (2, 5, 6, 2)),
    "max_strides": ("MaxPooling2D", {"pool_size": 2, "strides": (2, 3)}, (2, 7, 8, 2)),
    "max_same_4x4": (
        "MaxPooling2D",
        {"pool_size": 4, "strides": 1, "padding": "same"},
        (2, 6, 5, 1),
    ),
    "max_same_stride_2": (
        "MaxPooling2D",
        {"pool_size": 3, "strides": 2, "padding": "same"},
        (2, 6, 7, 2),
    ),
    "average_valid": ("AveragePooling2D", {"pool_size": 2}, (2, 6, 4, 3)),
    "average_overlapping": ("AveragePooling2D", {"pool_size": (3, 2), "strides": 1}, (2, 5, 6, 2)),
    "average_same_4x4": (
        "AveragePooling2D",
        {"pool_size": 4, "strides": 1, "padding": "same"},
        (2, 6, 5, 1),
    ),
    "average_same_stride_2": (
        "AveragePooling2D",
        {"pool_size": 3, "strides": 2, "padding": "same"},
        (2, 6, 7, 2),
    ),
    "global_max": ("GlobalMaxPooling2D", {}, (2, 5, 4, 3)),
    "global_max_keepdims": ("GlobalMaxPooling2D", {"keepdims": True}, (2, 4, 6, 2)),
    "global_average": ("GlobalAveragePooling2D", {}, (2, 5, 4, 3)),
    "global_average_keepdims": ("GlobalAveragePooling2D", {"keepdims": True}, (2, 4, 6, 2)),
    "dense": ("Dense", {"units": 4}, (3, 5)),
    "dense_relu": ("Dense", {"units": 6, "activation": "relu"}, (4, 7)),
    "dense_sigmoid": ("Dense", {"units": 1, "activation": "sigmoid"}, (5, 3)),
    "dense_no_bias": ("Dense", {"units": 3, "use_bias": False}, (2, 4)),
    "relu": ("Activation", {"activation": "relu"}, (2, 3, 4, 2)),
    "sigmoid": ("Activation", {"activation": "sigmoid"}, (2, 3, 4, 2)),
    "flatten": ("Flatten", {}, (2, 3, 4, 2)),
}

# name -> (optimizer class, its arguments)
OPTIMIZERS = {
    "sgd": ("SGD", {"learning_rate": 0.05}),
    "momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.002}),
    "rmsprop_momentum": ("RMSprop", {"learning_rate": 0.002, "rho": 0.8, "momentum": 0.7}),
    "adam": ("Adam", {"learning_rate": 1e-4, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}),
    "adam_betas": ("Adam", {"learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}),
}
WEIGHTS_SHAPE = (4, 5)

# The committed trainings: name -> shape of the input, and a seed. The seeds are such that on
# the way no relu and no maximum lies so close to a change that float32's rounding decides it:
# there, Keras in float32 does not agree with Keras in float64 either. See `run_small_model` in
# make_keras.py, which refuses other seeds by looking at Keras alone. Where a processor of another
# kind fails in float32 only, by 1e-5 to 1e-2, try whether another seed does.
SMALL_MODELS = {
    "compact_cnn": ((62, 58, 1), 0),
    "cnn": ((18, 22, 1), 10),
    "cnn_dropout": ((22, 18, 1), 6),
    "tiny_cnn": ((20, 22, 1), 0),
    "reduced_inception": ((12, 11, 1), 2),
}
SMALL_BATCH = 8
STEPS = 20
LEARNING_RATES = (1e-4, 1e-3)  # the published one, and a larger one

# Largest errors allowed, see `worst_error`: in float64 in the norm "max", in float32 "euclid".
FLOAT64_TOLERANCE = 1e-9
FLOAT32_TOLERANCE = 1e-5

PARAMETERS = {
    "compact_cnn": 15_169,
    "cnn": 31_509_121,
    "cnn_dropout": 5_327_361,
    "tiny_cnn": 65_777,
    "reduced_inception": 90_093,
}


def layer_input(name: str) -> np.ndarray:
    """The input of a layer case: no two numbers equal, none zero."""
    return numbers(f"{name}/x", LAYERS[name][2])


def gradients_with_tiny_ones() -> np.ndarray:
    """A gradient for each optimizer step, of sizes from 1e-8 (near epsilon) to 1."""
    shape = (STEPS, *WEIGHTS_SHAPE)
    return numbers("gradient", shape) * 10.0 ** numbers("size", shape, -8, 0)


def batches(key: str, input_shape: tuple, batch_size: int, steps: int) -> list[tuple]:
    """Training batches (x, y): float32 images in [0, 1), and the labels 0, 1, 1, 0, 1, 1, ...

    Not half and half: the last bias' gradient would be a difference of nearly equal sums, all
    rounding.
    """
    x = numbers(f"{key}/images", (steps, batch_size, *input_shape), 0, 1).astype(np.float32)
    y = (np.arange(batch_size) % 3 > 0).astype(np.float32)
    return [(images, y) for images in x]


def first_weights(key: str, shapes: list[tuple]) -> list[np.ndarray]:
    """Weights as large as Glorot's, and biases that are not 0 so that they matter; float32.

    A kernel that is one single number is positive: a negative one would make all of an image
    negative, and relu would silence its branch.
    """
    weights = []
    for place, shape in enumerate(shapes):
        limit = 0.1
        if len(shape) > 1:
            window = math.prod(shape[:-2])
            limit = math.sqrt(6 / (window * (shape[-2] + shape[-1])))
        values = numbers(f"{key}/weights/{place}", shape, -limit, limit)
        values = np.abs(values) if shape == (1, 1, 1, 1) else values
        weights.append(values.astype(np.float32))
    return weights


def thin(arrays: dict[str, np.ndarray], keep: int = 500) -> dict[str, np.ndarray]:
    """Replace each array of more than `keep` numbers by that many of them and its norm.

    The numbers lie evenly over the array; the norm notices a difference anywhere else.
    """
    thinned = {}
    for name, array in arrays.items():
        if array.size <= keep:
            thinned[name] = array
            continue
        places = np.linspace(0, array.size - 1, keep).astype(int)
        thinned[name] = array.reshape(-1)[places]
        thinned[f"{name}/norm"] = np.linalg.norm(array.astype(np.float64))
    return thinned


def worst_error(found: dict, expected: dict, norm: str = "max") -> tuple[float, str]:
    """(error, name) of the array that agrees least.

    The error of an array is max |found - expected| / max |expected| for norm "max", and
    ||found - expected|| / ||expected||, root sums of squares, for norm "euclid".

    Raises
    ------
    ValueError
        If names or shapes differ, or a number is not finite, or an array is 0 throughout and so
        would prove nothing.
    """
    size = {"max": lambda a: np.abs(a).max(), "euclid": np.linalg.norm}[norm]
    if sorted(found) != sorted(expected):
        raise ValueError(f"expected {sorted(expected)}, got {sorted(found)}")
    errors = []
    for name in expected:
        ours, theirs = (np.asarray(side[name], float).reshape(-1) for side in (found, expected))
        if np.shape(found[name]) != np.shape(expected[name]):
            raise ValueError(f"{name}: expected {expected[name].shape}, got {found[name].shape}")
        if not (np.isfinite(ours).all() and np.isfinite(theirs).all() and theirs.any()):
            raise ValueError(f"{name}: expected finite numbers that are not all 0")
        errors.append((float(size(ours - theirs) / size(theirs)), name))
    return max(errors)
