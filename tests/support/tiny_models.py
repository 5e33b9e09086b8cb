"""Small models of the tests that are about models and training, not about layers."""

import numpy as np

from minicnn import layers, models

SHAPE = (8, 9, 1)


def conv_to_dense(
    input_shape: tuple[int, int, int], filters: int, seed: int | None, rate: float, optimizer
) -> models.Sequential:
    """Convolution, pooling, dropout and one unit, compiled; small enough for the literal loops."""
    model = models.Sequential(
        [
            layers.Conv2D(filters, 3, activation="relu", input_shape=input_shape),
            layers.MaxPooling2D(2),
            layers.Dropout(rate),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=seed,
    )
    model.compile(optimizer, "binary_crossentropy", ["acc"])
    return model


def assert_same(one: list, other: list) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def chain_of(first_arguments: dict) -> list:
    """The layers of a chain, new ones; `first_arguments` go to the convolution."""
    return [
        layers.Conv2D(2, 3, activation="relu", **first_arguments),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(1, activation="sigmoid"),
    ]


def by_adding():
    """That chain for images of `SHAPE`, put together layer by layer."""
    model = models.Sequential(seed=4)
    for layer in chain_of({"input_shape": SHAPE}):
        model.add(layer)
    return model


def small_chain(units):
    """One dense layer."""
    return models.Sequential([layers.Dense(units, input_shape=(3,))], seed=units)
