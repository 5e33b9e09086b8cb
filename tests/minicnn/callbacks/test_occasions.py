"""On which occasions callbacks are called: in fit, evaluate and predict, and by Keras."""

import numpy as np
import pytest
from played_training import small_model

from minicnn import callbacks

OCCASIONS = [
    f"on_{what}_{when}"
    for what in ("epoch", "train", "train_batch", "test", "test_batch", "predict", "predict_batch")
    for when in ("begin", "end")
]


def noted(module, model, data) -> list[tuple]:
    """(occasion, its number, keys of its logs) of fit with validation, evaluate and predict."""
    seen = []

    def note(name):
        def write(self, *given, logs=None):
            *number, last = (*given, logs) if logs is not None else given or (None,)
            number, keys = (number, last) if isinstance(last, dict) else ([*number, last], {})
            seen.append((name, *(one for one in number if one is not None), *sorted(keys)))

        return write

    noting = type("Noting", (module.Callback,), {name: note(name) for name in OCCASIONS})
    x, y = data
    model.fit(x, y, batch_size=3, validation_data=data, callbacks=[noting()], verbose=0)
    model.evaluate(x, y, batch_size=3, callbacks=[noting()], verbose=0)
    model.predict(x, batch_size=3, callbacks=[noting()], verbose=0)
    return seen


def test_all_occasions(data):
    seen = noted(callbacks, small_model(), data)
    testing = [
        ("on_test_begin",),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0, "acc", "loss"),
        ("on_test_batch_begin", 1),
        ("on_test_batch_end", 1, "acc", "loss"),
        ("on_test_end", "acc", "loss"),
    ]
    training = [
        ("on_train_begin",),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0, "acc", "loss"),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1, "acc", "loss"),
    ]
    assert seen == [
        *training,
        *testing,
        ("on_epoch_end", 0, "acc", "loss", "val_acc", "val_loss"),
        ("on_train_end", "acc", "loss", "val_acc", "val_loss"),
        *testing,
        ("on_predict_begin",),
        ("on_predict_batch_begin", 0),
        ("on_predict_batch_end", 0, "outputs"),
        ("on_predict_batch_begin", 1),
        ("on_predict_batch_end", 1, "outputs"),
        ("on_predict_end",),
    ]


def test_occasions_come_in_keras_order(data):
    pytest.importorskip("tensorflow")
    keras = pytest.importorskip("keras")
    theirs = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    theirs.compile("sgd", "binary_crossentropy", metrics=["acc"])
    names = [entry[0] for entry in noted(callbacks, small_model(), data)]
    assert names == [entry[0] for entry in noted(keras.callbacks, theirs, data)]


def test_functions_need_no_default_for_their_logs(data):
    """As in the example of Keras' LambdaCallback."""
    seen = []
    printing = callbacks.LambdaCallback(
        on_train_begin=lambda logs: seen.append(logs),
        on_epoch_begin=lambda epoch, logs: seen.append(logs),
        on_train_batch_begin=lambda batch, logs: seen.append(logs),
        on_test_begin=lambda logs: seen.append(logs),
        on_train_end=lambda logs: seen.append(logs),
    )
    model = small_model()
    history = model.fit(*data, validation_data=data, callbacks=[printing], verbose=0).history
    assert seen == [{}, {}, {}, {}, {key: values[-1] for key, values in history.items()}]
    model.fit(*data, epochs=0, callbacks=[printing], verbose=0)
    assert seen[-2:] == [{}, {}]  # without an epoch, there is nothing to tell at the end


def test_after_a_batch_the_logs_have_the_values_of_the_epoch_so_far(data):
    """As in Keras: the last ones are those of the whole epoch."""
    seen = {"train": [], "test": []}
    keep = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen["train"].append(logs),
        on_test_batch_end=lambda batch, logs: seen["test"].append(logs),
    )
    x, y = data  # 6 samples: batches of 4 and 2
    model = small_model()
    model.optimizer.learning_rate = 0  # the weights stay
    parts = [model.test_on_batch(x[part], y[part]) for part in (slice(4), slice(4, None))]
    arguments = {"batch_size": 4, "shuffle": False, "validation_data": data, "verbose": 0}
    history = model.fit(x, y, callbacks=[keep], **arguments).history
    for batches, prefix in ((seen["train"], ""), (seen["test"], "val_")):
        first, last = ([logs["loss"], logs["acc"]] for logs in batches)
        assert first == pytest.approx(parts[0])
        assert last == pytest.approx((4 * np.array(parts[0]) + 2 * np.array(parts[1])) / 6)
        assert last == [history[prefix + key][0] for key in ("loss", "acc")]


def test_the_batches_of_predict_are_given(data):
    parts = []
    keep = callbacks.LambdaCallback(
        on_predict_batch_end=lambda batch, logs: parts.append(logs["outputs"])
    )
    found = small_model().predict(data[0], batch_size=4, callbacks=keep)
    np.testing.assert_array_equal(np.concatenate(parts), found)


def test_model_and_params_are_set_before_all_occasions(data):
    class Own(callbacks.Callback):
        def set_model(self, model):
            super().set_model(model)
            self.seen = ["model"]

        def set_params(self, params):
            super().set_params(params)
            self.seen.append(params["steps"])

    model, own = small_model(), Own()
    model.evaluate(*data, batch_size=2, callbacks=[own], verbose=0)
    assert (own.seen, own.model) == (["model", 3], model)


# LambdaCallback


def test_functions_are_called_on_their_occasions(data):
    seen = []
    given = {name: lambda *given, name=name: seen.append(name) for name in OCCASIONS}
    model, callback = small_model(), callbacks.LambdaCallback(**given)
    model.fit(*data, validation_data=data, callbacks=[callback], verbose=0)
    model.predict(data[0], callbacks=[callback])
    assert sorted(set(seen)) == sorted(OCCASIONS)
    assert seen[0] == "on_train_begin"


def test_a_name_that_is_no_occasion_is_refused():
    for given in ({"on_epoch_ends": print}, {"on_bad_loss": print}, {"model": None}):
        with pytest.raises(TypeError, match=f"functions for .*got '{next(iter(given))}'"):
            callbacks.LambdaCallback(**given)
    with pytest.raises(TypeError, match="expected on_epoch_end to be a function, got 3"):
        callbacks.LambdaCallback(on_epoch_end=3)


# TerminateOnNaN(raise_error=True)


def test_a_loss_that_is_not_finite_raises_where_that_is_asked_for(data):
    ended = []
    callback = callbacks.LambdaCallback(on_train_end=ended.append)
    model = small_model()
    model.named_weights()["dense/kernel"][...] = np.nan
    with pytest.raises(RuntimeError, match="Training stops: epoch 1, batch 1"):
        model.fit(*data, callbacks=[callbacks.TerminateOnNaN(True), callback], verbose=0)
    assert ended == []


# LearningRateScheduler


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 0.5 / (epoch + 1), lambda epoch, rate: 0.5 / (epoch + 1)]
)
def test_a_schedule_takes_the_epoch_or_the_rate_as_well(schedule, data):
    scheduler = callbacks.LearningRateScheduler(schedule)
    history = small_model().fit(*data, epochs=2, callbacks=[scheduler], verbose=0)
    assert history.history["learning_rate"] == [0.5, 0.25]


def test_an_error_inside_a_schedule_is_not_hidden(data):
    def schedule(epoch, rate):
        return None + rate

    with pytest.raises(TypeError, match="NoneType"):
        small_model().fit(*data, callbacks=[callbacks.LearningRateScheduler(schedule)], verbose=0)


@pytest.mark.parametrize("rate", [None, -0.1, "0.1", float("nan"), float("inf"), True])
def test_a_schedule_that_gives_no_rate(rate, data):
    scheduler = callbacks.LearningRateScheduler(lambda epoch: rate)
    with pytest.raises(ValueError, match="rate"):
        small_model().fit(*data, callbacks=[scheduler], verbose=0)
    with pytest.raises(TypeError, match="schedule to be a function, got 0.1"):
        callbacks.LearningRateScheduler(0.1)
