"""Labels: refused in one sentence that says which and what to do, or taken."""

import numpy as np
import pytest
from bad_arrays import SAMPLES, assert_one_sentence, from_folder, small_model, write_images

from minicnn import layers, models
from minicnn.losses import BinaryCrossentropy


@pytest.fixture
def x(rng):
    return rng.random((SAMPLES, 10, 12, 1), dtype=np.float32)


@pytest.fixture
def y():
    return np.arange(SAMPLES) % 2


@pytest.fixture
def folder(tmp_path, rng):
    return write_images(tmp_path, rng)


BAD_LABELS = {
    "1 and 2": (np.array([1, 2] * 4), r"got 2 for sample 1 and 3 more; subtract 1"),
    "-1 and 1": (np.array([-1, 1] * 4), r"got -1 for sample 0 and 3 more; \(y \+ 1\) / 2"),
    "0 and 255": (np.array([0, 255] * 4, np.uint8), "got 255 .*; divide by 255"),
    "three classes": (np.array([0, 1, 2, 0, 1, 2, 0, 1]), "class numbers of 3 classes"),
    "1.5": (np.array([0, 1.5] * 4), r"got 1\.5 for sample 1 and 3 more; 1 is the positive"),
    "nan": (np.array([0, np.nan] * 4), "got nan"),
}


@pytest.mark.parametrize("labels", BAD_LABELS)
def test_labels_outside_0_and_1_are_refused(labels, x):
    y, message = BAD_LABELS[labels]
    model = small_model()
    for attempt in (
        lambda: model.fit(x, y, verbose=0),
        lambda: model.fit(x, y > 0, validation_data=(x, y), verbose=0),
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.train_on_batch(x, y),
        lambda: model.test_on_batch(x, y.reshape(-1, 1)),
        lambda: model.fit(iter([(x, y)]), steps_per_epoch=1, verbose=0),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            attempt()
        assert_one_sentence(caught)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("kind", ["text", "object", "complex"])
def test_labels_that_are_no_numbers_are_refused(kind, x):
    y = {
        "text": np.array(["a", "b"] * 4),
        "object": np.array([0, None] * 4),
        "complex": np.array([0, 1j] * 4),
    }[kind]
    for attempt in (
        lambda: small_model().fit(x, y, verbose=0),
        lambda: small_model().train_on_batch(x, y),
    ):
        with pytest.raises(TypeError, match="expected an array of real numbers") as caught:
            attempt()
        assert_one_sentence(caught)


def test_bool_soft_and_integer_labels_are_taken(x, y):
    losses = [
        small_model().train_on_batch(x, labels, return_dict=True)["loss"]
        for labels in (y, y.astype(bool), y.astype(np.uint8), y.reshape(-1, 1), y.tolist())
    ]
    assert len(set(losses)) == 1
    small_model().fit(x, np.full(SAMPLES, 0.25), verbose=0)
    small_model().fit(x, np.full(SAMPLES, 0.1) * 10 + 1e-9, verbose=0)  # 1, but for rounding


def test_class_numbers_of_a_folder_name_the_file_and_what_to_do(folder):
    with pytest.raises(ValueError) as caught:
        small_model().fit(from_folder(folder, "sparse"), verbose=0)
    text = assert_one_sentence(caught)
    assert text.startswith("batch 2 of 2, file c/0.png: dense_1: expected labels in [0, 1], got 2")
    three = models.Sequential([layers.Flatten(input_shape=(10, 12, 1)), layers.Dense(3)])
    three.compile("sgd", "binary_crossentropy")
    with pytest.raises(ValueError, match="numbers of classes have to become rows with a 1"):
        three.fit(from_folder(folder, "sparse"), verbose=0)


def test_a_loss_checks_its_labels_by_itself():
    with pytest.raises(ValueError, match="y: .* got 3 for sample 1 at"):
        BinaryCrossentropy().check_labels(np.array([[0.0, 1.0], [3.0, 0.0]]), "y")
