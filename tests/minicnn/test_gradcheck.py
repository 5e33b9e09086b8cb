"""The gradient checker: it notices wrong gradients, and does not cry at kinks.

Wrong gradients are planted by changing what a layer's `backward` returns or leaves behind.
"""

import numpy as np
import pytest
from shape_grid import spread_out

from minicnn import kernels, layers, models
from minicnn.gradcheck import GradientError, check_layer, check_model, numeric_gradient
from minicnn.gradcheck.__main__ import LAYERS, main

pytestmark = pytest.mark.usefixtures("one_thread")

RNG = np.random.default_rng(5)
IMAGES = spread_out((2, 5, 6, 2))
VECTORS = spread_out((4, 5))


def conv():
    return layers.Conv2D(2, (3, 3)), IMAGES


def wide_conv():
    return layers.Conv2D(8, 2, padding="same", activation="relu"), spread_out((1, 3, 4, 8))


def dense():
    return layers.Dense(5, activation="sigmoid"), VECTORS


def average():
    return layers.AveragePooling2D(2, strides=1), IMAGES


def maximum():
    return layers.MaxPooling2D(3, strides=2, padding="same"), IMAGES


def relu():
    return layers.ReLU(), VECTORS


def sigmoid():
    return layers.Sigmoid(), IMAGES


def dropout():
    return layers.Dropout(0.3, seed=2), IMAGES


def flatten():
    return layers.Flatten(), IMAGES


ALL = [conv, wide_conv, dense, average, maximum, relu, sigmoid, dropout, flatten]
WITH_PARAMS = [conv, wide_conv, dense]
WITH_IMAGES = [conv, wide_conv, average, maximum, sigmoid, dropout]


def planted(make, spoil_input=None, spoil_grads=None):
    """A layer whose `backward` is followed by `spoil_input(dx)` and `spoil_grads(grads)`."""
    layer, x = make()
    right = layer.backward

    def backward(dy):
        dx = right(dy)
        if spoil_grads is not None:
            layer.grads = spoil_grads(layer.grads)
        return dx if spoil_input is None else spoil_input(dx)

    layer.backward = backward
    return layer, x


@pytest.mark.parametrize("make", ALL)
def test_a_right_gradient_passes(make):
    report = check_layer(*make())
    assert report.ok
    report.raise_if_wrong()
    assert ": ok, largest relative error" in str(report)


INPUT_ERRORS = {
    "doubled": (lambda dx: 2 * dx, "2 times what it should be"),
    "divided by the batch": (lambda dx: dx / 4, "0.25 times what it should be"),
    "a millionth too much and a bit": (lambda dx: dx * (1 + 1e-5), "are wrong, but only by little"),
    "sign": (lambda dx: -dx, "the sign is flipped"),
    "zero": (np.zeros_like, "zero everywhere: the gradient is not computed"),
    "not a number": (lambda dx: np.full_like(dx, np.nan), "the gradient is not finite"),
}


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("error", INPUT_ERRORS)
def test_wrong_gradients_of_the_input_are_caught(make, error):
    spoil, cause = INPUT_ERRORS[error]
    report = check_layer(*planted(make, spoil_input=spoil))
    assert not report.ok
    assert report.worst_name == "x"
    with pytest.raises(GradientError, match=cause):
        report.raise_if_wrong()


@pytest.mark.parametrize("make", WITH_IMAGES)
@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("shift", [1, -1])
def test_a_window_off_by_one_is_caught(make, axis, shift):
    report = check_layer(*planted(make, lambda dx: np.roll(dx, shift, axis)))
    assert not report.ok
    assert f"shifted by one along axis {axis}: an index is off by one" in report.message()


@pytest.mark.parametrize("make", WITH_IMAGES)
def test_a_forgotten_border_is_caught(make):
    def without_last_row(dx):
        dx = dx.copy()
        dx[:, -1] = 0
        return dx

    report = check_layer(*planted(make, without_last_row))
    assert not report.ok
    assert "only pixels at the border are wrong" in report.message()


@pytest.mark.parametrize("make", WITH_PARAMS)
@pytest.mark.parametrize("name", ["kernel", "bias"])
@pytest.mark.parametrize("error", INPUT_ERRORS)
def test_wrong_gradients_of_parameters_are_caught(make, name, error):
    spoil, cause = INPUT_ERRORS[error]
    report = check_layer(
        *planted(make, spoil_grads=lambda grads: {**grads, name: spoil(grads[name])})
    )
    assert not report.ok
    assert report.worst_name == name
    assert cause in report.message()


@pytest.mark.parametrize("make", WITH_PARAMS)
def test_a_missing_bias_gradient_is_caught(make):
    report = check_layer(*planted(make, spoil_grads=lambda grads: {"kernel": grads["kernel"]}))
    assert report.worst_name == "bias"
    assert "the gradient is not computed" in report.message()


@pytest.mark.parametrize(
    ("make", "axes"), [(conv, (0, 1)), (conv, (2, 3)), (wide_conv, (2, 3)), (dense, (0, 1))]
)
def test_a_transposed_kernel_gradient_is_caught(make, axes):
    report = check_layer(
        *planted(
            make, spoil_grads=lambda grads: {**grads, "kernel": grads["kernel"].swapaxes(*axes)}
        )
    )
    assert not report.ok
    assert f"axes {axes[0]} and {axes[1]} are swapped" in report.message()


def test_flipped_taps_are_caught():
    report = check_layer(
        *planted(conv, spoil_grads=lambda grads: {**grads, "kernel": grads["kernel"][::-1, ::-1]})
    )
    assert "axes 0 and 1 run backwards: are the taps flipped?" in report.message()


def test_numbers_in_wrong_places_are_caught():
    report = check_layer(*planted(average, lambda dx: dx.reshape(2, 5, 2, 6).transpose(0, 1, 3, 2)))
    assert "in wrong places" in report.message()


@pytest.mark.parametrize("make", ALL)
def test_a_single_wrong_element_is_found(make):
    layer, x = planted(make)
    index = tuple(RNG.integers(size) for size in x.shape)

    def nudge(dx):
        dx = dx.copy()
        dx[index] += 0.01
        return dx

    layer, x = planted(make, nudge)
    report = check_layer(layer, x)
    assert (report.worst_name, report.worst_index) == ("x", index)
    assert report.analytic == pytest.approx(report.numeric + 0.01, abs=1e-6)
    assert f"at x[{', '.join(str(i) for i in index)}]" in report.message()
    assert f"1 of {x.size} elements are wrong" in report.message()


def test_a_gradient_of_another_shape_is_an_error():
    layer, x = planted(
        lambda: (layers.Dense(3), VECTORS), spoil_grads=lambda g: {**g, "kernel": g["kernel"].T}
    )
    with pytest.raises(
        GradientError, match=r"dense: expected a gradient of shape \(5, 3\) for kern"
    ):
        check_layer(layer, x)
    assert issubclass(GradientError, ValueError)


@pytest.mark.parametrize("offset", [0.0, 3e-6, -3e-6])
def test_a_relu_at_its_corner_is_skipped(offset):
    x = VECTORS.copy()
    x[1, 2] = offset  # a corner at the element, or within a step of it
    report = check_layer(layers.ReLU(), x)
    assert report.ok
    assert (report.checked, report.kinks) == (x.size - 1, 1)
    assert "19 checked, 1 skipped: kink" in str(report)


def test_ties_of_max_pooling_are_skipped():
    x = IMAGES.copy()
    x[0, 0, :2, 0] = 7.0  # two winners in the first window
    report = check_layer(layers.MaxPooling2D(2), x)
    assert report.ok
    assert report.kinks == 2


def test_a_black_image_in_a_whole_model_is_no_error():
    """Many relus at 0 and many ties at once, as in the black border of a scan."""
    model = small_model()
    x = spread_out((2, 6, 6, 1))
    x[:, :4] = 0
    report = check_model(model, x, [1, 0])
    assert report.ok
    assert report.kinks > 0


@pytest.mark.parametrize("seed", range(4))
def test_black_images_on_which_the_loss_is_flat_are_no_error(seed):
    """With balanced labels the gradient of a fresh model is 0, and relu's corner is a bend."""
    model = models.Sequential(
        [
            layers.Conv2D(3, 3, activation="relu", input_shape=(8, 8, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=seed,
    )
    model.compile("sgd", "binary_crossentropy")
    report = check_model(model, np.zeros((4, 8, 8, 1)), [0, 1, 0, 1])
    assert report.ok, report
    assert report.kinks > 0
    assert report.checked > 0


def test_a_wrong_gradient_where_the_right_one_is_zero_is_caught():
    x = spread_out((3, 4))
    x[1, 2] = -1.0  # relu is flat here
    for small in (1e-3, 1e-8):

        def spoil(dx, small=small):
            dx = dx.copy()
            dx[1, 2] += small
            return dx

        report = check_layer(*planted(lambda: (layers.ReLU(), x), spoil))
        assert not report.ok
        assert report.kinks == 0


def test_nothing_but_kinks_is_not_a_pass():
    report = check_layer(layers.ReLU(), np.zeros((2, 3)))
    assert (report.checked, report.kinks, report.ok) == (0, 6, False)
    with pytest.raises(GradientError, match="nothing could be compared"):
        report.raise_if_wrong()


def test_a_bend_is_not_taken_for_a_kink():
    """A slightly wrong gradient on a curve: slopes left and right differ there too."""
    x = spread_out((3, 4)) * 2
    report = check_layer(*planted(lambda: (layers.Sigmoid(), x), lambda dx: dx * (1 + 3e-6)))
    assert report.kinks == 0
    assert not report.ok


def test_tolerance_is_the_callers():
    report = check_layer(*planted(dense, lambda dx: dx * 1.001))
    report.raise_if_wrong(tolerance=1e-2)
    with pytest.raises(GradientError):
        report.raise_if_wrong(tolerance=1e-4)


def test_the_layer_is_left_as_it_was():
    layer = layers.Conv2D(2, 3, activation="relu")
    x = IMAGES.astype(np.float32)
    layer.build(x.shape[1:], np.random.default_rng(0))
    layer.backward(layer.forward(x))
    before = dict(vars(layer)), dict(vars(layer.activation))
    params = {name: param.copy() for name, param in layer.params.items()}
    x_before = x.copy()
    check_layer(layer, x)
    for part, kept in zip((layer, layer.activation), before, strict=True):
        assert vars(part).keys() == kept.keys()
        assert all(vars(part)[name] is value for name, value in kept.items())
    for name, param in layer.params.items():
        np.testing.assert_array_equal(param, params[name])
    np.testing.assert_array_equal(x, x_before)


def test_a_check_before_the_first_forward_leaves_no_float64_copies():
    layer = layers.Dense(3)
    layer.build((5,), np.random.default_rng(0))
    check_layer(layer, VECTORS)
    assert not {"kernel", "bias"} & vars(layer).keys()


def test_the_numeric_gradient_of_any_layout_and_of_float64_only():
    x = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_allclose(numeric_gradient(lambda x: float((x**2).sum()), x), 2 * x, atol=1e-8)
    for dtype in (int, np.float32):
        with pytest.raises(TypeError, match="expected x to be a float64 array, got"):
            numeric_gradient(lambda x: float(x.sum()), x.astype(dtype))


def test_dropout_goes_on_where_it_was():
    layer = layers.Dropout(0.5, seed=1)
    layer.build((5,), np.random.default_rng(0))
    layer.step = 3
    assert check_layer(layer, VECTORS).ok
    assert layer.step == 3


def small_model():
    model = models.Sequential(
        [
            layers.Conv2D(2, 3, activation="relu", input_shape=(6, 6, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=0,
    )
    model.compile("adam", metrics=["acc"])
    return model


def test_the_model_is_left_as_it_was():
    model = small_model()
    x, y = spread_out((2, 6, 6, 1)), [1, 0]
    model.train_on_batch(x, y)
    before = model.get_weights()
    arrays = list(model.named_weights().values())
    assert check_model(model, x, y).ok
    assert model.dtype == np.float32
    assert all(a is b for a, b in zip(arrays, model.named_weights().values(), strict=True))
    for was, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
    assert [layer.step for layer in model.layers if hasattr(layer, "step")] == [1]


@pytest.mark.parametrize("number", [0, 4])
def test_a_wrong_layer_in_a_model_is_named(number):
    model = small_model()
    layer = model.layers[number]
    right = layer.backward

    def backward(dy):
        dx = right(dy)
        layer.grads = {**layer.grads, "kernel": -layer.grads["kernel"]}
        return dx

    layer.backward = backward
    report = check_model(model, spread_out((2, 6, 6, 1)), [1, 0])
    assert report.worst_name == f"{layer.name}/kernel"
    assert "the sign is flipped" in report.message()


def test_a_model_must_be_compiled():
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(5,))])
    with pytest.raises(RuntimeError, match="compile"):
        check_model(model, VECTORS, np.zeros(4))


def test_large_arrays_are_sampled_and_the_sample_follows_from_the_seed():
    layer = layers.Dense(4)
    first = check_layer(layer, VECTORS, max_inputs=6, max_params=5, seed=1)
    again = check_layer(layer, VECTORS, max_inputs=6, max_params=5, seed=1)
    other = check_layer(layer, VECTORS, max_inputs=6, max_params=5, seed=2)
    assert first.checked == 6 + 5 + 4  # x, kernel, and the whole bias
    positions = [one.positions.tolist() for one in first.comparisons]
    assert positions == [one.positions.tolist() for one in again.comparisons]
    assert positions != [one.positions.tolist() for one in other.comparisons]


def test_several_inputs_have_numbered_names():
    layer, x = planted(
        lambda: (layers.Concatenate(), np.zeros((1, 1))), lambda parts: [parts[0], -parts[1]]
    )
    report = check_layer(layer, [VECTORS, VECTORS[:, :2]])
    assert report.worst_name == "x1"


def test_the_command_line_has_every_layer():
    public = {name for name in layers.__all__ if name[0].isupper()}
    assert set(LAYERS) == public - {"Input", "InputLayer", "Layer"}


def test_command_line(capsys):
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "all gradients are right"
    for backend in kernels.MODULES:
        for name in ("Conv2D", "MaxPooling2D", "AveragePooling2D", "Dense", "Dropout", "ReLU"):
            assert any(line.startswith(f"{backend}: {name}") for line in lines)
    assert all(": ok, " in line for line in lines[:-1])


def test_command_line_with_some_layers_on_some_backends(capsys):
    chosen = [
        "--layer",
        "Dense,ReLU",
        "--layer",
        "Conv2D",
        "--backend",
        "naive",
        "--backend",
        "numpy",
    ]
    assert main(chosen) == 0
    *lines, _ = capsys.readouterr().out.splitlines()
    titles = {tuple(line.replace(":", "").split()[:2]) for line in lines}
    assert titles == {(b, name) for b in ("naive", "numpy") for name in ("Conv2D", "Dense", "ReLU")}


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--layer", "Dense,conv2d"], "got 'conv2d'; did you mean Conv2D?"),
        (["--layer", "LSTM"], "got 'LSTM'\n"),
        (["--backend", "nunba"], "got 'nunba'; did you mean numba?"),
    ],
)
def test_command_line_with_a_wrong_name(arguments, hint, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert hint in capsys.readouterr().err


def test_command_line_sees_a_broken_kernel(capsys, monkeypatch):
    module = kernels.importlib.import_module(kernels.MODULES["naive"])
    right = module.conv2d_grad_kernel
    monkeypatch.setattr(module, "conv2d_grad_kernel", lambda *arguments: -right(*arguments))
    assert main() == 1
    output = capsys.readouterr().out
    assert output.count("WRONG") == output.count("at kernel[") == 4
    assert "wrong layers: 4" in output
