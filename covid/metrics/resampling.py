"""The bootstrap, of images or of whole groups (patients).

A resample draws as many groups as there are, with replacement; an image then counts as often as
its group was drawn. Slices of one patient are alike, so patients are drawn, not slices: drawing
slices takes 100 slices of 5 patients for 100 independent samples (Field and Welsh 2007,
"Bootstrapping clustered data").
"""

from collections.abc import Callable, Sequence

import numpy as np

from covid.metrics.proportions import NOTHING, Interval

RESAMPLES = 1000
LARGEST_BLOCK = 1_000_000  # values in one array of weights: 8 MB
FEWEST_DEFINED = 0.5  # share of the resamples in which a measure must be defined


def group_codes(groups: Sequence[str] | None, n: int) -> np.ndarray:
    """Number the groups: (n,) integers from 0; without groups every image is one of its own."""
    if groups is None:
        return np.arange(n)
    return np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)[1]


def resample_weights(codes: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each image is drawn: (n,) group codes -> (resamples, n) counts."""
    groups = int(codes.max()) + 1
    drawn = rng.integers(groups, size=(resamples, groups))
    # One long histogram for all resamples: group g of resample r is the bin r * groups + g.
    bins = drawn + groups * np.arange(resamples)[:, None]
    counts = np.bincount(bins.ravel(), minlength=resamples * groups).reshape(resamples, groups)
    return counts[:, codes].astype(float)  # (resamples, groups) -> (resamples, n)


def bootstrap(
    statistic: Callable[[np.ndarray], dict[str, np.ndarray]],
    codes: np.ndarray,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, np.ndarray]:
    """Compute statistics on many resamples.

    Parameters
    ----------
    statistic : callable
        (b, n) weights -> name -> (b, ...) array, with nan where undefined.
    codes : (n,) int array
        Of `group_codes`.
    seed : int

    Returns
    -------
    values : dict of str to (resamples, ...) array
    """
    rng = np.random.default_rng(seed)
    block = max(1, min(resamples, LARGEST_BLOCK // len(codes)))
    parts: list[dict[str, np.ndarray]] = []
    for start in range(0, resamples, block):
        weights = resample_weights(codes, min(block, resamples - start), rng)
        parts.append(statistic(weights))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def percentile_interval(values: np.ndarray, estimate: float) -> Interval:
    """The 95 % percentile interval: from the 2.5 % to the 97.5 % quantile of the resamples.

    Resamples in which the measure is undefined (without a positive image, say) are left out.

    Source: Efron and Tibshirani 1993, "An introduction to the bootstrap", chapter 13.

    Returns
    -------
    low, high : float
        They hold the estimate. (None, None) where the measure is undefined in more than half of
        the resamples, or the same in all of them.
    """
    ends = quantiles(values)
    if ends is None or np.isnan(estimate):
        return NOTHING
    return min(ends[0], estimate), max(ends[1], estimate)


def basic_bootstrap_interval(values: np.ndarray, estimate: float) -> Interval:
    """The 95 % basic bootstrap interval, for a measure in [0, 1] biased upwards, such as the ECE.

    The resamples err from the estimate as the estimate errs from the truth: the interval is
    2 * estimate - quantiles, clipped to [0, 1].
    Where the truth is 0, this covers it in about half of the studies only (the percentile interval
    in none): a low end above 0 does not prove that a model is badly calibrated.

    Source: Davison and Hinkley 1997, "Bootstrap methods and their application", the basic bootstrap
    interval of chapter 5.

    Returns
    -------
    low, high : float
        As in `percentile_interval`.
    """
    ends = quantiles(values)
    if ends is None or np.isnan(estimate):
        return NOTHING
    low, high = (min(max(2 * estimate - end, 0.0), 1.0) for end in reversed(ends))
    return min(low, estimate), max(high, estimate)


def quantiles(values: np.ndarray) -> tuple[float, float] | None:
    """The 2.5 % and 97.5 % quantiles of a measure's resamples; None where they are undefined."""
    defined = values[~np.isnan(values)]
    if len(defined) < FEWEST_DEFINED * len(values) or np.ptp(defined) == 0:
        return None
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)
