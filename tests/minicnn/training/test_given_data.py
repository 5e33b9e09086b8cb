"""What `fit` and its like are given: weights, dicts, validation; what is refused, and when."""

import math

import numpy as np
import pytest

from minicnn import layers, losses, metrics, models, optimizers
from minicnn.callbacks import Callback

SAMPLES = 8


@pytest.fixture
def data(rng):
    return rng.random((SAMPLES, 3), dtype=np.float32), np.arange(SAMPLES, dtype=np.float32) % 2


def one_output(**compiled) -> models.Sequential:
    """p = 0.5 whatever comes in, and a learning rate that keeps it there."""
    model = models.Sequential(
        [layers.Dense(1, activation="sigmoid", input_shape=(3,), name="only")], name="m", seed=0
    )
    model.set_weights([np.zeros((3, 1)), np.zeros(1)])
    model.compile(optimizers.SGD(1e-30), **compiled)
    return model


def two_of_each(**compiled) -> models.Model:
    """Each output is the sigmoid of the sum of its input."""
    inputs = [layers.Input((3,), name=name) for name in ("v", "u")]
    outputs = [
        layers.Dense(1, activation="sigmoid", name=name)(x)
        for name, x in zip("ba", inputs, strict=True)
    ]
    model = models.Model(inputs, outputs, name="two", seed=0)
    model.set_weights([np.ones((3, 1)), np.zeros(1)] * 2)
    model.compile(optimizers.SGD(1e-30), **compiled)
    return model


class Count(Callback):
    steps = begun = 0

    def on_train_begin(self, logs=None):
        self.begun += 1

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1


# Weights


def test_weights_weigh_the_loss_and_weighted_metrics(data):
    x, y = data
    w = np.where(y == 1, 3.0, 0.5)
    model = one_output(metrics=["acc"], weighted_metrics=["acc"])
    expected = {"acc": 0.5, "loss": 1.75 * math.log(2), "weighted_acc": 0.5 / 3.5}
    history = model.fit(x, y, 3, sample_weight=w, validation_data=(x, y, w), verbose=0).history
    for key, value in expected.items():
        assert history[key] == history[f"val_{key}"] == [pytest.approx(value)]
    by_class = model.fit(x, y, 3, class_weight={0: 0.5, 1: 3}, verbose=0).history
    assert {key: values[0] for key, values in by_class.items()} == pytest.approx(expected)
    column, texts = w[:, None], [float(one) for one in w]
    batches = [(x[:5], y[:5], column[:5]), (x[5:], y[5:], list(w[5:]))]
    for found in (
        model.evaluate(x, y, sample_weight=texts, verbose=0, return_dict=True),
        model.evaluate(batches, verbose=0, return_dict=True),
        model.test_on_batch(x, y, column, return_dict=True),
        model.train_on_batch(x, y, w, return_dict=True),
        model.train_on_batch(x, y, class_weight={0: 0.5, 1: 3}, return_dict=True),
    ):
        assert found == pytest.approx(expected)


def test_a_weight_of_2_trains_as_if_the_sample_were_there_twice(data):
    x, y = data
    weighted, twice = one_output(), one_output()
    weighted.compile(optimizers.SGD(0.8), "bce")
    twice.compile(optimizers.SGD(1.0), "bce")  # the mean is over 10 instead of 8 samples
    weighted.train_on_batch(x, y, sample_weight=[1, 2, 1, 1, 2, 1, 1, 1])
    twice.train_on_batch(*(np.concatenate([one, one[[1, 4]]]) for one in data))
    for ours, theirs in zip(weighted.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize(
    "weights, message",
    [
        (np.ones(3), r"sample_weight: expected one weight for each sample.*\(8,\), got \(3,\)"),
        (np.ones((8, 2)), r"got \(8, 2\)"),
        (np.array([1] * 7 + [-1]), "finite weights >= 0, got -1 for sample 7"),
        (np.array([1] * 7 + [np.nan]), "got nan for sample 7"),
        ([np.ones(8), np.ones(8)], "one array, or one for each of 1 outputs, got 2"),
    ],
)
def test_weights_that_do_not_fit(weights, message, data):
    x, y = data
    model = one_output()
    for attempt in (
        lambda: model.fit(x, y, sample_weight=weights, verbose=0),
        lambda: model.train_on_batch(x, y, sample_weight=weights),
        lambda: model.evaluate(iter([(x, y, weights)]), steps=1, verbose=0),
        lambda: model.fit(x, y, validation_data=(x, y, weights), verbose=0),
    ):
        with pytest.raises(ValueError, match=message):
            attempt()
    assert model.optimizer.iterations == 0


def test_classes_are_numbers_of_any_kind(data):
    """As of dict(zip(np.unique(y), weights)), where y is float32."""
    x, y = data
    expected = one_output().fit(x, y, class_weight={0: 0.5, 1: 3.0}, verbose=0).history
    for weights in ({0.0: 0.5, 1.0: 3}, dict(zip(np.unique(y), np.array([0.5, 3]), strict=True))):
        assert one_output().fit(x, y, class_weight=weights, verbose=0).history == expected
    for weights in ({0.5: 1.0}, {"0": 1.0}, {math.nan: 1.0}, {math.inf: 1.0}, {None: 1.0}):
        with pytest.raises(ValueError, match="class_weight: expected a dict of class numbers"):
            one_output().fit(x, y, class_weight=weights, verbose=0)


def test_both_weights_at_once_are_refused(data):
    x, y = data
    model = one_output()
    for attempt in (
        lambda: model.fit(x, y, sample_weight=y, class_weight={0: 1}, verbose=0),
        lambda: model.fit([(x, y, y)], class_weight={0: 1}, verbose=0),
        lambda: model.train_on_batch(x, y, sample_weight=y, class_weight={0: 1}),
    ):
        with pytest.raises(ValueError, match="class_weight: expected no sample_weight beside it"):
            attempt()
    with pytest.raises(ValueError, match="expected sample_weight only together with arrays"):
        model.fit([(x, y)], sample_weight=y, verbose=0)


# Several inputs and outputs, and dicts


def test_dicts_and_lists_are_the_same(data):
    x, y = data
    loss = losses.BinaryCrossentropy(label_smoothing=0.5)
    by_list = two_of_each(loss=["bce", loss], loss_weights=[1, 3], metrics=[["acc"], ["AUC"]])
    by_name = two_of_each(
        loss={"a": loss, "b": "bce"},
        loss_weights={"a": 3, "b": 1},
        metrics={"a": "AUC", "b": "acc"},
    )
    lists = ([x, -x], [y, 1 - y], [y, y + 1])
    dicts = ({"u": -x, "v": x, "more": x}, {"a": 1 - y, "b": y}, {"a": y + 1, "b": y})
    arguments = {"verbose": 0, "batch_size": 3, "validation_split": 0.5}
    histories = [
        model.fit(*given[:2], sample_weight=given[2], **arguments).history
        for model, given in ((by_list, lists), (by_name, dicts))
    ]
    assert histories[0] == histories[1]
    assert by_list.evaluate(*lists[:2], verbose=0) == by_name.evaluate([dicts[:2]], verbose=0)
    assert by_list.train_on_batch(*lists) == by_name.train_on_batch(*dicts)
    for one, other in zip(by_list.predict(lists[0]), by_name.predict(dicts[0]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "attempt, message",
    [
        (lambda m, x, y: m.fit({"u": x}, [y, y]), "x: expected a dict with the keys v, u, got u"),
        (lambda m, x, y: m.fit([x, x], {"a": y}), "y: expected a dict with the keys b, a, got a"),
        (lambda m, x, y: m.fit([x, x], {"a": y, "b": y, "c": y}), "keys b, a, got a, b, c"),
        (lambda m, x, y: m.predict({"u": x, "v": "text"}), r"x\['v'\]: expected an array"),
        (lambda m, x, y: m.train_on_batch({"q": x}, [y, y]), "keys v, u, got q"),
        (lambda m, x, y: m.compile("sgd", {"a": "bce"}), "compile: loss: expected a dict with"),
        (lambda m, x, y: m.compile("sgd", "bce", loss_weights={"a": 1}), "loss_weights: expected"),
        (lambda m, x, y: m.compile("sgd", "bce", loss_weights=2.0), "expected 2 loss weights"),
        (lambda m, x, y: m.compile("sgd", "bce", loss_weights=["1", 1]), "loss_weights"),
    ],
)
def test_dicts_that_do_not_fit(attempt, message, data):
    with pytest.raises((TypeError, ValueError), match=message):
        attempt(two_of_each(), *data)


def test_a_chain_that_is_not_built_counts_its_loss_weight(data):
    model = models.Sequential([layers.Dense(1, activation="sigmoid")], seed=0)
    model.compile("sgd", "bce", loss_weights=[2.0])
    doubled = model.test_on_batch(*data)
    model.compile("sgd", "bce")
    assert doubled == 2 * model.test_on_batch(*data)


# Validation


def test_validation_data_wins_over_validation_split():
    x = np.arange(20, dtype=np.float32).reshape(10, 2) / 20
    y = (np.arange(10) > 4).astype(np.float32)
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(2,))], seed=0)
    model.set_weights([np.array([[0.5], [-0.5]]), np.zeros(1)])
    model.compile(optimizers.SGD(0.1), "bce")
    arguments = {"batch_size": 1, "shuffle": False, "verbose": 0}
    found = model.fit(x, y, validation_split=0.5, validation_data=(x, y), **arguments).history
    assert model.optimizer.iterations == 10
    assert found["loss"] == [pytest.approx(0.691389, abs=1e-6)]  # Keras 3.15


@pytest.mark.parametrize(
    "frequency, epochs", [(1, [1, 2, 3, 4]), (3, [3]), ([2, 4], [2, 4]), ((1, 9), [1])]
)
def test_validation_every_so_many_epochs(frequency, epochs, data):
    logs = {}

    class Keep(Callback):
        def on_epoch_end(self, epoch, logs_of_epoch):
            logs[epoch + 1] = logs_of_epoch

    arguments = {"epochs": 4, "validation_data": [*data], "callbacks": Keep(), "verbose": 0}
    one_output().fit(*data, validation_freq=frequency, **arguments)
    assert [epoch for epoch, found in logs.items() if "val_loss" in found] == epochs


def bad_validations(x, y):
    return {
        "shape": (x[:, :2], y),
        "labels": (x, y + 1),
        "label shape": (x, np.stack([y, y], 1)),
        "no labels": x,
        "length": [x, y[:5]],
        "empty": (x[:0], y[:0]),
        "nan": (x * np.nan, y),
        "four": (x, y, y, y),
        "one": [x],
        "text": "x",
        "a sequence of another shape": [(x[:, :2], y)],
        "a sequence of other labels": [(x, y + 1)],
        "a sequence without labels": [(x,)],
    }


@pytest.mark.parametrize("case", bad_validations(np.ones((2, 3)), np.ones(2)))
def test_bad_validation_is_refused_before_the_first_step(case, data):
    model, counter = one_output(metrics=["acc"]), Count()
    given = bad_validations(*data)[case]
    with pytest.raises((TypeError, ValueError), match="validation"):
        model.fit(*data, validation_data=given, callbacks=[counter], verbose=0)
    assert model.optimizer.iterations == counter.begun == 0


def test_arrays_of_another_shape_are_refused_before_training_begins(data):
    counter = Count()
    with pytest.raises(ValueError, match=r"^m: expected input of shape \(batch, 3\), got"):
        one_output().fit(data[0][:, :2], data[1], callbacks=counter, verbose=0)
    assert counter.begun == 0


def test_a_chain_is_built_for_its_training_data_not_its_validation(data):
    x, y = data
    model = models.Sequential([layers.Dense(1, activation="sigmoid")], name="m", seed=0)
    model.compile("sgd", "bce")
    with pytest.raises(ValueError, match=r"^validation batch 1 of 1: m: .*\(batch, 3\), got"):
        model.fit(x, y, validation_data=(x[:, :2], y), verbose=0)
    assert model.input_shape == (None, 3)


def test_a_validation_generator_that_ends_is_called_validation(data):
    endless = (data for _ in range(3))
    with pytest.raises(ValueError, match="^validation batch 2 of 2: the data ended after 1 of 2"):
        one_output().fit(*data, epochs=2, validation_data=endless, validation_steps=2, verbose=0)
    with pytest.raises(ValueError, match=r"^validation batch 1 of 1, .*got 2 for sample"):
        generator = iter([(data[0], data[1] + 2)])
        one_output().fit(*data, validation_data=generator, validation_steps=1, verbose=0)
    with pytest.raises(ValueError, match="expected validation_steps"):
        one_output().fit(*data, validation_data=iter([data]), verbose=0)


# Numbers


@pytest.mark.parametrize(
    "arguments",
    [
        *({"epochs": value} for value in (1.5, None, -3, "3", True, math.nan)),
        *({"initial_epoch": value} for value in (-1, 0.5, "0", None)),
        *({"batch_size": value} for value in (1.5, "8", True)),
        *({"steps_per_epoch": value} for value in (1.5, -1, "2")),
        *({"validation_batch_size": value} for value in (0, -1, "8")),
        *({"validation_steps": value} for value in (0, 1.5, "1")),
        *({"validation_freq": value} for value in (0, "2", 1.5, None, [0], ["1"])),
        *({"validation_split": value} for value in ("0.2", 1.5, -1)),
    ],
    ids=str,
)
def test_numbers_that_make_no_sense_are_refused_by_name(arguments, data):
    (name,) = arguments
    validation = {} if name == "validation_split" else {"validation_data": data}
    counter = Count()
    with pytest.raises(ValueError, match="batch_size" if "batch_size" in name else name):
        one_output().fit(*data, **validation, **arguments, callbacks=counter, verbose=0)
    assert counter.begun == 0


@pytest.mark.parametrize("method", ["evaluate", "predict"])
def test_steps_that_make_no_sense_are_refused_by_the_method(method, data):
    with pytest.raises(ValueError, match=f"^{method}: expected steps to be a positive integer"):
        getattr(one_output(), method)(data[0], steps=0)


def test_epochs_that_are_none_and_numbers_of_numpy(data):
    assert one_output().fit(*data, epochs=0, verbose=0).history == {}
    assert one_output().fit(*data, epochs=2, initial_epoch=5, verbose=0).history == {}
    assert one_output().fit(*data, epochs=np.int64(2), verbose=0).epoch == [0, 1]


@pytest.mark.parametrize(
    "method, arguments",
    [
        ("compile", {"run_eagerly": True}),
        ("compile", {"steps_per_execution": 4}),
        ("compile", {"jit_compile": True}),
        ("compile", {"auto_scale_loss": False}),
    ],
)
def test_arguments_of_keras_that_stay_unsupported(method, arguments, data):
    (name,) = arguments
    x = {"compile": (), "evaluate": data, "predict": data[:1]}[method]
    with pytest.raises(ValueError, match=f"{method}: {name} is not supported"):
        getattr(one_output(), method)(*x, **arguments)
    getattr(one_output(metrics=[metrics.AUC()]), method)(*x)


def test_labels_as_a_list_of_numbers_of_numpy(data):
    x, y = data
    assert one_output().evaluate(x, list(y), verbose=0) == one_output().evaluate(x, y, verbose=0)
    assert one_output().test_on_batch(x, list(y)) == one_output().test_on_batch(x, y)
