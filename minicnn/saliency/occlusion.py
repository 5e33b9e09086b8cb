"""Occlusion: cover a patch of the image, ask again, and see how far the answer falls."""

import math

import numpy as np

from minicnn import arguments
from minicnn.kernels.runtime.step_lock import one_step_at_a_time
from minicnn.saliency.heatmap import HeatMap
from minicnn.saliency.passes import logits_of, one_image

AT_ONCE = 32  # covered copies of the image in a batch, if the largest layer's outputs
MOST_VALUES = 2**24  # are no more than these for all of them (64 MB)
PART = 10  # a patch is a tenth of the image's side, where nothing else is said


@one_step_at_a_time()  # all copies are shown to the same weights
def occlusion(
    model, x, size=None, stride=None, value=None, output: int = 0, of: str = "logit"
) -> HeatMap:
    """How much the answer falls when a patch of the image is covered, for patches everywhere.

        values[i, j] = answer(x) - answer(x with patch (i, j) replaced by value)

    Above 0: what is there speaks for the positive class. Below 0: it speaks against it. Covering
    is not the same as taking away: the patch itself is something that the model may react to.

    Source: Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks",
    section 4.2.

    Parameters
    ----------
    model : Model
        With one image as its input.
    x : float array (height, width, channels), with or without batch axis
    size : int or (int, int), optional
        Height and width of a patch in pixels; a tenth of the image's, rounded up, when missing.
    stride : int or (int, int), optional
        Pixels from one patch to the next; half of a patch, rounded up, when missing. The last
        patch of a row or column ends at the image's border, so that each pixel is covered once
        or more.
    value : float or (channels,) array, optional
        What a covered pixel becomes; the mean of each channel of the image when missing.
    output : int
        Number of the logit, counted through all of the model's outputs.
    of : {"logit", "probability"}
        The answer that is compared. Probabilities near 0 or 1 hardly move: the logit shows more.

    Returns
    -------
    heat : HeatMap
        `values` (patches down, patches across). `on_image`: for each pixel the mean over all
        patches that cover it.

    Raises
    ------
    ValueError
        If a patch is larger than the image, steps leave pixels out, or `x` does not fit.
    """
    batch = one_image(model, x)
    height, width, channels = batch.shape[1:]
    arguments.choice(of, ("logit", "probability"), "of", "occlusion")
    size = (-(-height // PART), -(-width // PART)) if size is None else size
    size = arguments.pair(size, "size", "occlusion")
    stride = ((size[0] + 1) // 2, (size[1] + 1) // 2) if stride is None else stride
    stride = arguments.pair(stride, "stride", "occlusion")
    if size[0] > height or size[1] > width or stride[0] > size[0] or stride[1] > size[1]:
        raise ValueError(
            f"occlusion: expected patches inside of {height} x {width} pixels, and steps no larger "
            f"than a patch, got size {size} and stride {stride}"
        )
    tops, lefts = starts(height, size[0], stride[0]), starts(width, size[1], stride[1])
    patches = [
        (slice(top, top + size[0]), slice(left, left + size[1])) for top in tops for left in lefts
    ]
    value = batch.mean(axis=(0, 1, 2)) if value is None else value
    cover = np.broadcast_to(np.asarray(value, dtype=batch.dtype), (channels,))

    largest = max(math.prod(node.output.sample_shape) for node in model.graph.nodes)
    at_once = min(AT_ONCE, max(1, MOST_VALUES // largest))
    answers = np.concatenate(
        [
            answer(model, covered(batch, patches[first : first + at_once], cover), output, of)
            for first in range(0, len(patches), at_once)
        ]
    )
    drops = answer(model, batch, output, of)[0] - answers  # (patches,)

    # Every pixel: the mean over the patches that cover it.
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for patch, drop in zip(patches, drops, strict=True):
        total[patch] += drop
        times[patch] += 1
    return HeatMap(
        "occlusion",
        f"patches of {size[0]} x {size[1]} pixels, every {stride[0]} down and {stride[1]} across",
        drops.reshape(len(tops), len(lefts)),  # (patches,) -> (patches down, patches across)
        total / times,
        float(logits_of(model, batch, output)[0]),
    )


def starts(pixels: int, size: int, stride: int) -> list[int]:
    """First pixel of each patch along one axis; the last patch ends at the border."""
    last = pixels - size
    return [*range(0, last, stride), last]


def covered(batch: np.ndarray, patches: list[tuple], cover: np.ndarray) -> np.ndarray:
    """A copy of the image for each patch, with that patch covered.

    (1, height, width, channels) -> (patches, height, width, channels)
    """
    copies = np.repeat(batch, len(patches), axis=0)
    for copy, patch in zip(copies, patches, strict=True):
        copy[patch] = cover
    return copies


def answer(model, batch: np.ndarray, output: int, of: str) -> np.ndarray:
    """The logit or the probability for each image of a batch, (batch,) float64."""
    z = logits_of(model, batch, output).astype(np.float64)
    # 1 / (1 + exp(-z)), in a form that overflows for no z
    return z if of == "logit" else 0.5 * (1 + np.tanh(z / 2))
