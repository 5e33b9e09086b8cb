"""Augmentation of one image: drawing a transform, applying it, scaling the result.

Resampling follows current Keras (see `affine`); the random numbers do not, they come from
`numpy.random.Generator`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from minicnn.arguments import choice, positive_int, refuse_data_format, refuse_unsupported
from minicnn.preprocessing.affine import FILL_MODES
from minicnn.preprocessing.standardization import ImageStandardizer, checked_images
from minicnn.preprocessing.transform_images import transform_images
from minicnn.preprocessing.transform_parameters import (
    NEUTRAL,
    AugmentationRanges,
    checked_brightness_range,
    checked_shift_range,
    checked_split,
    finite_number,
    nonnegative,
    zoom_pair,
)
from minicnn.seeding import checked_seed, fresh_seed


class ImageAugmenter(ImageStandardizer):
    """Draws a random transform for each image, applies it, and scales the result.

    Per image, in this order: rotation, shift, shear and zoom in one resampling of the values
    as they are (0..255); the shift of the channels; the flips; the brightness;
    `preprocessing_function`; `rescale`; centering and division by the standard deviation.
    Nothing of it is random but the transform.

    Parameters
    ----------
    featurewise_center, featurewise_std_normalization : bool
        Subtract from each channel its mean over the images given to `fit`; divide by its standard
        deviation over them + 1e-6 (centers, too).
    samplewise_center, samplewise_std_normalization : bool
        Subtract an image's mean; divide by its standard deviation + 1e-6 (centers, too).
    zca_whitening : bool
        Center, then multiply by the whitening matrix of the images given to `fit`, which holds
        (height * width * channels)^2 values; no division by the standard deviation.
    zca_epsilon : float
        Added to the singular values that are divided by.
    rotation_range : float
        Degrees; the angle is uniform in [-rotation_range, rotation_range].
    width_shift_range, height_shift_range : float, int or sequence
        Float: uniform in [-r, r], a fraction of the image if r < 1, else pixels. Integer n:
        a whole number of pixels in (-n, n). Sequence: one of its values, either sign. As in
        Keras, the *height* range moves columns and the *width* range rows, see
        `affine.transform_matrix`.
    brightness_range : (float, float), optional
        The gray values are multiplied by a factor from this range, in 8 bits, see
        `intensity_shifts.brightness_shift`.
    shear_range : float
        **Degrees**: 0.2 is a fifth of a degree and shows nothing.
    zoom_range : float or (float, float)
        z stands for (1 - z, 1 + z). One factor per axis; below 1 magnifies.
    channel_shift_range : float
        A number from [-r, r] is added to all values, within the range that the image had.
    fill_mode : str
        "nearest", "constant" (with `cval`), "reflect" or "wrap": what comes in from outside.
    cval : float
        In the units of the images.
    horizontal_flip, vertical_flip : bool
        Mirror left-right, top-bottom, every second image on average.
    rescale : float, optional
        Multiplies the values after everything above, for example 1 / 255.
    preprocessing_function : callable, optional
        Takes and returns a float32 array (height, width, channels).
    validation_split : float
        The fraction of the images, the first ones of each class folder, array or table, that the
        flows give for subset="validation"; the others are "training".
    dtype : str, optional
        Of the batches; float32 if None. The arithmetic is float32.
    seed : int, optional
        Not in Keras: of this generator's own draws, and the default of its iterators. Without
        it they come from `minicnn.seeding.fresh_seed`.
    data_format, interpolation_order
        Not supported; accepted with their defaults only (channels last, linear interpolation).

    Raises
    ------
    ValueError
        If a value is out of its range or not supported.
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: float | Sequence[float] = 0.0,
        height_shift_range: float | Sequence[float] = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: float | Sequence[float] = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], np.ndarray] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: str | None = None,
        seed: int | None = None,
    ) -> None:
        owner = type(self).__name__
        refuse_unsupported(owner, {"interpolation_order": (interpolation_order, 1)})
        refuse_data_format(owner, data_format)
        self.ranges = AugmentationRanges(
            rotation_range=nonnegative(rotation_range, "rotation_range"),
            width_shift_range=checked_shift_range(width_shift_range, "width_shift_range"),
            height_shift_range=checked_shift_range(height_shift_range, "height_shift_range"),
            shear_range=nonnegative(shear_range, "shear_range"),
            zoom_range=zoom_pair(zoom_range),
            horizontal_flip=bool(horizontal_flip),
            vertical_flip=bool(vertical_flip),
            channel_shift_range=nonnegative(channel_shift_range, "channel_shift_range"),
            brightness_range=checked_brightness_range(brightness_range),
        )
        self.validation_split = checked_split(validation_split)
        self.zca_whitening = zca_whitening
        self.zca_epsilon = nonnegative(zca_epsilon, "zca_epsilon")
        self.featurewise_std_normalization = featurewise_std_normalization and not zca_whitening
        self.featurewise_center = (
            featurewise_center or featurewise_std_normalization or zca_whitening
        )
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.fill_mode = choice(fill_mode, FILL_MODES, "fill_mode", owner)
        self.cval = finite_number(cval, "cval")
        self.rescale = None if rescale is None else finite_number(rescale, "rescale")
        self.preprocessing_function = preprocessing_function
        self.dtype = np.dtype(dtype or "float32")
        if self.dtype.kind != "f":
            raise ValueError(f"{owner}: expected dtype to be a float type, got {dtype!r}")
        self.seed = None if seed is None else checked_seed(seed, owner)
        self._rng = np.random.default_rng(fresh_seed() if self.seed is None else self.seed)

    def __init_subclass__(cls) -> None:
        """TypeError for a subclass whose changes the iterators would not see."""
        changed = {"get_random_transform", "apply_transform", "random_transform", "standardize"}
        changed &= set(vars(cls))
        if changed and "batch" not in vars(cls):
            raise TypeError(
                f"{cls.__name__}: expected `batch` to be overridden as well as "
                f"{', '.join(sorted(changed))}, because the iterators call it; or pass a "
                "preprocessing_function"
            )

    def get_random_transform(
        self, img_shape: Sequence[int], seed: int | np.random.Generator | None = None
    ) -> dict[str, float | bool | None]:
        """Draw the parameters of one transform.

        Parameters
        ----------
        img_shape : (int, int, int)
            height, width, channels.
        seed : int or Generator, optional
            Where the numbers come from; the generator's own stream if None.

        Returns
        -------
        dict
            theta, shear (degrees), tx, ty (pixels), zx, zy (factors), flip_horizontal,
            flip_vertical, channel_shift_intensity (gray values), brightness (factor); the last
            two are None where their range is not set. `tx` comes from height_shift_range, see
            `affine.transform_matrix`.
        """
        height, width = img_shape[:2]
        rng = self._rng if seed is None else np.random.default_rng(seed)
        drawn = self.ranges.transforms(height, width, rng.random(self.ranges.numbers))
        return {name: value.item() for name, value in drawn.items()}

    def apply_transform(
        self, x: np.ndarray, transform_parameters: dict[str, float | bool | None]
    ) -> np.ndarray:
        """Apply one transform: the affine part, the flips, the changes of the gray values.

        Parameters
        ----------
        x : ndarray, (height, width, channels)
            One image, left as it is.
        transform_parameters : dict
            As from `get_random_transform`; what is missing changes nothing.

        Returns
        -------
        ndarray, (height, width, channels), float32
            A new array.

        Raises
        ------
        ValueError
            If `x` has another number of axes, or a parameter is unknown.
        """
        image = np.asarray(x)
        if image.ndim != 3:
            raise ValueError(
                "apply_transform: expected one image of shape (height, width, channels), "
                f"got {image.shape}"
            )
        unknown = sorted(set(transform_parameters) - set(NEUTRAL))
        if unknown:
            raise ValueError(
                f"apply_transform: expected parameters among {', '.join(NEUTRAL)}, "
                f"got {', '.join(unknown)}"
            )
        parameters = {**NEUTRAL, **transform_parameters}
        # one image and its parameters -> a batch of one, (1, height, width, channels)
        batch = {name: np.array([value]) for name, value in parameters.items()}
        out = np.empty((1, *image.shape), dtype=np.float32)
        chosen = np.zeros(1, dtype=np.int64)
        transform_images(image[np.newaxis], chosen, batch, out, self.fill_mode, self.cval)
        return out[0]

    def batch(self, images: np.ndarray, chosen: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Augment and scale the images of a batch: what the iterators call.

        Parameters
        ----------
        images : ndarray, (n, height, width, channels)
            Left as they are.
        chosen : ndarray, (batch,), int64
            Which of them.
        uniform : ndarray, (batch, numbers), float64
            A row of random numbers for each image, see `AugmentationRanges.transforms`.

        Returns
        -------
        ndarray, (batch, height, width, channels), of the generator's dtype
        """
        x = np.empty((len(chosen), *images.shape[1:]), dtype=np.float32)
        if self.ranges.changes_nothing:
            x[...] = images[chosen]
        else:
            parameters = self.ranges.transforms(*images.shape[1:3], uniform)
            transform_images(images, chosen, parameters, x, self.fill_mode, self.cval)
        for position, image in enumerate(x):
            self._standardize(image, position)
        return x.astype(self.dtype, copy=False)

    def random_transform(
        self, x: np.ndarray, seed: int | np.random.Generator | None = None
    ) -> np.ndarray:
        """Draw a transform and apply it to one image; see the two methods above."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    def fit(
        self,
        x: np.ndarray,
        augment: bool = False,
        rounds: int = 1,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        """Take from images what the featurewise settings and zca_whitening need.

        Without these settings there is nothing to take. As in Keras, `rescale` is applied to the
        images before everything else, and `preprocessing_function` is not.

        Parameters
        ----------
        x : ndarray, (samples, height, width, channels)
            Left as it is.
        augment : bool
            Whether to take it from randomly transformed images.
        rounds : int
            With `augment`, how many transforms of each image.
        seed : int or Generator, optional
            Where the transforms come from; the generator's own stream if None.
        """
        images = np.array(checked_images(x, "fit"), dtype=np.float32)
        positive_int(rounds, "rounds", "fit")
        if not self.featurewise_center:
            return
        if self.rescale:
            images *= np.float32(self.rescale)
        if augment:
            rng = self._rng if seed is None else np.random.default_rng(seed)
            times = range(rounds)
            images = np.stack([self.random_transform(one, rng) for _ in times for one in images])
        self._measure(images)
