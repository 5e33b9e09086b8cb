"""Losses and metrics with arguments come back from files; sums of metrics from checkpoints."""

import json

import numpy as np
import pytest

from minicnn import layers, losses, metrics, models, optimizers
from minicnn.callbacks import Callback
from minicnn.callbacks.backup import BackupAndRestore, TrainingStopped
from minicnn.models import load_model
from minicnn.saving.checkpoint import TRAINING, CheckpointError
from minicnn.saving.npz import META, read_npz, write_npz


def two_outputs() -> models.Model:
    x = layers.Input((3,))
    outputs = [layers.Dense(1, activation="sigmoid", name=name)(x) for name in "ba"]
    return models.Model(x, outputs, seed=0)


def one_output() -> models.Sequential:
    return models.Sequential([layers.Dense(1, input_shape=(3,))], seed=0)


COMPILED = {
    "loss and metrics": (
        one_output,
        {
            "loss": losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
            "metrics": ["acc", "binary_accuracy", "AUC", metrics.AUC(thresholds=[0.2, 0.5])],
            "weighted_metrics": [metrics.Precision(0.4, name="p"), metrics.Recall()],
        },
    ),
    "two outputs": (
        two_outputs,
        {
            "loss": ["bce", losses.BinaryCrossentropy(label_smoothing=0.1)],
            "metrics": {"a": ["acc", metrics.BinaryAccuracy(threshold=0.3)]},
            "weighted_metrics": ["AUC", None],
        },
    ),
}


@pytest.mark.parametrize("case", COMPILED)
def test_a_loaded_model_reports_the_same(case, rng, tmp_path):
    make, compiled = COMPILED[case]
    model = make()
    model.compile("sgd", **compiled)
    model.save(tmp_path / "model.npz")
    loaded = load_model(tmp_path / "model.npz")
    x, y, w = rng.normal(size=(9, 3)), rng.integers(0, 2, 9), rng.random(9)
    labels = y if make is one_output else [y, 1 - y]
    found = [
        one.test_on_batch(x, labels, sample_weight=w, return_dict=True) for one in (model, loaded)
    ]
    assert found[0] == found[1] and len(found[0]) > 4


def test_an_older_file_has_one_list_of_names_for_all_outputs(tmp_path):
    model = two_outputs()
    model.compile("sgd", metrics=[["acc", "binary_accuracy"]] * 2)
    path = tmp_path / "model.npz"
    model.save(path)
    arrays, meta = read_npz(path)
    meta["compiled"]["metrics"] = ["acc", "binary_accuracy"]
    write_npz(path, {**arrays, META: np.array(json.dumps(meta))})
    assert load_model(path).metrics[3].key == "a_binary_accuracy"


@pytest.mark.parametrize(
    "spoiled",
    [
        {"metrics": [{"class_name": "Model", "config": {}}]},
        {"metrics": [{"class_name": "AUC", "config": {"depth": 3}}]},
        {"metrics": [{"class_name": "AUC", "config": {"num_thresholds": 10**12}}]},
        {"metrics": [{"class_name": "AUC", "config": 3}]},
        {"metrics": [3]},
        {"weighted_metrics": "acc"},
        {"losses": [{"class_name": "BinaryCrossentropy", "config": {"label_smoothing": "a"}}]},
        {"losses": [{"class_name": "Model"}]},
    ],
)
def test_a_damaged_description_is_refused(spoiled, tmp_path):
    model = one_output()
    model.compile("sgd", metrics=["acc"])
    path = tmp_path / "model.npz"
    model.save(path)
    arrays, meta = read_npz(path)
    meta["compiled"].update(spoiled)
    write_npz(path, {**arrays, META: np.array(json.dumps(meta))})
    with pytest.raises(ValueError, match="model.npz: the model's description is damaged"):
        load_model(path)


def test_a_metric_of_one_s_own_cannot_be_saved(tmp_path):
    class Own(metrics.Recall):
        pass

    model = one_output()
    for metric in (Own(), lambda y, p: y):
        model.compile("sgd", metrics=[metric])
        with pytest.raises(ValueError, match="a metric of one's own .* cannot be saved"):
            model.save(tmp_path / "model.npz")


class StopAfter(Callback):
    def __init__(self, steps: int, backup: BackupAndRestore):
        self.left, self.backup = steps, backup

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        self.backup.stop_requested = self.left == 0


def train(folder, data, stop_after: int = 10**9, model=None):
    backup = BackupAndRestore(folder, save_freq=1)
    model = model or two_outputs()
    names = ["acc", "AUC", "Precision"]
    model.compile(optimizers.Adam(0.1), metrics=[names, None], weighted_metrics=[["AUC"], names])
    x, y, w = data
    return model.fit(
        *(x, [y, 1 - y], 3),
        **{"epochs": 2, "sample_weight": w, "validation_data": (x, [y, y], w), "verbose": 0},
        callbacks=[StopAfter(stop_after, backup), backup],
    ).history


@pytest.fixture
def data(rng):
    return rng.normal(size=(8, 3)), rng.integers(0, 2, 8), rng.random(8)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_metrics_of_an_interrupted_epoch_are_those_of_a_whole_one(steps, data, tmp_path):
    whole = train(tmp_path / "whole", data)
    with pytest.raises(TrainingStopped):
        train(tmp_path, data, stop_after=steps)
    assert train(tmp_path, data) == whole


@pytest.mark.parametrize(
    "spoil",
    [
        lambda totals: totals.pop("b_AUC"),
        lambda totals: totals.update(b_AUC=[1.0, 2.0]),
        lambda totals: totals.update(loss="long"),
        lambda totals: totals.clear(),
    ],
)
def test_damaged_sums_are_refused(spoil, data, tmp_path):
    with pytest.raises(TrainingStopped):
        train(tmp_path, data, stop_after=2)
    path = tmp_path / "checkpoint.npz"
    arrays, meta = read_npz(path)
    training = json.loads(str(arrays[TRAINING]))
    spoil(training["position"]["totals"])
    texts = {META: np.array(json.dumps(meta)), TRAINING: np.array(json.dumps(training))}
    write_npz(path, {**arrays, **texts})
    with pytest.raises(CheckpointError, match="checkpoint.npz: the checkpoint is damaged"):
        train(tmp_path, data)
