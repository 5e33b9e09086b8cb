"""Image generators whose images or settings are no numbers: which file, which batch, what was found."""

import numpy as np
import pytest
from bad_arrays import SAMPLES, assert_one_sentence, from_folder, small_model, spoilt, write_images

from minicnn.preprocessing.image import ImageDataGenerator


@pytest.fixture
def x(rng):
    return rng.random((SAMPLES, 10, 12, 1), dtype=np.float32)


@pytest.fixture
def y():
    return np.arange(SAMPLES) % 2


@pytest.fixture
def folder(tmp_path, rng):
    return write_images(tmp_path, rng)


def only_dark(result):
    """A preprocessing_function that fails on the third image it sees."""
    seen = []

    def function(image):
        seen.append(1)
        return result(image) if len(seen) == 3 else image

    return function


BAD_RESULTS = {
    "nan": (lambda image: image * np.nan, r"finite numbers, got nan at \(0, 0, 0\) and 119 more"),
    "shape": (lambda image: image[1:], r"keep the shape \(10, 12, 1\), got \(9, 12, 1\)"),
    "text": (lambda image: np.full(image.shape, "x"), "expected an array of real numbers"),
    "none": (lambda image: None, "expected an array of real numbers, got dtype object"),
    "complex": (lambda image: image * 1j, "real numbers, got dtype complex64"),
}


@pytest.mark.parametrize("result", BAD_RESULTS)
def test_what_a_preprocessing_function_returns(result, folder):
    function, message = BAD_RESULTS[result]
    images = from_folder(folder, preprocessing_function=only_dark(function))
    with pytest.raises(ValueError, match=message) as caught:
        small_model().fit(images, verbose=0)
    assert assert_one_sentence(caught).startswith("batch 1, file b/0.png: ")


def test_integers_from_a_preprocessing_function_are_taken(folder):
    images = from_folder(folder, preprocessing_function=lambda image: image.astype(np.int64))
    np.testing.assert_array_equal(images[0][0], from_folder(folder)[0][0])


def test_generators_of_another_kind_are_looked_at_batch_by_batch(folder):
    class Other(ImageDataGenerator):
        def batch(self, images, chosen, uniform):
            return spoilt(super().batch(images, chosen, uniform), np.inf, (1, 0, 0, 0))

    images = Other().flow_from_directory(
        folder, (10, 12), "grayscale", classes=["a", "b"], class_mode="binary", shuffle=False
    )
    with pytest.raises(ValueError, match=r"^batch 1 of 1, file a/1\.png: x: .* inf in sample 1"):
        small_model().fit(images, verbose=0)


def test_arrays_for_flow(x, y):
    generator = ImageDataGenerator(rotation_range=10)
    with pytest.raises(ValueError, match=r"flow: images: .* nan in sample 3 at \(1, 1, 0\)"):
        generator.flow(spoilt(x, np.nan, (3, 1, 1, 0)), y)
    with pytest.raises(TypeError, match="flow: images: expected an array of real numbers"):
        generator.flow(x.astype(str), y)
    gray = (x * 255).astype(np.uint8)
    for dtype in (np.int64, np.float64, ">f4", ">i2"):
        found = generator.flow(gray.astype(dtype), y, seed=1)[0][0]
        np.testing.assert_array_equal(found, generator.flow(gray, y, seed=1)[0][0])


@pytest.mark.parametrize("argument", ["rescale", "cval"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, "1"])
def test_settings_that_would_make_nan_of_images(argument, bad):
    with pytest.raises(ValueError, match=f"expected {argument} to be a finite number"):
        ImageDataGenerator(**{argument: bad})


def test_images_that_do_not_exist_are_not_read(x):
    generator = ImageDataGenerator(rotation_range=10)
    uniform = np.full((1, generator.ranges.numbers), 0.3)
    for chosen in ([SAMPLES], [-1]):
        with pytest.raises(ValueError, match=f"images numbered 0 to {SAMPLES - 1}"):
            generator.batch(x, np.array(chosen), uniform)
