"""Images for a trained model are prepared as its training images were."""

import numpy as np
import pytest
from PIL import Image
from tiny_runs import slices

from covid.cli.commands.model_inputs import prepare_gray, prepare_image
from covid.data.images import read_gray, write_png
from covid.data.preprocess import enhance_and_crop
from covid.training.architectures import build_model
from covid.training.recipes import recipe_for
from minicnn.inspection import __main__ as inspection


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


@pytest.mark.parametrize(
    "change", [{}, {"interpolation": "bilinear"}, {"samplewise": False, "rescale": 1 / 255}]
)
@pytest.mark.parametrize("kind", ["prepared.png", "gray.png", "color.png", "color.jpg"])
def test_minicnn_s_own_command_prepares_images_alike(kind, change, tmp_path, rng):
    """`python -m minicnn.inspection` and `covid explain` show the same numbers, to the bit."""
    model = build_model("tiny_cnn", (41, 41, 1), seed=0)
    model.metadata = {
        "preprocessing": {
            **recipe_for("practice", "tiny_cnn", image_size=41).preprocessing,
            **change,
        }
    }
    path = tmp_path / kind
    if kind == "prepared.png":
        enhanced = enhance_and_crop(read_gray(next(slices().glob("Infected/*.png"))))
        write_png(path, enhanced.image, prepared=True)
    else:
        shape = (60, 83, 3) if "color" in kind else (60, 83)
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(path)
    x, _ = prepare_image(model, path, as_is=True)
    np.testing.assert_array_equal(inspection.prepared_image(model, str(path), as_is=True)[0], x)
    with pytest.raises(ValueError, match="prepared with enhance, crop, .* use `covid explain`"):
        inspection.prepared_image(model, str(path))
    model.metadata["preprocessing"]["enhance"] = False  # as for the model of the article's text
    x, _ = prepare_image(model, path, as_is=False)
    np.testing.assert_array_equal(inspection.prepared_image(model, str(path))[0], x)
