"""The two recipes: the article's protocol to the letter, and the one that learns."""

import numpy as np
import pytest

from covid.common.choices import MODEL_NAMES, RECIPE_NAMES
from covid.common.errors import UserError
from covid.training.architectures import MODELS
from covid.training.first_weights import STARTS
from covid.training.recipes import (
    PRACTICE,
    PUBLISHED,
    WarmUp,
    class_weights,
    plain_generator,
    recipe_for,
    train_generator,
)
from minicnn.layers import Dense
from minicnn.models import Sequential
from minicnn.optimizers import Adam


def test_the_command_line_offers_what_there_is():
    assert tuple(MODELS) == MODEL_NAMES
    assert set(PUBLISHED) == set(PRACTICE) == set(MODEL_NAMES)


def test_how_the_models_begin():
    starts = {name: recipe_for("practice", name).start for name in MODEL_NAMES}
    assert starts.pop("compact_cnn") == "standard"
    assert set(starts.values()) == {"quiet"} <= set(STARTS)


@pytest.mark.parametrize(
    ("model", "size", "enhanced", "ratios", "augmented", "epochs"),
    [
        ("compact_cnn", 150, True, (0.5, 0.1, 0.4), True, 10),  # not the article's: as tiny_cnn
        ("cnn", 256, False, (0.7, 0.1, 0.2), False, 10),
        ("cnn_dropout", 150, False, (0.5, 0.1, 0.4), True, 10),
        ("tiny_cnn", 150, True, (0.5, 0.1, 0.4), True, 10),
        ("reduced_inception", 150, True, (0.5, 0.1, 0.4), True, 3),
    ],
)
def test_published_is_the_articles_protocol(model, size, enhanced, ratios, augmented, epochs):
    recipe = recipe_for("published", model)
    assert (recipe.image_size, recipe.enhance, recipe.ratios) == (size, enhanced, ratios)
    assert (recipe.epochs, recipe.steps_per_epoch, recipe.validation_steps) == (epochs, 15, 1)
    assert (recipe.learning_rate, recipe.batch_size) == (1e-4, 30)
    assert (recipe.patience, recipe.slow_down, recipe.start) == (None, None, None)
    article = {
        "rotation_range": 40,
        "width_shift_range": 0.2,
        "height_shift_range": 0.2,
        "shear_range": 0.2,
        "zoom_range": 0.2,
        "horizontal_flip": True,
        "fill_mode": "nearest",
    }
    assert recipe.augmentation == (article if augmented else {})
    assert recipe.preprocessing == {
        "enhance": enhanced,
        "crop": "contours",
        "image_size": size,
        "interpolation": "nearest",
        "rescale": 1 / 255,
    }


def test_classes_are_weighed_where_one_is_below_forty_percent():
    practice, published = (recipe_for(name, "tiny_cnn") for name in ("practice", "published"))
    few = [1] * 39 + [0] * 61
    weights = class_weights(practice, few)
    assert weights == {0: pytest.approx(50 / 61), 1: pytest.approx(50 / 39)}
    assert sum(weights[label] for label in few) == pytest.approx(len(few))
    assert class_weights(practice, [1] * 4 + [0] * 6) is None
    assert class_weights(published, few) is None


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_practice_keeps_the_models_and_their_images(model):
    recipe, published = recipe_for("practice", model), recipe_for("published", model)
    assert recipe.image_size == published.image_size
    assert recipe.steps_per_epoch is None and recipe.validation_steps is None
    assert recipe.patience < recipe.epochs
    assert (recipe.crop, published.crop) == ("lungs", "contours")
    assert "rescale" not in recipe.preprocessing and recipe.preprocessing["samplewise"]


def test_only_what_is_given_replaces_the_recipes_own():
    plain = recipe_for("published", "tiny_cnn")
    changed = recipe_for("published", "tiny_cnn", epochs=2, ratios=(0.6, 0.2, 0.2))
    assert (changed.epochs, changed.ratios) == (2, (0.6, 0.2, 0.2))
    differing = {k for k, v in changed.as_dict().items() if plain.as_dict()[k] != v}
    assert differing == {"epochs", "ratios"}


@pytest.mark.parametrize(
    ("recipe", "model", "text"),
    [("best", "tiny_cnn", "--recipe: .*practice.*'best'"), ("practice", "vgg", "tiny_cnn.*'vgg'")],
)
def test_unknown_names_are_refused(recipe, model, text):
    with pytest.raises(UserError, match=text):
        recipe_for(recipe, model)


def test_generators_scale_as_the_saved_preprocessing_says(rng):
    image = rng.integers(0, 256, (9, 7, 1)).astype(np.float32)
    published = plain_generator(recipe_for("published", "tiny_cnn").preprocessing)
    np.testing.assert_allclose(published.standardize(image.copy()), image / 255, rtol=1e-6)
    practice = plain_generator(recipe_for("practice", "tiny_cnn").preprocessing)
    centerd = (image - image.mean()) / image.std()
    np.testing.assert_allclose(practice.standardize(image.copy()), centerd, atol=1e-5)
    flat = practice.standardize(np.full((9, 7, 1), 80, np.float32))
    np.testing.assert_array_equal(flat, np.zeros((9, 7, 1)))


@pytest.mark.parametrize("model", MODEL_NAMES)
@pytest.mark.parametrize("name", RECIPE_NAMES)
def test_only_training_images_are_augmented(name, model):
    recipe = recipe_for(name, model)
    x = np.arange(9 * 7, dtype=np.float32).reshape(9, 7, 1)
    seen = [train_generator(recipe).random_transform(x, np.random.default_rng(i)) for i in range(9)]
    augmented = (name, model) != ("published", "cnn")
    assert any(not np.array_equal(copy, x) for copy in seen) == augmented
    plain = plain_generator(recipe.preprocessing)
    np.testing.assert_array_equal(plain.random_transform(x, np.random.default_rng(0)), x)


def test_warm_up_ends_at_the_recipes_learning_rate(rng):
    """A hundredth at the start, times ten half-way, the whole rate at the end and after it."""
    x = rng.normal(size=(12, 3)).astype(np.float32)
    y = (x[:, :1] > 0).astype(np.float32)
    model = Sequential([Dense(1, activation="sigmoid", input_shape=(3,))], seed=0)
    model.compile(Adam(0.01), "binary_crossentropy", ["acc"])
    rates = []

    class Recorder(WarmUp):
        def on_train_batch_begin(self, batch, logs=None):
            super().on_train_batch_begin(batch, logs)
            rates.append(float(self.model.optimizer.learning_rate))

    model.fit(x, y, batch_size=2, epochs=1, callbacks=[Recorder(4)], verbose=0)
    expected = [0.01 * 0.01**0.75, 0.001, 0.01 * 0.01**0.25, 0.01, 0.01, 0.01]
    np.testing.assert_allclose(rates, expected, rtol=1e-5)
