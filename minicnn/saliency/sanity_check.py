"""The sanity check of a heat map: does it change when the weights are random?

Some heat maps are pictures of the image's edges: they look convincing, and would look the same if
the model had learned nothing. So the weights are replaced by freshly drawn ones, as before any
training, and the map is made again. A map that depends on what was learned must come out another.

The check can only turn a map down. One that changes depends on the weights, which is needed and
not enough: the map of a model that was never trained changes with its weights, too.

Source: Adebayo et al. 2018, "Sanity checks for saliency maps", section 3.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from minicnn import arguments
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.layers.base import Layer
from minicnn.saliency.gradcam import grad_cam
from minicnn.saliency.occlusion import occlusion
from minicnn.saliency.rank_correlation import rank_correlation
from minicnn.saliency.recommend_method import recommend_method
from minicnn.saliency.verdicts import RandomizedMap, SanityCheck, is_constant, values_of

METHODS = {"grad-cam": grad_cam, "occlusion": occlusion}
THRESHOLD = 0.5  # a convention: the paper compares curves and names no number
TRIES = 10  # for one copy; in a random network all relu units may be 0 for an image


@one_step_at_a_time()  # nobody else may run the model while its weights are random
def sanity_check(
    model,
    x,
    method: str | Callable = "auto",
    *,
    copies: int = 3,
    cascading: bool = False,
    seed: int = 0,
    threshold: float = THRESHOLD,
    **options,
) -> SanityCheck:
    """Compare the heat map of an image with those of models that have learned nothing.

    Each copy has weights as at the beginning of a training (the layers' own initializers). Its
    map is compared with the true one, at the resolution at which both were computed, by
    Spearman's rank correlation. The check is passed if the mean size of these correlations is
    below `threshold`. The given model's arrays are put aside meanwhile and never written to.

    In a random network all relu units may be 0 for an image. Its map is constant and has no
    correlation, so another network is drawn, up to `TRIES` times.

    Parameters
    ----------
    model : Model
    x : float array (height, width, channels), with or without batch axis
    method : {"auto", "grad-cam", "occlusion"} or function (model, x, **options) -> map
        A map is a `HeatMap` or an array. "auto": what `recommend_method` says.
    copies : int
        How many models with random weights.
    cascading : bool
        Replace layer by layer, too, from the output back to the image, and make a map after each:
        it shows how much of the map each layer was responsible for.
    seed : int
        Of the random weights.
    threshold : float
        In (0, 1].
    options
        For the method, such as `layer` or `size`.

    Raises
    ------
    ValueError
        If the model has no weights, the map is not finite, or what the method raises.
    """
    if not callable(method):
        arguments.choice(method, ("auto", *METHODS), "method", "sanity_check")
        name = (
            recommend_method(model, options.get("output", 0)).method if method == "auto" else method
        )
        method = METHODS[name]
    copies = arguments.positive_int(copies, "copies", "sanity_check")
    layers = [layer for layer in reversed(model.layers) if layer.params]
    if not layers:
        raise ValueError(f"{model.name}: expected a model with weights, found none to randomize")

    heat = method(model, x, **options)
    if not np.isfinite(values_of(heat)).all():
        raise ValueError(f"{model.name}: expected a heat map of finite values, got NaN or infinity")
    full, steps = [], []
    for copy in range(copies):
        for attempt in range(TRIES):
            key = [seed, copy, attempt]
            found = randomized_map(model, x, method, options, heat, layers, copy, key)
            if is_constant(values_of(heat)) or not is_constant(values_of(found.heat)):
                break
        full.append(found)
        if cascading:
            steps += [
                randomized_map(model, x, method, options, heat, layers[:count], copy, key)
                for count in range(1, len(layers))
            ]
            steps.append(found)
    return SanityCheck(heat, full, steps, threshold)


def randomized_map(
    model, x, method: Callable, options: dict, heat, layers: Sequence[Layer], copy: int, key: list
) -> RandomizedMap:
    """The map with random weights in some layers, and its correlation with the true one."""
    with random_weights(layers, key):
        found = method(model, x, **options)
    correlation = rank_correlation(values_of(heat), values_of(found))
    return RandomizedMap(tuple(layer.name for layer in layers), copy, found, correlation)


@contextmanager
def random_weights(layers: Sequence[Layer], key: list[int]) -> Iterator[None]:
    """Fresh weights in some layers, for a while; afterwards the very same arrays as before.

    Layers draw one after the other from one generator, so those in front of a cascade's end
    have the same random weights at every step of it.
    """
    rng = np.random.default_rng(key)
    kept = [layer.params for layer in layers]
    try:
        for layer in layers:
            layer.params = {
                name: fresh(getattr(layer, f"{name}_initializer"), param, rng)
                for name, param in layer.params.items()
            }
        yield
    finally:
        for layer, params in zip(layers, kept, strict=True):
            layer.params = params


def fresh(initializer: Callable, like: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """First values for a parameter, in its shape, its dtype and the layout of kernels."""
    return np.array(initializer(like.shape, rng), dtype=like.dtype, order="C")
