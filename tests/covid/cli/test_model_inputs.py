"""Images for a trained model are prepared as its training images were."""

import numpy as np
import pytest
from tiny_runs import slices

from covid.cli.commands.model_inputs import prepare_gray
from covid.data.images import read_gray
from covid.data.preprocess import enhance_and_crop
from covid.training.architectures import build_model
from covid.training.recipes import recipe_for


@pytest.mark.parametrize(
    ("recipe", "older", "rule"),
    [
        ("practice", False, "lungs"),
        ("published", False, "contours"),
        ("practice", True, "contours"),  # before there was a choice
    ],
)
def test_an_image_is_cropped_as_the_model_s_were(recipe, older, rule):
    preprocessing = recipe_for(recipe, "tiny_cnn").preprocessing
    if older:
        del preprocessing["crop"]
    model = build_model("tiny_cnn", (9, 9, 1), seed=0)
    model.metadata = {"preprocessing": preprocessing}
    path = next(slices().glob("Infected/*_lung.png"))
    gray, _ = prepare_gray(model, path, as_is=False)
    one, other = (enhance_and_crop(read_gray(path), rule=name) for name in ("lungs", "contours"))
    assert one.box != other.box
    np.testing.assert_array_equal(gray, (one if rule == "lungs" else other).image)
