"""`ImageDataGenerator.fit`: centering, division and whitening by what a set of images has."""

import numpy as np
import pytest

from minicnn.preprocessing.image import ImageDataGenerator

SETTINGS = [
    {"featurewise_center": True},
    {"featurewise_std_normalization": True, "rescale": 1 / 255},
    {"zca_whitening": True, "zca_epsilon": 0.1},
    {"zca_whitening": True, "featurewise_std_normalization": True, "rescale": 0.01},
    {"samplewise_center": True, "featurewise_std_normalization": True},
]


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (20, 4, 5, 3)).astype(np.uint8)


def test_by_hand():
    # channel 0: 1, 3, 5, 7, mean 4, variance 5; channel 1: 10 everywhere
    x = np.array([[[[1, 10], [3, 10]]], [[[5, 10], [7, 10]]]], dtype=np.float32)
    generator = ImageDataGenerator(featurewise_center=True)
    generator.fit(x)
    np.testing.assert_array_equal(generator.mean, [[[4, 10]]])
    np.testing.assert_array_equal(generator.standardize(x[0]), [[[-3, 0], [-1, 0]]])
    divided = ImageDataGenerator(featurewise_std_normalization=True, rescale=2)
    divided.fit(x)
    np.testing.assert_allclose(divided.std, [[[2 * 5**0.5, 0]]], rtol=1e-6)
    expected = np.array([[[-3, 0], [-1, 0]]]) / 5**0.5
    np.testing.assert_allclose(divided.standardize(x[0]), expected, rtol=1e-6)


def test_whitened_images_are_uncorrelated():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4)) * 50 + 100
    x = x.reshape(500, 2, 2, 1)
    generator = ImageDataGenerator(zca_whitening=True)
    generator.fit(x)
    white = generator.flow(x, shuffle=False, batch_size=500)[0].reshape(500, 4)
    np.testing.assert_allclose(white.T @ white / 500, np.eye(4), atol=1e-3)


@pytest.mark.parametrize("settings", SETTINGS)
def test_fit_is_needed_and_leaves_images_alone(images, settings):
    generator = ImageDataGenerator(**settings)
    with pytest.raises(ValueError, match=r"batch 1, image 0: .*expected fit\(images\)"):
        generator.flow(images, shuffle=False)[0]
    before = images.copy()
    generator.fit(images)
    assert np.isfinite(generator.flow(images)[0]).all()
    np.testing.assert_array_equal(images, before)
    with pytest.raises(ValueError, match=r"with 3 channels.*, got shape \(4, 5, 1\)"):
        generator.standardize(images[0][..., :1])


def test_whitening_is_for_one_size(images):
    generator = ImageDataGenerator(zca_whitening=True)
    generator.fit(images)
    with pytest.raises(ValueError, match=r"3 channels and 60 values, got shape \(4, 4, 3\)"):
        generator.standardize(images[0][:, :4])


def test_augmented_images(images):
    settings = {"rotation_range": 40, "horizontal_flip": True, "featurewise_center": True}
    means = []
    for seed, rounds in ((1, 1), (1, 1), (2, 1), (1, 3)):
        generator = ImageDataGenerator(**settings)
        generator.fit(images, augment=True, rounds=rounds, seed=seed)
        means.append(generator.mean.ravel().tolist())
    assert means[0] == means[1]
    assert means[0] != means[2]
    assert means[0] != means[3]
    rng = np.random.default_rng(1)
    turned = [ImageDataGenerator(**settings).random_transform(image, rng) for image in images]
    np.testing.assert_allclose(means[0], np.mean(turned, axis=(0, 1, 2)), rtol=1e-5)


def test_without_such_settings_fit_only_looks(images):
    generator = ImageDataGenerator(rescale=1 / 255)
    generator.fit(images)
    assert generator.mean is None
    for x, message in (
        (images[0], r"fit: expected images of shape .* got \(4, 5, 3\)"),
        (images * np.nan, "fit: images: expected finite numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            generator.fit(x)
    with pytest.raises(ValueError, match="fit: expected rounds to be a positive integer, got 0"):
        generator.fit(images, rounds=0)


@pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies:UserWarning")
@pytest.mark.parametrize("settings", SETTINGS)
def test_against_keras_itself(images, settings):
    pytest.importorskip("keras")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator as KerasGenerator

    ours, theirs = ImageDataGenerator(**settings), KerasGenerator(**settings)
    ours.fit(images)
    theirs.fit(images)
    expected = theirs.flow(images, shuffle=False)[0]
    found = ours.flow(images, shuffle=False)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
