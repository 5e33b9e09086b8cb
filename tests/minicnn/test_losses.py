"""The cross-entropy of probabilities and of logits, worked out by hand."""

import math

import numpy as np
import pytest

from minicnn import layers, losses, models
from minicnn.gradcheck import check_model

pytestmark = pytest.mark.usefixtures("backend")


def test_cross_entropy_of_probabilities():
    loss = losses.BinaryCrossentropy()
    value, dp = loss.from_probabilities(np.array([[1.0], [0.0]]), np.array([[0.5], [0.5]]))
    assert value == pytest.approx(math.log(2))
    assert dp.tolist() == [[-1], [1]]  # -1 / 0.5 and 1 / 0.5, each a half of the mean
    worst, dp = loss.from_probabilities(np.array([[1.0]]), np.array([[0.0]]))
    assert worst == pytest.approx(16.118, abs=5e-4)
    assert dp.tolist() == [[0]]


def test_cross_entropy_of_logits():
    loss = losses.BinaryCrossentropy()
    value, dz = loss.from_logits(np.array([[1.0], [0.0]]), np.array([[0.0], [0.0]]))
    assert value == pytest.approx(math.log(2))
    assert dz.tolist() == [[-0.25], [0.25]]
    value, dz = loss.from_logits(np.array([[0.0]]), np.array([[1000.0]]))
    assert (value, dz.tolist()) == (1000, [[1]])
    value, dz = loss.from_logits(np.array([[1.0]]), np.array([[math.log(3)]]))
    assert value == pytest.approx(-math.log(0.75))
    assert dz[0, 0] == pytest.approx(-0.25)


def test_labels_are_smoothed():
    loss = losses.BinaryCrossentropy(label_smoothing=0.2)  # 1 becomes 0.9, 0 becomes 0.1
    value, dp = loss.from_probabilities(np.array([[1.0]]), np.array([[0.5]]))
    assert value == pytest.approx(math.log(2))
    assert dp[0, 0] == pytest.approx((0.5 - 0.9) / 0.25)
    value, dz = loss.from_logits(np.array([[0.0]]), np.array([[math.log(3)]]))
    assert value == pytest.approx(-0.1 * math.log(0.75) - 0.9 * math.log(0.25))
    assert dz[0, 0] == pytest.approx(0.75 - 0.1)


@pytest.mark.parametrize("activation", ["sigmoid", None])
@pytest.mark.parametrize("from_logits, smoothing", [(True, 0.0), (True, 0.3), (False, 0.3)])
def test_gradients_of_smoothed_labels_and_logits(activation, from_logits, smoothing, rng):
    model = models.Sequential(
        [layers.Dense(3, activation="sigmoid"), layers.Dense(2, activation=activation)], seed=1
    )
    model.compile("sgd", losses.BinaryCrossentropy(from_logits, smoothing))
    if activation or from_logits:
        report = check_model(model, rng.normal(size=(5, 4)), rng.integers(0, 2, (5, 2)))
        assert report.ok


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"axis": 0}, "BinaryCrossentropy: axis is not supported"),
        ({"reduction": "sum"}, "reduction is not supported"),
        ({"dtype": "float64"}, "dtype is not supported"),
        ({"label_smoothing": 1.5}, r"label_smoothing to be in \[0, 1\], got 1.5"),
    ],
)
def test_other_arguments_of_keras_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        losses.BinaryCrossentropy(**arguments)


def test_names_and_text_of_losses():
    for name in ("bce", "BinaryCrossentropy", losses.BinaryCrossentropy):
        assert repr(losses.get(name)) == "BinaryCrossentropy()"
    changed = losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
    assert repr(changed) == "BinaryCrossentropy(from_logits=True, label_smoothing=0.1)"
    assert losses.get(losses.serialize(changed)).get_config() == changed.get_config()
    assert type(changed).from_config(changed.get_config()).get_config() == changed.get_config()
    assert losses.serialize(losses.get("bce")) == "binary_crossentropy"
