"""`validation_split` with `subset`: which images are for validation, in which order."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.preprocessing.image import ImageDataGenerator

IN_ORDER = {"shuffle": False, "batch_size": 100}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Class a has 7 images in two folders, class b has 3, class c one; each of its own gray."""
    names = [f"a/{number}.png" for number in (1, 10, 2, 30)] + [f"a/in/{n}.png" for n in "cab"]
    names += ["b/x.png", "b/Z.PNG", "b/y.png", "c/only.png"]
    for gray, name in enumerate(names):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), 20 * gray, np.uint8)).save(path)
    return tmp_path / "data"


def from_folder(folder, split: float, subset: str | None, kind=ImageDataGenerator, **arguments):
    arguments = {**IN_ORDER, "class_mode": "sparse", "color_mode": "grayscale", **arguments}
    return kind(validation_split=split).flow_from_directory(
        folder, target_size=(4, 4), subset=subset, **arguments
    )


def test_the_first_files_of_each_class_are_for_validation(folder):
    validation = from_folder(folder, 0.4, "validation")
    # 0.4 * 7, 0.4 * 3 and 0.4 * 1, cut to 2, 1 and 0; capitals sort before small letters
    names = ["a/1.png", "a/10.png", "b/Z.PNG"]
    assert [Path(name).as_posix() for name in validation.filenames] == names
    assert validation.classes.tolist() == [0, 0, 1]
    assert validation.class_indices == {"a": 0, "b": 1, "c": 2}
    training = from_folder(folder, 0.4, "training")
    assert [Path(name).as_posix() for name in training.filenames] == [
        *("a/2.png", "a/30.png", "a/in/a.png", "a/in/b.png", "a/in/c.png"),
        *("b/x.png", "b/y.png", "c/only.png"),
    ]
    x, y = training[0]
    assert y.tolist() == training.classes.tolist() == [0, 0, 0, 0, 0, 1, 1, 2]
    assert x[:, 0, 0, 0].tolist() == [40, 60, 100, 120, 80, 140, 180, 200]
    whole = from_folder(folder, 0.4, None)
    assert sorted(validation.filenames + training.filenames) == sorted(whole.filenames)


def test_subsets_of_arrays():
    x = np.arange(10.0).reshape(10, 1, 1, 1)
    y, weights = np.arange(10) % 2, np.arange(10) / 10
    # 0.49 * 10 is cut to 4
    generator = ImageDataGenerator(validation_split=0.49)
    for subset, samples in {"validation": range(4), "training": range(4, 10)}.items():
        iterator = generator.flow(x, y, sample_weight=weights, subset=subset, **IN_ORDER)
        x_batch, y_batch, weights_of_batch = iterator[0]
        assert x_batch[:, 0, 0, 0].tolist() == list(samples)
        np.testing.assert_array_equal(y_batch, y[samples.start : samples.stop])
        np.testing.assert_array_equal(weights_of_batch, weights[samples.start : samples.stop])
        alone = generator.flow(x, subset=subset, **IN_ORDER)[0]
        assert alone[:, 0, 0, 0].tolist() == list(samples)
    # 0.29 * 100 is a little less than 29
    hundred = np.zeros((100, 1, 1, 1))
    assert ImageDataGenerator(validation_split=0.29).flow(hundred, subset="validation").n == 28
    shuffled = [generator.flow(x, y, subset="training", seed=1)[0] for _ in range(2)]
    np.testing.assert_array_equal(shuffled[0][0], shuffled[1][0])
    assert sorted(shuffled[0][0].ravel()) == list(range(4, 10))


def test_subsets_of_arrays_sorted_by_class():
    x, y = np.zeros((10, 2, 2, 1)), np.repeat(["cat", "dog"], 5)
    generator = ImageDataGenerator(validation_split=0.2)
    with pytest.raises(ValueError, match="flow: expected the same classes .* got dog in one only"):
        generator.flow(x, y, subset="validation")
    assert generator.flow(x, y, subset="validation", ignore_class_split=True).n == 2
    assert generator.flow(x, y[::-1]).n == 10
    one_hot = np.eye(2)[[0, 1] * 5]
    assert generator.flow(x, one_hot, subset="training").n == 8


@pytest.mark.parametrize("split", [0.0, 0.05])
def test_an_empty_subset(folder, split):
    generator = ImageDataGenerator(validation_split=split)
    x = np.zeros((10, 2, 2, 1))
    message = rf"expected images in subset='validation', found none with .*=\w*{split}\)"
    with pytest.raises(ValueError, match="flow: " + message):
        generator.flow(x, subset="validation")
    with pytest.raises(ValueError, match="flow_from_directory: " + message):
        from_folder(folder, split, "validation")
    assert generator.flow(x, subset="training").n == 10
    with pytest.raises(ValueError, match="flow: expected subset to be one of"):
        generator.flow(x, subset="test")


def test_messages_name_the_image_of_the_subset():
    def spoil(image):
        return image * np.nan if image.max() == 5 else image

    x = np.arange(10.0).reshape(10, 1, 1, 1)
    generator = ImageDataGenerator(validation_split=0.2, preprocessing_function=spoil)
    iterator = generator.flow(x, subset="training", **IN_ORDER)
    with pytest.raises(ValueError, match="batch 1, image 3 of the training subset: "):
        iterator[0]


@pytest.mark.parametrize("split", [0.1, 0.29, 1 / 3, 0.5, 0.57, 0.99])
def test_against_keras_itself(folder, split):
    pytest.importorskip("keras")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator as KerasGenerator

    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 256, (100, 2, 3, 1)).astype(np.float32), rng.integers(0, 5, 100)
    for subset in ("training", "validation"):
        files = []
        arrays = []
        for kind in (ImageDataGenerator, KerasGenerator):
            files.append(from_folder(folder, split, subset if split > 0.2 else None, kind))
            arguments = {"subset": subset, "ignore_class_split": True, **IN_ORDER}
            arrays.append(kind(validation_split=split).flow(x, y, **arguments)[0])
        ours, theirs = files
        assert ours.filenames == theirs.filenames
        assert ours.class_indices == theirs.class_indices
        np.testing.assert_array_equal(ours.classes, theirs.classes)
        for found, expected in zip([*ours[0], *arrays[0]], [*theirs[0], *arrays[1]], strict=True):
            np.testing.assert_array_equal(found, expected)
