"""Which of the two heat maps to take for a model: a rule on its last convolution."""

from typing import NamedTuple

from minicnn.saliency.passes import image_shape, logit_place
from minicnn.saliency.receptive_field import ReceptiveField, last_feature_maps, receptive_field

# Conventions of this project. In the network of the Grad-CAM paper (VGG-16, 512 filters, a
# receptive field of 196 of 224 pixels) both are exceeded by far.
SMALLEST_SHARE = 0.1  # of the image's side, that a unit has to see
FEWEST_FILTERS = 8


class Recommendation(NamedTuple):
    """What `recommend_method` found.

    Attributes
    ----------
    method : {"grad-cam", "occlusion"}
    layers : list of str
        The last convolutions; empty if there is none.
    field : ReceptiveField or None
        Of the widest of them.
    share : float
        The smaller of field height / image height and field width / image width.
    filters : int
        Of all of them together.
    reason : str
        The values and the rule, as a clause.
    """

    method: str
    layers: list[str]
    field: ReceptiveField | None
    share: float
    filters: int
    reason: str


def recommend_method(model, output: int = 0) -> Recommendation:
    """Grad-CAM if the last convolution sees enough, else occlusion.

    Grad-CAM can only point to what a unit of the last convolution reacts to, and a unit that
    sees 3 x 3 pixels reacts to edges and specks: its map is nearly an edge image, whatever the
    dense layers behind it made of it. Occlusion asks the whole model and needs no such layer. So
    Grad-CAM is taken if

        share >= SMALLEST_SHARE   (share = receptive field / image, the smaller of both sides)
        filters >= FEWEST_FILTERS

    of the last convolution, or of the last ones side by side.

    Parameters
    ----------
    model : Model
    output : int
        Number of the logit, counted through all of the model's outputs.

    Raises
    ------
    ValueError
        If the model takes no image, or has no such logit.
    """
    height, width, _ = image_shape(model)
    logit_place(model, output)  # raises where there is none
    try:
        tensors = last_feature_maps(model, output)
    except ValueError:
        return Recommendation("occlusion", [], None, 0.0, 0, "the model has no convolution")
    field = max((receptive_field(model, one) for one in tensors), key=lambda one: one.size)
    share = min(field.size[0] / height, field.size[1] / width)
    filters = sum(tensor.sample_shape[2] for tensor in tensors)
    names = [tensor.node.layer.name for tensor in tensors]
    fits = share >= SMALLEST_SHARE and filters >= FEWEST_FILTERS
    reason = (
        f"a unit of {', '.join(names)} sees {field.size[0]} x {field.size[1]} of "
        f"{height} x {width} pixels, through {filters} filters; Grad-CAM needs "
        f"{SMALLEST_SHARE:.0%} of each side and {FEWEST_FILTERS} filters"
    )
    return Recommendation("grad-cam" if fits else "occlusion", names, field, share, filters, reason)
