"""What cannot be done is said in a sentence."""

import numpy as np
import pytest
from saliency_models import IMAGE_BY_HAND, X, branching, by_hand

from minicnn import layers, models
from minicnn.saliency import (
    activation_maximization,
    grad_cam,
    last_feature_maps,
    occlusion,
    receptive_field,
    recommend_method,
    share_inside,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def sequence_model():
    return models.Sequential([layers.Dense(1, input_shape=(4,))])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: grad_cam(by_hand(), np.zeros((3, 2, 1))), "expected input of shape"),
        (lambda: grad_cam(by_hand(), np.zeros((2, 2, 2, 1))), "expected one image, got 2"),
        (lambda: grad_cam(sequence_model(), np.zeros(4)), "one input of shape"),
        (lambda: grad_cam(by_hand(), IMAGE_BY_HAND, output=1), r"number of a logit in \[0, 1\)"),
        (lambda: grad_cam(by_hand(), IMAGE_BY_HAND, "conv"), "expected the name of a layer"),
        (lambda: grad_cam(branching(), X, "hidden"), "expected a layer with an output"),
        (lambda: grad_cam(branching(), X, ["stem", "left"]), "maps of one size"),
        (lambda: grad_cam(branching(), X, []), "maps of one size, got none"),
        (lambda: receptive_field(by_hand(), branching().get_layer("left").output), "Tensor"),
        (lambda: recommend_method(by_hand(), 1), "number of a logit"),
        (lambda: recommend_method(sequence_model()), "one input of shape"),
        (lambda: occlusion(by_hand(), IMAGE_BY_HAND, 3), "patches inside of 2 x 2 pixels"),
        (lambda: occlusion(by_hand(), IMAGE_BY_HAND, 1, 2), "steps no larger than a patch"),
        (lambda: occlusion(by_hand(), IMAGE_BY_HAND, of="loss"), "expected of"),
        (lambda: activation_maximization(branching(), "left", 2), r"expected a filter in \[0, 2\), got 2"),
        (lambda: activation_maximization(branching(), "left", 0, bounds=(1, 0)), "in this order"),
        (lambda: activation_maximization(branching(), "left", 0, contrast=0.6), r"contrast in \(0, 0.5\]"),
        (lambda: activation_maximization(branching(), "left", 0, 0), "steps"),
        (lambda: share_inside(np.zeros((2, 2)), np.zeros((2, 3))), "mask of the heat map's shape"),
        (lambda: last_feature_maps(models.Sequential(
            [layers.Flatten(input_shape=(4, 4, 1)), layers.Dense(1)])), "with a convolution"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_model_without_shapes_is_not_built():
    with pytest.raises(ValueError, match="not built"):
        occlusion(models.Sequential([layers.Conv2D(1, 3), layers.Flatten()]), X)
