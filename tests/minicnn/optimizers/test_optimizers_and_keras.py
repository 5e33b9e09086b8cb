"""Clipping, decay and schedules beside real Keras: for where Keras and TensorFlow are installed."""

import numpy as np
import pytest
from golden import cases

from minicnn import optimizers

pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
from golden.make_keras import exactly, precision  # noqa: E402 (imports TensorFlow)

SCHEDULES = {
    "exponential": ("ExponentialDecay", (0.1, 7, 0.8)),
    "stairs": ("ExponentialDecay", (0.1, 7, 0.8, True)),
    "inverse": ("InverseTimeDecay", (0.1, 7, 0.8)),
    "inverse stairs": ("InverseTimeDecay", (0.1, 7, 0.8, True)),
    "piecewise": ("PiecewiseConstantDecay", ([3, 4, 9], [0.4, 0.3, 0.2, 0.1])),
    "polynomial": ("PolynomialDecay", (0.1, 7, 0.01, 1.5)),
    "cycle": ("PolynomialDecay", (0.1, 7, 0.01, 0.5, True)),
    "cosine": ("CosineDecay", (0.1, 7, 0.2)),
    "warmup": ("CosineDecay", (0.01, 7, 0.2, "name", 0.1, 5)),
}
EXTRAS = {
    "clipnorm": {"clipnorm": 0.5},
    "clipvalue": {"clipvalue": 0.3},
    "global_clipnorm": {"global_clipnorm": 0.7},
    "weight_decay": {"weight_decay": 0.03},
    "both": {"weight_decay": 0.03, "clipnorm": 0.5},
}
OPTIMIZERS = {  # the defaults, too: as Python's floats Keras would round them to float32
    "SGD": {"momentum": 0.9, "nesterov": True},
    "RMSprop": {"rho": 0.9, "momentum": 0.5, "epsilon": 1e-7},
    "Adam": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
}
SHAPES = {"dense/kernel": (3, 2), "dense/bias": (2,)}


@pytest.mark.parametrize("case", SCHEDULES)
def test_rates(case):
    name, arguments = SCHEDULES[case]
    ours, theirs = (
        getattr(side.schedules, name)(*arguments) for side in (optimizers, keras.optimizers)
    )
    steps = range(40)
    np.testing.assert_allclose(
        [ours(step) for step in steps], [float(theirs(step)) for step in steps], rtol=2e-6
    )
    assert ours.get_config().keys() == theirs.get_config().keys()


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps(name, extra):
    """Five steps in float64 with a rate that falls; biases do not decay."""
    arguments = {**OPTIMIZERS[name], **EXTRAS[extra]}
    schedule = {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5}
    optimizer = getattr(optimizers, name)(
        optimizers.schedules.ExponentialDecay(**schedule), **arguments
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    ours = {key: cases.numbers(f"{key} at first", shape) for key, shape in SHAPES.items()}
    with precision("float64"):
        theirs = getattr(keras.optimizers, name)(
            keras.optimizers.schedules.ExponentialDecay(**exactly(schedule)), **exactly(arguments)
        )
        theirs.exclude_from_weight_decay(var_names=["bias"])
        variables = [keras.Variable(value, name=key.split("/")[-1]) for key, value in ours.items()]
        for step in range(5):
            grads = {key: cases.numbers(f"{key} {step}", shape) for key, shape in SHAPES.items()}
            optimizer.apply(ours, grads)
            theirs.apply([keras.ops.convert_to_tensor(one) for one in grads.values()], variables)
            assert optimizer.learning_rate == pytest.approx(float(theirs.learning_rate))
        for mine, variable in zip(ours.values(), variables, strict=True):
            np.testing.assert_allclose(mine, variable.numpy(), rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_arguments(name):
    """Every argument of Keras' class is supported, or accepted at its default."""
    theirs = getattr(keras.optimizers, name)().get_config()
    made = getattr(optimizers, name)(**theirs)
    for key, value in made.get_config().items():
        expected = theirs[key]
        assert value == (pytest.approx(expected) if isinstance(expected, float) else expected)
