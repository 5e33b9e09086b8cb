"""Logistic regression: the smallest classifier there is, on a few features an image.

p = sigmoid(w . (x - mean) / scale + b); w and b minimize the mean cross-entropy plus
l2 / 2 * |w|^2. That has one minimum, which Newton's method finds in a few steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEPS = 100  # Newton needs about ten
TOLERANCE = 1e-8  # largest gradient component at the minimum


@dataclass(frozen=True)
class Logistic:
    """A fitted regression."""

    mean: np.ndarray  # (features,), with `scale`: by which inputs are standardized
    scale: np.ndarray
    weights: np.ndarray  # (features + 1,): w, and b at the end

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Of label 1: (n, features) -> (n,), in [0, 1]."""
        return sigmoid(with_one((features - self.mean) / self.scale) @ self.weights)


def fit_logistic(features: np.ndarray, labels: np.ndarray, l2: float = 0.01) -> Logistic:
    """Fit a logistic regression to (n, features) floats and (n,) labels by Newton's method.

    gradient = X^T (p - y) / n + l2 * w,  hessian = X^T diag(p (1 - p)) X / n + l2 * I
    (b, the last weight, is not regularized). A step that does not lower the loss is halved; as the
    loss is convex, that leads to the minimum from everywhere (Boyd and Vandenberghe 2004,
    "Convex Optimization", section 9.5).

    Raises
    ------
    ValueError
        One class only: the best b would be infinite. Or l2 is not above 0: for linearly separable
        classes there would be no minimum.
    """
    if len(np.unique(labels)) != 2 or l2 <= 0:
        raise ValueError("fit_logistic: expected labels of two classes and l2 above 0")
    mean, scale = features.mean(axis=0), features.std(axis=0)
    # A feature that is constant, but for rounding errors, is not scaled.
    scale = np.where(scale > 1e-12, scale, 1.0)
    inputs = with_one((features - mean) / scale)  # (n, features) -> (n, features + 1)
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        slope = gradient(weights, inputs, labels, l2)
        if np.abs(slope).max() < TOLERANCE:
            break
        step = np.linalg.solve(hessian(weights, inputs, l2), slope)
        weights = weights - step * step_size(weights, step, slope, inputs, labels, l2)
    return Logistic(mean, scale, weights)


def loss(weights: np.ndarray, inputs: np.ndarray, labels: np.ndarray, l2: float) -> float:
    """Mean cross-entropy, log(1 + e^s) - y s with s the weighted sum, plus the L2 term."""
    sums = inputs @ weights
    entropy = np.mean(np.logaddexp(0, sums) - labels * sums)
    return float(entropy + l2 / 2 * np.sum(weights[:-1] ** 2))


def gradient(weights: np.ndarray, inputs: np.ndarray, labels: np.ndarray, l2: float) -> np.ndarray:
    """The gradient of `loss`, (features + 1,)."""
    slope = inputs.T @ (sigmoid(inputs @ weights) - labels) / len(labels)
    slope[:-1] += l2 * weights[:-1]
    return slope


def hessian(weights: np.ndarray, inputs: np.ndarray, l2: float) -> np.ndarray:
    """The Hessian of `loss`, (features + 1, features + 1)."""
    p = sigmoid(inputs @ weights)
    curvature = inputs.T @ (inputs * (p * (1 - p))[:, None]) / len(inputs)
    curvature[:-1, :-1] += l2 * np.eye(len(weights) - 1)
    # Where all p are 0 or 1 to the last digit, b has no curvature left to divide by.
    curvature[-1, -1] += 1e-10
    return curvature


def step_size(weights, step, slope, inputs, labels, l2) -> float:
    """1, or the first of 1/2, 1/4, ... that decreases the loss enough (Armijo's rule)."""
    size, before = 1.0, loss(weights, inputs, labels, l2)
    while size > 1e-10:
        if loss(weights - size * step, inputs, labels, l2) <= before - 1e-4 * size * slope @ step:
            return size
        size /= 2
    return size


def with_one(inputs: np.ndarray) -> np.ndarray:
    """Inputs with a column of ones behind them, for b."""
    return np.column_stack([inputs, np.ones(len(inputs))])


def sigmoid(sums: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-s), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * sums))
