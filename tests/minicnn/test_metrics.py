"""Metrics, worked out by hand; beside Keras in `test_fit_against_keras`."""

import functools
import math

import numpy as np
import pytest

from minicnn import layers, metrics, models

Y = [0, 0, 1, 1]
P = [0.1, 0.6, 0.4, 0.9]


def of(metric, y=Y, p=P, w=None) -> float:
    metric.update_state(y, p, sample_weight=w)
    return metric.result()


@pytest.mark.usefixtures("backend")
def test_exactly_one_half_is_class_zero():
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    p = np.array([[0.5], [0.5], [0.51], [0.7]])
    assert metrics.binary_accuracy(y, p).tolist() == [[1], [0], [1], [0]]
    assert metrics.binary_accuracy(y, p, threshold=0.6).tolist() == [[1], [0], [0], [0]]


def test_accuracy_precision_and_recall():
    assert of(metrics.BinaryAccuracy()) == 2 / 4
    assert of(metrics.BinaryAccuracy(threshold=0.35)) == 3 / 4
    assert of(metrics.BinaryAccuracy(), w=[1, 0, 2, 1]) == 2 / 4
    assert of(metrics.Precision()) == of(metrics.Recall()) == 1 / 2
    assert of(metrics.Precision(0.35)) == 2 / 3
    assert of(metrics.Recall(0.35)) == 1
    assert of(metrics.Precision(), w=[1, 1, 1, 3]) == 3 / 4
    assert of(metrics.Recall(), w=[1, 1, 1, 3]) == 3 / 4
    assert of(metrics.Precision(0.95)) == of(metrics.Recall(), [0] * 4) == 0  # 0 of 0


def test_area_below_roc():
    # 3 of the 4 pairs of a positive and a negative sample are in order; a tie is half of a pair.
    assert of(metrics.AUC()) == 3 / 4
    assert of(metrics.AUC(), p=[0.1, 0.4, 0.4, 0.9]) == 3.5 / 4
    assert of(metrics.AUC(), w=[1, 3, 1, 1]) == pytest.approx((1 + 4) / 8)
    assert of(metrics.AUC(num_thresholds=3)) == pytest.approx(1 / 2)  # 0.1, 0.4 | 0.6, 0.9
    assert of(metrics.AUC(thresholds=[0.5])) == pytest.approx(1 / 2)
    assert of(metrics.AUC(from_logits=True), p=[-3, 1, -1, 2]) == 3 / 4
    for positives in range(
        1, 40
    ):  # exactly 1, or a callback would take the next 1 for a better one
        y = [0] * 11 + [1] * positives
        assert of(metrics.AUC(), y=y, p=np.linspace(0, 1, len(y))) == 1
    assert math.isnan(of(metrics.AUC(), p=[0.1, np.nan, 0.4, 0.9]))
    assert of(metrics.AUC(), y=[1, 1, 1, 1]) == 0  # no negatives, no rate of them


def test_area_below_precision():
    # From the highest p on, TP and P are (0, 0), (1, 1), (1, 2), (2, 3), (2, 4): two segments with
    # a slope, each of dTP = 1 and dP = 1. Precision is 1 on the first; on the second TP = P - 1,
    # and the integral of (P - 1) / P from 2 to 3 is 1 - ln(3 / 2).
    expected = (1 + 1 - math.log(3 / 2)) / 2
    assert of(metrics.AUC(curve="PR")) == pytest.approx(expected)


def test_batches_add_up_to_the_value_of_all():
    for make in (metrics.AUC, metrics.Precision, metrics.Recall, metrics.BinaryAccuracy):
        whole, parts = make(), make()
        of(whole)
        of(parts, Y[:3], P[:3])
        of(parts, Y[3:], P[3:])
        assert whole.result() == parts.result()
        parts.reset_state()
        assert of(parts) == whole.result()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: metrics.AUC(summation_method="minoring"), "AUC: summation_method is not"),
        (lambda: metrics.AUC(multi_label=True), "AUC: multi_label is not supported"),
        (lambda: metrics.AUC(num_labels=2), "num_labels is not supported"),
        (lambda: metrics.AUC(label_weights=[1]), "label_weights is not supported"),
        (lambda: metrics.AUC(dtype="float16"), "AUC: dtype is not supported"),
        (lambda: metrics.AUC(curve="PRGAIN"), "curve to be one of ROC, PR, got 'PRGAIN'"),
        (lambda: metrics.AUC(1), r"num_thresholds to be an integer in \[2, .*got 1"),
        (lambda: metrics.AUC(10**12), "num_thresholds"),
        (lambda: metrics.AUC(thresholds=[2]), r"AUC: expected thresholds to be in \[0, 1\], got 2"),
        (lambda: metrics.Precision(top_k=2), "Precision: top_k is not supported"),
        (lambda: metrics.Recall(class_id=1), "Recall: class_id is not supported"),
        (lambda: metrics.Recall(thresholds=[0.1, 0.2]), "Recall: expected thresholds"),
        (lambda: metrics.BinaryAccuracy(threshold="a"), "expected threshold to be"),
        (lambda: metrics.AUC(name="\x1b[2J"), "AUC: expected name to be a printable text"),
        (lambda: of(metrics.AUC(), p=P[:3]), "auc: expected a label for each prediction"),
        (lambda: of(metrics.AUC(), w=[1, 2]), "a weight for each sample"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# In a model


def model_of(outputs: int = 1) -> models.Model:
    x = layers.Input((2,))
    names = ["b", "a"][:outputs]
    made = [layers.Dense(1, activation="sigmoid", name=name)(x) for name in names]
    return models.Model(x, made, name="m", seed=0)


def keys(model) -> list[str]:
    return [one.key for one in model.metrics]


def loss(y, p):
    return abs(y - p)


def test_every_metric_has_a_key_of_its_own():
    model = model_of()
    half = functools.partial(loss)
    auc = [metrics.AUC, metrics.AUC(), "auc", "AUC"]
    functions = [lambda y, p: y, lambda y, p: p, half, half]
    model.compile("sgd", metrics=["acc", "acc", *auc, *functions], weighted_metrics=["acc", "AUC"])
    expected = "acc acc_1 auc auc_1 auc_2 AUC lambda lambda_1 partial partial_1"
    assert keys(model) == [*expected.split(), "weighted_acc", "weighted_AUC"]
    x, y = np.ones((3, 2)), np.ones(3)
    assert len(model.evaluate(x, y, verbose=0)) == 1 + len(keys(model))
    assert list(model.test_on_batch(x, y, return_dict=True)) == sorted(["loss", *keys(model)])


@pytest.mark.parametrize(
    "metric",
    [
        metrics.AUC(curve="PR", thresholds=[0.2, 0.7], name="area", from_logits=True),
        metrics.BinaryAccuracy(threshold=0.7),
        metrics.Precision(thresholds=0.3),
        metrics.Recall(name="found"),
    ],
)
def test_a_metric_of_a_config_is_an_equal_one_before_its_first_batch(metric):
    metric.update_state([0, 1, 1], [0.1, 0.6, 0.9])
    again = type(metric).from_config(metric.get_config())
    assert again.get_config() == metric.get_config() and again.total.sum() == 0
    again.update_state([0, 1, 1], [0.1, 0.6, 0.9])
    assert again.result() == metric.result()


@pytest.mark.parametrize(
    "given, key",
    [
        ([loss], "loss"),
        ([metrics.AUC(name="auc_1"), metrics.AUC(), metrics.AUC()], "auc_1"),
        (["acc", metrics.AUC(name="val_acc")], "val_acc"),
    ],
)
def test_two_values_of_one_key_are_refused(given, key):
    model = model_of()
    with pytest.raises(ValueError, match=f"names of metrics that nothing else .* '{key}' twice"):
        model.compile("sgd", metrics=given)
    assert model.optimizer is None


def test_metrics_of_two_outputs():
    model = model_of(2)
    for given, expected in (
        ("acc", ["b_acc", "a_acc"]),
        (["acc"], ["b_acc", "a_acc"]),
        (["acc", "AUC"], ["b_acc", "a_AUC"]),
        ([["acc", "AUC"], None], ["b_acc", "b_AUC"]),
        ({"a": ["acc", "acc"]}, ["a_acc", "a_acc_1"]),
    ):
        model.compile("sgd", metrics=given)
        assert keys(model) == expected
    for given in (["acc", "AUC", "acc"], {"c": "acc"}):
        with pytest.raises(ValueError, match="compile: expected metrics"):
            model.compile("sgd", metrics=given)
    with pytest.raises(ValueError, match="'a_loss' twice"):
        model.compile("sgd", metrics={"a": [loss]})


def test_a_function_gives_an_array_or_one_number():
    model = model_of()
    model.compile("sgd", metrics=[lambda y, p: 7, lambda y, p: y])
    x, y = np.ones((3, 2)), np.array([0, 1, 1])
    found = model.evaluate(x, y, batch_size=2, verbose=0)
    assert found[1:] == pytest.approx([7, 2 / 3])
    model.compile("sgd", metrics=[lambda y, p: [1, 2]])
    with pytest.raises(ValueError, match="lambda: expected a value for each of 3 samples"):
        model.evaluate(x, y, verbose=0)
    with pytest.raises(ValueError, match=r"got <class 'int'>"):
        model.compile("sgd", metrics=[int])


@pytest.mark.parametrize(
    "metric",
    [
        metrics.AUC(7, "PR", name="pr", thresholds=[0.2, 0.7], from_logits=True),
        metrics.Precision(0.3),
        metrics.Recall(name="found"),
        metrics.BinaryAccuracy(threshold=0.2),
    ],
    ids=lambda metric: metric.name,
)
def test_a_config_makes_an_equal_metric(metric):
    again = type(metric).from_config(metric.get_config())
    assert again.get_config() == metric.get_config()


def test_curves_and_counts_as_keras_takes_them():
    metric = metrics.AUC(np.int64(7), "pr")
    assert (metric.num_thresholds, metric.curve) == (7, "PR")
    for bad in (
        {"curve": "up"},
        {"curve": None},
        {"num_thresholds": 7.0},
        {"num_thresholds": True},
    ):
        with pytest.raises(ValueError, match=f"AUC: expected {next(iter(bad))} to be"):
            metrics.AUC(**bad)
