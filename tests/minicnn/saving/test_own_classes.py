"""Losses, optimizers, metrics and layers of one's own train, and are refused when saved.

Written as for Keras, with methods that nobody would call here, they are refused at once: they would
train as the class that they inherit from.
"""

import copy
import pickle

import numpy as np
import pytest

from minicnn import callbacks, layers, losses, metrics, models, optimizers

X = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
Y = (np.arange(8) % 2)[:, None]


class Doubled(losses.BinaryCrossentropy):
    """Twice the loss: what was saved as the class that it inherits from, would be half of it."""

    def from_logits(self, y, z, *weights):
        loss, gradient = super().from_logits(y, z, *weights)
        return 2 * loss, 2 * gradient


class Further(Doubled):
    """A subclass of a subclass."""


class Quartered(optimizers.SGD):
    def update(self, weights, gradient, velocity):
        super().update(weights, gradient / 4, velocity)


class Adam(optimizers.Adam):
    """Another class of a name that minicnn has."""


def dense(optimizer="sgd", loss="binary_crossentropy", metrics=None):
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(3,))], seed=0)
    model.compile(optimizer, loss, metrics)
    return model


OWN = {
    "loss": (lambda: dense(loss=Doubled()), "a loss .* does not have .Doubled"),
    "loss of a loss": (lambda: dense(loss=Further()), "a loss .* does not have .Further"),
    "optimizer": (lambda: dense(Quartered()), "an optimizer .* does not have .Quartered"),
    "optimizer's name": (lambda: dense(Adam()), "an optimizer .* does not have .Adam"),
    "metric": (lambda: dense(metrics=[lambda y, p: 0.5]), "metric"),
}


@pytest.mark.parametrize("case", OWN)
def test_it_is_refused_wherever_a_model_is_written(case, tmp_path):
    make, expected = OWN[case]
    model = make()
    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    for write in (
        lambda: model.save(tmp_path / "model.npz"),
        lambda: pickle.dumps(model),
        lambda: copy.copy(model),
        lambda: copy.deepcopy(model),
        lambda: model.fit(X, Y, verbose=0, callbacks=[backup]),
    ):
        with pytest.raises(ValueError, match=f"sequential: .*{expected}") as caught:
            write()
        assert "save_weights" in str(caught.value)
    assert not list(tmp_path.rglob("*.npz"))
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("case", OWN)
def test_it_trains_and_its_weights_are_saved(case, tmp_path):
    make, _ = OWN[case]
    model = make()
    model.fit(X, Y, verbose=0)
    model.save_weights(tmp_path / "weights.npz")
    other = dense()
    other.load_weights(tmp_path / "weights.npz")
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_the_same_without_it_is_saved(tmp_path):
    model = dense(Quartered(), Doubled())
    loss = model.evaluate(X, Y, verbose=0)
    model.compile("sgd", "binary_crossentropy")
    model.save(tmp_path / "model.npz")
    loaded = models.load_model(tmp_path / "model.npz")
    assert loaded.evaluate(X, Y, verbose=0) == pytest.approx(loss / 2)


@pytest.mark.parametrize(
    ("kind", "method", "instead"),
    [
        (losses.BinaryCrossentropy, "call", "from_logits and from_probabilities"),
        (losses.BinaryCrossentropy, "__call__", "from_logits"),
        (Doubled, "call", "from_logits"),
        (metrics.Metric, "update_state", "sums and value"),
        (metrics.Recall, "result", "sums and value"),
        (metrics.AUC, "reset_state", "sums and value"),
        (optimizers.Optimizer, "apply_gradients", "update"),
        (optimizers.SGD, "update_step", "update"),
        (layers.Layer, "call", "compute and compute_gradients"),
        (layers.Dense, "call", "compute and compute_gradients"),
        (models.Model, "call", "connect layers"),
        (models.Sequential, "train_step", "train_on_batch"),
        (models.Model, "test_step", "callbacks"),
        (models.Model, "predict_step", "callbacks"),
        (models.Model, "compute_loss", "with a loss"),
        (models.Model, "compute_metrics", "callbacks"),
    ],
)
def test_a_method_that_only_keras_calls_is_refused(kind, method, instead):
    with pytest.raises(TypeError, match=f"Own: expected no method {method}, .*{instead}"):
        type("Own", (kind,), {method: lambda self, *given: 0.0})


def test_a_loss_has_a_form_for_models_that_end_in_a_sigmoid():
    def tripled(self, *given):
        loss, gradient = super(type(self), self).from_probabilities(*given)
        return 3 * loss, 3 * gradient

    with pytest.raises(TypeError, match="Own: expected from_logits to be overridden as well"):
        type("Own", (losses.BinaryCrossentropy,), {"from_probabilities": tripled})
    type("Own", (Doubled,), {"from_probabilities": tripled})
