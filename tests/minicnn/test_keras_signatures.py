"""Every argument that Keras has: supported under its name and in its place, or refused by name."""

import ast
import json

import pytest
from keras_signatures import RECORD, ROOMS, arguments, installed, public

from minicnn import drawing

KERAS = json.loads(RECORD.read_text())
OURS = {label: value for room in ROOMS for label, value in public(room).items() if label in KERAS}
OURS["utils.plot_model"] = drawing.plot_model  # to which that one hands everything on
# Our own, which only happen to have the name of something in Keras; and what nobody calls.
INTERNAL = {"optimizers.Optimizer.apply", "layers.Layer.build", "layers.Layer.count_params"}
OTHER_ORDER = {
    "models.Model.compile",  # metrics stand before loss_weights, as they did in Keras 2
    "metrics.Metric",
}
OTHER_DEFAULTS = {
    ("models.Model.compile", "loss"),
    ("models.Model.predict", "verbose"),
    ("layers.AveragePooling2D", "pool_size"),  # Keras has none
    ("models.Sequential.build", "input_shape"),
    ("preprocessing.image.DataFrameIterator", "dtype"),  # that of the generator
    ("utils.plot_model", "show_layer_names"),  # True as in Keras 2
}
NEEDED = {  # what a call needs, and no more
    "layers.AveragePooling2D": {},
    "layers.Conv2D": {"filters": 2, "kernel_size": 3},
    "layers.Dense": {"units": 2},
    "layers.Input": {"shape": (3,)},
    "layers.InputLayer": {"shape": (3,)},
    "layers.MaxPooling2D": {},
    "layers.ReLU": {},
    "optimizers.SGD": {},
    "optimizers.Adam": {},
    "optimizers.RMSprop": {},
    "initializers.glorot_uniform": {},
    "initializers.glorot_normal": {},
    "initializers.he_uniform": {},
    "initializers.he_normal": {},
}
UNNAMED = [
    (label, argument)
    for label, given in KERAS.items()
    for argument in given
    if label not in INTERNAL and argument not in arguments(OURS[label])
]


def test_the_record_is_that_of_the_installed_keras():
    pytest.importorskip("tensorflow")
    pytest.importorskip("keras")
    assert installed() == KERAS


@pytest.mark.parametrize("label", KERAS)
def test_arguments_have_keras_names_places_and_defaults(label):
    ours, theirs = arguments(OURS[label]), KERAS[label]
    common = [name for name in theirs if name in ours]
    if label not in OTHER_ORDER:
        assert [name for name in ours if name in theirs] == common
    for name in common:
        if (label, name) not in OTHER_DEFAULTS:
            assert ours[name] == theirs[name], name


@pytest.mark.parametrize(("label", "argument"), UNNAMED)
def test_an_argument_without_a_name_of_its_own_is_taken_at_its_default_and_else_refused(
    label, argument
):
    function, needed = OURS[label], NEEDED[label]
    default = KERAS[label][argument]
    if default is not None:
        function(**needed, **{argument: ast.literal_eval(default)})
    if argument != "name":
        with pytest.raises((TypeError, ValueError), match=argument):
            function(**needed, **{argument: object()})
