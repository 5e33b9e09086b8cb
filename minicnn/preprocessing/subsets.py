"""The two parts that `ImageDataGenerator(validation_split=)` cuts images into, as in Keras."""

from minicnn.arguments import choice


def subset_slice(n: int, subset: str | None, validation_split: float, owner: str) -> slice:
    """Which of n images in their order belong to a subset; all of them for None.

    The first int(validation_split * n) are "validation", the others "training".
    """
    if subset is None:
        return slice(0, n)
    choice(subset, ("training", "validation"), "subset", owner)
    cut = int(validation_split * n)
    return slice(0, cut) if subset == "validation" else slice(cut, n)


def require_images(n: int, subset: str | None, validation_split: float, owner: str) -> None:
    """ValueError where a subset is empty."""
    if n == 0:
        raise ValueError(
            f"{owner}: expected images in subset={subset!r}, found none with "
            f"ImageDataGenerator(validation_split={validation_split}); set it to another fraction"
        )
