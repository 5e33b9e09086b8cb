"""minicnn.saliency: Grad-CAM, occlusion, receptive fields, the input that excites a filter.

Numbers worked out by hand, numerical gradients, and images of which it is known where the answer
is. The sanity check is in `test_randomisation`.
"""

import functools

import numpy as np
import pytest
from shape_grid import spread_out

from covid.models import MODELS, build_model, inception_block
from minicnn import layers, models, use_backend
from minicnn.saliency import (
    activation_maximization,
    grad_cam,
    last_feature_maps,
    logits_of,
    occlusion,
    receptive_field,
    recommend_method,
    sanity_check,
    share_inside,
)
from minicnn.saliency.heatmap import upsample
from minicnn.saliency.passes import logit_gradients, run_layers

pytestmark = pytest.mark.usefixtures("one_thread")


def branching(dtype=np.float64, seed=3):
    """Branches of a stem, two outputs of which one goes on, 'same' padding, strides."""
    x = layers.Input((9, 8, 1))
    stem = layers.Conv2D(4, 3, activation="relu", padding="same", name="stem")(x)
    left = layers.Conv2D(2, (2, 3), strides=2, padding="same", activation="relu", name="left")(stem)
    pooled = layers.MaxPooling2D(2, padding="same", name="pooled")(stem)
    right = layers.Conv2D(3, 1, activation="sigmoid", name="right")(pooled)
    flat = layers.Flatten()(layers.Concatenate(name="joined")([left, right]))
    hidden = layers.Dense(3, name="hidden")(layers.Dropout(0.5)(flat))
    first = layers.Dense(2, activation="sigmoid", name="first")(hidden)
    second = layers.Dense(1, name="second")(layers.Concatenate()([first, hidden]))
    return models.Model(x, [first, layers.Sigmoid()(second)], seed=seed).astype(dtype)


X = spread_out((9, 8, 1))


# Grad-CAM


def by_hand():
    """Two 1x1 filters, +1 and -1, on a 2x2 image, flattened into one unit."""
    model = models.Sequential(
        [
            layers.Conv2D(2, 1, activation="relu", input_shape=(2, 2, 1)),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    conv, _, dense = model.layers
    conv.params["kernel"][...] = np.array([1.0, -1.0]).reshape(1, 1, 1, 2)
    # Both filters' weights at (0, 0), (0, 1), (1, 0), (1, 1)
    dense.params["kernel"][...] = np.array([[1, 2], [3, -2], [5, 2], [-1, 2]]).reshape(8, 1)
    dense.params["bias"][...] = 0.5
    return model


IMAGE_BY_HAND = np.array([[1.0, -2.0], [0.5, 3.0]]).reshape(2, 2, 1)


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


@functools.cache
def published(name):
    return build_model(name, seed=0)


# The largest takes a second to build.
SMALLER = [name for name in MODELS if name != "cnn"]


def test_the_last_feature_maps_of_the_published_models():
    names = {
        name: [tensor.node.layer.name for tensor in last_feature_maps(published(name))]
        for name in SMALLER
    }
    assert names["tiny_cnn"] == ["conv2d"]
    assert names["cnn_dropout"] == ["conv2d_1"]
    assert len(names["reduced_inception"]) == 4


def test_the_last_feature_maps_of_an_inception_block():
    """Joined and flattened: those of its four branches; those of a convolution, where one follows."""
    x = layers.Input((16, 16, 1))
    block = layers.Flatten()(inception_block(x, 2, 2, 2, 1, 1, 2))
    assert len(last_feature_maps(models.Model(x, layers.Dense(1)(block)))) == 4
    behind = layers.Conv2D(3, 3, name="behind")(inception_block(x, 2, 2, 2, 1, 1, 2))
    model = models.Model(x, layers.Dense(1)(layers.Flatten()(behind)))
    assert [tensor.node.layer.name for tensor in last_feature_maps(model)] == ["behind"]


def test_both_backends_agree():
    model = branching(np.float32)
    found = {}
    for name in ("naive", "numba"):
        with use_backend(name):
            heats = (
                grad_cam(model, X),
                occlusion(model, X, 3),
                occlusion(model, X, of="probability"),
            )
            found[name] = [array for heat in heats for array in (heat.values, heat.on_image)]
            found[name].append(activation_maximization(model, "left", 1, 5).x)
    for naive, compiled in zip(*found.values(), strict=True):
        np.testing.assert_allclose(naive, compiled, rtol=1e-3, atol=1e-5)


def test_upsampling_by_hand():
    """One row: 0 stands on pixel 1, 4 on pixel 5; in between it rises by 1 a pixel."""
    found = upsample(np.array([[0.0, 4.0]]), (2, 7), (0.5, 1), (1, 4))
    np.testing.assert_allclose(found, [[0, 0, 1, 2, 3, 4, 4]] * 2)


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


# Receptive fields and the rule


@pytest.mark.parametrize("name", ["stem", "left", "pooled", "right", "joined"])
def test_a_unit_sees_its_receptive_field_and_nothing_else(name):
    """Every pixel is changed once: which pixels change a unit in the middle?"""
    model = branching()
    model.get_layer("stem").activation = model.get_layer("left").activation = None  # no kinks
    field = receptive_field(model, name)
    tensor = model.get_layer(name).output
    unit = tuple(size // 2 for size in tensor.sample_shape[:2])
    before = run_layers(model, X[None])[tensor][0][unit].copy()
    seen = np.zeros((9, 8), bool)
    for place in np.ndindex(9, 8):
        x = X.copy()
        x[place] += 50  # a pooling passes its largest number on only
        lower = X.copy()
        lower[place] -= 50
        seen[place] = any(
            (run_layers(model, one[None])[tensor][0][unit] != before).any() for one in (x, lower)
        )
    rows, cols = np.nonzero(seen)
    for axis, places in enumerate((rows, cols)):
        centre = field.start[axis] + unit[axis] * field.step[axis]
        low, high = centre - (field.size[axis] - 1) / 2, centre + (field.size[axis] - 1) / 2
        assert places.min() == max(low, 0) and places.max() == min(high, (8, 7)[axis])


def test_receptive_fields_by_hand():
    """3, behind the pooling 4, behind the second convolution 4 + 2 * 2 = 8, every 2 pixels."""
    model = published("cnn_dropout")
    convolution, pooling = model.layers[0].name, model.layers[1].name
    assert receptive_field(model, convolution).size == (3, 3)
    assert receptive_field(model, pooling).size == (4, 4)
    assert receptive_field(model, "conv2d_1") == ((8, 8), (2, 2), (3.5, 3.5))
    inception = published("reduced_inception")
    sizes = [receptive_field(inception, one).size[0] for one in last_feature_maps(inception)]
    assert sizes == [7, 3, 5, 4]


def deep(filters=8, side=40):
    return models.Sequential(
        [
            layers.Conv2D(filters, 3, activation="relu", input_shape=(side, side, 1)),
            layers.MaxPooling2D(2),
            layers.Conv2D(filters, 3, activation="relu", name="last"),
            layers.AveragePooling2D((side - 2) // 2 - 2),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=5,
    )


def test_the_rule_looks_at_receptive_field_and_filters():
    assert {recommend_method(published(name)).method for name in SMALLER} == {"occlusion"}
    tiny = recommend_method(published("tiny_cnn"))
    assert tiny.field.size == (3, 3) and tiny.share == 3 / 150 and tiny.filters == 6
    assert "3 x 3 of 150 x 150" in tiny.reason
    assert recommend_method(deep()).method == "grad-cam"  # 8 of 40 pixels, 8 filters
    assert recommend_method(deep(filters=7)).method == "occlusion"
    assert recommend_method(deep(side=82)).method == "occlusion"  # 8 of 82 pixels
    dense = models.Sequential([layers.Flatten(input_shape=(4, 4, 1)), layers.Dense(1)])
    assert recommend_method(dense)[:3] == ("occlusion", [], None)


# Occlusion


def looks_at_a_corner():
    """logit = sum of the 3x3 pixels at the top left corner, and 7."""
    model = models.Sequential(
        [
            layers.Conv2D(1, 1, use_bias=False, input_shape=(9, 12, 1)),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    weights = np.zeros((9, 12))
    weights[:3, :3] = 1
    model.layers[0].params["kernel"][...] = 1
    model.layers[2].params["kernel"][...] = weights.reshape(-1, 1)
    model.layers[2].params["bias"][...] = 7
    return model


def test_occlusion_lights_the_corner_that_counts(backend):
    x = np.full((9, 12, 1), 0.5)
    heat = occlusion(looks_at_a_corner(), x, size=3, stride=3, value=0)
    expected = np.zeros((3, 4))
    expected[0, 0] = 4.5  # nine pixels of 0.5 become 0
    np.testing.assert_allclose(heat.values, expected, atol=1e-5)
    np.testing.assert_allclose(heat.on_image, np.kron(expected, np.ones((3, 3))), atol=1e-5)
    assert heat.logit == pytest.approx(11.5)
    mask = np.zeros((9, 12), bool)
    mask[:3, :3] = True
    assert share_inside(heat.on_image, mask) == pytest.approx(1)


def test_occlusion_of_the_probability_and_of_single_pixels():
    x = np.full((9, 12, 1), 0.5)
    heat = occlusion(looks_at_a_corner(), x, size=1, value=1, of="probability")
    sigmoid = [1 / (1 + np.exp(-z)) for z in (11.5, 12.0)]
    assert heat.values.shape == (9, 12)
    np.testing.assert_allclose(heat.values[:3, :3], sigmoid[0] - sigmoid[1], rtol=1e-2)
    assert not heat.values[3:].any() and not heat.values[:, 3:].any()


def test_what_is_covered_becomes_the_mean_and_every_pixel_is_covered():
    x = np.zeros((9, 12, 1))
    x[5:] = 1  # mean 4 / 9
    heat = occlusion(looks_at_a_corner(), x, size=(4, 5), stride=(4, 4))
    assert heat.values.shape == (3, 3)  # rows from 0, 4, 5; columns from 0, 4, 7
    np.testing.assert_allclose(heat.values[0], [-4, 0, 0], atol=1e-5)  # nine pixels, 0 to 4 / 9
    # Pixels covered twice have the mean of two drops: columns 4, of patches from 0 and from 4.
    np.testing.assert_allclose(heat.on_image[0, 3:6], [-4, -2, 0], atol=1e-5)


def test_a_saturated_model_still_has_logits():
    """With a logit of 200 the probability is 1 in every bit, and says nothing of a patch."""
    model = looks_at_a_corner()
    model.layers[2].params["bias"][...] = 200
    x = np.full((9, 12, 1), 0.5)
    assert model.predict(x[None])[0, 0] == 1
    assert logits_of(model, x[None])[0] == pytest.approx(204.5)
    assert occlusion(model, x, 3, 3, 0).values[0, 0] == pytest.approx(4.5, rel=1e-4)
    assert not occlusion(model, x, 3, 3, 0, of="probability").values.any()
    assert grad_cam(model, x).values.any()


def test_share_inside():
    assert share_inside([[1, -1], [2, 0]], [[True, True], [False, False]]) == 0.5
    assert np.isnan(share_inside(np.zeros((2, 2)), np.ones((2, 2))))


# A trained model of which it is known what it looks at


@pytest.fixture(scope="module")
def marked():
    """Noise; half of the images have a bright square at the bottom right: a shortcut."""
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 24, 24, 1)) * 0.5, np.arange(64) % 2
    x[y == 1, 16:22, 15:21] += 0.5
    return x.astype(np.float32), y


MARKER = np.zeros((24, 24), bool)
MARKER[15:23, 14:22] = True  # with the pixels around it that a patch or filter sees, too


def trained_on(data, epochs, *chain):
    model = models.Sequential(list(chain), seed=2)
    model.compile("adam", "binary_crossentropy", ["acc"])
    model.optimizer.learning_rate = 0.01
    model.fit(*data, batch_size=16, epochs=epochs, verbose=0)
    assert model.evaluate(*data, verbose=0, return_dict=True)["acc"] == 1
    return model


def test_occlusion_finds_the_marker_that_a_shallow_model_has_learned(marked):
    model = trained_on(
        marked,
        8,
        layers.Conv2D(4, 3, activation="relu", input_shape=(24, 24, 1)),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(1, activation="sigmoid"),
    )
    heat = occlusion(model, marked[0][1], size=6, stride=3)
    assert share_inside(heat.on_image, MARKER) > 3 * MARKER.mean()
    row, col = np.unravel_index(heat.on_image.argmax(), (24, 24))
    assert MARKER[row, col]


def test_grad_cam_finds_the_marker_that_a_deeper_model_has_learned(marked):
    model = trained_on(
        marked,
        40,
        layers.Conv2D(8, 3, activation="relu", input_shape=(24, 24, 1)),
        layers.MaxPooling2D(2),
        layers.Conv2D(8, 3, activation="relu"),
        layers.AveragePooling2D(9),
        layers.Flatten(),
        layers.Dense(1, activation="sigmoid"),
    )
    assert recommend_method(model).method == "grad-cam"
    check = sanity_check(model, marked[0][1])
    assert check.passed, check.verdict
    heat = check.heat
    assert heat.method == "Grad-CAM"
    assert share_inside(heat.on_image, MARKER) > 3 * MARKER.mean()
    row, col = np.unravel_index(heat.on_image.argmax(), (24, 24))
    assert MARKER[row, col]


# Inputs that excite


def test_an_excited_filter_is_excited_and_its_input_within_bounds(backend):
    model = branching(np.float32)
    for bounds in ((0.0, 1.0), (-3.0, 3.0)):
        found = activation_maximization(model, "left", 0, 4, seed=1, bounds=bounds, contrast=0.3)
        assert max(found.activations) > 1.1 * found.activations[0]
        assert len(found.activations) == 5
        assert found.x.shape == (9, 8, 1) and found.x.dtype == np.float32
        low, high = bounds
        assert low <= found.x.min() and found.x.max() <= high
        distance = np.sqrt(np.mean((found.x - (low + high) / 2.0) ** 2))
        assert distance <= 0.3 * (high - low) * 1.0001
        again = activation_maximization(model, "left", 0, 4, seed=1, bounds=bounds, contrast=0.3)
        np.testing.assert_array_equal(found.x, again.x)
        values = run_layers(model, found.x[None])[model.get_layer("left").output]
        assert values[..., 0].mean() == pytest.approx(max(found.activations), rel=1e-5)
    other = activation_maximization(model, "left", 0, 1, seed=2)
    assert (other.x != activation_maximization(model, "left", 0, 1, seed=3).x).any()


def test_the_best_input_of_a_linear_filter_is_known():
    """Of one 3x3 unit on a 3x3 image it is the kernel itself, as long as the sphere allows."""
    model = models.Sequential([layers.Conv2D(1, 3, input_shape=(3, 3, 1)), layers.Flatten()])
    kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float32)
    model.layers[0].params["kernel"][:, :, 0, 0] = kernel
    found = activation_maximization(model, model.layers[0], 0, 60, contrast=0.1, step_size=0.1)
    expected = 0.5 + 0.1 * 3 * kernel / np.linalg.norm(kernel)  # 3 = sqrt(nine numbers)
    np.testing.assert_allclose(found.x[:, :, 0], expected, atol=0.01)


def test_a_filter_that_relu_silences_is_woken():
    """Its weights sum to -1: gray noise never wakes it, its own pattern does."""
    model = models.Sequential([layers.Conv2D(1, 3, activation="relu", input_shape=(12, 12, 1))])
    (layer,) = model.layers
    layer.params["kernel"][:, :, 0, 0] = [[0, 0, 0], [-1, 1, -1], [0, 0, 0]]
    layer.params["bias"][...] = -0.2
    found = activation_maximization(model, layer, 0, 30, contrast=0.3, seed=4)
    assert max(found.activations) > found.activations[0]
    silent = models.Sequential([layers.Conv2D(1, 3, activation="relu", input_shape=(6, 6, 1))])
    silent.layers[0].params["kernel"][...] = -1
    assert activation_maximization(silent, silent.layers[0], 0, 3).activations == [0] * 4


# What cannot be done is said


def sequence_model():
    return models.Sequential([layers.Dense(1, input_shape=(4,))])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: grad_cam(by_hand(), np.zeros((3, 2, 1))), "expected input of shape"),
        (lambda: grad_cam(by_hand(), np.zeros((2, 2, 2, 1))), "expected one image, got 2"),
        (lambda: grad_cam(sequence_model(), np.zeros(4)), "one input of shape"),
        (lambda: grad_cam(by_hand(), IMAGE_BY_HAND, output=1), r"number of a logit in \[0, 1\)"),
        (lambda: grad_cam(by_hand(), IMAGE_BY_HAND, "conv"), "expected the name of a layer"),
        (lambda: grad_cam(branching(), X, "hidden"), "expected a layer with an output"),
        (lambda: grad_cam(branching(), X, ["stem", "left"]), "maps of one size"),
        (lambda: grad_cam(branching(), X, []), "maps of one size, got none"),
        (lambda: receptive_field(by_hand(), branching().get_layer("left").output), "Tensor"),
        (lambda: recommend_method(by_hand(), 1), "number of a logit"),
        (lambda: recommend_method(sequence_model()), "one input of shape"),
        (lambda: occlusion(by_hand(), IMAGE_BY_HAND, 3), "patches inside of 2 x 2 pixels"),
        (lambda: occlusion(by_hand(), IMAGE_BY_HAND, 1, 2), "steps no larger than a patch"),
        (lambda: occlusion(by_hand(), IMAGE_BY_HAND, of="loss"), "expected of"),
        (lambda: activation_maximization(branching(), "left", 2), r"expected a filter in \[0, 2\), got 2"),
        (lambda: activation_maximization(branching(), "left", 0, bounds=(1, 0)), "in this order"),
        (lambda: activation_maximization(branching(), "left", 0, contrast=0.6), r"contrast in \(0, 0.5\]"),
        (lambda: activation_maximization(branching(), "left", 0, 0), "steps"),
        (lambda: share_inside(np.zeros((2, 2)), np.zeros((2, 3))), "mask of the heat map's shape"),
        (lambda: last_feature_maps(models.Sequential(
            [layers.Flatten(input_shape=(4, 4, 1)), layers.Dense(1)])), "with a convolution"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_model_without_shapes_is_not_built():
    with pytest.raises(ValueError, match="not built"):
        occlusion(models.Sequential([layers.Conv2D(1, 3), layers.Flatten()]), X)
