"""Clipped gradients and decaying weights, worked out by hand."""

import numpy as np
import pytest

from minicnn import optimizers

ALL = ["SGD", "RMSprop", "Adam"]


def one_step(optimizer, weights, grads):
    """The weights after one step: lists by name."""
    arrays = {name: np.array(values, float) for name, values in weights.items()}
    optimizer.apply(arrays, {name: np.array(values, float) for name, values in grads.items()})
    return {name: array.tolist() for name, array in arrays.items()}


def test_clipnorm_shortens_each_gradient_that_is_too_long():
    weights = {"a/kernel": [0, 0], "a/bias": [0]}
    grads = {"a/kernel": [3, 4], "a/bias": [0.5]}  # of norms 5 and 0.5
    found = one_step(optimizers.SGD(1.0, clipnorm=1.0), weights, grads)
    assert found == {"a/kernel": [pytest.approx(-0.6), pytest.approx(-0.8)], "a/bias": [-0.5]}


def test_clipvalue_cuts_value_by_value():
    found = one_step(optimizers.SGD(1.0, clipvalue=2.0), {"w": [0, 0, 0]}, {"w": [3, -4, 1]})
    assert found == {"w": [-2, 2, -1]}


def test_global_clipnorm_has_one_norm_for_all():
    weights, grads = {"a": [0], "b": [0]}, {"a": [3], "b": [4]}  # together of norm 5
    found = one_step(optimizers.SGD(1.0, global_clipnorm=1.0), weights, grads)
    assert found == {"a": [pytest.approx(-0.6)], "b": [pytest.approx(-0.8)]}
    assert one_step(optimizers.SGD(1.0, global_clipnorm=5.0), weights, grads) == {
        "a": [-3],
        "b": [-4],
    }


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_what_is_short_enough_is_not_touched(name, kind):
    """To the bit, and the gradients that were given are never changed."""
    make = getattr(optimizers, name)
    rng = np.random.default_rng(0)
    paths = []
    for optimizer in (make(), make(**{kind: 100.0})):
        weights = {"w": np.ones((3, 2), np.float32)}
        gradient = rng.normal(size=(3, 2)).astype(np.float32)
        before = gradient.copy()
        optimizer.apply(weights, {"w": gradient})
        np.testing.assert_array_equal(gradient, before)
        paths.append(weights["w"])
        rng = np.random.default_rng(0)
    np.testing.assert_array_equal(*paths)


def test_a_gradient_of_zeros_stays_one():
    found = one_step(optimizers.SGD(1.0, clipnorm=1.0), {"w": [1, 2]}, {"w": [0, 0]})
    assert found == {"w": [1, 2]}


def test_a_large_float32_gradient_has_a_norm():
    weights = {"w": np.zeros(2, np.float32)}
    gradient = np.array([3e30, 4e30], np.float32)  # their squares are infinite in float32
    optimizers.SGD(1.0, clipnorm=1.0).apply(weights, {"w": gradient})
    np.testing.assert_allclose(weights["w"], [-0.6, -0.8], rtol=1e-6)


def test_weights_decay_before_the_step():
    # 2 - 0.1 * 0.5 * 2 = 1.9, then the step of the gradient alone: -0.5 * 1
    found = one_step(optimizers.SGD(0.5, weight_decay=0.1), {"w": [2]}, {"w": [1]})
    assert found == {"w": [pytest.approx(1.4)]}


@pytest.mark.parametrize("name", ALL)
def test_decay_is_apart_from_the_step(name):
    """A gradient of zeros: no step, and the decay alone is left, whatever the optimizer."""
    optimizer = getattr(optimizers, name)(0.5, weight_decay=0.1)
    assert one_step(optimizer, {"w": [2]}, {"w": [0]}) == {"w": [pytest.approx(1.9)]}


def test_some_weights_do_not_decay():
    optimizer = optimizers.SGD(0.5, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    weights = {"bias_free/kernel": [2], "dense/bias": [2]}  # the layer's name does not count
    found = one_step(optimizer, weights, dict.fromkeys(weights, [0]))
    assert found == {"bias_free/kernel": [pytest.approx(1.9)], "dense/bias": [2]}
    with pytest.raises(ValueError, match="exclude_from_weight_decay: .* before the first step"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])
    with pytest.raises(ValueError, match="exclude_from_weight_decay: var_list is not supported"):
        optimizers.SGD(weight_decay=0.1).exclude_from_weight_decay(var_list=["kernel"])


@pytest.mark.parametrize(
    ("var_names", "decayed"), [(["as"], "kernel"), (("ern", "x"), "bias"), ([], "both")]
)
def test_parts_of_names_are_enough(var_names, decayed):
    optimizer = optimizers.SGD(0.5, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=var_names)
    weights = {"dense/kernel": [2], "dense/bias": [2]}
    found = one_step(optimizer, weights, dict.fromkeys(weights, [0]))
    assert found == {
        name: [pytest.approx(1.9) if decayed in (name[6:], "both") else 2] for name in weights
    }


@pytest.mark.parametrize("var_names", ["bias", ["b.*s"], ["bias$"], [3], {"bias": 1}, 3])
def test_names_that_are_none(var_names):
    optimizer = optimizers.SGD(0.5, weight_decay=0.1)
    with pytest.raises(ValueError, match="var_names to be a list of parts of names"):
        optimizer.exclude_from_weight_decay(var_names=var_names)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("weight_decay", -0.1),
        ("weight_decay", np.nan),
        ("weight_decay", "strong"),
        ("clipnorm", 0),
        ("clipnorm", -1),
        ("clipvalue", np.inf),
        ("clipvalue", [1.0]),
        ("global_clipnorm", 0),
        ("use_ema", True),
        ("ema_momentum", 0.9),
        ("ema_overwrite_frequency", 10),
        ("loss_scale_factor", 2.0),
        ("gradient_accumulation_steps", 4),
        ("decay", 1e-6),
    ],
)
def test_what_makes_no_sense_or_is_not_supported(name, argument, value):
    with pytest.raises(ValueError, match=rf"{name}: .*{argument}.*, got ") as caught:
        getattr(optimizers, name)(**{argument: value})
    assert "\n" not in str(caught.value)


def test_arguments_of_one_optimizer_alone():
    with pytest.raises(ValueError, match="Adam: amsgrad is not supported"):
        optimizers.Adam(amsgrad=True)
    with pytest.raises(ValueError, match="RMSprop: centered is not supported"):
        optimizers.RMSprop(centered=True)
    with pytest.raises(TypeError, match="SGD: got an unexpected keyword argument 'amsgrad'"):
        optimizers.SGD(amsgrad=False)
    with pytest.raises(ValueError, match="expected one of clipnorm, clipvalue, global_clipnorm"):
        optimizers.SGD(clipnorm=1.0, clipvalue=1.0)


@pytest.mark.parametrize("name", ALL)
def test_a_config_makes_an_equal_optimizer(name):
    kind = getattr(optimizers, name)
    made = kind(0.5, weight_decay=0.1, clipvalue=2.0, name="mine")
    again = kind.from_config(made.get_config())
    assert again.get_config() == made.get_config()
    assert (again.weight_decay, again.clipvalue, again.name) == (0.1, 2.0, "mine")
    assert "weight_decay 0.1, clipvalue 2" in repr(again)
    assert "clip" not in repr(kind())
