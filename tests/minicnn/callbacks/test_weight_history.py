"""WeightHistory: the convolutions before the first and after every epoch, in memory and in a file."""

import numpy as np
import pytest
from tiny_models import SHAPE, conv_to_dense

from minicnn.callbacks import BackupAndRestore, Callback, WeightHistory, load_weight_history

X = np.random.default_rng(0).normal(size=(6, *SHAPE)).astype(np.float32)
Y = np.array([0, 1, 0, 1, 0, 1], np.float32)


class Copies(Callback):
    """What WeightHistory has to have: the kernel after each epoch."""

    def on_train_begin(self, logs=None):
        self.kernels = [self.model.get_weights()[0]]

    def on_epoch_end(self, epoch, logs=None):
        self.kernels.append(self.model.get_weights()[0])


def trained(epochs, *callbacks):
    model = conv_to_dense(SHAPE, 2, seed=1, rate=0.5, optimizer="adam")
    model.fit(X, Y, batch_size=3, epochs=epochs, callbacks=list(callbacks), verbose=0)
    return model


def test_it_has_the_weights_of_every_epoch():
    history, copies = WeightHistory(), Copies()
    trained(3, history, copies)
    assert [epoch for epoch, _ in history.weights] == [0, 1, 2, 3]
    for (_, params), kernel in zip(history.weights, copies.kernels, strict=True):
        assert list(params) == ["conv2d/kernel", "conv2d/bias"]
        np.testing.assert_array_equal(params["conv2d/kernel"], kernel)
    assert not np.array_equal(copies.kernels[0], copies.kernels[-1])


def test_of_many_epochs_every_second_is_dropped():
    history, copies = WeightHistory(longest=4), Copies()
    trained(11, history, copies)
    assert history.epochs == [0, 4, 8]
    for epoch, params in history.weights:
        np.testing.assert_array_equal(params["conv2d/kernel"], copies.kernels[epoch])


def test_a_file_gives_them_back(tmp_path):
    history = WeightHistory()
    model = trained(2, history)
    history.save(tmp_path / "kernels.npz")
    found = load_weight_history(tmp_path / "kernels.npz", model)
    for (epoch, params), (there, read) in zip(history.weights, found, strict=True):
        assert epoch == there and params.keys() == read.keys()
        for name in params:
            np.testing.assert_array_equal(params[name], read[name])


def test_the_file_of_another_model_is_refused(tmp_path):
    history = WeightHistory()
    trained(1, history)
    history.save(tmp_path / "kernels.npz")
    other = conv_to_dense(SHAPE, 5, seed=1, rate=0.5, optimizer="adam")
    with pytest.raises(ValueError, match="other convolutions than sequential's"):
        load_weight_history(tmp_path / "kernels.npz", other)
    with pytest.raises(FileNotFoundError):
        load_weight_history(tmp_path / "none.npz", other)


def test_an_interrupted_training_has_the_same(tmp_path):
    """Ended after its second epoch and started again: nothing is missing, nothing there twice."""
    whole = WeightHistory()
    trained(4, whole, BackupAndRestore(tmp_path / "a"))

    class Interrupt(Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2 and not (tmp_path / "done").exists():
                (tmp_path / "done").touch()
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(4, WeightHistory(), Interrupt(), BackupAndRestore(tmp_path / "b"))
    resumed = WeightHistory()
    trained(4, resumed, Interrupt(), BackupAndRestore(tmp_path / "b"))
    assert resumed.epochs == whole.epochs == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(resumed.kept, whole.kept)


def test_a_model_without_convolutions_has_none(tmp_path):
    from minicnn import layers, models

    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(3,))], seed=0)
    model.compile("sgd")
    history = WeightHistory()
    model.fit(X[:, 0, :3, 0], Y, epochs=2, callbacks=[history], verbose=0)
    assert history.weights == [(0, {}), (1, {}), (2, {})]
    history.save(tmp_path / "kernels.npz")
    assert load_weight_history(tmp_path / "kernels.npz", model) == history.weights
