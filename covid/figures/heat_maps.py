"""Heat maps of a model's output, and inputs that maximize the activation of its filters.

A heat map is never drawn here without its sanity check: the maps of the same model with random
weights stand beside it, and a sentence below says what follows from them. How all that is computed
is in `minicnn.saliency`, how it looks in `covid.figures.plots.heat_maps`.
"""

import math
from pathlib import Path

import numpy as np

from covid.common.errors import UserError, shown
from covid.figures.draw_process import draw
from covid.training.model_file import classes_of, model_input
from minicnn.models import Model
from minicnn.saliency import (
    Recommendation,
    SanityCheck,
    activation_maximization,
    last_feature_maps,
    receptive_field,
    recommend_method,
    sanity_check,
)

COPIES = 3  # models with random weights
MOST_FILTERS = 8  # for which inputs are made
LARGE_MODEL = 1_000_000  # parameters; larger models are asked about fewer patches and filters
STANDARDIZED = (-3.0, 3.0)  # three standard deviations: nearly all pixels of such images
COLORS = {
    "occlusion": "Orange: covering the place with the image's mean gray lowers the answer, so what "
    "is there speaks for {0}; blue: it speaks against {0}. Where all is black, a gray patch adds "
    "something rather than taking it away.",
    "grad-cam": "Orange: here the last convolution saw what raises the answer for {0}.",
}


def look_figure(
    model: Model,
    gray: np.ndarray,
    name: str,
    path: Path,
    note: str,
    seed: int,
    method: str = "auto",
) -> dict:
    """Draw an image's heat map with the maps of random models beside it and the verdict below.

    Parameters
    ----------
    model : Model
        With the metadata that training left.
    gray : (height, width) uint8 array
        Enhanced already if the model needs it so.
    name : str
        The image's file name.
    path : Path
        Of the figure, a name that ends in .png.
    note : str
        Small print.
    seed : int
        Of the random weights.
    method : {"auto", "grad-cam", "occlusion"}
        "auto": the one that `minicnn.saliency.recommend_method` gives.

    Returns
    -------
    values : dict
        As JSON can hold it (NaN aside): probability, logit, method, source, reason,
        receptive_field ([height, width] in pixels, or None), rank_correlations, agreement,
        passed, verdict.

    Raises
    ------
    UserError
        If the model's answers are not finite.
    """
    x = model_input(model, gray)
    recommended = recommend_method(model)
    chosen = recommended.method if method == "auto" else method
    options = {}
    if chosen == "occlusion" and model.count_params() > LARGE_MODEL:
        side = math.ceil(x.shape[0] / 10)
        options = {"size": side, "stride": side}  # a quarter of the patches
    try:
        check = sanity_check(model, x, chosen, copies=COPIES, seed=seed, **options)
    except ValueError as error:
        raise UserError(f"{shown(name)}: {error}; take another model or image") from None
    heat, values = check.heat, values_of(check, recommended, chosen)
    positive = classes_of(model)[1]
    made = "Covered:" if chosen == "occlusion" else "Grad-CAM of"
    rule = recommended.method
    why = "The rule" if chosen == rule else f"Against the rule, which says {rule}"
    random_maps = [
        (copy.heat.on_image, f"random weights {copy.copy + 1}\n{correlation_text(copy)}")
        for copy in check.copies
    ]
    draw(
        "heat_maps.heat_map_with_check",
        x[:, :, 0],
        heat.on_image,
        random_maps,
        path,
        f"{model.name}: what p({positive}) = {values['probability']:.3f} reacts to",
        note,
        name=name,
        method=heat.method,
        remarks=[
            f"{COLORS[chosen].format(positive)} Each map has its own scale.",
            f"{made} {heat.source}. {why}: {recommended.reason}.",
        ],
        verdict=check.verdict,
        passed=check.passed,
    )
    return values


def values_of(check: SanityCheck, recommended: Recommendation, chosen: str) -> dict:
    """What `look_figure` returns: the answer, the method, the result of the check."""
    logit = check.heat.logit
    return {
        "probability": 0.5 * (1 + math.tanh(logit / 2)),  # 1 / (1 + exp(-logit))
        "logit": logit,
        "method": chosen,
        "source": check.heat.source,
        "reason": recommended.reason,
        "receptive_field": None if recommended.field is None else list(recommended.field.size),
        "rank_correlations": [copy.correlation for copy in check.copies],
        "agreement": check.agreement,
        "passed": check.passed,
        "verdict": check.verdict,
    }


def correlation_text(copy) -> str:
    """How alike the map of a random model is to the true one."""
    same = math.isnan(copy.correlation)
    return "nothing to compare" if same else f"rank correlation {copy.correlation:.2f}"


def activation_figure(model: Model, path: Path, note: str, seed: int) -> None:
    """Draw inputs that maximize the activation of the filters of the last convolutions.

    `seed` is that of the noise with which each input begins.
    """
    tensors, bounds = last_feature_maps(model), input_bounds(model)
    large = model.count_params() > LARGE_MODEL
    filters = [(tensor, k) for tensor in tensors for k in range(tensor.sample_shape[2])]
    drawn = []
    for tensor, k in filters[: MOST_FILTERS // 2 if large else MOST_FILTERS]:
        layer = tensor.node.layer
        steps = 10 if large else 20
        found = activation_maximization(model, layer, k, steps, seed=seed, bounds=bounds)
        rise = f"{found.activations[0]:.3g} to {max(found.activations):.3g}"
        text = f"activation\n{rise}" if max(found.activations) > 0 else "stays silent"
        drawn.append((middle(model, tensor, found.x), f"{layer.name}, filter {k + 1}\n{text}"))
    shown_of = f" (the first {len(drawn)} of {len(filters)})" if len(drawn) < len(filters) else ""
    draw(
        "heat_maps.activation_maximization",
        drawn,
        bounds,
        path,
        f"{model.name}: inputs that maximize the activation of its filters{shown_of}",
        "Flat gray: the filter answers to brightness (light) or darkness (dark), not to a pattern. "
        f"{note}",
    )


def middle(model: Model, tensor, x: np.ndarray) -> np.ndarray:
    """The middle of an input, eight receptive fields wide: else its grain could not be seen.

    (height, width, channels) -> (at most height, at most width)
    """
    wide = 8 * max(receptive_field(model, tensor).size)
    starts = [max(0, (side - wide) // 2) for side in x.shape[:2]]
    return x[starts[0] : starts[0] + wide, starts[1] : starts[1] + wide, 0]


def input_bounds(model: Model) -> tuple[float, float]:
    """The smallest and the largest value that this model's images usually have."""
    preprocessing = model.metadata["preprocessing"]
    if preprocessing.get("samplewise"):
        return STANDARDIZED
    return 0.0, 255 * float(preprocessing["rescale"])
