"""Grad-CAM: where a convolution saw what raised the model's answer."""

from collections.abc import Sequence

import numpy as np

from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.saliency.heatmap import HeatMap, upsample
from minicnn.saliency.passes import (
    image_shape,
    logit_gradients,
    logit_place,
    logit_values,
    one_image,
    run_layers,
)
from minicnn.saliency.receptive_field import feature_map, last_feature_maps, receptive_field


@one_step_at_a_time()
def grad_cam(model, x, layer=None, output: int = 0) -> HeatMap:
    """Gradient-weighted class activation map of one image.

    With maps[i, j, k] the output of a convolution, and dmaps = d logit / d maps:

        alpha[k] = mean over all (i, j) of dmaps[i, j, k]            equation 1
        heat[i, j] = max(sum over k of alpha[k] * maps[i, j, k], 0)  equation 2

    alpha[k] says whether more of filter k would raise the logit. The gradient is that of the
    logit, in front of the sigmoid, as in the paper ("before the softmax").

    How far to trust it: alpha is one number for a whole map. Where the maps are averaged before
    the decision (global average pooling) that loses nothing. Where only their largest value counts
    (global max-pooling), all places that look like the largest are shown, not only that one. Where
    they are flattened into a dense layer, as in the published models here, each position has a
    weight of its own, and their mean may be the mean of large values of both signs. See
    `sanity_check` and `recommend_method`.

    Source: Selvaraju et al. 2017, "Grad-CAM: Visual explanations from deep networks via
    gradient-based localization", equations 1 and 2.

    Parameters
    ----------
    model : Model
        With one image as its input.
    x : float array (height, width, channels), with or without batch axis
    layer : str, Layer, Tensor, or list of them, optional
        Whose output is looked at, behind its activation. The last convolution when missing. Where
        several branches end in a convolution each (an Inception block), all of them: k then runs
        over the channels of all branches side by side. Joined by `concatenate` or flattened one
        by one, the same values go on, so it is the same map. Several layers must give maps of
        one size.
    output : int
        Number of the logit, counted through all of the model's outputs.

    Returns
    -------
    heat : HeatMap
        `values` at the layer's resolution, 0 or more. `on_image`: bilinear, each unit's value
        standing at the center of its receptive field.

    Raises
    ------
    ValueError
        If there is no such layer or logit, the model has no convolution, or `x` does not fit.
    """
    batch = one_image(model, x)
    tensors = chosen_maps(model, layer, output)
    values = run_layers(model, batch)
    gradients = logit_gradients(model, values, output, tensors)
    # list of (1, rows, cols, channels of a branch) -> (rows, cols, all channels)
    maps = np.concatenate([values[tensor][0] for tensor in tensors], axis=-1, dtype=np.float64)
    dmaps = np.concatenate([gradient[0] for gradient in gradients], axis=-1, dtype=np.float64)

    alpha = dmaps.mean(axis=(0, 1))  # (channels,)
    heat = np.maximum(maps @ alpha, 0)  # (rows, cols)

    tensor, unit = logit_place(model, output)
    fields = [receptive_field(model, one) for one in tensors]
    widest = max(fields, key=lambda field: field.size)  # branches differ by half a pixel at most
    return HeatMap(
        "Grad-CAM",
        ", ".join(one.node.layer.name for one in tensors),
        heat,
        upsample(heat, image_shape(model)[:2], widest.start, widest.step),
        float(logit_values(tensor, values)[0, unit]),
    )


def chosen_maps(model, layer, output: int) -> list:
    """The tensors that are looked at; ValueError if they are no maps of one size."""
    if layer is None:
        return last_feature_maps(model, output)
    several = isinstance(layer, Sequence) and not isinstance(layer, str)
    tensors = [feature_map(model, one) for one in (layer if several else [layer])]
    sizes = {tensor.sample_shape[:2] for tensor in tensors}
    if len(sizes) != 1:
        raise ValueError(
            f"{model.name}: expected layers with maps of one size, got {sorted(sizes) or 'none'}"
        )
    return tensors
