"""What `python -m minicnn.gradcheck` checks: one of every layer, and small models that run fused."""

from collections.abc import Callable, Iterator

import numpy as np

from minicnn import kernels, layers, models
from minicnn.gradcheck.check import check_layer, check_model
from minicnn.gradcheck.report import Report


def examples() -> Iterator[tuple[str, layers.Layer, np.ndarray | list[np.ndarray]]]:
    """One of every layer, small, with a fitting random input; both loop orders of each kernel."""
    rng = np.random.default_rng(0)
    image = rng.normal(size=(2, 5, 4, 2))
    vector = rng.normal(size=(3, 6))
    deep = rng.normal(size=(1, 3, 3, 8))
    yield "few filters", layers.Conv2D(3, (3, 2), strides=(2, 1), padding="same"), image
    yield "few filters, 3x4", layers.Conv2D(2, (3, 4)), image
    yield "few filters, 7x7", layers.Conv2D(1, 7, padding="same"), image
    yield "many filters, relu", layers.Conv2D(8, (2, 2), activation="relu"), deep
    yield "overlapping", layers.MaxPooling2D(3, strides=1, padding="same"), image
    yield "overlapping", layers.AveragePooling2D(3, strides=1, padding="same"), image
    yield "", layers.GlobalMaxPooling2D(), image
    yield "", layers.GlobalAveragePooling2D(), image
    yield "few units, sigmoid", layers.Dense(2, activation="sigmoid"), vector
    yield "many units", layers.Dense(9), vector
    yield "", layers.ReLU(), image
    yield "", layers.Sigmoid(), vector
    yield "sigmoid", layers.Activation("sigmoid"), image
    yield "training", layers.Dropout(0.4, seed=1), vector
    yield "", layers.Flatten(), image
    yield "two inputs", layers.Concatenate(), [image, image[..., :1] + 1]


def fused_examples() -> Iterator[tuple[models.Model, np.ndarray]]:
    """Small models whose first layers the compiled kernels do in one step, with an input each."""
    rng = np.random.default_rng(0)
    pooled = [layers.Conv2D(3, 3, activation="relu"), layers.MaxPooling2D()]
    winograd = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D()]
    dropout, behind = layers.Dropout(0.3, seed=1), layers.AveragePooling2D()
    pooled_dense = [layers.Conv2D(2, 3), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2)]
    front = layers.Conv2D(1, 1, activation="relu")
    chains = {
        "one channel, relu, pooling, dropout": ((8, 9, 1), [*pooled, dropout, behind]),
        "one channel, pooling, dense": ((7, 8, 1), pooled_dense),
        "many channels (Winograd), relu, pooling": ((8, 7, 4), winograd),
        "few filters, relu": ((6, 5, 2), [layers.Conv2D(3, (3, 2), activation="relu")]),
        "1x1, then 3x3": ((6, 5, 1), [front, layers.Conv2D(1, 3, activation="relu")]),
    }
    for name, (image_shape, first) in chains.items():
        chain = [layers.Input(image_shape), *first, layers.Flatten()]
        chain.append(layers.Dense(1, activation="sigmoid"))
        model = models.Sequential(chain, name=f"fused Conv2D ({name})", seed=0)
        model.compile()
        yield model, rng.normal(size=(3, *image_shape))


def check_example(backend: str, number: int) -> Report:
    """The report of the `examples` with this number, counted from 0."""
    note, layer, x = list(examples())[number]
    layer.name = type(layer).__name__ + (f" ({note})" if note else "")
    with kernels.use_backend(backend):
        return check_layer(layer, x)


def check_fused_example(number: int) -> Report:
    """The same of the `fused_examples`, which only the compiled kernels run as such."""
    model, x = list(fused_examples())[number]
    with kernels.use_backend("numba"):
        return check_model(model, x, [1, 0, 1])


def all_of(checks: list[Callable[[], Report]]) -> list[Report]:
    """The reports of some checks; for another process, which finds a function by its name."""
    return [check() for check in checks]
