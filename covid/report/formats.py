"""Numbers as text."""

from covid.audit.verdict import listed as listed
from covid.audit.verdict import percent as share_of
from covid.report.model_run import Measure

DASH = "–"


def fixed(value: float | None, digits: int = 3) -> str:
    """0.998, or a dash where there is none."""
    return DASH if value is None else f"{value:.{digits}f}"


def count(value: int | None) -> str:
    """1,051, or a dash where there is none."""
    return DASH if value is None else f"{value:,}"


def percent(share: float | None) -> str:
    """95 %, or a dash; neither 0 % nor 100 % unless it is."""
    return DASH if share is None else share_of(share)


def between(low: float | None, high: float | None, digits: int = 3) -> str:
    """0.989 to 1.000, or a dash where an end is missing."""
    return DASH if low is None or high is None else f"{low:.{digits}f} to {high:.{digits}f}"


def with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """0.998 (0.989 to 1.000)."""
    ends = between(low, high)
    return fixed(value) if ends == DASH else f"{fixed(value)} ({ends})"


def measured(measure: Measure) -> str:
    """0.998 (95 % interval 0.989 to 1.000), the widest interval there is."""
    return with_interval(measure.value, *measure.widest).replace("(", "(95 % interval ")


def span(values: list[float]) -> str:
    """0.998, or 0.990 to 0.998 for several."""
    low, high = fixed(min(values)), fixed(max(values))
    return low if low == high else f"{low} to {high}"


def amount(number: int, one: str) -> str:
    """1 image, 12 images."""
    return f"{count(number)} {one if number == 1 else one + 's'}"


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def setting(value) -> str:
    """A value of a recipe."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        pairs = [f"{key.replace('_', ' ')} {setting(inner)}" for key, inner in value.items()]
        return ", ".join(pairs) or "none"
    if isinstance(value, list):
        return " / ".join(map(setting, value))
    return DASH if value is None else str(value)
