"""Weights, metrics, losses and dicts of `fit`, `evaluate` and `train_on_batch` beside real Keras."""

import functools

import numpy as np
import pytest

import minicnn.callbacks
import minicnn.layers
import minicnn.losses
import minicnn.metrics
import minicnn.models
import minicnn.optimizers

pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

SIDES = (minicnn, keras)
SAMPLES, FEATURES = 22, 3  # batches of 16 and 6
PARTS = (slice(9), slice(9, None))
KERNEL = np.linspace(-1, 1, FEATURES)[:, None]


@pytest.fixture
def data(rng):
    """x, y and weights, some of them 0."""
    x = rng.normal(size=(SAMPLES, FEATURES)).astype(np.float32)
    y = (x[:, :1] + rng.normal(size=(SAMPLES, 1)) > 0).astype(np.float32)
    return x, y, np.linspace(-0.2, 2, SAMPLES).clip(0)


def one_output(side, activation="sigmoid"):
    model = side.models.Sequential(
        [side.layers.Input((FEATURES,)), side.layers.Dense(1, activation=activation, name="only")]
    )
    model.set_weights([KERNEL, np.zeros(1)])
    return model


def two_outputs(side):
    """Two inputs and two outputs, whose names are not in alphabetical order."""
    left, right = (side.layers.Input((FEATURES,), name=name) for name in ("v", "u"))
    outputs = [
        side.layers.Dense(1, activation="sigmoid", name=name)(x)
        for name, x in (("b", left), ("a", right))
    ]
    model = side.models.Model([left, right], outputs)
    model.set_weights([KERNEL, np.zeros(1), KERNEL[::-1] / 2, np.ones(1) / 4])
    return model


def trained(side, model, data, compiled: dict, **fitted) -> dict:
    """The history of two epochs, and after it what evaluate gives, and the weights.

    Keras runs eagerly: else it does not know how many samples a batch has where it takes the mean
    of the losses of several outputs, and gives the last, smaller batch as much weight as others.
    """
    compiled = {"loss": "binary_crossentropy", **compiled}
    if side is keras:
        compiled["run_eagerly"] = True
    model.compile(side.optimizers.SGD(0.5), **compiled)
    x, y, *rest = data
    given = {"sample_weight": rest[0]} if rest else {}
    fitted = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0, **fitted}
    history = model.fit(x, y, **given, **fitted).history
    return {
        **history,
        "evaluated": model.evaluate(x, y, batch_size=16, verbose=0, **given),
        **{f"weights {i}": array for i, array in enumerate(model.get_weights())},
    }


def check_same(ours: dict, theirs: dict) -> None:
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        np.testing.assert_allclose(ours[key], value, rtol=1e-6, atol=1e-6, err_msg=key)


def both(make, data, compiled=lambda side: {}, **fitted) -> None:
    check_same(*(trained(side, make(side), data, compiled(side), **fitted) for side in SIDES))


def logs_of_all_occasions(side, data) -> dict:
    """The logs that a callback is given in fit with validation, evaluate and predict, in order."""
    found = {}
    names = ("epoch", "train", "train_batch", "test", "test_batch", "predict", "predict_batch")

    def note(name):
        def write(self, *given, logs=None):
            values = {
                key: np.array(value) for key, value in (given[-1] if logs is None else logs).items()
            }
            found[f"{len(found)} {name}"] = values

        return write

    occasions = {f"on_{name}_{when}" for name in names for when in ("begin", "end")}
    noting = type("Noting", (side.callbacks.Callback,), {name: note(name) for name in occasions})()
    model = one_output(side)
    compiled = {"run_eagerly": True} if side is keras else {}
    model.compile(
        side.optimizers.SGD(0.5), "binary_crossentropy", metrics=["acc", "AUC"], **compiled
    )
    x, y = data[:2]
    arguments = {"batch_size": 16, "callbacks": [noting], "verbose": 0}
    model.fit(x, y, epochs=2, shuffle=False, validation_data=(x, y), **arguments)
    model.evaluate(x, y, **arguments)
    model.predict(x, **arguments)
    return found


def test_callbacks_are_given_the_same_logs(data):
    ours, theirs = (logs_of_all_occasions(side, data) for side in SIDES)
    assert list(ours) == list(theirs)
    for occasion, logs in theirs.items():
        assert list(ours[occasion]) == list(logs), occasion
        for key, value in logs.items():
            np.testing.assert_allclose(ours[occasion][key], value, atol=2e-6, err_msg=occasion)


METRICS = {
    "names": lambda side: ["acc", "AUC", "precision", "Recall", "binary_accuracy"],
    "function": lambda side: [side.metrics.binary_accuracy],
    "instances": lambda side: [
        side.metrics.AUC(name="roc"),
        side.metrics.AUC(curve="PR", name="pr"),
        side.metrics.AUC(num_thresholds=7, name="few"),
        side.metrics.AUC(thresholds=[0.6, 0.2, 0.3], name="own"),
        side.metrics.AUC(thresholds=[0.6, 0.2], curve="PR", name="own_pr"),
        side.metrics.Precision(thresholds=0.7, name="precise"),
        side.metrics.Recall(0.3, name="recalled"),
        side.metrics.BinaryAccuracy(threshold=0.4, name="at_4"),
    ],
}


@pytest.mark.parametrize("weights", ["none", "samples", "classes"])
@pytest.mark.parametrize("kind", METRICS)
def test_metrics_over_epochs_of_uneven_batches(kind, weights, data):
    make = METRICS[kind]
    with_weights = {"class_weight": {1: 2.5}} if weights == "classes" else {}
    given = data if weights == "samples" else data[:2]
    keys = ("metrics", "weighted_metrics") if kind == "instances" and weights == "samples" else ()
    for key in keys or ("weighted_metrics",):
        both(one_output, given, lambda side, key=key: {key: make(side)}, **with_weights)


def test_weighted_metrics_of_the_name_of_others(data):
    found = []
    for side in SIDES:
        model = one_output(side)
        model.compile("sgd", "bce", metrics=["acc"], weighted_metrics=["acc", "AUC", "acc"])
        x, y, w = data
        history = model.fit(x, y, sample_weight=w, verbose=0, validation_data=[x, y]).history
        found.append(history)
    check_same(*found)
    assert {"acc", "weighted_acc", "weighted_acc_1", "AUC", "val_AUC"} < found[0].keys()


@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_auc_of_predictions_on_its_thresholds(curve, rng):
    """i / 199 in float32 is above a threshold or not, as Keras' rounding has it; and ties."""
    p = np.concatenate([np.arange(200) / 199, [0, 1, 0.5, 0.5]]).astype(np.float32)
    y, w = rng.integers(0, 2, len(p)), rng.random(len(p))
    for weights in (None, w, np.zeros(len(p))):
        for labels in (y, np.zeros_like(y), np.ones_like(y)):
            found = []
            for side in SIDES:
                metric = side.metrics.AUC(curve=curve)
                metric.update_state(labels, p, sample_weight=weights)
                metric.update_state(labels[:50], p[:50])
                found.append(float(metric.result()))
            np.testing.assert_allclose(*found, atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_of_several_units(weighted, rng):
    y, p, w = rng.integers(0, 2, (30, 4)), rng.random((30, 4)), rng.random(30)
    for make in (
        lambda side: side.metrics.AUC(),
        lambda side: side.metrics.AUC(from_logits=True),
        lambda side: side.metrics.BinaryAccuracy(),
        lambda side: side.metrics.Precision(),
        lambda side: side.metrics.Recall(thresholds=0.2),
    ):
        found = []
        for side in SIDES:
            metric = make(side)
            metric.update_state(y, p.astype(np.float32), sample_weight=w if weighted else None)
            found.append(float(metric.result()))
        np.testing.assert_allclose(*found, atol=1e-6)


def Absolute(y, p):  # noqa: N802 (a name that Keras changes)
    return abs(y - p)


def whole_batch(y, p):
    return abs(y - p).sum() if isinstance(p, np.ndarray) else keras.ops.sum(abs(y - p))


def test_names_and_values_of_functions(data):
    functions = [
        lambda y, p: y - p,
        lambda y, p: y * p,
        Absolute,
        functools.partial(Absolute),
        functools.partial(lambda y, p: p),
        whole_batch,
    ]
    found = []
    for side in SIDES:
        model = one_output(side)
        model.compile("sgd", "bce", metrics=functions, weighted_metrics=functions[:-1])
        x, y, w = data
        found.append(model.fit(x, y, 8, sample_weight=w, shuffle=False, verbose=0).history)
    check_same(*found)
    assert {"lambda", "lambda_1", "absolute", "partial", "partial_1"} < found[0].keys()


LOSSES = [
    (activation, from_logits, smoothing)
    for activation in ("sigmoid", None)
    for from_logits in (False, True)
    for smoothing in (0.0, 0.2)
    if activation or from_logits  # else the outputs are no probabilities
]


@pytest.mark.parametrize("activation, from_logits, smoothing", LOSSES)
def test_losses(activation, from_logits, smoothing, data):
    both(
        lambda side: one_output(side, activation),
        data,
        lambda side: {
            "loss": side.losses.BinaryCrossentropy(from_logits, smoothing),
            "metrics": ["acc"],
        },
    )


TWO = {
    "one for all": lambda side: {"loss": "bce"},
    "lists": lambda side: {
        "loss": ["bce", side.losses.BinaryCrossentropy(label_smoothing=0.1)],
        "loss_weights": [0.5, 2.0],
        "metrics": [["acc", "AUC"], None],
    },
    "an entry each": lambda side: {"metrics": ["AUC", "acc"], "weighted_metrics": [[], ["acc"]]},
    "dicts": lambda side: {
        "loss": {"a": "bce", "b": "binary_crossentropy"},
        "loss_weights": {"b": 0.5, "a": 2.0},
        "metrics": {"a": ["acc", "Precision"], "b": "AUC"},
        "weighted_metrics": {"b": ["acc"]},
    },
}


@pytest.mark.parametrize("case", TWO)
def test_two_inputs_and_outputs(case, data):
    x, y, w = data
    lists = ([x, -x], [y, 1 - y])
    both(two_outputs, (*lists, [w, w[::-1]]), TWO[case])
    both(two_outputs, (*lists, w), TWO[case], validation_split=0.3)


def test_dicts_by_name(data):
    x, y, _ = data
    named = ({"u": -x, "v": x, "other": x}, {"a": 1 - y, "b": y})
    both(two_outputs, named, TWO["dicts"], validation_split=0.3)
    ours, theirs = (two_outputs(side).predict(named[0], verbose=0) for side in SIDES)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


VALIDATIONS = {
    "data wins over split": lambda x, y, w: {"validation_data": (x, y), "validation_split": 0.5},
    "list": lambda x, y, w: {"validation_data": [x, y]},
    "weights": lambda x, y, w: {"validation_data": (x, y, w), "validation_batch_size": 5},
    "every second": lambda x, y, w: {"validation_data": (x, y), "validation_freq": 2},
    "epoch 1 alone": lambda x, y, w: {"validation_data": (x, y), "validation_freq": [1, 3]},
    "from epoch 1": lambda x, y, w: {"initial_epoch": 1, "validation_split": 0.4},
}


@pytest.mark.parametrize("case", VALIDATIONS)
def test_validation(case, data):
    compiled = {"metrics": ["acc"], "weighted_metrics": ["AUC"]}
    both(one_output, data, lambda side: compiled, **VALIDATIONS[case](*data))


def test_weights_in_batches(data):
    found = []
    for side in SIDES:
        model = one_output(side)
        model.compile(side.optimizers.SGD(0.5), "bce", weighted_metrics=["acc", "AUC"])
        endless = (tuple(one[part] for one in data) for _ in range(9) for part in PARTS)
        arguments = {"epochs": 2, "steps_per_epoch": 2, "verbose": 0}
        history = model.fit(endless, **arguments, validation_data=data).history
        found.append(
            {
                **history,
                "train": model.train_on_batch(*data),
                "test": model.test_on_batch(*data),
                "classes": model.train_on_batch(*data[:2], class_weight={0: 3}),
                "weights": model.get_weights()[0],
            }
        )
    check_same(*found)


def test_both_weights_are_refused_by_both(data):
    x, y, w = data
    for side in SIDES:
        model = one_output(side)
        model.compile("sgd", "bce")
        arguments = {"sample_weight": w, "class_weight": {0: 2}}
        with pytest.raises(ValueError, match="class_weight"):
            model.fit(x, y, **arguments, verbose=0)
        with pytest.raises(ValueError, match="class_weight"):
            model.train_on_batch(x, y, **arguments)


def test_configs_have_keras_names_and_values():
    for name in ("AUC", "Precision", "Recall", "BinaryAccuracy"):
        ours, theirs = (getattr(side.metrics, name)(name="it").get_config() for side in SIDES)
        assert {**theirs, "thresholds": None, **ours} == {"thresholds": None, **theirs}
    ours, theirs = (side.losses.BinaryCrossentropy(True, 0.25).get_config() for side in SIDES)
    assert theirs | ours == theirs
