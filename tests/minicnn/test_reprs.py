"""`repr` of what is no layer: one line that says what matters, and never an error."""

import numpy as np
import pytest

from minicnn import callbacks, layers, losses, optimizers, use_backend
from minicnn.gradcheck import check_layer
from minicnn.models import Model, Sequential
from minicnn.preprocessing.image import ImageDataGenerator
from minicnn.reprs import OneLine, html_table


def tiny_model() -> Sequential:
    chain = [layers.Dense(2, input_shape=(3,)), layers.Dense(1, activation="sigmoid")]
    return Sequential(chain, name="tiny", seed=0)


def test_a_model():
    model = tiny_model()
    model.compile("adam")
    told = "2 layers, 11 parameters, compiled with Adam, binary_crossentropy"
    assert repr(model) == f"<Sequential tiny: {told}>"
    inputs = layers.Input((3,))
    functional = Model(inputs, layers.Dense(1)(inputs), name="f")
    assert repr(functional) == "<Model f: 2 layers, 4 parameters, not compiled>"
    assert repr(Sequential()) == "<Sequential sequential: 0 layers, unbuilt, not compiled>"


def test_an_optimizer_says_how_many_steps_it_made():
    model = tiny_model()
    model.compile(optimizers.SGD(0.1))
    model.train_on_batch(np.ones((2, 3), np.float32), [0, 1])
    settings = "learning_rate 0.1, momentum 0, nesterov False"
    assert repr(model.optimizer) == f"<SGD: {settings}, 1 step made>"
    assert repr(losses.get("binary_crossentropy")) == "BinaryCrossentropy()"


class Own(callbacks.Callback):
    def __init__(self, every, color="red"):
        self.every, self.color = every, color


@pytest.mark.parametrize(
    "callback, expected",
    [
        (callbacks.TerminateOnNaN(), "<TerminateOnNaN>"),
        (
            callbacks.EarlyStopping("val_acc", patience=5),
            "<EarlyStopping: monitor val_acc (the larger, the better), patience 5>",
        ),
        (Own(3, color="blue"), "<Own: every 3, color blue>"),
        (callbacks.History(), "<History: 0 epochs>"),
    ],
)
def test_a_callback_says_what_it_was_given(callback, expected):
    assert repr(callback) == expected


def test_an_iterator():
    iterator = ImageDataGenerator().flow(np.zeros((5, 4, 4, 1)), seed=7, batch_size=2)
    told = "5 images (4, 4, 1), batches of 2, shuffled, seed 7"
    assert repr(iterator) == f"<NumpyArrayIterator: {told}>"


def test_a_gradient_check_is_its_message():
    report = check_layer(layers.Dense(2), np.ones((1, 3)))
    assert repr(report) == str(report) == report.message()


def test_the_choice_of_kernels():
    with use_backend("naive") as chosen:
        assert repr(chosen) == "<use_backend naive>"


def test_nothing_raises_before_it_is_made():
    for kind in (Sequential, Model, optimizers.Adam, callbacks.History, OneLine):
        assert f"{kind.__name__} object at 0x" in repr(kind.__new__(kind))


def test_a_table_escapes_what_it_is_given():
    table = html_table("<a>", ["<b>"], [["<c>"]], "<", "<d>\n&")
    for text in ("&lt;a&gt;", "&lt;b&gt;", "&lt;c&gt;", "&lt;d&gt;<br>&amp;"):
        assert text in table
    assert table.count("<b>") == 1  # its own
