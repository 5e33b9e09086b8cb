"""What a framework must be able to do to take part, and how minicnn does it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from covid.training.architectures import build_model
from minicnn.layers import Dropout
from minicnn.optimizers import Adam

LEARNING_RATE = 1e-4  # the article's
ADAM_EPSILON = 1e-7  # Keras' default and minicnn's


class Contestant(NamedTuple):
    """One model in one framework, with one batch.

    Attributes
    ----------
    compare : function () -> (probabilities, gradients)
        Dropout off, before any training: (batch, 1) array, and arrays in the order and the
        shapes of minicnn's weights.
    training_step, inference : function ()
        What is timed.
    switch : function (training)
        Dropout on or off from now on, where that is not said in the call.
    """

    compare: Callable[[], tuple[np.ndarray, list[np.ndarray]]]
    training_step: Callable[[], object]
    inference: Callable[[], object]
    switch: Callable[[bool], None]


def minicnn_contestant(
    name: str, weights: list[np.ndarray], x: np.ndarray, y: np.ndarray
) -> Contestant:
    """A model in minicnn, ready to run."""
    model = with_weights(name, weights)

    def compare():
        # A model of its own: it is trained one step to get the gradients, without dropout.
        other = with_weights(name, weights)
        for layer in other.layers:
            if isinstance(layer, Dropout):
                layer.rate = 0.0
        probabilities = other.predict_on_batch(x).copy()
        other.train_on_batch(x, y)
        return probabilities, [gradient.copy() for gradient in other.named_grads().values()]

    return Contestant(
        compare,
        training_step=lambda: model.train_on_batch(x, y),
        inference=lambda: model.predict_on_batch(x),
        switch=lambda training: None,
    )


def with_weights(name: str, weights: list[np.ndarray]):
    """A compiled model that starts with these weights."""
    model = build_model(name, seed=0)
    model.set_weights(weights)
    model.compile(Adam(LEARNING_RATE, epsilon=ADAM_EPSILON), "binary_crossentropy")
    return model
