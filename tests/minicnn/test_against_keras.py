"""minicnn beside real Keras, in one process: for where Keras and TensorFlow are installed.

What `test_golden` compares with stored numbers is computed anew here, and more: the five models
at their full sizes, models with several outputs, shared layers and branches, and the order
of weights and names. The errors and their norms are those of `golden.cases.worst_error`.
"""

import warnings

import numpy as np
import pytest
from golden import cases, make_minicnn

import minicnn
from covid.training.architectures import MODELS, build_model
from minicnn import layers, models, optimizers

pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
from golden import make_keras  # noqa: E402 (imports TensorFlow)

# model -> batch size, steps
FULL_SIZE = {
    "compact_cnn": (8, 20),
    "cnn": (2, 2),
    "cnn_dropout": (2, 20),
    "tiny_cnn": (8, 20),
    "reduced_inception": (8, 20),
}
FULL_SIZE_RATE = (1e-4,)


def check(found: dict, expected: dict, norm: str = "max", limit: float = cases.FLOAT64_TOLERANCE):
    error, name = cases.worst_error(found, expected, norm)
    assert error <= limit, f"{name} is off by {error:.2g}"


@pytest.mark.parametrize("name", cases.LAYERS)
def test_layer(name):
    check(make_minicnn.run_layer(name, "float64"), make_keras.run_layer(name))


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_optimizer(name):
    found, expected = (side.run_optimizer(name)["weights"] for side in (make_minicnn, make_keras))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_class_weights():
    """Weighted loss divided by the number of samples, metrics and validation without weights."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 3)), np.arange(10) % 3 == 0
    found = []
    for side in (minicnn, keras):
        model = side.models.Sequential(
            [side.layers.Input((3,)), side.layers.Dense(1, activation="sigmoid")]
        )
        model.set_weights([np.linspace(-1, 1, 3)[:, None], np.zeros(1)])
        model.compile(side.optimizers.SGD(0.5), "binary_crossentropy", metrics=["acc"])
        history = model.fit(
            *(x, y.astype(float)),
            **{"batch_size": 4, "shuffle": False, "class_weight": {1: 2.5}, "verbose": 0},
            validation_data=(x, y.astype(float)),
        ).history
        found.append([*np.concatenate(list(history.values())), *model.get_weights()[0][:, 0]])
    np.testing.assert_allclose(*found, rtol=1e-5)


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_optimizer_defaults(name):
    ours, theirs = (getattr(side.optimizers, name)() for side in (minicnn, keras))
    for argument, value in ours.settings().items():
        assert theirs.get_config()[argument] == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("name", FULL_SIZE)
def test_model_of_the_published_size_learns_the_same(name):
    size = MODELS[name].image_size
    arguments = (name, (size, size, 1), *FULL_SIZE[name], FULL_SIZE_RATE, "float64")
    check(make_minicnn.run_model(*arguments), make_keras.run_model(*arguments))


@pytest.mark.parametrize("name", ["tiny_cnn", "reduced_inception"])
def test_losses_of_the_published_size_in_float32(name):
    # Of millions of relu units some lie so close to 0 that rounding decides on which side. Each
    # shows in single weights, and a little in the losses that follow; hence their larger limit.
    size = MODELS[name].image_size
    arguments = (name, (size, size, 1), *FULL_SIZE[name], FULL_SIZE_RATE, "float32")
    found, expected = make_minicnn.run_model(*arguments), make_keras.run_model(*arguments)
    for key, limit in {"p": 1e-5, "0.0001/losses": 1e-4}.items():
        check({key: found[key]}, {key: expected[key]}, limit=limit)


@pytest.mark.parametrize("name", MODELS)
def test_weights_can_be_carried_over(name):
    shape = (58, 54, 1)
    theirs = make_keras.MODELS[name](shape, dropout=True)
    ours = build_model(name, input_shape=shape, seed=0)
    weights = cases.first_weights(name, [tuple(w.shape) for w in theirs.weights])
    theirs.set_weights(weights)
    ours.set_weights(theirs.get_weights())
    for mine, their in zip(ours.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, their)
    x = cases.numbers("images", (3, *shape), 0, 1).astype(np.float32)
    check({"p": ours.predict(x)}, {"p": theirs.predict(x, verbose=0)}, limit=1e-5)
    back = make_keras.MODELS[name](shape, dropout=True)
    back.set_weights(ours.get_weights())
    np.testing.assert_array_equal(back.predict(x, verbose=0), theirs.predict(x, verbose=0))


@pytest.mark.parametrize("name", MODELS)
def test_names_shapes_and_numbers_of_parameters(name):
    keras.backend.clear_session()  # Keras counts its layers' names from the start again
    size = MODELS[name].image_size
    theirs = make_keras.MODELS[name]((size, size, 1), dropout=True)
    ours = build_model(name, seed=0)
    assert ours.count_params() == theirs.count_params() == cases.PARAMETERS[name]
    assert ours.output_shape == theirs.output_shape
    kept = [layer for layer in theirs.layers if not isinstance(layer, keras.layers.InputLayer)]
    mine = [layer for layer in ours.layers if not isinstance(layer, layers.InputLayer)]
    assert [layer.name for layer in mine] == [layer.name for layer in kept]
    assert [layer.count_params() for layer in mine] == [layer.count_params() for layer in kept]
    paths = [weight.path.split("/", 1)[-1] for weight in theirs.weights]
    names = [path.split("/")[-1] for path in paths]
    assert [name.split("/")[-1] for name in ours.named_weights()] == names


# Models with more than a chain of layers. Each function builds the same model of Keras or of
# minicnn, whose classes it is given.


def two_outputs(layers, model_class):
    """Two branches with a sigmoid each, on one convolution."""
    inputs = layers.Input((7, 6, 2))
    shared = layers.Conv2D(3, 3, activation="relu")(inputs)
    flat = layers.Flatten()(shared)
    pooled = layers.Flatten()(layers.AveragePooling2D((2, 2))(shared))
    first = layers.Dense(1, activation="sigmoid", name="first")(flat)
    second = layers.Dense(3, activation="sigmoid", name="second")(pooled)
    return model_class(inputs, [first, second])


def output_used_again(layers, model_class):
    """An output in the middle: its numbers are also an input of what comes after it."""
    inputs = layers.Input((5,))
    hidden = layers.Dense(4, activation="relu")(inputs)
    early = layers.Dense(2, activation="sigmoid", name="early")(hidden)
    late = layers.Dense(1, activation="sigmoid", name="late")(layers.concatenate([hidden, early]))
    return model_class(inputs, [early, late])


def logits_and_activation(layers, model_class):
    """The sigmoid as a layer of its own, and an output without any."""
    inputs = layers.Input((6,))
    hidden = layers.Dense(5, activation="relu")(inputs)
    first = layers.Activation("sigmoid", name="first")(layers.Dense(1)(hidden))
    second = layers.Dense(2, activation="sigmoid", name="second")(hidden)
    return model_class(inputs, [first, second])


def shared_layers(layers, model_class):
    """One convolution and one dense layer, used on two inputs; and a second use in a chain."""
    left, right = layers.Input((6, 6, 2)), layers.Input((6, 6, 2))
    conv = layers.Conv2D(2, 3, padding="same", activation="relu")
    dense = layers.Dense(3, activation="relu")
    branches = [dense(layers.Flatten()(conv(conv(source)))) for source in (left, right)]
    return model_class(
        [left, right], layers.Dense(1, activation="sigmoid")(layers.concatenate(branches))
    )


def fan_out(layers, model_class):
    """One tensor that goes to four places, one of them a concatenation twice."""
    inputs = layers.Input((8, 7, 1))
    stem = layers.Conv2D(2, 3, activation="relu")(inputs)
    branches = [
        layers.Conv2D(2, 1, activation="relu")(stem),
        layers.MaxPooling2D((3, 3), strides=(1, 1), padding="same")(stem),
        layers.Conv2D(1, 3, padding="same")(stem),
        stem,
        stem,
    ]
    joined = layers.concatenate(branches)
    return model_class(inputs, layers.Dense(1, activation="sigmoid")(layers.Flatten()(joined)))


GRAPHS = {
    "two outputs": (two_outputs, [1.0, 0.3]),
    "output used again": (output_used_again, [0.7, 1.0]),
    "logits and activation": (logits_and_activation, [1.0, 2.0]),
    "shared layers": (shared_layers, [1.0]),
    "fan-out": (fan_out, [1.0]),
}


@pytest.mark.parametrize("case", GRAPHS)
def test_graph(case):
    build, loss_weights = GRAPHS[case]
    ours = build(layers, models.Model).astype("float64")
    with make_keras.precision("float64"):
        theirs = build(keras.layers, keras.Model)
        weights = cases.first_weights(case, [tuple(w.shape) for w in theirs.weights])
        theirs.set_weights(weights)
        ours.set_weights(weights)
        input_shapes = [tuple(tensor.shape[1:]) for tensor in theirs.inputs]
        x = [cases.numbers(f"{case}/x/{i}", (5, *s)) for i, s in enumerate(input_shapes)]
        y = [
            np.round(cases.numbers(f"{case}/y/{i}", (5, tensor.shape[1]), 0, 1))
            for i, tensor in enumerate(theirs.outputs)
        ]
        given = x if len(x) > 1 else x[0]
        labels = y if len(y) > 1 else y[0]

        expected = {
            f"grad/{i}": gradient
            for i, gradient in enumerate(make_keras.loss_gradients(theirs, given, y, loss_weights))
        }
        ours.compile("sgd", "binary_crossentropy", loss_weights=loss_weights)
        found = {
            f"grad/{i}": gradient.copy()
            for i, gradient in enumerate(make_minicnn.loss_gradients(ours, given, labels))
        }
        check(found, expected)

        # Keras' own compile and train_on_batch, and what they report
        theirs.compile(
            keras.optimizers.SGD(0.125),  # a number that float32 holds exactly
            loss=["binary_crossentropy"] * len(y),
            loss_weights=loss_weights,
            metrics=[["binary_accuracy"]] * len(y),
            jit_compile=False,
        )
        ours.compile(optimizers.SGD(0.125), metrics=["binary_accuracy"], loss_weights=loss_weights)
        for _ in range(3):
            theirs.reset_metrics()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                their_logs = theirs.train_on_batch(given, labels, return_dict=True)
            our_logs = ours.train_on_batch(given, labels, return_dict=True)
            assert set(our_logs) == set(their_logs)
            for key, value in our_logs.items():
                assert value == pytest.approx(float(their_logs[key]), rel=1e-6), key
        after = {f"weights/{i}": array for i, array in enumerate(ours.get_weights())}
        check(after, {f"weights/{i}": array for i, array in enumerate(theirs.get_weights())})


def test_fit_reports_what_keras_reports():
    """fit, evaluate and predict over uneven batches, with validation data."""
    x = cases.numbers("fit/x", (10, 12, 10, 1), 0, 1)
    y = np.array([0, 1, 1, 0, 1, 1, 0, 1, 0, 0], float)
    ours = make_minicnn.without_dropout("tiny_cnn", x.shape[1:]).astype("float64")
    with make_keras.precision("float64"):
        theirs = make_keras.MODELS["tiny_cnn"](x.shape[1:], dropout=False)
        weights = cases.first_weights("fit", [tuple(w.shape) for w in theirs.weights])
        theirs.set_weights(weights)
        ours.set_weights(weights)
        theirs.compile(
            keras.optimizers.SGD(0.125, momentum=np.float64(0.5)),
            loss="binary_crossentropy",
            metrics=["acc"],
            jit_compile=False,
        )
        ours.compile(optimizers.SGD(0.125, momentum=0.5), metrics=["acc"])
        arguments = {
            "batch_size": 4,
            "epochs": 3,
            "shuffle": False,
            "verbose": 0,
            "validation_data": (x[5:], y[5:]),
        }
        expected = theirs.fit(x, y, **arguments).history
        found = ours.fit(x, y, **arguments).history
        assert list(found) == list(expected) == ["acc", "loss", "val_acc", "val_loss"]
        for key in expected:
            # Keras sums its metrics in float32
            np.testing.assert_allclose(found[key], expected[key], rtol=1e-6)
        np.testing.assert_allclose(
            ours.evaluate(x, y, batch_size=3, verbose=0),
            theirs.evaluate(x, y, batch_size=3, verbose=0),
            rtol=1e-6,
        )
        check({"p": ours.predict(x, batch_size=3)}, {"p": theirs.predict(x, 3, verbose=0)})
