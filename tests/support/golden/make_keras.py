"""Computes the golden values with real Keras (TensorFlow backend).

    python tests/support/golden/make_keras.py        (from the top folder)

writes keras_layers.npz, keras_optimizers.npz and keras_models.npz beside this file. Made with
Keras 3.15.1 on TensorFlow 2.21.0. The tests that run where Keras is installed import the
functions of this file and compare without the files.
"""

import contextlib
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported: no chatter
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # plain kernels, the same on all processors

import keras
import numpy as np
import tensorflow as tf

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from golden import cases  # noqa: E402 (needs the path)

layers = keras.layers


def cnn(input_shape, dropout):
    """The article's model1; without dropout if asked."""
    return keras.Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            *([layers.Dropout(0.5)] if dropout else []),
            layers.Dense(128, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def cnn_dropout(input_shape, dropout):
    """The article's model2."""
    return keras.Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            *([layers.Dropout(0.5)] if dropout else []),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            *([layers.Dropout(0.5)] if dropout else []),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def tiny_cnn(input_shape, dropout):
    """The article's model4."""
    return keras.Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(6, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            *([layers.Dropout(0.8)] if dropout else []),
            layers.Flatten(),
            layers.Dense(2, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def reduced_inception(input_shape, dropout):
    """The article's model6, which has no dropout."""
    same = {"padding": "same", "activation": "relu"}
    inputs = layers.Input(input_shape)
    conv7x7 = layers.Conv2D(1, (7, 7), **same)(inputs)
    conv3x3_reduce = layers.Conv2D(1, (1, 1), **same)(inputs)
    conv3x3 = layers.Conv2D(1, (3, 3), **same)(conv3x3_reduce)
    conv5x5_reduce = layers.Conv2D(1, (1, 1), **same)(inputs)
    conv5x5 = layers.Conv2D(1, (5, 5), **same)(conv5x5_reduce)
    pooling = layers.MaxPooling2D((4, 4), strides=(1, 1), padding="same")(inputs)
    pool_proj = layers.Conv2D(1, (1, 1), **same)(pooling)
    branches = [layers.Flatten()(branch) for branch in (conv7x7, conv3x3, conv5x5, pool_proj)]
    output = layers.Dense(1, activation="sigmoid")(layers.concatenate(branches))
    return keras.Model(inputs, output)


def compact_cnn(input_shape, dropout):
    """The one that is not the article's."""
    blocks = []
    for filters in (8, 16, 32):
        blocks.append(layers.Conv2D(filters, (3, 3), activation="relu"))
        blocks.append(layers.MaxPooling2D((2, 2)))
    return keras.Sequential(
        [
            layers.Input(input_shape),
            *blocks,
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.AveragePooling2D((3, 3), strides=1),
            layers.GlobalMaxPooling2D(),
            *([layers.Dropout(0.25)] if dropout else []),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


MODELS = {
    "compact_cnn": compact_cnn,
    "cnn": cnn,
    "cnn_dropout": cnn_dropout,
    "tiny_cnn": tiny_cnn,
    "reduced_inception": reduced_inception,
}


@contextlib.contextmanager
def precision(dtype: str):
    """Let Keras compute in "float32" or "float64" for a while."""
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(before)


def run_layer(name: str) -> dict[str, np.ndarray]:
    """Output and gradients of one layer case, in float64."""
    class_name, arguments, shape = cases.LAYERS[name]
    layer = getattr(layers, class_name)(**arguments, dtype="float64")
    layer.build(shape)
    weights = [cases.numbers(f"{name}/{i}", tuple(w.shape)) for i, w in enumerate(layer.weights)]
    layer.set_weights(weights)
    x = tf.constant(cases.layer_input(name))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    dy = cases.numbers(f"{name}/dy", tuple(y.shape))
    params = [variable.value for variable in layer.trainable_variables]
    dx, *grads = tape.gradient(y, [x, *params], output_gradients=tf.constant(dy))
    found = {"y": y.numpy(), "dx": dx.numpy()}
    found.update({f"grad/{place}": grad.numpy() for place, grad in enumerate(grads)})
    return found


def run_optimizer(name: str) -> dict[str, np.ndarray]:
    """The weights after each step from 0, in float64: (steps, *weights' shape)."""
    class_name, arguments = cases.OPTIMIZERS[name]
    with precision("float64"):
        optimizer = getattr(keras.optimizers, class_name)(**exactly(arguments))
        weights = keras.Variable(np.zeros(cases.WEIGHTS_SHAPE))
        path = []
        for gradient in cases.gradients_with_tiny_ones():
            optimizer.apply([tf.constant(gradient)], [weights])
            path.append(weights.numpy())
    return {"weights": np.array(path)}


def exactly(arguments: dict) -> dict:
    """Python's floats as np.float64: Keras rounds the former to float32 in any case."""
    return {key: np.float64(v) if isinstance(v, float) else v for key, v in arguments.items()}


def loss_gradients(model, x, labels: list, loss_weights: list) -> list[np.ndarray]:
    """The gradient of the summed losses with respect to every weight."""
    loss = keras.losses.BinaryCrossentropy()
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        total = sum(
            weight * loss(y.reshape(tuple(p.shape)), p)
            for weight, y, p in zip(loss_weights, labels, outputs, strict=True)
        )
    params = [variable.value for variable in model.trainable_variables]
    return [tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(total, params)]


def run_model(name, input_shape, batch_size, steps, learning_rates, dtype, seed=0, nudge=0.0):
    """Predictions and gradients of a model without dropout, and its training with Adam.

    `nudge` changes images and first weights by that part of their values, to see what rounding may do.

    Returns
    -------
    found : dict of str to array
        "p" and "grad/0", "grad/1", ... for the first batch; for each learning rate "rate/losses"
        of all steps and "rate/weights/0", ... after them.
    """
    with precision(dtype):
        model = MODELS[name](input_shape, dropout=False)
        weights = cases.first_weights(f"{name}/{seed}", [tuple(w.shape) for w in model.weights])
        weights = [nudged(array, nudge) for array in weights] if nudge else weights
        batches = cases.batches(f"{name}/{seed}", input_shape, batch_size, steps)
        batches = [(nudged(x.astype(dtype), nudge), y) for x, y in batches]
        model.set_weights(weights)
        x, y = batches[0]
        found = {"p": model.predict_on_batch(x)}
        for place, gradient in enumerate(loss_gradients(model, x, [y], [1.0])):
            found[f"grad/{place}"] = gradient
        for rate in learning_rates:
            model.set_weights(weights)
            found[f"{rate:g}/losses"] = train(model, batches, rate)
            for place, array in enumerate(model.get_weights()):
                found[f"{rate:g}/weights/{place}"] = array
    return found


def nudged(array: np.ndarray, nudge: float) -> np.ndarray:
    return array * (1 + nudge * np.cos(1000 * array))


def train(model, batches: list, learning_rate: float) -> np.ndarray:
    """One step of Adam on each batch; the losses."""
    optimizer = keras.optimizers.Adam(learning_rate, **exactly({"beta_1": 0.9, "beta_2": 0.999}))
    model.compile(optimizer, loss="binary_crossentropy", jit_compile=False)
    losses = []
    for x, y in batches:
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x, y)))
    return np.array(losses)


def joined(results: dict[str, dict]) -> dict[str, np.ndarray]:
    """All cases' arrays under "case:array", thinned where large."""
    return {
        f"{case}:{name}": array
        for case, arrays in results.items()
        for name, array in cases.thin(arrays).items()
    }


def run_small_model(name: str, seed: int) -> dict[str, dict]:
    """A committed training in both precisions; ValueError if rounding decides its outcome.

    Beside float32 itself, changes of images and weights by up to sixteen times float32's rounding
    (6e-8) stand for other orders of summing, on other processors. What larger ones change may be
    larger in proportion, but where a relu or a maximum is decided otherwise it is far more.
    """
    shape, _ = cases.SMALL_MODELS[name]
    arguments = (name, shape, cases.SMALL_BATCH, cases.STEPS, cases.LEARNING_RATES)
    double = run_model(*arguments, "float64", seed)
    single = run_model(*arguments, "float32", seed)
    others = [(1, single)]
    for size in (-10, -6, -3, -1, 1, 3, 6, 10):
        others.append((size, run_model(*arguments, "float64", seed, size * 1e-7)))
    for size, other in others:
        error, array = cases.worst_error(other, double, "euclid")
        if error > cases.FLOAT32_TOLERANCE * max(1, abs(size) / 3):
            raise ValueError(f"{name}: rounding changes {array} by {error:.1g}; another seed")
    return {f"{name}/float32": single, f"{name}/float64": double}


def main() -> None:
    models = {}
    for name, (_, seed) in cases.SMALL_MODELS.items():
        models.update(run_small_model(name, seed))
    for kind, results in {
        "layers": {name: run_layer(name) for name in cases.LAYERS},
        "optimizers": {name: run_optimizer(name) for name in cases.OPTIMIZERS},
        "models": models,
    }.items():
        path = FOLDER / f"keras_{kind}.npz"
        np.savez_compressed(path, **joined(results))
        print(f"{path.name}: {len(results)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
