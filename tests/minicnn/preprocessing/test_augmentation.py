"""Augmentation of one image: the same transform as Keras, the draws, the order, the errors."""

import subprocess
import sys

import numpy as np
import pytest
from places import GOLDEN_FILES, ROOT

from minicnn.preprocessing.affine import FILL_MODES, bilinear, transform_matrix
from minicnn.preprocessing.image import ImageDataGenerator

GOLDEN = np.load(GOLDEN_FILES / "augmentation.npz")
PARAMETER_NAMES = ("theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal", "flip_vertical")
# The settings of the article's training images.
ARTICLE = {
    "rescale": 1.0 / 255,
    "rotation_range": 40,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 0.2,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "fill_mode": "nearest",
}
# Made with Keras 3.15.1 and SciPy 1.17.1: parameters, row 0 and row 2 of the result.
KERAS_ROWS = [
    (
        {"theta": 30},
        [1.2679, 2.1340, 4.3397, 7.7058, 10.3397],
        [5.2679, 8.6340, 12, 15.366, 18.732],
    ),
    ({"tx": 1}, [1, 2, 3, 4, 4], [11, 12, 13, 14, 14]),
    ({"ty": 1}, [5, 6, 7, 8, 9], [15, 16, 17, 18, 19]),
    ({"shear": 20}, [1.2871, 2.2871, 3.2871, 4.2871, 4.6031], [10, 11, 12, 13, 14]),
    ({"zx": 0.8, "zy": 1.2}, [0.4, 1.2, 2.0, 2.8, 3.6], [10.4, 11.2, 12, 12.8, 13.6]),
    (
        {"theta": 15, "tx": 1, "ty": -0.5, "shear": 10, "zx": 0.9, "zy": 1.1},
        [2.2864, 3.1558, 4, 4.0746, 5.2393],
        [7.9066, 9.9406, 11.9746, 14.0086, 15.2087],
    ),
]


@pytest.fixture
def image() -> np.ndarray:
    """Synthetic noise, 0..255, height != width."""
    return np.random.default_rng(5).integers(0, 256, (11, 14, 3)).astype(np.float32)


@pytest.mark.parametrize(("parameters", "row_0", "row_2"), KERAS_ROWS)
def test_known_rows(parameters, row_0, row_2):
    x = np.arange(25.0).reshape(5, 5, 1)
    result = ImageDataGenerator().apply_transform(x, parameters)[..., 0]
    np.testing.assert_allclose(result[0], row_0, atol=2e-4)
    np.testing.assert_allclose(result[2], row_2, atol=2e-4)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("name", ["square", "oblong"])
def test_golden_transforms(name, fill_mode):
    generator = ImageDataGenerator(fill_mode=fill_mode, cval=float(GOLDEN["cval"]))
    rows, results = GOLDEN[f"{name}_parameters"], GOLDEN[f"{name}_{fill_mode}"]
    for row, expected in zip(rows, results, strict=True):
        parameters = dict(zip(PARAMETER_NAMES, row, strict=True))
        ours = generator.apply_transform(GOLDEN[f"{name}_image"], parameters)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected, rtol=0, atol=0.02)


def test_nearest_agrees_with_plain_bilinear(image):
    """Written out: the position by the matrix, clamped to the image, four neighbors."""
    parameters = {"theta": 25, "tx": 2.3, "ty": -1.7, "shear": 8, "zx": 1.3, "zy": 0.8}
    height, width, _ = image.shape
    matrix = transform_matrix(height, width, **parameters)
    rows, columns = np.mgrid[0:height, 0:width]
    positions = matrix @ np.stack([rows.ravel(), columns.ravel(), np.ones(rows.size)])
    source_rows = positions[0].clip(0, height - 1).reshape(height, width)
    source_columns = positions[1].clip(0, width - 1).reshape(height, width)
    expected = bilinear(image, source_rows, source_columns)
    result = ImageDataGenerator().apply_transform(image, parameters)
    np.testing.assert_allclose(result, expected, rtol=0, atol=0.02)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("shape", [(11, 14, 3), (2, 2, 1), (2, 9, 1), (1, 9, 1), (9, 1, 2)])
def test_a_batch_is_its_images_one_by_one(shape, fill_mode):
    """The same bits, flips included, for chosen images of an array of any number type."""
    rng = np.random.default_rng(8)
    generator = ImageDataGenerator(
        **{**ARTICLE, "fill_mode": fill_mode, "vertical_flip": True}, cval=7.0
    )
    for dtype in (np.uint8, np.float32, np.float64, np.float16, np.int64, ">f4", "transposed"):
        images = rng.integers(0, 256, (6, *shape))
        if dtype == "transposed":
            images = images.astype(np.uint8, order="F")
        else:
            images = images.astype(dtype)
        before, chosen = images.copy(), np.array([4, 0, 0, 5])
        uniform = rng.random((4, generator.ranges.numbers))
        batch = generator.batch(images, chosen, uniform)
        parameters = generator.ranges.transforms(*shape[:2], uniform)
        for position, index in enumerate(chosen):
            own = {name: values[position] for name, values in parameters.items()}
            alone = generator.standardize(generator.apply_transform(images[index], own))
            np.testing.assert_array_equal(batch[position], alone)
        np.testing.assert_array_equal(images, before)


def test_a_subclass_whose_changes_would_not_be_seen_says_so():
    with pytest.raises(TypeError, match="Own: expected `batch` .* as well as standardize"):
        type("Own", (ImageDataGenerator,), {"standardize": lambda self, x: x})
    type("Own", (ImageDataGenerator,), {"standardize": lambda self, x: x, "batch": None})


def test_images_that_are_not_moved_stay_exact_beside_moved_ones():
    """Whole-pixel shifts: some of them are 0."""
    images = np.random.default_rng(9).normal(0, 1e6, (40, 5, 7, 1)).astype(np.float32)
    generator = ImageDataGenerator(width_shift_range=2)
    uniform = np.random.default_rng(1).random((40, generator.ranges.numbers))
    shifts = generator.ranges.transforms(5, 7, uniform)["ty"]
    still = shifts == 0
    assert 0 < still.sum() < 40
    batch = generator.batch(images, np.arange(40), uniform)
    np.testing.assert_array_equal(batch[still], images[still])
    assert not np.array_equal(batch[~still], images[~still])


def test_parameters_that_are_no_numbers_read_nothing_outside(image):
    result = ImageDataGenerator().apply_transform(image, {"tx": float("nan"), "zx": 1e30})
    assert result.shape == image.shape


def test_bilinear_by_hand():
    square = np.array([[0.0, 10.0], [20.0, 50.0]])[..., np.newaxis]
    # 0.75 * (0.5 * 0 + 0.5 * 10) + 0.25 * (0.5 * 20 + 0.5 * 50)
    value = bilinear(square, np.array([[0.25]]), np.array([[0.5]]))
    np.testing.assert_allclose(value, [[[12.5]]])


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6])
def test_channels_do_not_mix(channels):
    x = np.random.default_rng(channels).uniform(0, 255, (9, 12, channels)).astype(np.float32)
    generator = ImageDataGenerator()
    parameters = {"theta": 20, "tx": 1.5, "zx": 0.9, "zy": 1.2}
    together = generator.apply_transform(x, parameters)
    for channel in range(channels):
        alone = generator.apply_transform(x[..., channel : channel + 1], parameters)
        np.testing.assert_allclose(together[..., channel], alone[..., 0], rtol=0, atol=0.02)


def test_flips_come_after_the_affine_part(image):
    generator = ImageDataGenerator()
    turned = generator.apply_transform(image, {"theta": 30})
    both = {"theta": 30, "flip_horizontal": True, "flip_vertical": True}
    np.testing.assert_array_equal(generator.apply_transform(image, both), turned[::-1, ::-1])
    mirrored = generator.apply_transform(image, {"flip_horizontal": True})
    np.testing.assert_array_equal(mirrored, image[:, ::-1])


def test_nothing_set_changes_nothing(image):
    before = image.copy()
    result = ImageDataGenerator().random_transform(image, seed=1)
    np.testing.assert_array_equal(result, image)
    result[:] = 0
    np.testing.assert_array_equal(image, before)


def test_draw_order_is_keras():
    """Keras' own numbers: `get_random_transform((150, 150, 1), seed=0)` of Keras 3.15.1."""
    bit_generator = np.random.MT19937()
    bit_generator.state = np.random.RandomState(0).get_state(legacy=False)  # noqa: NPY002
    generator = ImageDataGenerator(**ARTICLE)
    drawn = generator.get_random_transform((150, 150, 1), np.random.Generator(bit_generator))
    expected = {
        "theta": 3.90508030,
        "tx": 12.91136198,
        "ty": 6.16580256,
        "shear": 0.01795327,
        "zx": 0.96946192,
        "zy": 1.05835765,
        "flip_horizontal": True,
        "flip_vertical": False,
        "channel_shift_intensity": None,
        "brightness": None,
    }
    assert list(drawn) == list(expected)
    assert drawn == pytest.approx(expected, abs=2e-8)


def test_same_seed_same_transform(image):
    generator = ImageDataGenerator(**ARTICLE)
    first = generator.get_random_transform(image.shape, seed=4)
    assert generator.get_random_transform(image.shape, seed=4) == first
    assert generator.get_random_transform(image.shape, seed=5) != first
    assert generator.get_random_transform(image.shape) != generator.get_random_transform(
        image.shape
    )
    seeded = [ImageDataGenerator(**ARTICLE, seed=9) for _ in range(2)]
    assert seeded[0].get_random_transform(image.shape) == seeded[1].get_random_transform(
        image.shape
    )


def test_draws_fill_their_ranges():
    generator = ImageDataGenerator(**{**ARTICLE, "vertical_flip": True, "zoom_range": (0.5, 0.9)})
    rng = np.random.default_rng(0)
    drawn = [generator.get_random_transform((100, 200, 1), rng) for _ in range(2000)]
    limits = {
        "theta": (-40, 40),
        "tx": (-20, 20),  # 0.2 of the height
        "ty": (-40, 40),  # 0.2 of the width
        "shear": (-0.2, 0.2),
        "zx": (0.5, 0.9),
        "zy": (0.5, 0.9),
    }
    for name, (low, high) in limits.items():
        values = [parameters[name] for parameters in drawn]
        margin = (high - low) * 0.01
        assert low <= min(values) < low + margin
        assert high - margin < max(values) <= high
    for name in ("flip_horizontal", "flip_vertical"):
        # 2000 fair coins: six standard deviations are 134.
        assert abs(sum(parameters[name] for parameters in drawn) - 1000) < 134


@pytest.mark.parametrize(
    ("shift_range", "possible"),
    [
        (3, {-2, -1, 0, 1, 2}),
        (np.int64(3), {-2, -1, 0, 1, 2}),
        ([4, 7], {-7, -4, 4, 7}),
        (np.array([0.1, 0.5]), {-50, -10, 10, 50}),
        (0, {0}),
    ],
)
def test_shifts_in_pixels_and_lists(shift_range, possible):
    generator = ImageDataGenerator(width_shift_range=shift_range)
    rng = np.random.default_rng(0)
    drawn = {generator.get_random_transform((50, 100, 1), rng)["ty"] for _ in range(200)}
    assert drawn == possible


def test_float_shift_of_1_and_more_is_in_pixels():
    generator = ImageDataGenerator(height_shift_range=2.5)
    rng = np.random.default_rng(0)
    drawn = [generator.get_random_transform((50, 100, 1), rng)["tx"] for _ in range(500)]
    assert 2.4 < max(drawn) < 2.5
    assert -2.5 < min(drawn) < -2.4


def test_standardize_order(image):
    seen = []

    def darken(x):
        seen.append(x.copy())
        return x / 2

    generator = ImageDataGenerator(preprocessing_function=darken, rescale=1 / 255)
    before = image.copy()
    np.testing.assert_allclose(generator.standardize(image), image / 2 / 255, rtol=1e-6)
    np.testing.assert_array_equal(seen[0], image)  # 0..255: rescale comes after
    np.testing.assert_array_equal(image, before)


def test_samplewise_by_hand():
    x = np.array([[[1.0], [3.0]]])  # mean 2, standard deviation 1
    centered = ImageDataGenerator(samplewise_center=True).standardize(x)
    np.testing.assert_allclose(centered, [[[-1], [1]]])
    divided = ImageDataGenerator(samplewise_std_normalization=True).standardize(4 * x)
    np.testing.assert_allclose(divided, [[[-1], [1]]], rtol=1e-6)
    flat = ImageDataGenerator(samplewise_std_normalization=True).standardize(np.ones((2, 2, 1)))
    np.testing.assert_array_equal(flat, np.zeros((2, 2, 1)))


def test_preprocessing_function_must_keep_the_shape(image):
    generator = ImageDataGenerator(preprocessing_function=lambda x: x[1:])
    with pytest.raises(ValueError, match=r"\(11, 14, 3\), got \(10, 14, 3\)"):
        generator.standardize(image)


@pytest.mark.parametrize(
    "argument",
    [
        {"interpolation_order": 0},
        {"data_format": "channels_first"},
    ],
)
def test_unsupported_arguments_say_so(argument):
    with pytest.raises(ValueError, match=f"{next(iter(argument))}.*supported"):
        ImageDataGenerator(**argument)


@pytest.mark.parametrize(
    "argument",
    [
        {"rotation_range": -1},
        {"rotation_range": "40"},
        {"width_shift_range": [[1, 2]]},
        {"height_shift_range": []},
        {"shear_range": float("nan")},
        {"zoom_range": 1.0},
        {"zoom_range": (0.5, 1.0, 2.0)},
        {"zoom_range": (0.0, 1.0)},
        {"fill_mode": "mirror"},
        {"brightness_range": 0.5},
        {"brightness_range": (0.5, 1.0, 1.5)},
        {"brightness_range": (-0.5, 0.5)},
        {"brightness_range": ("a", "b")},
        {"channel_shift_range": -1},
        {"channel_shift_range": (1, 2)},
        {"zca_epsilon": -1},
        {"validation_split": 1.0},
        {"validation_split": -0.1},
        {"validation_split": "0.2"},
        {"dtype": "uint8"},
        {"seed": -1},
        {"seed": 1.5},
    ],
)
def test_bad_values_name_the_argument(argument):
    with pytest.raises(ValueError, match=f"ImageDataGenerator: expected {next(iter(argument))}"):
        ImageDataGenerator(**argument)


def test_bad_images_and_parameters(image):
    generator = ImageDataGenerator()
    with pytest.raises(ValueError, match=r"got \(11, 14\)"):
        generator.apply_transform(image[..., 0], {})
    with pytest.raises(ValueError, match="got rotation"):
        generator.apply_transform(image, {"rotation": 3})


def test_importing_does_not_load_opencv():
    script = "import sys, minicnn.preprocessing.image; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_defaults_written_out_are_accepted():
    ImageDataGenerator(
        featurewise_center=False,
        zca_epsilon=1e-06,
        brightness_range=None,
        channel_shift_range=0,
        data_format="channels_last",
        validation_split=0,
        interpolation_order=1,
    )


@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_against_keras_itself(fill_mode):
    pytest.importorskip("keras")
    pytest.importorskip("scipy")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator as KerasGenerator

    settings = {**ARTICLE, "shear_range": 20, "vertical_flip": True, "fill_mode": fill_mode}
    ours, theirs = ImageDataGenerator(**settings), KerasGenerator(**settings)
    rng = np.random.default_rng(6)
    for shape in [(30, 30, 1), (21, 34, 3), (1, 9, 1)] * 5:
        x = rng.integers(0, 256, shape).astype(np.float32)
        drawn = ours.get_random_transform(shape, rng)
        expected = theirs.apply_transform(x, drawn)
        np.testing.assert_allclose(ours.apply_transform(x, drawn), expected, rtol=0, atol=0.02)
        np.testing.assert_allclose(ours.standardize(x), theirs.standardize(x.copy()), rtol=1e-6)
