"""Optimizers: gradients that do not fit, learning rates that are none."""

import numpy as np
import pytest
from bad_arrays import SAMPLES, assert_one_sentence, small_model

from minicnn import optimizers


@pytest.fixture
def x(rng):
    return rng.random((SAMPLES, 10, 12, 1), dtype=np.float32)


@pytest.fixture
def y():
    return np.arange(SAMPLES) % 2


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_optimizers_change_all_weights_or_none(optimizer, x, y):
    model = small_model(optimizer)
    model.train_on_batch(x, y)
    weights, grads = model.named_weights(), model.named_grads()
    last = list(grads)[-2]  # dense_1/kernel, (3, 1)
    for bad in (grads[last][:1], grads[last].astype(int), np.ones((6, 1), np.float32)[::2], None):
        before = model.get_weights()
        changed = {**grads, last: bad} if bad is not None else {**grads}
        if bad is None:
            del changed[last]
        with pytest.raises(ValueError, match=f"{last}: expected ") as caught:
            model.optimizer.apply(weights, changed)
        assert_one_sentence(caught)
        assert model.optimizer.iterations == 1
        for one, other in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("bad", ["fast", None, 1j, [0.1, 0.2], np.nan, np.inf, -1])
def test_learning_rates_that_are_none(bad):
    with pytest.raises(ValueError, match="expected learning_rate to be at least 0 and finite"):
        optimizers.Adam(bad)
    optimizer = optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="expected learning_rate"):
        optimizer.learning_rate = bad
    assert optimizer.learning_rate == 0.1


def test_an_optimizer_from_a_description():
    made = optimizers.get({"class_name": "SGD", "config": {"learning_rate": 0.3, "momentum": 0.5}})
    assert (type(made), made.learning_rate, made.momentum) == (optimizers.SGD, 0.3, 0.5)
    assert optimizers.get({"class_name": "adam"}).learning_rate == 0.001
    for bad in ({}, {"class_name": "Adagrad"}, {"class_name": ["sgd"]}, ["sgd"], None):
        with pytest.raises(ValueError, match="expected optimizer to be one of sgd, rmsprop, adam"):
            optimizers.get(bad)
    for bad in ({}, {"class_name": "Sine", "config": {}}):
        with pytest.raises(ValueError, match="a schedule of an unknown class"):
            optimizers.schedules.deserialize(bad)
