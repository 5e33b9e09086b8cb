"""Callbacks: when they act, and what they leave behind.

Most tests play a sequence of losses to a callback, without training anything.
"""

import csv

import numpy as np
import pytest
from played_training import Play, marked_epoch, play, small_model

from minicnn import callbacks, models, optimizers

PLATEAUS = [1.0, 0.9, 0.9, 0.89995, 0.91, 0.8, 0.81, 0.82, 0.8, 0.83, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]


# EarlyStopping


@pytest.mark.parametrize(
    ("arguments", "values", "epochs"),
    [
        ({"patience": 2}, [3, 2, 2.5, 2.4, 1, 0], 4),
        ({"patience": 1}, [3, 2, 2.5, 1, 0], 3),
        ({"patience": 0}, [3, 2, 2, 1, 0], 3),
        ({"patience": 2}, [3, 2, 2.5, 1, 2, 3, 0], 6),
        ({"patience": 2}, [5, 4, 3, 2, 1], 5),
        ({"patience": 2, "min_delta": 0.5}, [3, 2.8, 2.6, 1, 0], 3),
        ({"patience": 2, "min_delta": -0.5}, [3, 2.8, 2.6, 1, 0], 3),
        ({"patience": 2, "min_delta": 0.5}, [3, 2.8, 2.4, 2.3, 2.2, 0], 5),
        ({"patience": 2, "mode": "max"}, [3, 4, 3, 3.5, 9], 4),
        ({"patience": 1, "start_from_epoch": 3}, [0, 9, 9, 5, 4, 6, 0], 6),
        ({"patience": 2, "baseline": 1.0}, [3, 2, 0, 0], 4),
        ({"patience": 2, "baseline": 1.0}, [3, 2, 2.5, 0, 0], 3),
        ({"patience": 2, "baseline": 1.0}, [3, 0.5, 0.6, 0.7, 0], 4),
    ],
)
def test_early_stopping_after(arguments, values, epochs, data):
    assert play(values, callbacks.EarlyStopping(**arguments), data)[1] == epochs


def test_early_stopping_takes_accuracies_upward(data):
    values = [0.5, 0.6, 0.4, 0.5, 0.9]
    stopper = callbacks.EarlyStopping("val_acc", patience=2)
    assert play(values, stopper, data, "val_acc")[1] == 4


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([3, 1, 2, 2, 2, 0], 1),  # stopped early
        ([3, 1, 2], 1),  # training ended by itself, while it waited
        ([3, 2, 1], 2),
    ],
)
def test_early_stopping_restores_the_best_weights(values, best, data):
    stopper = callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    model, epochs = play(values, stopper, data)
    assert marked_epoch(model) == best == stopper.best_epoch
    model, epochs = play(values, callbacks.EarlyStopping(patience=3), data)
    assert marked_epoch(model) == epochs - 1


def test_early_stopping_can_be_used_again(data, capsys):
    stopper = callbacks.EarlyStopping(patience=1, verbose=1)
    for _ in range(2):
        assert play([3, 2, 2, 0], stopper, data)[1] == 3
        assert capsys.readouterr().out == "Stopped early after epoch 3\n"


class Marked:
    """As much of a model as EarlyStopping needs; its weights are the number of the epoch."""

    stop_training = False

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def give_model(callback, model) -> None:
    """Attach a model, or what stands for one, to a callback of minicnn or of Keras."""
    if hasattr(callback, "set_model"):
        callback.set_model(model)
    else:
        callback.model = model


def stopped_and_restored(module, arguments, values) -> tuple:
    """(epochs, the epoch whose weights are there in the end)."""
    model, callback = Marked(), module.EarlyStopping(restore_best_weights=True, **arguments)
    give_model(callback, model)
    callback.on_train_begin()
    epochs = 0
    while epochs < len(values) and not model.stop_training:
        model.weights = epochs
        callback.on_epoch_end(epochs, {"val_loss": values[epochs]})
        epochs += 1
    callback.on_train_end()
    return epochs, model.weights


@pytest.mark.parametrize("baseline", [None, 0.4, -1.0])
@pytest.mark.parametrize("patience", [0, 1, 3])
def test_early_stopping_as_keras(patience, baseline, rng):
    pytest.importorskip("tensorflow")
    keras = pytest.importorskip("keras")
    arguments = {"patience": patience, "baseline": baseline, "min_delta": 0.02}
    found = set()
    for mode in ("min", "max"):
        for start in (0, 2):
            for values in rng.random((10, 12)).tolist():
                case = {**arguments, "mode": mode, "start_from_epoch": start}
                expected = stopped_and_restored(keras.callbacks, case, values)
                assert stopped_and_restored(callbacks, case, values) == expected
                found.add(expected)
    assert len(found) > 3  # the sequences are not all alike


# ModelCheckpoint


def test_checkpoint_of_every_epoch(data, tmp_path, capsys):
    pattern = tmp_path / "epoch-{epoch:02d}-{val_loss:.1f}.npz"
    play([3.0, 1.0, 2.0], callbacks.ModelCheckpoint(pattern, verbose=1), data)
    names = ["epoch-01-3.0.npz", "epoch-02-1.0.npz", "epoch-03-2.0.npz"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert capsys.readouterr().out.split() == [
        word for name in names for word in ("Saved", str(tmp_path / name))
    ]
    for epoch, name in enumerate(names):
        assert marked_epoch(models.load_model(tmp_path / name)) == epoch


@pytest.mark.parametrize(("mode", "best"), [("auto", 1), ("min", 1), ("max", 0)])
def test_checkpoint_of_the_best_epoch(mode, best, data, tmp_path):
    path = tmp_path / "best.npz"
    play([3.0, 1.0, 2.0], callbacks.ModelCheckpoint(path, save_best_only=True, mode=mode), data)
    assert marked_epoch(models.load_model(path)) == best


def test_checkpoint_of_weights_only(data, tmp_path):
    path = tmp_path / "weights.npz"
    play([3.0, 1.0], callbacks.ModelCheckpoint(path, save_weights_only=True), data)
    model = small_model()
    model.load_weights(path)
    assert marked_epoch(model) == 1
    with pytest.raises(ValueError, match="weights alone"):
        models.load_model(path)


# ReduceLROnPlateau

PLATEAU_ARGUMENTS = [
    {"patience": 2},
    {"patience": 1, "factor": 0.5},
    {"patience": 2, "cooldown": 2},
    {"patience": 1, "cooldown": 1, "min_lr": 0.004},
    {"patience": 2, "min_delta": 0.05},
    {"patience": 2, "mode": "max"},
    {"patience": 0},
]


def learning_rates(module, model, arguments) -> list[float]:
    """The rate after each of `PLATEAUS`, from the callback of minicnn or of Keras."""
    callback = module.ReduceLROnPlateau(**arguments)
    give_model(callback, model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(PLATEAUS):
        callback.on_epoch_end(epoch, {"val_loss": value})
        rates.append(float(model.optimizer.learning_rate))
    return rates


class Reducible:
    """As much of a model as this callback needs."""

    def __init__(self, optimizer):
        self.optimizer = optimizer


def test_reduce_on_plateau():
    # 0.89995 is better than 0.9 by less than min_delta, 1e-4, and does not count.
    found = learning_rates(callbacks, Reducible(optimizers.SGD(0.1)), {"patience": 3})
    assert found == pytest.approx([0.1] * 4 + [0.01] * 4 + [0.001] * 5 + [1e-4] * 3)


@pytest.mark.parametrize("arguments", PLATEAU_ARGUMENTS)
def test_reduce_on_plateau_as_keras(arguments):
    pytest.importorskip("tensorflow")
    keras = pytest.importorskip("keras")
    theirs = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    theirs.compile(keras.optimizers.SGD(0.1))
    expected = learning_rates(keras.callbacks, theirs, arguments)
    found = learning_rates(callbacks, Reducible(optimizers.SGD(0.1)), arguments)
    assert found == pytest.approx(expected, rel=1e-5)
    assert min(found) < 0.1  # something happened


def test_reduced_rate_is_used_and_printed(data, capsys):
    callback = callbacks.ReduceLROnPlateau(patience=1, factor=0.5, min_lr=0.2, verbose=1)
    model = small_model()
    playing = [Play([1.0] * 4), callback]
    rates = model.fit(*data, epochs=4, callbacks=playing, verbose=0).history["learning_rate"]
    assert model.optimizer.learning_rate == 0.2
    assert rates == [0.5, 0.5, 0.25, 0.2]
    assert capsys.readouterr().out == (
        "Learning rate reduced to 0.25\nLearning rate reduced to 0.2\n"
    )


@pytest.mark.parametrize("factor", [0, 1, 1.5])
def test_reduce_on_plateau_refuses(factor):
    with pytest.raises(ValueError, match=r"factor to be in \(0, 1\)"):
        callbacks.ReduceLROnPlateau(factor=factor)


# The others


def test_learning_rate_scheduler(data, capsys):
    rates = []

    class Watch(callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            rates.append(self.model.optimizer.learning_rate)

    halve = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1)
    history = small_model().fit(*data, epochs=3, callbacks=[halve, Watch()], verbose=0)
    assert rates == history.history["learning_rate"] == [0.25, 0.125, 0.0625]
    assert capsys.readouterr().out.splitlines()[2] == "Epoch 3: learning rate 0.0625"


def test_learning_rate_decides_how_far_a_step_goes(data):
    moved = []
    for factor in (1, 3):
        model = small_model()
        before = model.get_weights()[0]
        scale = callbacks.LearningRateScheduler(lambda epoch, rate, factor=factor: rate * factor)
        model.fit(*data, callbacks=[scale], verbose=0)
        moved.append(model.get_weights()[0] - before)
    np.testing.assert_allclose(moved[1], 3 * moved[0], rtol=1e-4)


def test_csv_logger(data, tmp_path):
    path = tmp_path / "log.csv"
    model = small_model()
    logger = callbacks.CSVLogger(path)
    history = model.fit(*data, epochs=2, validation_data=data, callbacks=[logger], verbose=0)
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["epoch", "acc", "loss", "val_acc", "val_loss"]
    assert [row[0] for row in rows] == ["0", "1"]
    assert [float(row[2]) for row in rows] == history.history["loss"]
    assert [float(row[4]) for row in rows] == history.history["val_loss"]


def test_csv_logger_begins_anew_or_appends(data, tmp_path):
    path = tmp_path / "log.csv"
    for append, lines in ((False, 3), (False, 3), (True, 5)):
        logger = callbacks.CSVLogger(path, separator=";", append=append)
        small_model().fit(*data, epochs=2, callbacks=[logger], verbose=0)
        found = path.read_text().splitlines()
        assert len(found) == lines
        assert found[0] == "epoch;acc;loss"
    fresh = tmp_path / "fresh.csv"
    logger = callbacks.CSVLogger(fresh, append=True)
    small_model().fit(*data, callbacks=[logger], verbose=0)
    assert fresh.read_text().splitlines()[0] == "epoch,acc,loss"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_terminate_on_nan(bad, data, capsys):
    class Spoiler(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                self.model.named_weights()["dense/kernel"][0, 0] = bad

    model = small_model()
    history = model.fit(
        *data,
        batch_size=2,
        epochs=5,
        shuffle=False,
        callbacks=[Spoiler(), callbacks.TerminateOnNaN()],
        validation_data=data,
        verbose=0,
    )
    assert capsys.readouterr().out.startswith("Training stops: epoch 1, batch 2 of ")
    assert model.optimizer.iterations == 1  # not that batch, not the third, no other epoch
    assert history.epoch == [0] and not np.isfinite(history.history["loss"][0])


def test_terminate_on_nan_lets_finite_losses_pass(data):
    model = small_model()
    model.fit(*data, epochs=2, callbacks=[callbacks.TerminateOnNaN()], verbose=0)
    assert model.epochs_done == 2


def test_the_order_of_occasions(data):
    seen = []

    def note(name):
        return lambda self, *arguments: seen.append((name, *arguments[:-1]))  # without the logs

    names = [name for name in dir(callbacks.Callback) if name.startswith("on_")]
    noting = type("Noting", (callbacks.Callback,), {name: note(name) for name in names})()
    small_model().fit(*data, batch_size=3, epochs=2, callbacks=[noting], verbose=0)
    batches = [(f"on_train_batch_{when}", number) for number in (0, 1) for when in ("begin", "end")]
    epochs = [
        occasion
        for epoch in (0, 1)
        for occasion in [("on_epoch_begin", epoch), *batches, ("on_epoch_end", epoch)]
    ]
    assert seen == [("on_train_begin",), *epochs, ("on_train_end",)]
    assert noting.params == {"epochs": 2, "steps": 2, "verbose": 0}


def test_something_else_than_a_callback_is_refused(data):
    with pytest.raises(TypeError, match="expected Callbacks, got str"):
        small_model().fit(*data, callbacks=["EarlyStopping"], verbose=0)


def test_monitor_refuses_an_unknown_mode():
    with pytest.raises(ValueError, match="EarlyStopping: expected mode to be auto, min or max"):
        callbacks.EarlyStopping(mode="least")


def test_a_loss_that_is_no_number_ends_training_beside_other_callbacks(data):
    watchers = [callbacks.TerminateOnNaN(), callbacks.EarlyStopping(patience=5)]
    model = small_model()
    model.named_weights()["dense/kernel"][...] = np.nan
    history = model.fit(*data, epochs=3, validation_data=data, callbacks=watchers, verbose=0)
    assert len(history.history["loss"]) == len(history.history["val_loss"]) == 1


def test_callbacks_written_for_keras_are_called(data):
    class LossHistory(callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.losses = []

        def on_batch_end(self, batch, logs=None):
            self.losses.append(logs["loss"])

    watcher = LossHistory()
    small_model().fit(*data, batch_size=2, epochs=2, callbacks=watcher, verbose=0)
    assert len(watcher.losses) == 6


def test_a_checkpoint_that_cannot_be_written_is_refused(data):
    with pytest.raises(ValueError, match=r"ends in \.npz"):
        callbacks.ModelCheckpoint("best.h5")
