"""The numeric gradient beside a gradient: what it says of errors, corners and dropout."""

import numpy as np
import pytest
from inspected_models import every_gradient, images

from minicnn import kernels, layers, models
from minicnn.inspection import explain_gradient, gradients_of
from minicnn.inspection.gradients import lost_digits
from minicnn.inspection.passes import run_passes

pytestmark = pytest.mark.usefixtures("one_thread")
X, Y = images(2), np.array([1.0, 0.0])
WRONG = "the two differ: the backward pass of this layer or of one behind it is wrong"


@pytest.mark.parametrize("kernel", ["avgpool2d_grad_input", "maxpool2d_grad_input"])
def test_an_error_in_a_kernel_behind_a_layer_is_seen(kernel, backend, monkeypatch):
    right = getattr(kernels.active(), kernel)
    monkeypatch.setattr(kernels.active(), kernel, lambda *given: 1.5 * right(*given))
    found = explain_gradient(every_gradient(), X, Y, "stem", "bias")
    assert not found.agrees and not found.slope.bends
    assert abs(found.value - found.numeric) > 0.005 * abs(found.value)
    assert WRONG in str(found)
    assert WRONG not in str(explain_gradient(every_gradient(), X, Y, "bare"))  # behind the error


@pytest.mark.parametrize(
    ("kernel", "layer", "of"),
    [
        ("conv2d_grad_kernel", "stem", "kernel"),
        ("conv2d_grad_input", "bare", "input"),
        ("grad_bias", "stem", "bias"),
        ("dense_grad_kernel", "hidden", "kernel"),
        ("dense_grad_input", "hidden", "input"),
        ("maxpool2d_grad_input", "pooled", "input"),
        ("avgpool2d_grad_input", "average", "input"),
        ("relu_grad_input", "stem", "activation"),
        ("sigmoid_grad_input", "twice", "activation"),
    ],
)
def test_an_error_in_a_layer_s_own_kernel_is_named(kernel, layer, of, monkeypatch):
    """The parts do not give what it made, and the slope says that the parts are right."""
    with kernels.use_backend("numpy"):
        right = getattr(kernels.active(), kernel)
        monkeypatch.setattr(kernels.active(), kernel, lambda *given: right(*given) * 1.01)
        with pytest.raises(RuntimeError, match=f"{layer}: the parts give .* the slope of the loss"):
            explain_gradient(every_gradient(), X, Y, layer, of)


def test_a_step_is_made_smaller_where_the_loss_bends_within_it():
    first = layers.Dense(1, activation="relu", input_shape=(1,))
    model = models.Sequential([first, layers.Dense(1, activation="sigmoid")])
    model.astype(np.float64).compile()
    model.set_weights([[[1]], [0.5], [[2]], [0]])
    for z, eps in ((1e-4, 1e-5), (5e-6, 1e-6), (5e-7, 1e-7)):
        found = explain_gradient(model, np.array([z - 0.5]), 1, "dense", "activation")
        assert (found.slope.eps, found.slope.bends, found.agrees) == (eps, {}, True)
    found = explain_gradient(model, np.array([-0.5]), 1, "dense", "activation")
    assert (found.slope.eps, found.slope.bends) == (1e-5, {"relu": 1})


def test_a_corner_that_changes_nothing_is_not_spoken_of():
    """A black image: all windows tie, and a bias moves all of them alike."""
    model = models.Sequential(
        [
            layers.Conv2D(2, 3, input_shape=(8, 8, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=1,
    )
    model.compile()
    found = explain_gradient(model, np.zeros((8, 8, 1)), 1, "conv2d", "bias")
    assert found.agrees and "differ" not in str(found) and "bends" not in str(found)


def test_a_mask_of_dropout_is_the_next_step_s_and_the_same_in_all_runs():
    model = every_gradient()
    model.train_on_batch(X, Y)
    dropped = model.get_layer("dropped")
    found = explain_gradient(model, X, Y, "dropped", "input", training=True)
    assert dropped.step == 1 and found.agrees
    dropped.forward(np.ones((2, *dropped.input_shape)), training=True)
    keep = dropped.cache.keep.reshape(2, -1)
    for index in np.ndindex(keep.shape):
        dropped.step = 1
        one = explain_gradient(model, X, Y, "dropped", "input", index, training=True)
        assert one.factor == (keep[index] / 0.7 if keep[index] else 0)
        assert one.agrees


def test_a_gradient_that_is_not_a_number_says_so():
    model = every_gradient()
    x = X.copy()
    x[0, 0, 0] = np.nan
    found = explain_gradient(model, x, Y, "stem", "kernel", (0, 0, 0, 0))
    assert np.isnan([found.value, found.result, found.numeric]).all()
    assert "nan" in str(found)
    for layer in model.layers:
        for of in gradients_of(layer):
            assert "nan" in str(explain_gradient(model, x, Y, layer, of))


def test_where_a_model_is_sure_float32_has_few_digits_of_p_minus_y():
    """No accusation then: p - y is 2e-5 and its rounding 1e-3 of it; a wrong kernel is still seen."""
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(2,))], seed=0)
    model.compile("sgd")
    x = np.array([0.7, -1.3], np.float32)
    for bias in np.linspace(9, 12, 31):
        model.set_weights([np.array([[0.3], [0.2]]), np.array([bias])])
        found = explain_gradient(model, x, 1, "dense", "kernel", (0, 0))
        assert found.agrees, found
        slope = found.slope
        assert not slope.agrees(1.5 * found.value, 0, np.float32, lost_digits_of(model, x))


def lost_digits_of(model, x):
    return lost_digits(run_passes(model, x, 1, training=False))
