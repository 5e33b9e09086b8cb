"""Which pixels an answer hangs on, and whether the picture that says so means anything.

    heat = grad_cam(model, x)              # where the last convolution saw what raised the logit
    heat = occlusion(model, x)             # how much the logit falls when a patch is covered
    suited_method(model).reason            # which of the two suits the model, and why

A heat map always looks like an explanation, even where it is only a picture of the image's
edges. So it is shown with a check: the same map is made of models with the same layers and random
weights, which have learned nothing. A map that stays the same says nothing about learning:

    check = randomisation_check(model, x)
    print(check.verdict)

And, without any image, what a filter looks for: `excite(model, "conv2d", 0).x`.

All functions take any minicnn model with one image as its input, and change none of its weights.
Like every pass they replace what its layers keep in `cache`, and those with a backward pass what
is in `grads`. Where to begin reading: `gradcam.py`, then `passes.py`.
"""

from minicnn.saliency.activation_maximization import Excitation, excite
from minicnn.saliency.gradcam import grad_cam
from minicnn.saliency.heatmap import HeatMap, share_inside
from minicnn.saliency.occlusion import occlusion
from minicnn.saliency.passes import logits_of
from minicnn.saliency.rank_correlation import rank_correlation
from minicnn.saliency.receptive_field import ReceptiveField, last_feature_maps, receptive_field
from minicnn.saliency.recommend_method import Suitability, suited_method
from minicnn.saliency.sanity_check import randomisation_check
from minicnn.saliency.verdicts import RandomisationCheck, RandomisedMap

__all__ = [
    "Excitation",
    "HeatMap",
    "RandomisationCheck",
    "RandomisedMap",
    "ReceptiveField",
    "Suitability",
    "excite",
    "grad_cam",
    "last_feature_maps",
    "logits_of",
    "occlusion",
    "randomisation_check",
    "rank_correlation",
    "receptive_field",
    "share_inside",
    "suited_method",
]
