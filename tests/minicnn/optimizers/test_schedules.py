"""Learning rates that follow a schedule: values worked out by hand, and what goes with them."""

import json
import math

import numpy as np
import pytest

from minicnn import callbacks, layers, models, optimizers
from minicnn.optimizers import schedules

X = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
Y = (np.arange(8) % 2)[:, None]

CASES = [
    # 0.8 * 0.5**(t / 4)
    (schedules.ExponentialDecay(0.8, 4, 0.5), {0: 0.8, 2: 0.8 * math.sqrt(0.5), 4: 0.4, 8: 0.2}),
    (schedules.ExponentialDecay(0.8, 4, 0.5, staircase=True), {0: 0.8, 3: 0.8, 4: 0.4, 7: 0.4}),
    # 0.6 / (1 + 2 t / 4)
    (schedules.InverseTimeDecay(0.6, 4, 2.0), {0: 0.6, 2: 0.3, 4: 0.2}),
    (schedules.InverseTimeDecay(0.6, 4, 2.0, staircase=True), {3: 0.6, 4: 0.2, 7: 0.2, 8: 0.12}),
    (
        schedules.PiecewiseConstantDecay([2, 5], [0.3, 0.2, 0.1]),
        {0: 0.3, 2: 0.3, 3: 0.2, 5: 0.2, 6: 0.1, 100: 0.1},
    ),
    # (0.5 - 0.1) * (1 - t / 4) + 0.1
    (schedules.PolynomialDecay(0.5, 4, 0.1), {0: 0.5, 1: 0.4, 4: 0.1, 9: 0.1}),
    (schedules.PolynomialDecay(0.5, 4, 0.1, power=2.0), {2: 0.2, 4: 0.1}),
    # decay_steps is 4 up to t = 4, then 8
    (schedules.PolynomialDecay(0.5, 4, 0.1, cycle=True), {0: 0.5, 4: 0.1, 6: 0.2, 8: 0.1}),
    (schedules.CosineDecay(0.4, 8), {0: 0.4, 4: 0.2, 8: 0.0, 20: 0.0}),
    (schedules.CosineDecay(0.4, 8, alpha=0.5), {4: 0.3, 8: 0.2}),
    (
        schedules.CosineDecay(0.0, 8, warmup_target=0.4, warmup_steps=4),
        {0: 0.0, 1: 0.1, 4: 0.4, 8: 0.2, 12: 0.0, 50: 0.0},
    ),
]


@pytest.mark.parametrize(("schedule", "rates"), CASES)
def test_values(schedule, rates):
    assert {step: schedule(step) for step in rates} == pytest.approx(rates)


@pytest.mark.parametrize("schedule", [schedule for schedule, _ in CASES])
def test_a_config_makes_an_equal_schedule(schedule):
    config = json.loads(json.dumps(schedules.serialize(schedule)))
    again = schedules.deserialize(config)
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()
    assert type(schedule).__name__ in repr(schedule)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: schedules.ExponentialDecay(-1, 4, 0.5), "initial_learning_rate .* got -1"),
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "ExponentialDecay: .* decay_steps"),
        (lambda: schedules.InverseTimeDecay(0.1, 4, "half"), "InverseTimeDecay: .* decay_rate"),
        (lambda: schedules.PolynomialDecay(0.1, 4, np.nan), "end_learning_rate"),
        (lambda: schedules.CosineDecay(0.1, 4, warmup_target=-1), "warmup_target"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1, 2, 3]), "rising boundaries"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1]), "one value more"),
    ],
)
def test_what_makes_no_sense(make, expected):
    with pytest.raises(ValueError, match=expected):
        make()


def dense(optimizer):
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(3,))], seed=0)
    model.compile(optimizer, "binary_crossentropy")
    return model


def halving():
    return optimizers.SGD(schedules.PiecewiseConstantDecay([0, 1, 2], [1.0, 0.5, 0.25, 0.125]))


def test_each_step_has_its_own_rate():
    """The first step has the rate of t = 0, as in Keras."""
    optimizer = halving()
    weights = {"w": np.zeros(1)}
    path = []
    for _ in range(4):
        optimizer.apply(weights, {"w": np.ones(1)})
        path.append(float(weights["w"][0]))
    assert path == [-1.0, -1.5, -1.75, -1.875]
    assert optimizer.learning_rate == 0.125
    assert repr(halving()) == (
        "<SGD: learning_rate 1, by PiecewiseConstantDecay, momentum 0, nesterov False, 0 steps made>"
    )


def test_a_rate_that_follows_a_schedule_cannot_be_set():
    optimizer = halving()
    with pytest.raises(TypeError, match="SGD: its learning_rate follows a schedule"):
        optimizer.learning_rate = 0.1
    assert optimizer.learning_rate == 1.0
    optimizer.learning_rate = schedules.CosineDecay(0.5, 10)  # as in Keras
    assert optimizer.learning_rate == 0.5
    scheduler = callbacks.LearningRateScheduler(lambda epoch, rate: 0.1)
    with pytest.raises(TypeError, match="follows a schedule"):
        dense(halving()).fit(X, Y, callbacks=[scheduler], verbose=0)


class Own(schedules.LearningRateSchedule):
    def __init__(self, rate=0.1):
        self.rate = rate

    def __call__(self, step):
        return self.rate / (step + 1)


def test_one_of_one_s_own_trains_and_is_refused_when_saved(tmp_path):
    model = dense(optimizers.SGD(Own()))
    model.fit(X, Y, batch_size=4, verbose=0)
    assert model.optimizer.learning_rate == pytest.approx(0.1 / 3)
    with pytest.raises(ValueError, match=r"schedule .* does not have \(Own\) .* save_weights"):
        model.save(tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="the schedule's learning_rate .* got -1"):
        dense(optimizers.SGD(Own(-1.0))).train_on_batch(X, Y)


def test_a_saved_model_follows_its_schedule(tmp_path):
    model = dense(optimizers.Adam(schedules.CosineDecay(0.1, 6), weight_decay=0.1, clipnorm=0.1))
    model.optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.fit(X, Y, batch_size=4, verbose=0)
    model.save(tmp_path / "model.npz")
    loaded = models.load_model(tmp_path / "model.npz")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert loaded.optimizer.learning_rate == model.optimizer.learning_rate < 0.1
    for one in (model, loaded):
        one.fit(X, Y, batch_size=4, verbose=0)
    for mine, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_a_resumed_training_follows_its_schedule(tmp_path):
    def train(epochs, folder, rate=0.1):
        model = dense(optimizers.SGD(schedules.ExponentialDecay(rate, 2, 0.5)))
        backup = callbacks.BackupAndRestore(tmp_path / folder, delete_checkpoint=False)
        stopping = StopAfter(epochs, backup)
        try:
            model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[backup, stopping])
        except KeyboardInterrupt:
            return None
        return model.get_weights()

    whole = train(3, "whole")
    assert train(1, "broken") is None
    with pytest.raises(ValueError, match="another model .*learning_rate"):
        train(3, "broken", rate=0.2)
    for one, other in zip(train(3, "broken"), whole, strict=True):
        np.testing.assert_array_equal(one, other)


class StopAfter(callbacks.Callback):
    """Ask for the training's end after so many epochs of three."""

    def __init__(self, epochs, backup):
        self.epochs, self.backup = epochs, backup

    def on_epoch_end(self, epoch, logs=None):
        self.backup.stop_requested = epoch + 1 == self.epochs < 3
