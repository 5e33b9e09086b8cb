"""Which of the logs is watched, and whether it should rise or fall."""

import numpy as np
import pytest
from played_training import Play, play, small_model

from minicnn import callbacks, layers, metrics, models
from minicnn.callbacks.monitor import Monitor


def vaccine(y, p):
    """A metric of the user's own."""
    return float(p.mean())


@pytest.mark.parametrize(
    ("key", "sign"),
    [
        ("loss", -1),
        ("val_loss", -1),
        ("val_acc", 1),
        ("accuracy", 1),
        ("val_binary_accuracy", 1),
        ("val_auc", 1),
        ("val_precision", 1),
        ("recall_1", 1),
        ("val_auc_12", 1),
    ],
)
def test_known_keys_have_a_direction(key, sign):
    assert Monitor(key, "auto", 0, "EarlyStopping").sign == sign
    assert Monitor(key, "min", 0, "EarlyStopping").sign == -1
    assert Monitor(key, "max", 0, "EarlyStopping").sign == 1


@pytest.mark.parametrize(
    "key", ["val_vaccine", "val_vaccine_loss", "learning_rate", "f1", "accident", "lossless"]
)
@pytest.mark.parametrize(
    "make",
    [
        callbacks.EarlyStopping,
        callbacks.ReduceLROnPlateau,
        lambda key: callbacks.ModelCheckpoint("never.npz", key, save_best_only=True),
    ],
)
def test_anything_else_asks_for_a_mode(key, make, data):
    values = [0.5] * 3
    with pytest.raises(ValueError, match=f"mode='min' or mode='max'.* a larger {key} is better"):
        play(values, make(key), data, key)


def test_a_rising_auc_goes_on_and_its_best_is_kept(data):
    values = [0.5, 0.6, 0.7, 0.8, 0.9]
    stopper = callbacks.EarlyStopping("val_auc", patience=2, restore_best_weights=True)
    model, epochs = play(values, stopper, data, "val_auc")
    assert (epochs, stopper.best_epoch, stopper.best) == (5, 4, 0.9)


def test_a_metric_of_ones_own_that_falls(data):
    stopper = callbacks.EarlyStopping("vaccine", patience=1, mode="min")
    model = small_model(metrics=[vaccine])
    history = model.fit(*data, epochs=3, callbacks=[stopper], verbose=0)
    assert stopper.best == min(history.history["vaccine"])


def test_our_metrics_are_known_whatever_they_are_called(data):
    model = small_model(metrics=[metrics.AUC(name="area"), metrics.Recall(name="found")])
    watched = [callbacks.EarlyStopping(key) for key in ("val_area", "found")]
    model.fit(*data, validation_data=data, callbacks=watched, verbose=0)
    assert [one.monitor.sign for one in watched] == [1, 1]


def test_the_logs_of_an_output_are_known_by_its_name(data):
    x, y = data
    inputs = layers.Input((3,))
    heads = [layers.Dense(1, "sigmoid", name=name)(inputs) for name in ("vaccine", "other")]
    model = models.Model(inputs, heads, seed=0)
    model.compile(metrics=["acc"])
    watched = [callbacks.EarlyStopping(key) for key in ("val_vaccine_loss", "other_acc")]
    model.fit(x, [y, y], validation_data=(x, [y, y]), callbacks=watched, verbose=0)
    assert [one.monitor.sign for one in watched] == [-1, 1]


# Keys that will not be there


class Counting(callbacks.Callback):
    """Counts steps."""

    steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1


@pytest.mark.parametrize(
    "callback",
    [
        callbacks.EarlyStopping("val_accuracy"),
        callbacks.EarlyStopping(),  # val_loss, without validation
        callbacks.EarlyStopping("val_lss"),  # a slip, not a key whose mode nobody knows
        callbacks.ReduceLROnPlateau("val_accuracy"),
        callbacks.ModelCheckpoint("never.npz", "val_accuracy", save_best_only=True),
    ],
)
def test_a_key_that_will_not_be_there_is_named_before_the_first_step(callback, data):
    counting = Counting()
    with pytest.raises(ValueError, match="expected monitor to be one of acc, loss.*got 'val_"):
        small_model().fit(*data, callbacks=[counting, callback], verbose=0)
    assert counting.steps == 0


def test_a_callback_of_ones_own_may_add_the_key(data):
    assert play([3, 2, 2.5], callbacks.EarlyStopping("f1", mode="min"), data, "f1")[1] == 3
    late = [callbacks.EarlyStopping("f1", mode="min"), Play([1.0], "f1")]
    with pytest.raises(ValueError, match="one of acc, loss, got 'f1'"):
        small_model().fit(*data, callbacks=late, verbose=0)


def test_the_rate_that_another_callback_logs_can_be_watched(data):
    halve = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    stopper = callbacks.EarlyStopping("learning_rate", mode="max", patience=2)
    history = small_model().fit(*data, epochs=9, callbacks=[halve, stopper], verbose=0)
    assert len(history.epoch) == 3


# Arguments that would be in the way only after some epochs


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: callbacks.EarlyStopping(None), "monitor"),
        (lambda: callbacks.ReduceLROnPlateau(["loss"]), "monitor"),
        (lambda: callbacks.ModelCheckpoint("m.npz", monitor=3), "monitor"),
        (lambda: callbacks.EarlyStopping(patience="3"), "patience"),
        (lambda: callbacks.EarlyStopping(patience=None), "patience"),
        (lambda: callbacks.EarlyStopping(min_delta="0.1"), "min_delta"),
        (lambda: callbacks.EarlyStopping(baseline="0.5"), "baseline"),
        (lambda: callbacks.EarlyStopping(start_from_epoch=[2]), "start_from_epoch"),
        (lambda: callbacks.ReduceLROnPlateau(factor="0.5"), "factor"),
        (lambda: callbacks.ReduceLROnPlateau(patience="3"), "patience"),
        (lambda: callbacks.ReduceLROnPlateau(cooldown="1"), "cooldown"),
        (lambda: callbacks.ReduceLROnPlateau(min_lr="0"), "min_lr"),
        (
            lambda: callbacks.ModelCheckpoint("m.npz", initial_value_threshold="0.5"),
            "initial_value_threshold",
        ),
    ],
)
def test_arguments_are_looked_at_when_a_callback_is_made(make, argument):
    with pytest.raises(ValueError, match=f"expected {argument} to be .*, got"):
        make()


def test_numbers_of_numpy_are_numbers():
    stopper = callbacks.EarlyStopping(patience=np.int64(2), baseline=np.float32(0.5))
    assert (stopper.patience, stopper.baseline) == (2, 0.5)
