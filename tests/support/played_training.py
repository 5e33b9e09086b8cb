"""A small model, and a training whose logs are made up."""

import numpy as np

from minicnn import callbacks, layers, models, optimizers


def small_model(metrics=("acc",)) -> models.Sequential:
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(3,))], seed=0)
    model.compile(optimizers.SGD(0.5), "binary_crossentropy", list(metrics))
    return model


class Play(callbacks.Callback):
    """Puts given numbers in the place of an epoch's, and marks the weights with the epoch."""

    def __init__(self, values: list[float], key: str = "val_loss"):
        self.values, self.key = values, key

    def on_epoch_end(self, epoch, logs):
        logs[self.key] = self.values[epoch]
        self.model.set_weights([np.full_like(w, epoch) for w in self.model.get_weights()])


def play(values, callback, data, key="val_loss"):
    """Train for as many epochs as there are values; (model, epochs that took place)."""
    model = small_model()
    history = model.fit(
        *data, epochs=len(values), callbacks=[Play(values, key), callback], verbose=0
    )
    assert history.history[key] == values[: len(history.epoch)]
    return model, len(history.epoch)


def marked_epoch(model) -> float:
    """The epoch whose mark the weights carry."""
    return float(model.get_weights()[0][0, 0])
