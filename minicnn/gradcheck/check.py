"""A layer's, or a model's, backward pass beside the numeric gradient of its loss."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from minicnn import kernels
from minicnn.gradcheck.compare import compare, sample_positions
from minicnn.gradcheck.numeric import STEP
from minicnn.gradcheck.report import Report
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.training.step import as_inputs, loss_and_gradients, require_compiled

MAX_INPUTS = 1000  # elements of an input array that are checked; of a larger one, a sample


def check_layer(
    layer,
    x: np.ndarray | Sequence[np.ndarray],
    *,
    training: bool = True,
    seed: int = 0,
    step: float = STEP,
    max_inputs: int = MAX_INPUTS,
    max_params: int | None = None,
) -> Report:
    """Compare a layer's `backward` with central differences of its `forward`, in float64.

    Parameters
    ----------
    layer : Layer
        Built for `x` if it is not yet. Apart from that it is left as it was.
    x : float array (batch, ...), or a list of them for a layer with several inputs
        Random values do well; equal ones make ties, where there is no derivative.
    training : bool
        Whether dropout drops; its mask is the same in all evaluations.
    seed : int
        For dy, for the sample of elements, and for the parameters of an unbuilt layer.
    step : float
        How far an element is moved.
    max_inputs, max_params : int or None
        At most so many elements of each input and of each parameter are checked; None: all.

    Raises
    ------
    GradientError
        If a gradient has not the shape of its array.
    """
    rng = np.random.default_rng(seed)
    several = isinstance(x, (list, tuple))
    inputs = [np.array(one, dtype=np.float64, order="C") for one in (x if several else [x])]
    if not layer.built:
        sample_shapes = [one.shape[1:] for one in inputs]
        own_rng = np.random.default_rng([seed, 1])  # so that the draws below do not shift
        layer.build(sample_shapes if several else sample_shapes[0], own_rng)

    with in_float64([layer]) as rewind:

        def output():
            rewind()
            return layer.forward(inputs if several else inputs[0], training)

        first = output()
        dy = rng.normal(size=first.shape)
        dx = layer.backward(dy)
        named_x = name_inputs(inputs)
        analytic = dict(zip(named_x, dx if several else [dx], strict=True)) | layer.grads
        analytic = {name: np.array(gradient) for name, gradient in analytic.items()}

        def loss():
            # Less the first output, value by value, so that large sums round nothing away.
            return float(np.sum(dy * (output() - first)))

        title = f"{kernels.backend()}: {layer.label}"
        loss_size = float(np.abs(dy * first).max())
        sampled = sample_positions(named_x, max_inputs, rng)
        sampled |= sample_positions(layer.params, max_params, rng)
        arrays = named_x | layer.params
        return Report(title, compare(title, arrays, analytic, sampled, loss, loss_size, step))


@one_step_at_a_time()  # meanwhile the model is in float64
def check_model(
    model,
    x: np.ndarray | Sequence[np.ndarray],
    y: np.ndarray | Sequence[np.ndarray],
    *,
    seed: int = 0,
    step: float = STEP,
    max_inputs: int = MAX_INPUTS,
    max_params: int | None = None,
) -> Report:
    """Compare the gradients of a model's loss with central differences, in float64.

    Parameters
    ----------
    model : Model
        Compiled; the loss is the one it is trained on. Left as it was.
    x, y : array or list of arrays
        One batch, as for `train_on_batch`.
    seed, step, max_inputs, max_params
        As in `check_layer`. A model of many parameters takes two runs for each: give
        `max_params`.
    """
    require_compiled(model)
    rng = np.random.default_rng(seed)
    as_inputs(model, x)  # builds a Sequential that is not built yet
    with in_float64(model.layers, [model, *model.graph.nodes]) as rewind:
        model.dtype = np.dtype(np.float64)
        inputs = [np.array(one) for one in as_inputs(model, x)]  # copies: they will be changed

        def run():
            rewind()
            values = model.graph.run(inputs, training=True)
            return loss_and_gradients(model, values, y)

        logs, gradients, of_logits = run()
        dx = model.graph.backward(gradients, of_logits, input_gradients=True)
        named_x, params = name_inputs(inputs), model.named_weights()
        analytic = dict(zip(named_x, dx, strict=True)) | model.named_grads()
        analytic = {name: np.array(gradient) for name, gradient in analytic.items()}

        def loss():
            return run()[0]["loss"]

        title = f"{kernels.backend()}: {model.name}"
        sampled = sample_positions(named_x, max_inputs, rng)
        sampled |= sample_positions(params, max_params, rng)
        arrays, size = named_x | params, abs(logs["loss"])
        return Report(title, compare(title, arrays, analytic, sampled, loss, size, step))


@contextmanager
def in_float64(layers: Sequence, others: Sequence = ()) -> Iterator[Callable[[], None]]:
    """Turn layers to float64 for a while; afterwards they and `others` are as they were.

    Gives a function that sets the layers' step counters back, so that dropout draws the same
    mask again.
    """
    activations = [layer.activation for layer in layers if layer.activation is not None]
    steps = [(layer, layer.step) for layer in layers if hasattr(layer, "step")]

    def rewind():
        for layer, step in steps:
            layer.step = step

    with restored([*layers, *activations, *others]):
        for layer in layers:
            layer.params = {
                name: np.array(param, dtype=np.float64, order="C")
                for name, param in layer.params.items()
            }
        yield rewind


@contextmanager
def restored(things: Sequence) -> Iterator[None]:
    """Afterwards the attributes of `things` are what they were, also after an exception."""
    kept = [(thing, dict(vars(thing))) for thing in things]
    try:
        yield
    finally:
        for thing, attributes in kept:
            vars(thing).update(attributes)
            for name in vars(thing).keys() - attributes.keys():  # what has come meanwhile
                del vars(thing)[name]


def name_inputs(inputs: list[np.ndarray]) -> dict[str, np.ndarray]:
    """ "x", or "x0", "x1" and so on where there are several."""
    if len(inputs) == 1:
        return {"x": inputs[0]}
    return {f"x{number}": one for number, one in enumerate(inputs)}
