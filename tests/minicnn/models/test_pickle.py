"""Models and iterators as copies and pickles: they go on where they are."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
from subprocesses import (
    digest,
    noise,
    small_model,
)

from minicnn.layers import Dense
from minicnn.models import Sequential
from minicnn.preprocessing.image import ImageDataGenerator


@pytest.mark.parametrize("copy", [lambda model: pickle.loads(pickle.dumps(model)), deepcopy])
def test_a_copy_goes_on_as_the_model_would(copy):
    model = small_model()
    x, y = noise()
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    model.metadata["classes"] = ["a", "b"]
    model.optimizer.learning_rate = 0.01
    other = copy(model)
    assert (other.epochs_done, other.seed, other.metadata) == (2, model.seed, model.metadata)
    for one in (model, other):
        one.fit(x, y, batch_size=8, epochs=1, verbose=0)
    assert digest(*model.get_weights()) == digest(*other.get_weights())
    assert other.metadata is not model.metadata


def test_a_class_of_one_s_own_is_not_taken_for_another():
    class Own(Sequential):
        pass

    with pytest.raises(TypeError, match="expected a Model or Sequential to pickle, got .* Own"):
        pickle.dumps(Own([Dense(1, input_shape=(3,))]))


def test_iterators_continue_where_they_are(tmp_path):
    import cv2

    for number, image in enumerate(noise(6)[0]):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        cv2.imwrite(
            str(tmp_path / "ab"[number % 2] / f"{number}.png"), (image * 255).astype(np.uint8)
        )
    generator = ImageDataGenerator(rescale=1 / 255, rotation_range=30, horizontal_flip=True)
    from_files = generator.flow_from_directory(tmp_path, (12, 12), "grayscale", batch_size=4)
    for iterator in (from_files, generator.flow(*noise(), batch_size=5)):
        next(iterator)
        other = pickle.loads(pickle.dumps(iterator))
        for _ in range(4):
            for one, same in zip(next(iterator), next(other), strict=True):
                np.testing.assert_array_equal(one, same)
    sent = pickle.loads(pickle.dumps(from_files)).store
    assert from_files.store._is_read.all() and not sent._is_read.any()  # names, not images
