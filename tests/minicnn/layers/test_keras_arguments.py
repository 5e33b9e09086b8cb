"""Arguments that Keras' layers, initializers and models have: supported, or refused by name."""

import numpy as np
import pytest

from minicnn import initializers, layers, models

# What each class needs, and no more
NEEDED = {
    "Activation": {"activation": "relu"},
    "AveragePooling2D": {},
    "Concatenate": {},
    "Conv2D": {"filters": 2, "kernel_size": 3},
    "Dense": {"units": 2},
    "Dropout": {"rate": 0.5},
    "Flatten": {},
    "GlobalAveragePooling2D": {},
    "GlobalMaxPooling2D": {},
    "Input": {"shape": (3,)},
    "InputLayer": {"shape": (3,)},
    "MaxPooling2D": {},
    "ReLU": {},
}
KERNEL = ("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")
REFUSED = {
    **{("Conv2D", name): "l2" for name in KERNEL},
    **{("Dense", name): "l2" for name in (*KERNEL, "lora_rank", "lora_alpha")},
    ("Dense", "quantization_config"): "int8",
    ("ReLU", "max_value"): 6,
    ("ReLU", "negative_slope"): 0.1,
    ("ReLU", "threshold"): 1.0,
    ("Input", "sparse"): True,
    ("Input", "tensor"): np.zeros(3),
    ("Input", "optional"): True,
    ("InputLayer", "batch_size"): 8,
    ("InputLayer", "input_tensor"): np.zeros(3),
}


@pytest.mark.parametrize(("name", "argument"), REFUSED)
def test_what_is_not_supported_is_refused_by_name(name, argument):
    given = {**NEEDED[name], argument: REFUSED[name, argument]}
    with pytest.raises(ValueError, match=f": {argument} is not supported, .*, got ") as caught:
        getattr(layers, name)(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in NEEDED if name != "Input"])
@pytest.mark.parametrize(
    ("argument", "value"),
    [("trainable", False), ("dtype", "float16"), ("activity_regularizer", "l2")],
)
def test_what_no_layer_has(name, argument, value):
    kind = getattr(layers, name)
    with pytest.raises(ValueError, match=f"mine: {argument} is not supported"):
        kind(**NEEDED[name], name="mine", **{argument: value})
    kind(**NEEDED[name], trainable=True, dtype="float32", activity_regularizer=None)
    with pytest.raises(TypeError, match="mine: got an unexpected keyword argument 'color'"):
        kind(**NEEDED[name], name="mine", color=3)


def test_concatenate_hands_them_on():
    x = layers.Input((3,))
    with pytest.raises(ValueError, match="concatenate: trainable is not supported"):
        layers.concatenate([x, x], trainable=False)


def test_the_shape_of_an_input_with_its_batch():
    for made in (
        layers.Input(batch_shape=(None, 4, 5, 1)),
        layers.InputLayer(batch_shape=(None, 4, 5, 1)).output_shape(None),
        layers.InputLayer(input_shape=[4, 5, 1]).output_shape(None),
    ):
        assert getattr(made, "sample_shape", made) == (4, 5, 1)
    with pytest.raises(ValueError, match="input_layer: a fixed batch size is not supported"):
        layers.Input(batch_shape=(8, 4, 5, 1))
    with pytest.raises(ValueError, match="input_layer: expected one of shape and batch_shape"):
        layers.Input((3,), batch_shape=(None, 3))


def test_input_dim_is_a_shape_of_one_axis():
    model = models.Sequential([layers.Dense(2, input_dim=3)])
    assert model.input_shape == (None, 3)
    with pytest.raises(ValueError, match="dense: expected a shape of positive integers"):
        layers.Dense(2, input_dim=0)


@pytest.mark.parametrize("name", initializers.INITIALIZERS)
def test_initializers_take_keras_defaults(name):
    function = initializers.get(name)
    assert function() is function(seed=None) is function
    assert function((3, 2), np.random.default_rng(0)).shape == (3, 2)
    with pytest.raises(ValueError, match=f"{name}: seed is not supported"):
        function(seed=3)
    kernel = layers.Dense(2, kernel_initializer=function())(np.ones((1, 3), np.float32))
    assert kernel.shape == (1, 2)
    with pytest.raises(ValueError, match="initializers.get: expected identifier to be one of"):
        initializers.get("magic")


@pytest.mark.parametrize("name", [name for name in NEEDED if name != "Input"])
def test_keras_takes_our_configs(name):
    keras = pytest.importorskip("keras")
    ours = getattr(layers, name)(**NEEDED[name], name="mine").get_config()
    theirs = getattr(keras.layers, name).from_config(ours).get_config()
    assert ours.keys() <= theirs.keys()
    for key in ours.keys() - {"kernel_initializer", "bias_initializer"}:
        expected = theirs[key]
        assert ours[key] == (tuple(expected) if isinstance(expected, list) else expected)
