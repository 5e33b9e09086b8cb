"""The small print: a teaching tool, which class is positive, whether the images are synthetic."""

from covid.data.split_folder import SplitFolder

DISCLAIMER = "A teaching tool, not for diagnosis."
SYNTHETIC = "Synthetic images."


def note(split: SplitFolder) -> str:
    """The small print under every figure and table."""
    return small_print(split.positive, bool(split.info.get("synthetic")))


def small_print(positive: str, synthetic: bool) -> str:
    """What must be said wherever a result is shown."""
    return f"{SYNTHETIC + ' ' if synthetic else ''}{DISCLAIMER} Positive class: {positive}."
