"""Heat maps: which pixels a model's output depends on, and a check of these maps.

    heat = grad_cam(model, x)              # where the last convolution saw what raised the logit
    heat = occlusion(model, x)             # how much the logit falls when a patch is covered
    recommend_method(model).reason         # which of the two suits the model, and why

A heat map always looks like an explanation, even where it is only a picture of the image's
edges. So it is shown with a check: the same map is made of models with the same layers and random
weights, which have learned nothing. A map that stays the same says nothing about learning:

    check = sanity_check(model, x)
    print(check.verdict)

And, without any image, what a filter looks for: `activation_maximization(model, "conv2d", 0).x`.

All functions take any minicnn model with one image as its input, and change none of its weights.
Like every pass they replace what its layers keep in `cache`, and those with a backward pass what
is in `grads`. Where to begin reading: `gradcam.py`, then `passes.py`.
"""

from minicnn.saliency.activation_maximization import ActivationMaximization, activation_maximization
from minicnn.saliency.gradcam import grad_cam
from minicnn.saliency.heatmap import HeatMap, share_inside
from minicnn.saliency.occlusion import occlusion
from minicnn.saliency.passes import logits_of
from minicnn.saliency.rank_correlation import rank_correlation
from minicnn.saliency.receptive_field import ReceptiveField, last_feature_maps, receptive_field
from minicnn.saliency.recommend_method import Recommendation, recommend_method
from minicnn.saliency.sanity_check import sanity_check
from minicnn.saliency.verdicts import RandomizedMap, SanityCheck

__all__ = [
    "ActivationMaximization",
    "HeatMap",
    "RandomizedMap",
    "ReceptiveField",
    "Recommendation",
    "SanityCheck",
    "activation_maximization",
    "grad_cam",
    "last_feature_maps",
    "logits_of",
    "occlusion",
    "rank_correlation",
    "receptive_field",
    "recommend_method",
    "sanity_check",
    "share_inside",
]
