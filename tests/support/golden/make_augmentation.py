"""Makes augmentation.npz: what Keras, SciPy and Pillow give for a few small random images.

Run once, with the `peers` extra installed: `python tests/support/golden/make_augmentation.py`.
The tests read the file; they need none of the three.
"""

from pathlib import Path

import keras
import numpy as np
import PIL
import scipy
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from PIL import Image

PARAMETER_NAMES = ("theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal", "flip_vertical")
FILL_MODES = ("nearest", "constant", "reflect", "wrap")
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "hamming": Image.Resampling.HAMMING,
    "box": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}
CVAL = 99.0


def random_parameters(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """One row in the order of PARAMETER_NAMES, of about the size that training uses."""
    return np.array(
        [
            rng.uniform(-60, 60),
            rng.uniform(-0.5, 0.5) * height,
            rng.uniform(-0.5, 0.5) * width,
            rng.uniform(-30, 30),
            *rng.uniform(0.6, 1.5, 2),
            rng.integers(0, 2),
            rng.integers(0, 2),
        ]
    )


def main() -> None:
    """Write the file beside this script."""
    rng = np.random.default_rng(20210223)
    arrays: dict[str, np.ndarray] = {"cval": np.array(CVAL)}
    for name, shape in {"square": (20, 20, 1), "oblong": (13, 17, 3)}.items():
        image = rng.integers(0, 256, shape, dtype=np.uint8)
        parameters = np.stack([random_parameters(rng, *shape[:2]) for _ in range(4)])
        arrays[f"{name}_image"] = image
        arrays[f"{name}_parameters"] = parameters
        for fill_mode in FILL_MODES:
            generator = ImageDataGenerator(fill_mode=fill_mode, cval=CVAL)
            arrays[f"{name}_{fill_mode}"] = np.stack(
                [
                    generator.apply_transform(
                        image.astype(np.float32), dict(zip(PARAMETER_NAMES, row, strict=True))
                    )
                    for row in parameters
                ]
            )
    # Blocks of 4x4 equal pixels with noise: both smooth parts and edges.
    blocks = rng.integers(0, 256, (6, 8, 4)).repeat(4, axis=0).repeat(4, axis=1)
    picture = np.clip(blocks + rng.integers(-20, 21, blocks.shape), 0, 255).astype(np.uint8)
    arrays["resize_image"] = picture
    arrays["gray"] = np.asarray(Image.fromarray(picture[..., :3]).convert("L"))
    for name, pillow_filter in FILTERS.items():
        for height, width in ((11, 7), (31, 40)):
            resized = Image.fromarray(picture[..., :3]).resize((width, height), pillow_filter)
            arrays[f"resize_{name}_{height}x{width}"] = np.asarray(resized)
    np.savez_compressed(Path(__file__).with_name("augmentation.npz"), **arrays)
    print(f"Keras {keras.__version__}, SciPy {scipy.__version__}, Pillow {PIL.__version__}")


if __name__ == "__main__":
    main()
