"""What is done to every image after its augmentation: a function of the user's, scaling, centering."""

from collections.abc import Callable

import numpy as np

from minicnn.numeric_checks import BadSample, and_more, as_numbers, find_not_finite


class ImageStandardizer:
    """Applies what is not random; the parameters are those of `ImageAugmenter`."""

    preprocessing_function: Callable[[np.ndarray], np.ndarray] | None
    rescale: float | None
    samplewise_center: bool
    samplewise_std_normalization: bool

    def standardize(self, x: np.ndarray) -> np.ndarray:
        """Apply what is not random: preprocessing_function, rescale, centering, division.

        Parameters
        ----------
        x : ndarray, (height, width, channels)
            One image. Unlike Keras, it is left as it is.

        Returns
        -------
        ndarray, (height, width, channels), float32

        Raises
        ------
        ValueError
            If `preprocessing_function` changes the shape, or returns something else than finite
            numbers.
        """
        image = np.array(x, dtype=np.float32)
        self._standardize(image)
        return image

    def _standardize(self, image: np.ndarray, position: int = 0) -> None:
        """As `standardize`, in place, on a float32 array (height, width, channels)."""
        if self.preprocessing_function is not None:
            image[...] = self._preprocessed(image, position)
        if self.rescale:
            image *= np.float32(self.rescale)
        if self.samplewise_center:
            image -= image.mean()
        if self.samplewise_std_normalization:
            image /= image.std() + np.float32(1e-6)

    def _preprocessed(self, image: np.ndarray, position: int) -> np.ndarray:
        """What `preprocessing_function` makes of an image; BadSample where it is no such image."""
        made = self.preprocessing_function(image.copy())
        try:
            made = as_numbers(made, "what preprocessing_function returned")
        except (TypeError, ValueError) as error:
            raise BadSample(f"standardize: {error}", position) from None
        if made.shape != image.shape:
            raise BadSample(
                "standardize: expected preprocessing_function to keep the shape "
                f"{image.shape}, got {made.shape}",
                position,
            )
        found = find_not_finite(made)
        if found is not None:
            raise BadSample(
                f"standardize: expected preprocessing_function to return finite numbers, got "
                f"{found.value:g} at {found.index}{and_more(found.count - 1)}",
                position,
            )
        return made
