"""`trace_gradients` and `explain_gradient`: the parts, the backward pass and the loss agree."""

import numpy as np
import pytest
from inspected_models import every_gradient, images

from minicnn import layers, models
from minicnn.inspection import (
    explain_gradient,
    gradient_summary,
    gradient_table,
    gradients_of,
    trace_gradients,
)
from minicnn.losses import BinaryCrossentropy

pytestmark = pytest.mark.usefixtures("one_thread")
X, Y = images(2), np.array([1.0, 0.0])


@pytest.fixture
def model():
    return every_gradient()


def state(model) -> list[bytes]:
    """The bits of all that a training step would change."""
    slots = [array for by_name in model.optimizer.slots.values() for array in by_name.values()]
    steps = [layer.step for layer in model.layers if hasattr(layer, "step")]
    counted = np.array([model.optimizer.iterations, *steps])
    grads = [array for layer in model.layers for array in layer.grads.values()]
    return [array.tobytes() for array in [*model.get_weights(), *slots, *grads, counted]]


@pytest.mark.parametrize(
    ("samples", "training"), [pytest.param(1, False, marks=pytest.mark.slow), (2, True)]
)
def test_numbers_of_every_gradient_of_every_layer(model, backend, samples, training):
    x, y, before = X[:samples], Y[:samples], state(model)
    way, bent, checked = {"training": training}, 0, 0
    for layer in model.layers:
        for of in gradients_of(layer):
            most = explain_gradient(model, x, y, layer, of, **way)
            assert most.value != 0, f"{layer.name} {of}: nothing is tested"
            for position in some_places(model, x, y, layer, of, 2 if backend == "naive" else 6):
                found = explain_gradient(model, x, y, layer.name, of, position, **way)
                scale = abs(found.value) + 1e-3 * abs(most.value)
                assert abs(found.result - found.value) <= 1e-10 * scale, found
                checked += 1
                if found.slope.bends:  # a closed relu gives zeros, of which the largest is any
                    bent += 1
                else:
                    assert found.agrees, found
                    rounding = found.slope.rounding
                    assert abs(found.numeric - found.value) <= 1e-6 * scale + rounding, found
                assert found.position == position
                assert all(len(line) <= 80 for line in str(found).splitlines()), found
    assert bent < 0.2 * checked
    assert state(model) == before


def some_places(model, x, y, layer, of: str, most: int) -> list[tuple]:
    """Positions spread over a gradient: the first, the last and some between."""
    if of in layer.params:
        shape = layer.params[of].shape
    else:
        node = layer.nodes[0]
        shape = node.output.sample_shape
        if of == "input" and not layer.takes_list:
            shape = node.inputs[0].sample_shape
        shape = shape if len(x) == 1 else (len(x), *shape)
    places = list(np.ndindex(shape))
    chosen = np.unique(np.linspace(0, len(places) - 1, most).astype(int))
    return [places[number] for number in chosen]


@pytest.mark.parametrize("training", [False, True])
def test_the_gradients_are_those_of_a_training_step(backend, training):
    """In float32, and where kernels are compiled with layers that run as one."""
    model = every_gradient("sgd", np.float32)
    if not training:
        model.get_layer("dropped").rate = 0.0
    found = trace_gradients(model, X, Y, training=training)
    model.train_on_batch(X, Y)
    for layer in model.layers:
        for name, grad in layer.grads.items():
            np.testing.assert_allclose(found[layer.name][name], grad, rtol=1e-4, atol=1e-6)
            place = explain_gradient(model, X, Y, layer, name).position
            assert len(place) == grad.ndim


def test_trace_has_every_layer_in_running_order(model):
    found = trace_gradients(model, X, Y)
    computing = [layer.name for layer in model.layers if layer.name != "image"]
    assert [name for name in found if "use" not in name] == computing
    assert found["twice (use 2)"].keys() == {"output"}
    assert found["stem"].keys() == {"output", "kernel", "bias"}
    assert found["stem"]["output"].shape == (2, 9, 8, 4)
    for layer in model.layers[1:]:
        for of, gradient in found[layer.name].items():
            one = explain_gradient(model, X, Y, layer, of)
            assert abs(one.value) == np.abs(gradient).max()
            assert gradient[one.position] == one.value


def test_the_table_has_the_numbers():
    gradients = {"one": {"output": np.array([[1.0, -2.0, 4.0]]), "kernel": np.full((3, 2), 0.5)}}
    rows = [line.split() for line in gradient_table(gradients).splitlines()]
    assert rows[1] == ["one", "output", "(3,)", "-2", "1", "4"]
    assert rows[2] == ["one", "kernel", "(3,", "2)", "0.5", "0.5", "0.5"]
    assert gradient_summary(gradients)["one"]["kernel"] == {
        "shape": [3, 2],
        "min": 0.5,
        "mean": 0.5,
        "max": 0.5,
    }


def test_a_shared_layer_s_parameters_sum_over_its_uses(model):
    found = explain_gradient(model, X, Y, "twice", "kernel", (1, 2))
    assert len(found.uses) == 2
    assert found.value == pytest.approx(sum(use.sum for use in found.uses))
    lines = str(found).splitlines()
    assert "use 1 of the layer, sum over 2 samples of input x dz" in "\n".join(lines)
    sums = {line.split()[3]: line.split()[-1] for line in lines if "sum of use" in line}
    assert sums == {str(n): f"{use.sum:.4g}" for n, use in enumerate(found.uses, 1)}


def test_where_three_read_an_output_their_gradients_add_up(model):
    found = explain_gradient(model, X, Y, "bare", "output", (1, 2, 1, 0))
    assert {name for name, _ in found.parts} == {"flat", "most", "mean"}
    assert found.value == pytest.approx(sum(gradient for _, gradient in found.parts))
    text = str(found)
    assert all(f"from {name} " in text for name in ("flat", "most", "mean"))
    assert "= gradient, the sum over all that read it" in text


def test_one_sample_needs_no_batch_axis_and_gets_no_number(model):
    alone = explain_gradient(model, X[0], 1, "stem", "output", (3, 4, 1))
    batch = explain_gradient(model, X[:1], Y[:1], "stem", "output", (3, 4, 1))
    assert (str(alone), alone.sample, alone.position) == (str(batch), None, (3, 4, 1))
    two = explain_gradient(model, X, Y, "stem", "output", (1, 3, 4, 1))
    assert two.sample == 1
    assert "d loss / d output, sample 1, row 3, col 4, channel 1: " in str(two)


def test_two_outputs_with_weights_and_one_of_them_read_again():
    x = layers.Input((4,))
    hidden = layers.Dense(2, activation="sigmoid", name="hidden")(x)
    y = layers.Dense(1, activation="sigmoid", name="last")(hidden)
    model = models.Model(x, [hidden, y], seed=1).astype(np.float64)
    model.compile("sgd", loss_weights=[0.5, 2])
    inputs, labels = np.arange(8.0).reshape(2, 4) / 10, [np.array([[1.0, 0], [0, 1]]), np.ones(2)]
    for layer in ("hidden", "last"):
        for of in ("kernel", "bias", "input", "activation", "output"):
            found = explain_gradient(model, inputs, labels, layer, of)
            assert found.numeric == pytest.approx(found.value, rel=1e-6)
            assert found.agrees
    parts = dict(explain_gradient(model, inputs, labels, "hidden", "output").parts)
    assert parts.keys() == {"the loss", "last"}
    found = explain_gradient(model, inputs, labels, "last", "activation", (1, 0))
    assert found.value == pytest.approx(2 * (found.p - 1) / 2)


def test_float32_models_are_checked_in_float64():
    model = every_gradient(dtype=np.float32)
    found = explain_gradient(model, X, Y, "stem")
    assert found.value == np.float32(found.value)
    assert found.agrees and found.numeric == pytest.approx(found.value, rel=1e-4)
    assert {weights.dtype for weights in model.get_weights()} == {np.dtype(np.float32)}


def test_after_an_error_the_model_is_as_it_was(model, monkeypatch):
    before = state(model)
    calls = []

    def fails(y, z, w=1.0):
        calls.append(z)
        if len(calls) > 2:  # while a weight is moved
            raise ZeroDivisionError
        return right(y, z, w)

    right = model.losses[0].from_logits
    monkeypatch.setattr(model.losses[0], "from_logits", fails)
    with pytest.raises(ZeroDivisionError):
        explain_gradient(model, X, Y, "stem", "kernel", (0, 0, 0, 0))
    assert state(model) == before
    assert model.dtype == np.float64


@pytest.mark.parametrize(
    ("layer", "of", "position", "text"),
    [
        ("nowhere", None, None, "expected the name of a layer .*stem.*got 'nowhere'"),
        (layers.Dense(1), None, None, "dense is not a layer of this model"),
        ("flat", "kernel", None, "flat: expected of to be one of input, output, got 'kernel'"),
        ("bare", "activation", None, "bare: expected of to be one of kernel, input, output"),
        ("image", "input", None, "image: expected of to be one of output, got 'input'"),
        ("stem", "kernel", (3, 0, 0, 0), r"stem, kernel: expected a position \(a number for each"),
        (
            "stem",
            "output",
            (0, 0, 0),
            r"stem, output: .* \(sample, row, col, channel\) inside \(2,",
        ),
        ("last", "output", (2, 0), r"last, output: expected a position \(sample, unit\) inside"),
    ],
)
def test_places_that_do_not_exist(model, layer, of, position, text):
    with pytest.raises(ValueError, match=text):
        explain_gradient(model, X, Y, layer, of, position)


def test_labels_and_compile_are_needed(model):
    with pytest.raises(ValueError, match="score: expected labels, got none"):
        explain_gradient(model, X, None, "stem")
    with pytest.raises(ValueError, match=r"expected labels of shape \(2, 1\), got \(3,\)"):
        explain_gradient(model, X, [0, 1, 1], "stem")
    model.optimizer = None
    with pytest.raises(RuntimeError, match="example: call compile"):
        trace_gradients(model, X, Y)


def test_unknown_layers_are_refused():
    class Twice(layers.Layer):
        def output_shape(self, input_shape):
            return input_shape

        def compute(self, x, training):
            return 2 * x

        def compute_gradients(self, dy):
            return 2 * dy

    model = models.Sequential([Twice(input_shape=(2,))])
    model.compile()
    with pytest.raises(ValueError, match="twice: explain does not know layers of class Twice"):
        explain_gradient(model, np.full(2, 0.2), [1, 0], "twice", "input")
    assert trace_gradients(model, np.full(2, 0.2), [1, 0])["twice"]["output"].shape == (1, 2)


@pytest.mark.parametrize("arguments", [{"from_logits": True}, {"label_smoothing": 0.1}])
def test_losses_that_the_terms_do_not_show_are_refused(arguments):
    model = models.Sequential([layers.Dense(1, input_shape=(2,))], name="m", seed=0)
    model.compile("sgd", BinaryCrossentropy(**arguments))
    with pytest.raises(
        ValueError, match=r"m: expected the binary cross-entropy of labels .*got Bin"
    ):
        explain_gradient(model, np.ones((1, 2)), [1], "dense", "kernel", (0, 0))
