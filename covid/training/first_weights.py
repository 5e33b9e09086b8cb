"""First weights from which learning sets in: drawn as usual, then changed by a look at some images.

`quiet_start` is for networks that flatten, `standard_start` for those that pool their last maps
over the whole image.
"""

import numpy as np

from minicnn.graph import Graph
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers import Conv2D, Dense
from minicnn.layers.base import Layer
from minicnn.layers.checks import bind_params
from minicnn.models import Model

# Of `standard_start`: the standard deviation of a filter's sums, and how many of them the mean of
# the last convolution's sums is below 0.
SPREAD, SILENT = 0.5, 1.25
ENOUGH = 60  # images that it looks at: each gives thousands of sums


def quiet_start(model: Model, images: np.ndarray) -> None:
    """Replace the first weights of the dense layers by ones from which learning sets in.

    A relu unit that is silent for every image gets no gradient and stays silent for ever, and
    `tiny_cnn` has two such units and nothing else. With the usual start both are often silent
    after a few steps: dropout of 0.8 makes their sums so noisy that the loss falls fastest by
    switching them off. Three changes prevent that; the shapes stay as they are:

    - the last layer's weights are made ten times smaller, so that at first the noise does not
      reach the loss and it is the difference between the classes that is learned;
    - units come in mirrored pairs, equal but for the sign, before and behind: whichever way
      their sums drift at first, one of the two is active (Balduzzi et al. 2017, "The shattered
      gradients problem", section 4: a network that starts out linear);
    - biases center the sums over some training images: the output begins at p = 0.5, and each
      relu unit one standard deviation higher, active on about five images of six.

    Parameters
    ----------
    model : Model
        Changed in place.
    images : (n, height, width, 1) float array
        Training images as the model sees them; a few batches are enough.
    """
    dense = [layer for layer in model.graph.layers if isinstance(layer, Dense)]
    for layer, following in zip(dense, dense[1:], strict=False):
        pairs = layer.units // 2
        layer.params["kernel"][:, pairs : 2 * pairs] = -layer.params["kernel"][:, :pairs]
        following.params["kernel"][pairs : 2 * pairs] = -following.params["kernel"][:pairs]
    dense[-1].params["kernel"] *= 0.1
    for layer in dense:
        sums = sums_of(layer, model, images)  # (n, units)
        is_output = layer is dense[-1]
        layer.params["bias"][...] = -sums.mean(axis=0) + (0 if is_output else sums.std(axis=0))


def standard_start(model: Model, images: np.ndarray) -> None:
    """Replace the first weights of convolutions, and of the output, by ones of a known scale.

    Behind four convolutions with usual weights all images look nearly alike: what they have in
    common is much larger than what tells them apart, and it takes many epochs until that grows.
    So, from the input on, each filter is scaled and gets a bias such that its sums over some
    training images have mean 0 and standard deviation `SPREAD` (Salimans and Kingma 2016, "Weight
    normalization", section 3, with 1 instead of `SPREAD`).

    The last convolution's biases are lower, by `SILENT` such deviations: each of its maps begins
    silent on most places of an image, so that it has to find something. And every map begins as
    evidence for the positive class: the output's weights are 1 / (inputs * the input's standard
    deviation), and its bias makes the answer undecided.

    Parameters
    ----------
    model : Model
        Changed in place. Its only dense layer is its output.
    images : (n, height, width, channels) float array
        Training images as the model sees them; the first `ENOUGH` are used.
    """
    images = images[:ENOUGH]
    convolutions = [layer for layer in model.graph.layers if isinstance(layer, Conv2D)]
    for layer in convolutions:
        sums = sums_of(layer, model, images)  # (n, rows, cols, filters)
        scale = SPREAD / spread(sums, axis=(0, 1, 2))  # (filters,)
        layer.params["kernel"] *= scale
        layer.params["bias"][...] = -sums.mean(axis=(0, 1, 2)) * scale
    convolutions[-1].params["bias"] -= SILENT * SPREAD

    (output,) = (layer for layer in model.graph.layers if isinstance(layer, Dense))
    found = inputs_of(output, model, images)  # (n, inputs)
    weights = 1 / (found.shape[1] * spread(found, axis=0))
    output.params["kernel"][...] = weights[:, np.newaxis]
    output.params["bias"][...] = -np.sum(found.mean(axis=0) * weights)


def sums_of(layer: Layer, model: Model, images: np.ndarray) -> np.ndarray:
    """What a layer makes of these images in front of its activation; its bias is set to 0 first."""
    layer.params["bias"][...] = 0
    x = inputs_of(layer, model, images)
    bind_params(layer, x.dtype)
    return layer.compute(x, training=False)


def inputs_of(layer: Layer, model: Model, images: np.ndarray) -> np.ndarray:
    """What a layer gets for these images, with the weights as they are by now."""
    images = np.ascontiguousarray(images, dtype=model.dtype)
    (node,) = (node for node in model.graph.nodes if node.layer is layer)
    with one_step_at_a_time():
        return Graph(model.graph.inputs, node.inputs).run([images])[node.inputs[0]]


def spread(values: np.ndarray, axis) -> np.ndarray:
    """The standard deviation, or 1 where all values, which are about 1, differ by rounding only."""
    found = values.std(axis=axis, dtype=np.float64)
    return np.where(found > 1e-5, found, 1).astype(values.dtype)


STARTS = {"quiet": quiet_start, "standard": standard_start}
