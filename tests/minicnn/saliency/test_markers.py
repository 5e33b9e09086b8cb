"""Heat maps of trained models of which it is known what they look at."""

import numpy as np
import pytest

from minicnn import layers, models
from minicnn.saliency import (
    occlusion,
    recommend_method,
    sanity_check,
    share_inside,
)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def marked():
    """Noise; half of the images have a bright square at the bottom right: a shortcut."""
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 24, 24, 1)) * 0.5, np.arange(64) % 2
    x[y == 1, 16:22, 15:21] += 0.5
    return x.astype(np.float32), y


MARKER = np.zeros((24, 24), bool)
MARKER[15:23, 14:22] = True  # with the pixels around it that a patch or filter sees, too


def trained_on(data, epochs, *chain):
    model = models.Sequential(list(chain), seed=2)
    model.compile("adam", "binary_crossentropy", ["acc"])
    model.optimizer.learning_rate = 0.01
    model.fit(*data, batch_size=16, epochs=epochs, verbose=0)
    assert model.evaluate(*data, verbose=0, return_dict=True)["acc"] == 1
    return model


def test_occlusion_finds_the_marker_that_a_shallow_model_has_learned(marked):
    model = trained_on(
        marked,
        8,
        layers.Conv2D(4, 3, activation="relu", input_shape=(24, 24, 1)),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(1, activation="sigmoid"),
    )
    heat = occlusion(model, marked[0][1], size=6, stride=3)
    assert share_inside(heat.on_image, MARKER) > 3 * MARKER.mean()
    row, col = np.unravel_index(heat.on_image.argmax(), (24, 24))
    assert MARKER[row, col]


def test_grad_cam_finds_the_marker_that_a_deeper_model_has_learned(marked):
    model = trained_on(
        marked,
        40,
        layers.Conv2D(8, 3, activation="relu", input_shape=(24, 24, 1)),
        layers.MaxPooling2D(2),
        layers.Conv2D(8, 3, activation="relu"),
        layers.AveragePooling2D(9),
        layers.Flatten(),
        layers.Dense(1, activation="sigmoid"),
    )
    assert recommend_method(model).method == "grad-cam"
    check = sanity_check(model, marked[0][1])
    assert check.passed, check.verdict
    heat = check.heat
    assert heat.method == "Grad-CAM"
    assert share_inside(heat.on_image, MARKER) > 3 * MARKER.mean()
    row, col = np.unravel_index(heat.on_image.argmax(), (24, 24))
    assert MARKER[row, col]
