"""What a value on the command line may be, and how its text is read."""

import argparse
import math
from pathlib import Path

from covid.common.choices import MODEL_NAMES, PUBLISHED_MODELS
from covid.common.errors import UserError, shortened
from covid.data.ratios import Ratios, parse_ratios
from covid.data.window import parse_window

PUBLISHED = "published"  # stands for the models of the article
LARGEST_COUNT = 1_000_000  # of epochs, steps, patients, slices: more is a slip of the finger


def whole_number(text: str, smallest: int, largest: float = math.inf) -> int:
    """A whole number in [smallest, largest]."""
    try:
        value = int(text)
    except ValueError:
        value = smallest - 1
    if not smallest <= value <= largest:
        bounds = f"at least {smallest}" + (f" and at most {largest}" if largest < math.inf else "")
        raise argparse.ArgumentTypeError(
            f"expected a whole number of {bounds}, got {shortened(text)!r}"
        )
    return value


def prevalence(text: str) -> float:
    """A share of people who are ill: between 0 and 1, neither of them."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(
            f"expected a number between 0 and 1, such as 0.1, got {shortened(text)!r}"
        )
    return value


def seed(text: str) -> int:
    """A seed: zero or more."""
    return whole_number(text, 0)


def folds(text: str) -> int:
    """A number of folds: two or more."""
    return whole_number(text, 2, LARGEST_COUNT)


def positive(text: str) -> int:
    """A number of something: one or more."""
    return whole_number(text, 1, LARGEST_COUNT)


def none_or_more(text: str) -> int:
    """A number of something: zero or more."""
    return whole_number(text, 0, LARGEST_COUNT)


def path(text: str) -> Path:
    """A path; an empty one would be the folder one is in, which nobody means."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, got an empty text; write . for here")
    return Path(text)


def ratios(text: str) -> Ratios:
    """Three shares that sum to 1."""
    try:
        return parse_ratios(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def window(text: str) -> str:
    """CENTER,WIDTH, as it was typed."""
    try:
        parse_window(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def models(text: str) -> tuple[str, ...]:
    """Names of models, one at least."""
    names = PUBLISHED_MODELS if text == PUBLISHED else listed(text)
    if not names or not set(names) <= set(MODEL_NAMES):
        raise argparse.ArgumentTypeError(
            f"expected some of {','.join(MODEL_NAMES)}, or {PUBLISHED}, got {shortened(text)!r}"
        )
    return names


def model(text: str) -> tuple[str, ...]:
    """The name of one model, as `models` gives it."""
    if text not in MODEL_NAMES:
        raise argparse.ArgumentTypeError(
            f"expected one of {','.join(MODEL_NAMES)}, got {shortened(text)!r}"
        )
    return (text,)


def listed(text: str) -> tuple[str, ...]:
    """The names in a text such as "tiny_cnn, reduced_inception"."""
    return tuple(text.replace(",", " ").split())
