"""What is done to every image after its augmentation: a function of the user's, scaling, centering."""

from collections.abc import Callable

import numpy as np

from minicnn.numeric_checks import BadSample, and_more, as_numbers, find_not_finite, require_finite


class ImageStandardizer:
    """Applies what is not random; the parameters are those of `ImageAugmenter`."""

    preprocessing_function: Callable[[np.ndarray], np.ndarray] | None
    rescale: float | None
    samplewise_center: bool
    samplewise_std_normalization: bool
    featurewise_center: bool
    featurewise_std_normalization: bool
    zca_whitening: bool
    zca_epsilon: float
    # What `fit` finds: (1, 1, channels) each, and (values of an image, values of an image).
    mean: np.ndarray | None = None
    std: np.ndarray | None = None
    zca_whitening_matrix: np.ndarray | None = None

    def _measure(self, x: np.ndarray) -> None:
        """Set what the featurewise settings take from images; the sum is over all but channels.

        mean = sum(x) / count, std = sqrt(sum((x - mean)^2) / count); the whitening matrix is
        U diag(sqrt(n) / (s + zca_epsilon)) U^T, with U diag(s) V^T the images as columns of a
        matrix, after centering.

        Parameters
        ----------
        x : ndarray, (n, height, width, channels), float32
            Is changed.
        """
        self.mean = x.mean(axis=(0, 1, 2), dtype=np.float64).astype(np.float32).reshape(1, 1, -1)
        x -= self.mean
        self.std = x.std(axis=(0, 1, 2), dtype=np.float64).astype(np.float32).reshape(1, 1, -1)
        if self.zca_whitening:
            columns = x.reshape(len(x), -1).T
            u, s, _ = np.linalg.svd(columns, full_matrices=False)
            scale = np.float32(np.sqrt(len(x))) / (s + np.float32(self.zca_epsilon))
            self.zca_whitening_matrix = (u * scale) @ u.T

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
            numbers; if `fit` is needed, and was not called.
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
        if self.featurewise_center:
            self._require_fit(image, position)
            image -= self.mean
        if self.featurewise_std_normalization:
            image /= self.std + np.float32(1e-6)
        if self.zca_whitening:
            image[...] = (image.reshape(-1) @ self.zca_whitening_matrix).reshape(image.shape)

    def _require_fit(self, image: np.ndarray, position: int) -> None:
        """BadSample where `fit` has not been called, or on images of another shape."""
        if self.mean is None:
            raise BadSample(
                "standardize: expected fit(images) to have been called, which featurewise_center, "
                "featurewise_std_normalization and zca_whitening need",
                position,
            )
        matrix = self.zca_whitening_matrix
        if image.shape[2] != self.mean.size or (matrix is not None and image.size != len(matrix)):
            raise BadSample(
                f"standardize: expected an image like those of fit, with {self.mean.size} channels"
                + ("" if matrix is None else f" and {len(matrix)} values")
                + f", got shape {image.shape}",
                position,
            )

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


def checked_images(x: np.ndarray, owner: str) -> np.ndarray:
    """Images (samples, height, width, channels), if they are such, of finite numbers."""
    images = as_numbers(x, f"{owner}: images")
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            f"{owner}: expected images of shape (samples, height, width, channels), none of "
            f"them 0, got {images.shape}"
        )
    require_finite(images, f"{owner}: images")  # once: what is made of finite ones is finite
    return images
