"""The four published models, ours, and the Inception block: layers, shapes, parameters."""

import numpy as np
import pytest
from tiny_models import assert_same

from covid.training.architectures import MODELS, build_model, inception_block
from minicnn import layers, models

PARAMETERS = {
    "compact_cnn": 15_169,
    "cnn": 31_509_121,
    "cnn_dropout": 5_327_361,
    "tiny_cnn": 65_777,
    "reduced_inception": 90_093,
}
# Class of each layer, what matters of its arguments, and the shape of what comes out.
CHAINS = {
    "cnn": [
        ("Conv2D", 32, (254, 254, 32)),
        ("MaxPooling2D", (2, 2), (127, 127, 32)),
        ("Conv2D", 64, (125, 125, 64)),
        ("MaxPooling2D", (2, 2), (62, 62, 64)),
        ("Flatten", None, (246016,)),
        ("Dropout", 0.5, (246016,)),
        ("Dense", 128, (128,)),
        ("Dense", 1, (1,)),
    ],
    "cnn_dropout": [
        ("Conv2D", 32, (148, 148, 32)),
        ("MaxPooling2D", (2, 2), (74, 74, 32)),
        ("Dropout", 0.5, (74, 74, 32)),
        ("Conv2D", 64, (72, 72, 64)),
        ("MaxPooling2D", (2, 2), (36, 36, 64)),
        ("Flatten", None, (82944,)),
        ("Dropout", 0.5, (82944,)),
        ("Dense", 64, (64,)),
        ("Dense", 1, (1,)),
    ],
    "tiny_cnn": [
        ("Conv2D", 6, (148, 148, 6)),
        ("MaxPooling2D", (2, 2), (74, 74, 6)),
        ("Dropout", 0.8, (74, 74, 6)),
        ("Flatten", None, (32856,)),
        ("Dense", 2, (2,)),
        ("Dense", 1, (1,)),
    ],
}


def size_of(layer):
    """The argument that says how large a layer is."""
    for name in ("filters", "pool_size", "rate", "units"):
        if hasattr(layer, name):
            return getattr(layer, name)
    return None


# The models


@pytest.mark.parametrize("name", MODELS)
def test_number_of_parameters(name):
    model = build_model(name, seed=0)
    assert model.count_params() == PARAMETERS[name]
    assert model.count_params() == sum(weight.size for weight in model.get_weights())
    assert model.input_shape == (None, MODELS[name].image_size, MODELS[name].image_size, 1)
    assert model.output_shape == (None, 1)


@pytest.mark.parametrize("name", CHAINS)
def test_layers_of_the_chains(name):
    model = build_model(name, seed=0)
    shapes = [node.output.sample_shape for node in model.graph.nodes if node.inputs]
    found = [
        (type(layer).__name__, size_of(layer), shape)
        for layer, shape in zip(model.layers, shapes, strict=True)
    ]
    assert found == CHAINS[name]
    activations = [
        layer.activation.kind if layer.activation else None
        for layer in model.layers
        if layer.params
    ]
    assert activations == ["relu"] * (len(activations) - 1) + ["sigmoid"]


def test_branches_of_reduced_inception():
    model = build_model("reduced_inception", seed=0)
    concatenation = next(
        node for node in model.graph.nodes if isinstance(node.layer, layers.Concatenate)
    )
    found = []
    for tensor in concatenation.inputs:
        branch = []
        node = tensor.node
        while node.inputs:
            window = getattr(node.layer, "kernel_size", getattr(node.layer, "pool_size", None))
            branch.append((type(node.layer).__name__, window, node.output.sample_shape))
            node = node.inputs[0].node
        found.append(branch[::-1])
    image, flat = (150, 150, 1), ("Flatten", None, (22500,))
    assert found == [
        [("Conv2D", (7, 7), image), flat],
        [("Conv2D", (1, 1), image), ("Conv2D", (3, 3), image), flat],
        [("Conv2D", (1, 1), image), ("Conv2D", (5, 5), image), flat],
        [("MaxPooling2D", (4, 4), image), ("Conv2D", (1, 1), image), flat],
    ]
    kinds = {layer.activation.kind for layer in model.layers if isinstance(layer, layers.Conv2D)}
    assert kinds == {"relu"}
    assert concatenation.output.sample_shape == (90_000,)
    assert model.layers[-1].activation.kind == "sigmoid"


def test_compact_cnn_ends_with_the_most_of_each_map():
    model = build_model("compact_cnn", seed=0)
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [8, 16, 32, 32]
    assert convolutions[-1].output.sample_shape == (15, 15, 32)
    ends = [(type(layer).__name__, layer.output.sample_shape) for layer in model.layers[-4:]]
    assert ends == [
        ("AveragePooling2D", (13, 13, 32)),
        ("GlobalMaxPooling2D", (32,)),
        ("Dropout", (32,)),
        ("Dense", (1,)),
    ]


@pytest.mark.parametrize("pull", [False, True])
def test_inception_block(pull, rng):
    inputs = layers.Input((12, 10, 3))
    found = inception_block(inputs, 4, 6, 2, 3, 1, 5, pull=pull)
    output, pooled = found if pull else (found, None)
    assert output.sample_shape == (12, 10, 4 + 6 + 2 + 5)
    model = models.Model(inputs, [output, pooled] if pull else output, seed=0)
    counts = [4 * 3 + 4, 3 * 3 + 3, 6 * 9 * 3 + 6, 1 * 3 + 1, 2 * 25 * 1 + 2, 5 * 3 + 5]
    assert model.count_params() == sum(counts)
    x = rng.random((2, 12, 10, 3), dtype=np.float32)
    y = model.predict(x)
    if pull:
        y, pooled_y = y
        np.testing.assert_array_equal(pooled_y, y[..., -5:])  # the block's last channels
    assert y.shape == (2, 12, 10, 17) and y.min() >= 0 and y.max() > 0


def test_an_unknown_model_is_named():
    with pytest.raises(ValueError, match="cnn, cnn_dropout, tiny_cnn, reduced_inception.*'vgg'"):
        build_model("vgg")


def test_other_image_sizes_and_channels():
    model = build_model("tiny_cnn", input_shape=(20, 31, 3), seed=0)
    assert model.input_shape == (None, 20, 31, 3)
    assert model.count_params() == (9 * 3 * 6 + 6) + (9 * 14 * 6 * 2 + 2) + 3


@pytest.mark.parametrize("name", ["cnn_dropout", "reduced_inception"])
def test_weights_follow_from_the_seed(name):
    shape = (24, 24, 1)
    one, same, other = (build_model(name, input_shape=shape, seed=s) for s in (5, 5, 6))
    assert_same(one.get_weights(), same.get_weights())
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        assert a.ndim == 1 or not np.array_equal(a, b)  # biases are 0 in both
        assert a.dtype == np.float32
    unseeded = [build_model(name, input_shape=shape) for _ in range(2)]
    assert unseeded[0].seed != unseeded[1].seed
