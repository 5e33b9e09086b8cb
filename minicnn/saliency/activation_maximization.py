"""Activation maximization: the input a filter responds to most, found by gradient ascent."""

import math
from typing import NamedTuple

import numpy as np

from minicnn import arguments
from minicnn.graph import Graph
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.saliency.passes import gradients, image_shape
from minicnn.saliency.receptive_field import ReceptiveField, feature_map, receptive_field

CONTRAST = 0.2  # root mean square distance from the middle, as a share of the range of values


class ActivationMaximization(NamedTuple):
    """An input that maximizes the mean activation of a filter.

    Attributes
    ----------
    x : (height, width, channels) float array
        The best one found.
    activations : list of float
        The filter's mean activation before each step, and at the end.
    """

    x: np.ndarray
    activations: list[float]


@one_step_at_a_time()
def activation_maximization(
    model,
    layer,
    filter: int,
    steps: int = 30,
    *,
    seed: int = 0,
    bounds: tuple[float, float] = (0.0, 1.0),
    contrast: float = CONTRAST,
    step_size: float = 0.2,
) -> ActivationMaximization:
    """Gradient ascent from noise to an input with a large mean activation of a filter.

    Activations grow with the input without a limit, so the norm is fixed: x = middle + d with
    ||d|| = radius, where middle is half way between the bounds, and
    radius = contrast * (high - low) * sqrt(x.size):

        d = d + step_size * radius * g / ||g||    g = d mean activation / dx
        d = d * radius / ||d||                    back to the sphere
        x = clip(middle + d, low, high)

    g is normalized because its norm differs from filter to filter by orders of magnitude. Where
    the filter is 0 behind its relu everywhere, the gradient is 0. Then g is that in front of the
    activation, for units whose receptive fields do not overlap.

    Source: Erhan et al. 2009, "Visualizing higher-layer features of a deep network", section
    "Maximizing the activation", which has one unit where here is the mean over a filter's map.

    Parameters
    ----------
    model : Model
        With one image as its input.
    layer : str, Layer or Tensor
        With an output (rows, cols, channels).
    filter : int
        Which channel of it, counted from 0.
    steps : int
    seed : int
        Of the noise at the beginning. All else follows from it.
    bounds : (low, high)
        Smallest and largest value of an input of this model.
    contrast : float
        In (0, 0.5]: with 0.5 every pixel may be black or white.
    step_size : float
        Length of a step as a share of the radius.

    Raises
    ------
    ValueError
        If there is no such layer or filter, or the bounds are not in order.
    """
    shape, target = image_shape(model), feature_map(model, layer)
    steps = arguments.positive_int(steps, "steps", "activation_maximization")
    filters = target.sample_shape[2]
    if not isinstance(filter, (int, np.integer)) or not 0 <= filter < filters:
        raise ValueError(
            f"activation_maximization: expected a filter in [0, {filters}), got {filter!r}"
        )
    low, high = bounds
    if not low < high or not 0 < contrast <= 0.5:
        raise ValueError(
            "activation_maximization: expected bounds (low, high) in this order and a "
            f"contrast in (0, 0.5], got {bounds} and {contrast}"
        )
    stem = Graph(model.graph.inputs, [target])  # what lies behind the filter is not run
    field = receptive_field(model, target)
    middle, radius = (low + high) / 2, contrast * (high - low) * np.sqrt(np.prod(shape))

    d = on_sphere(np.random.default_rng(seed).normal(size=shape), radius)
    best, activations = None, []
    for step in range(steps + 1):
        x = np.clip(middle + d, low, high).astype(model.dtype)
        activation, gradient = ascent(stem, field, x, filter)
        if best is None or activation > max(activations):
            best = x
        activations.append(activation)
        length = np.linalg.norm(gradient)
        if step < steps and length > 0:
            d = on_sphere(d + step_size * radius * gradient / length, radius)
    return ActivationMaximization(best, activations)


def ascent(
    stem: Graph, field: ReceptiveField, x: np.ndarray, filter: int
) -> tuple[float, np.ndarray]:
    """Mean activation of a filter, and the float64 direction in x in which it grows.

    `stem` is the graph from the image to the layer's output, `field` the layer's receptive field.
    """
    (image,), (target,) = stem.inputs, stem.outputs
    maps = stem.run([x[None]], layer_by_layer=True)[target]  # (1, rows, cols, channels)
    dmaps = np.zeros_like(maps)
    dmaps[..., filter] = 1 / (maps.shape[1] * maps.shape[2])  # of a mean
    dx = gradients(stem, target, dmaps, [image])[image]
    if not dx.any():
        down, right = (
            math.ceil(size / step) for size, step in zip(field.size, field.step, strict=True)
        )
        dmaps[...] = 0
        dmaps[:, ::down, ::right, filter] = 1
        dx = gradients(stem, target, dmaps, [image], linear=True)[image]
    return float(maps[..., filter].mean(dtype=np.float64)), dx[0].astype(np.float64)


def on_sphere(d: np.ndarray, radius: float) -> np.ndarray:
    """`d` scaled to the norm `radius`."""
    return d * (radius / np.linalg.norm(d))
