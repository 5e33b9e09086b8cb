"""The gradients of every layer and of whole models, on all backends, by central differences.

Every element of every input and parameter is checked. That the checker itself notices wrong
gradients is tested in `test_gradcheck`.
"""

import numpy as np
import pytest
from shape_grid import CASES, spread_out

from minicnn import layers, models
from minicnn.gradcheck import check_layer, check_model

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_element_of_every_layer(case, backend):
    layer, x = case.layer(), case.x()
    report = check_layer(layer, x, max_inputs=None)
    report.raise_if_wrong()
    inputs = x if isinstance(x, list) else [x]
    assert report.kinks == 0
    assert report.checked == sum(one.size for one in inputs) + layer.count_params()


def test_every_grid_has_every_layer():
    tested = {case.name.split(":")[0] for case in CASES}
    public = {name for name in layers.__all__ if name[0].isupper()}
    assert tested == public - {"Input", "InputLayer", "Layer"}


def chain():
    return models.Sequential(
        [
            layers.Conv2D(2, 3, activation="relu", padding="same", input_shape=(6, 5, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(3, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=1,
    )


def inception():
    """One tensor fans out into three branches, one of them without parameters of its own."""
    x = layers.Input((4, 5, 2))
    stem = layers.Conv2D(3, 1, activation="sigmoid")(x)
    small = layers.Conv2D(2, 1, activation="relu")(stem)
    large = layers.Conv2D(1, 3, padding="same")(stem)
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(stem)
    y = layers.concatenate([small, large, pooled, stem])
    y = layers.Dense(1, activation="sigmoid")(layers.Flatten()(y))
    return models.Model(x, y, seed=2)


def shared(activation):
    """One layer used three times, twice in a row."""

    def make():
        x = layers.Input((3,))
        twice = layers.Dense(3, activation=activation)
        y = layers.concatenate([twice(twice(x)), twice(layers.Sigmoid()(x))])
        return models.Model(x, layers.Dense(1, activation="sigmoid")(y), seed=3)

    return make


def two_outputs():
    """One output is taken from the middle of the model, so its sigmoid is a layer as any other."""
    x = layers.Input((4,))
    early = layers.Dense(2, activation="sigmoid")(x)
    late = layers.Dense(1, activation="sigmoid")(early)
    return models.Model(x, [early, late], seed=4)


def shared_output():
    """Two outputs from one layer, whose sigmoids' logits must not be mixed up."""
    first, second = layers.Input((4,)), layers.Input((4,))
    score = layers.Dense(1, activation="sigmoid")
    return models.Model([first, second], [score(first), score(second)], seed=5)


def used_as_output_twice():
    x = layers.Input((4,))
    y = layers.Dense(1, activation="sigmoid")(x)
    return models.Model(x, [y, y], seed=6)


def separate_sigmoid():
    return models.Sequential([layers.Dense(1, input_shape=(4,)), layers.Sigmoid()], seed=7)


def linear_end():
    """Ends without a sigmoid: trained on the clipped loss, whose gradient is 0 where it clips."""
    x = layers.Input((4,))
    shrunk = layers.Sigmoid()(layers.Dense(1)(x))
    return models.Model(x, layers.Activation("linear")(shrunk), seed=8)


MODELS = [
    chain,
    inception,
    shared("relu"),
    shared("sigmoid"),
    two_outputs,
    shared_output,
    used_as_output_twice,
    separate_sigmoid,
    linear_end,
]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__qualname__.split(".")[0])
def test_whole_models(make, backend):
    model = make()
    outputs = model.graph.outputs
    weights = [1.0, 0.3][: len(outputs)]
    model.compile("sgd", "binary_crossentropy", loss_weights=weights)
    x = [
        spread_out((3, *tensor.sample_shape), seed)
        for seed, tensor in enumerate(model.graph.inputs)
    ]
    y = [np.resize([1.0, 0.0, 0.0], (3, *tensor.sample_shape)) for tensor in outputs]
    report = check_model(model, x, y if len(y) > 1 else y[0])
    report.raise_if_wrong()
    assert report.kinks == 0
    assert report.checked == sum(one.size for one in x) + model.count_params()
