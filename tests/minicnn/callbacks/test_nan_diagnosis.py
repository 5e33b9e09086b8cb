"""`TerminateOnNaN` says where the first number came up that is not finite."""

import re

import numpy as np
import pytest
from bad_arrays import SAMPLES, from_folder, small_model, write_images

from minicnn import callbacks, layers, models, optimizers
from minicnn.callbacks import TerminateOnNaN
from minicnn.callbacks.nan_diagnosis import first_nonfinite_layer
from minicnn.training.step import as_inputs


@pytest.fixture
def x(rng):
    return rng.random((SAMPLES, 10, 12, 1), dtype=np.float32)


@pytest.fixture
def y():
    return np.arange(SAMPLES) % 2


@pytest.fixture
def folder(tmp_path, rng):
    return write_images(tmp_path, rng)


def training_that_stops(model, x, y, **arguments):
    terminator = TerminateOnNaN(verbose=0)
    with np.errstate(all="ignore"):
        model.fit(x, y, epochs=3, verbose=0, callbacks=[terminator], **arguments)
    return terminator.found


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_a_learning_rate_that_explodes(optimizer, x, y, capsys):
    model = small_model(type(optimizers.get(optimizer))(1e30))
    with np.errstate(all="ignore"):
        model.fit(x, y, batch_size=3, epochs=5, verbose=0, callbacks=[TerminateOnNaN()])
    text = capsys.readouterr().out
    assert re.match(
        r"Training stops: epoch 1, (batch \d of 3 \(sample \d of the arrays, .*\): the loss is "
        r"(nan|inf): |after its last batch: )",
        text,
    )
    assert "the learning rate is 1e+30, try a smaller one" in text
    assert text.count("\n") == 1


def test_without_the_callback_training_goes_on_as_in_keras(x, y):
    model = small_model(optimizers.SGD(1e30))
    with np.errstate(all="ignore"):
        history = model.fit(x, y, batch_size=3, epochs=2, verbose=0)
    assert model.optimizer.iterations == 6
    assert np.isnan(history.history["loss"][1])


def test_the_layer_the_sample_and_the_files_are_named(folder):
    class Enlarge(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                self.model.layers[4].params["kernel"][...] = 3e38

    images = from_folder(folder, rescale=1 / 255)
    model, terminator = small_model(), TerminateOnNaN(verbose=0)
    with np.errstate(all="ignore"):
        model.fit(images, epochs=2, verbose=0, callbacks=[Enlarge(), terminator])
    assert terminator.found.startswith("epoch 1, batch 2 of 2 (file b/1.png): the loss is ")
    assert re.search(
        r"the output of dense has \d of 3 values that are not finite, the first is inf in "
        r"file b/1\.png at \(\d\) \(inputs up to .*, kernel up to 3e\+38, bias up to ",
        terminator.found,
    )
    assert all(np.isfinite(array).all() for array in model.get_weights())  # no step was made


def test_weights_and_the_gradient_that_spoilt_them_are_named(x, y):
    class Spoil(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.layers[0].params["kernel"][0, 0, 0, 1] = np.inf
            if self.spoil_gradient:
                self.model.layers[4].grads["bias"][1] = np.nan

    for Spoil.spoil_gradient, words in (
        (False, "although its gradients were"),
        (True, "in which the gradient of dense/bias was not"),
    ):
        model, terminator = small_model(), TerminateOnNaN(verbose=0)
        with np.errstate(all="ignore"):
            model.fit(x, y, batch_size=4, verbose=0, callbacks=[Spoil(), terminator])
        expected = f"1 of 36 weights of conv2d/kernel are not finite since the last step, {words}"
        assert expected in terminator.found


def test_weights_spoilt_by_the_very_last_step_are_found_at_the_end_of_the_epoch(x, y):
    class Spoil(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.layers[5].params["bias"][0] = np.nan

    terminator = TerminateOnNaN(verbose=0)
    small_model().fit(x, y, epochs=4, verbose=0, callbacks=[Spoil(), terminator])
    assert terminator.found.startswith("epoch 1, after its last batch: 1 of 1 weights of dense_1/")


def test_looking_for_the_place_leaves_the_model_as_it_was(x, y):
    def trained(looks: bool):
        model = small_model()
        for _ in range(3):
            model.train_on_batch(x, y)
            if looks:
                cache, step = model.layers[4].cache, model.layers[2].step
                first_nonfinite_layer(model, as_inputs(model, x))
                assert model.layers[4].cache is cache and model.layers[2].step == step
        return model.get_weights()

    for one, other in zip(trained(True), trained(False), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_second_look_drops_the_same_units(x, y):
    """The logit overflows only where dropout keeps the one unit whose weight is large."""
    model = models.Sequential(
        [layers.Dropout(0.5, seed=1, input_shape=(6,)), layers.Dense(1, activation="sigmoid")],
        seed=0,
    )
    model.compile("sgd", "binary_crossentropy")
    kernel = np.zeros((6, 1), np.float32)
    kernel[3] = 3e38
    samples, found = np.full((1, 6), 10, np.float32), []
    for _ in range(12):
        model.layers[-1].set_weights([kernel, np.zeros(1)])
        found.append(training_that_stops(model, samples, np.ones(1)))
    assert any(found)
    assert all(one is None or "of dense in front of its sigmoid has 1 of 1" in one for one in found)
