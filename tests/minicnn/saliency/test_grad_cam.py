"""Grad-CAM: by hand, by differences, by its two equations, on the published models."""

import numpy as np
import pytest
from saliency_models import IMAGE_BY_HAND, SMALLER, X, branching, by_hand, published

from covid.training.architectures import inception_block
from minicnn import layers, models, use_backend
from minicnn.saliency import (
    activation_maximization,
    grad_cam,
    last_feature_maps,
    occlusion,
)
from minicnn.saliency.heatmap import upsample
from minicnn.saliency.passes import logit_gradients, run_layers

pytestmark = pytest.mark.usefixtures("one_thread")


def test_grad_cam_by_hand(backend):
    """maps: filter 0 [[1, 0], [0.5, 3]], filter 1 [[0, 2], [0, 0]]; d logit / d maps: the weights.

    alpha = mean(1, 3, 5, -1), mean(2, -2, 2, 2) = 2, 1
    """
    heat = grad_cam(by_hand(), IMAGE_BY_HAND)
    np.testing.assert_allclose(heat.values, [[2, 2], [1, 6]], rtol=1e-6)
    np.testing.assert_allclose(heat.on_image, heat.values, rtol=1e-6)
    assert heat.logit == pytest.approx(1 * 1 + 2 * -2 + 0.5 * 5 + 3 * -1 + 0.5)
    assert (heat.method, heat.source) == ("Grad-CAM", by_hand().layers[0].name)


def test_grad_cam_shows_what_raises_the_logit_only():
    model = by_hand()
    model.layers[2].params["kernel"] *= -1
    assert not grad_cam(model, IMAGE_BY_HAND).values.any()


@pytest.mark.parametrize("name", ["stem", "left", "pooled", "right", "joined"])
@pytest.mark.parametrize("output", [0, 1, 2])
def test_gradients_inside_agree_with_differences(name, output, backend):
    """d logit / d (output of a layer), against moving its numbers (or 40 of them) up and down.

    The stem has no relu here: of the equal zeros that it makes, a pooling has no derivative.
    """
    model = branching()
    model.get_layer("stem").activation = None
    tensor = model.get_layer(name).output
    values = run_layers(model, X[None])
    (found,) = logit_gradients(model, values, output, [tensor])
    values = {key: array.copy() for key, array in values.items()}
    places = np.array(list(np.ndindex(values[tensor].shape)))
    chosen = np.random.default_rng(0).permutation(places)[:40]
    step, expected = 1e-5, []
    for index in map(tuple, chosen):
        sides = []
        for sign in (1, -1):
            moved = values[tensor].copy()
            moved[index] += sign * step
            sides.append(logit_behind(model, {**values, tensor: moved}, tensor, output))
        expected.append((sides[0] - sides[1]) / (2 * step))
    np.testing.assert_allclose(found[tuple(chosen.T)], expected, rtol=1e-6, atol=1e-8)
    assert np.abs(expected).max() > 1e-3


def logit_behind(model, values, tensor, output):
    """The logit when all that depends on a tensor is computed anew from it."""
    changed = {tensor}
    for node in model.graph.nodes:
        if node.output is not tensor and changed & set(node.inputs):
            values[node.output] = node.layer.forward(node.pick([values[t] for t in node.inputs]))
            changed.add(node.output)
    first, second = (values[one] for one in model.outputs)
    p = [*first[0], *second[0]][output]
    return np.log(p / (1 - p))


def test_grad_cam_is_its_two_equations_also_for_branches(backend):
    model = branching()
    heat = grad_cam(model, X, output=2)
    tensors = [model.get_layer(name).output for name in ("left", "right")]
    assert last_feature_maps(model, 2) == tensors and heat.source == "left, right"
    values = run_layers(model, X[None])
    expected = 0
    for tensor, gradient in zip(tensors, logit_gradients(model, values, 2, tensors), strict=True):
        for k in range(tensor.sample_shape[2]):
            expected = expected + gradient[0, :, :, k].mean() * values[tensor][0, :, :, k]
    np.testing.assert_allclose(heat.values, np.maximum(expected, 0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(heat.values, grad_cam(model, X, "joined", 2).values, rtol=1e-12)
    np.testing.assert_allclose(
        heat.values, grad_cam(model, X, ["left", "right"], 2).values, rtol=1e-12
    )


def test_the_last_feature_maps_of_the_published_models():
    names = {
        name: [tensor.node.layer.name for tensor in last_feature_maps(published(name))]
        for name in SMALLER
    }
    assert names["tiny_cnn"] == ["conv2d"]
    assert names["cnn_dropout"] == ["conv2d_1"]
    assert names["compact_cnn"] == ["conv2d_3"]
    assert len(names["reduced_inception"]) == 4


def test_the_last_feature_maps_of_an_inception_block():
    """Joined and flattened: those of its four branches; those of a convolution, where one follows."""
    x = layers.Input((16, 16, 1))
    block = layers.Flatten()(inception_block(x, 2, 2, 2, 1, 1, 2))
    assert len(last_feature_maps(models.Model(x, layers.Dense(1)(block)))) == 4
    behind = layers.Conv2D(3, 3, name="behind")(inception_block(x, 2, 2, 2, 1, 1, 2))
    model = models.Model(x, layers.Dense(1)(layers.Flatten()(behind)))
    assert [tensor.node.layer.name for tensor in last_feature_maps(model)] == ["behind"]


def test_upsampling_by_hand():
    """0 stands on column 1, 4 on column 5, both half a pixel from either row: 2, and less aside."""
    found = upsample(np.array([[0.0, 4.0]]), (2, 11), (0.5, 1), (1, 4))
    np.testing.assert_allclose(found, [[0, 0, 0.5, 1, 1.5, 2, 1.5, 1, 0.5, 0, 0]] * 2)


def test_grad_cam_on_the_image_stands_where_the_layer_saw_it():
    """A single bright pixel, a filter that copies, a pooling of 4: the peak is in its window."""
    model = models.Sequential(
        [
            layers.Conv2D(1, 3, activation="relu", input_shape=(22, 22, 1)),
            layers.MaxPooling2D(4),
            layers.Conv2D(1, 1),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    for layer in (0, 2, 4):
        model.layers[layer].params["kernel"][...] = 1
    x = np.zeros((22, 22, 1))
    x[14, 7] = 1
    heat = grad_cam(model, x)
    row, col = np.unravel_index(heat.on_image.argmax(), (22, 22))
    assert abs(row - 14) <= 3 and abs(col - 7) <= 3
    assert heat.values.shape == (5, 5) and heat.on_image.max() <= heat.values.max()


def test_all_backends_agree():
    model = branching(np.float32)
    found = {}
    for name in ("naive", "numpy", "numba"):
        with use_backend(name):
            heats = (
                grad_cam(model, X),
                occlusion(model, X, 3),
                occlusion(model, X, of="probability"),
            )
            found[name] = [array for heat in heats for array in (heat.values, heat.on_image)]
            found[name].append(activation_maximization(model, "left", 1, 5).x)
    for naive, in_numpy, compiled in zip(*found.values(), strict=True):
        np.testing.assert_allclose(naive, in_numpy, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(naive, compiled, rtol=1e-3, atol=1e-5)
