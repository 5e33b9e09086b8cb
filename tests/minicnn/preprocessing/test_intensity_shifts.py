"""Brightness and channel shift: Keras' pixels, the draws, the order."""

import numpy as np
import pytest

from minicnn.preprocessing.image import ImageDataGenerator
from minicnn.preprocessing.intensity_shifts import brightness_shift, channel_shift

MOVES = {"rotation_range": 30, "zoom_range": 0.2, "horizontal_flip": True, "vertical_flip": True}
SHIFTS = {"channel_shift_range": 50.0, "brightness_range": (0.5, 1.5)}


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (7, 8, 9, 3)).astype(np.uint8)


def image_of(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32).reshape(1, -1, 1)


def test_channel_shift_by_hand():
    shifted = channel_shift(image_of(10, 20, 200), 15.5)
    np.testing.assert_array_equal(shifted, image_of(25.5, 35.5, 200))
    np.testing.assert_array_equal(channel_shift(image_of(10, 20, 200), -15), image_of(10, 10, 185))


def test_brightness_by_hand():
    # 8 bits: 10.9 becomes 10 before, 10 * 1.25 = 12.5 becomes 12 after
    brighter = brightness_shift(image_of(0, 10.9, 100, 255), 1.25)
    np.testing.assert_array_equal(brighter, image_of(0, 12, 125, 255))
    np.testing.assert_array_equal(brightness_shift(image_of(0, 7, 255), 0.5), image_of(0, 3, 127))
    np.testing.assert_array_equal(brightness_shift(image_of(0, 7, 255), 0), image_of(0, 0, 0))


def test_brightness_of_images_in_another_range():
    # stretched from [-10, 30] to [0, 255], halved to 127, and back: 127 / 255 * 40 - 10
    darker = brightness_shift(image_of(-10, 30), 0.5)
    np.testing.assert_allclose(darker, image_of(-10, 127 / 255 * 40 - 10), rtol=1e-6)
    np.testing.assert_array_equal(brightness_shift(image_of(300, 300), 0.5), image_of(300, 300))


def test_opacity_is_kept_and_odd_channels_are_refused():
    image = np.full((2, 2, 4), 100, np.float32)
    assert brightness_shift(image, 0.5)[0, 0].tolist() == [50, 50, 50, 100]
    with pytest.raises(ValueError, match=r"expected shape \(height, width, 1, 3 or 4\)"):
        brightness_shift(image[..., :2], 0.5)


def test_additional_numbers_come_after_the_others(images):
    plain, shifting = ImageDataGenerator(**MOVES), ImageDataGenerator(**MOVES, **SHIFTS)
    without, drawn = (one.get_random_transform((8, 9, 3), seed=5) for one in (plain, shifting))
    intensity, brightness = drawn.pop("channel_shift_intensity"), drawn.pop("brightness")
    assert without.pop("channel_shift_intensity") is None
    assert without.pop("brightness") is None
    assert drawn == without
    # the sixth and seventh number: after the angle, two factors, two flips
    numbers = np.random.default_rng(5).random(7)
    assert intensity == pytest.approx(-50 + 100 * numbers[5])
    assert brightness == pytest.approx(0.5 + numbers[6])
    assert 0.5 <= brightness < 1.5
    assert -50 <= intensity < 50


@pytest.mark.parametrize("setting", SHIFTS)
def test_one_setting_alone_changes_images(images, setting):
    generator = ImageDataGenerator(**{setting: SHIFTS[setting]}, seed=2)
    batch = generator.flow(images, shuffle=False)[0]
    assert all(not np.array_equal(x, image) for x, image in zip(batch, images, strict=True))
    # One number for each image: its gray values keep their order.
    order = np.argsort(images[0], axis=None, kind="stable")
    assert (np.diff(batch[0].ravel()[order]) >= 0).all()


def test_a_batch_is_its_images_one_by_one(images):
    generator = ImageDataGenerator(**MOVES, **SHIFTS, rescale=1 / 255)
    uniform = np.random.default_rng(8).random((4, generator.ranges.numbers))
    chosen = np.array([4, 0, 0, 5])
    batch = generator.batch(images, chosen, uniform)
    parameters = generator.ranges.transforms(8, 9, uniform)
    for position, index in enumerate(chosen):
        own = {name: values[position] for name, values in parameters.items()}
        alone = generator.standardize(generator.apply_transform(images[index], own))
        np.testing.assert_array_equal(batch[position], alone)


@pytest.mark.parametrize("shape", [(8, 9, 1), (8, 8, 3), (7, 5, 4)])
@pytest.mark.parametrize("limits", [(0, 256), (-3, 4), (0, 2), (100, 5000)])
def test_against_keras_itself(shape, limits):
    pytest.importorskip("keras")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator as KerasGenerator

    rng = np.random.default_rng(1)
    ours, theirs = ImageDataGenerator(), KerasGenerator()
    for _ in range(10):
        x = rng.uniform(*limits, shape).astype(np.float32)
        parameters = {
            "flip_horizontal": bool(rng.integers(2)),
            "channel_shift_intensity": rng.choice([None, rng.uniform(-60, 60)]),
            "brightness": rng.choice([None, rng.uniform(0, 2)]),
        }
        expected = theirs.apply_transform(x, parameters)
        np.testing.assert_array_equal(ours.apply_transform(x, parameters), expected)


def test_draws_of_keras_itself():
    pytest.importorskip("keras")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator as KerasGenerator

    bit_generator = np.random.MT19937()
    bit_generator.state = np.random.RandomState(0).get_state(legacy=False)  # noqa: NPY002
    ours = ImageDataGenerator(**MOVES, **SHIFTS)
    drawn = ours.get_random_transform((8, 9, 3), np.random.Generator(bit_generator))
    expected = KerasGenerator(**MOVES, **SHIFTS).get_random_transform((8, 9, 3), seed=0)
    assert list(drawn) == list(expected)
    assert drawn == pytest.approx(expected, abs=1e-6)
