"""Computes with minicnn what `make_keras.py` computes with Keras, under the same names."""

import numpy as np
from golden import cases

from covid.training.architectures import build_model
from minicnn import layers, optimizers
from minicnn.training.step import as_inputs, loss_and_gradients


def run_layer(name: str, dtype) -> dict[str, np.ndarray]:
    """Output and gradients of one layer case."""
    class_name, arguments, shape = cases.LAYERS[name]
    layer = getattr(layers, class_name)(**arguments)
    layer.build(shape[1:], np.random.default_rng(0))
    layer.params = {
        param: cases.numbers(f"{name}/{place}", array.shape).astype(dtype)
        for place, (param, array) in enumerate(layer.params.items())
    }
    y = layer.forward(cases.layer_input(name).astype(dtype))
    dx = layer.backward(cases.numbers(f"{name}/dy", y.shape).astype(dtype))
    found = {"y": y, "dx": dx}
    found.update({f"grad/{place}": layer.grads[param] for place, param in enumerate(layer.params)})
    return found


def run_optimizer(name: str) -> dict[str, np.ndarray]:
    """The weights after each step from 0, in float64: (steps, *weights' shape)."""
    class_name, arguments = cases.OPTIMIZERS[name]
    optimizer = getattr(optimizers, class_name)(**arguments)
    weights = {"w": np.zeros(cases.WEIGHTS_SHAPE)}
    path = []
    for gradient in cases.gradients_with_tiny_ones():
        optimizer.apply(weights, {"w": gradient})
        path.append(weights["w"].copy())
    return {"weights": np.array(path)}


def without_dropout(name: str, input_shape: tuple):
    """One of the published models, with dropout layers that drop nothing."""
    model = build_model(name, input_shape=input_shape, seed=0)
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    return model


def loss_gradients(model, x, y) -> list[np.ndarray]:
    """The gradient of the compiled model's loss with respect to every weight."""
    values = model.graph.run(as_inputs(model, x), training=True)
    _, gradients, of_logits = loss_and_gradients(model, values, y)
    model.graph.backward(gradients, of_logits)
    return list(model.named_grads().values())


def run_model(name, input_shape, batch_size, steps, learning_rates, dtype, seed=0):
    """Predictions and gradients of a model without dropout, and its training with Adam."""
    model = without_dropout(name, input_shape).astype(dtype)
    weights = cases.first_weights(f"{name}/{seed}", [array.shape for array in model.get_weights()])
    batches = cases.batches(f"{name}/{seed}", input_shape, batch_size, steps)
    model.set_weights(weights)
    model.compile("adam", "binary_crossentropy")
    x, y = batches[0]
    found = {"p": model.predict_on_batch(x)}
    for place, gradient in enumerate(loss_gradients(model, x, y)):
        found[f"grad/{place}"] = gradient.copy()
    for rate in learning_rates:
        model.set_weights(weights)
        model.compile(optimizers.Adam(learning_rate=rate), loss="binary_crossentropy")
        found[f"{rate:g}/losses"] = np.array([model.train_on_batch(x, y) for x, y in batches])
        for place, array in enumerate(model.get_weights()):
            found[f"{rate:g}/weights/{place}"] = array
    return found
