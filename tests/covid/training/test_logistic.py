"""The logistic regression: counted shares, slopes by differences, Newton's steps, scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from covid.training.logistic import fit_logistic, gradient, hessian, loss, with_one


@pytest.fixture
def points(rng):
    features = rng.normal(3, 2, (200, 4))
    labels = (features @ [1, -1, 0.5, 0] + rng.normal(0, 2, 200) > 1.5).astype(int)
    return features, labels


def test_one_yes_or_no_feature_gives_the_counted_shares():
    """With hardly any punishment the probabilities are the shares of each group: 3/4 and 1/5."""
    features = np.repeat([0.0, 1.0], [4, 5])[:, None]
    labels = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0])
    p = fit_logistic(features, labels, l2=1e-9).probabilities(np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(p, [0.75, 0.2], atol=1e-6)


def test_gradient_and_hessian_are_the_slopes_of_the_loss(points, rng):
    inputs, labels = with_one(points[0]), points[1]
    weights, step = rng.normal(0, 0.3, 5), 1e-6
    for place in range(5):
        move = step * (np.arange(5) == place)
        ends = [weights + move, weights - move]
        up, down = (loss(end, inputs, labels, 0.1) for end in ends)
        slope = gradient(weights, inputs, labels, 0.1)[place]
        np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=1e-6, atol=1e-8)
        up, down = (gradient(end, inputs, labels, 0.1) for end in ends)
        row = hessian(weights, inputs, 0.1)[place]
        np.testing.assert_allclose(row, (up - down) / (2 * step), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("l2", [1e-4, 0.01, 1.0])
def test_newton_arrives_also_where_a_line_parts_the_classes(points, l2):
    features, _ = points
    labels = (features[:, 0] > 3).astype(int)
    fitted = fit_logistic(features * [1, 1e6, 1e-6, 0], labels, l2)
    inputs = with_one((features * [1, 1e6, 1e-6, 0] - fitted.mean) / fitted.scale)
    assert np.abs(gradient(fitted.weights, inputs, labels, l2)).max() < 1e-7
    assert np.mean((fitted.probabilities(features * [1, 1e6, 1e-6, 0]) > 0.5) == labels) > 0.9


def test_the_regression_is_that_of_scikit_learn(points):
    linear = pytest.importorskip("sklearn.linear_model")
    features, labels = points
    fitted = fit_logistic(features, labels, l2=0.05)
    inputs = (features - features.mean(axis=0)) / features.std(axis=0)
    peer = linear.LogisticRegression(C=1 / (0.05 * len(labels)), tol=1e-10).fit(inputs, labels)
    np.testing.assert_allclose(fitted.weights[:-1], peer.coef_[0], atol=1e-5)
    np.testing.assert_allclose(fitted.weights[-1], peer.intercept_[0], atol=1e-5)


@pytest.mark.parametrize(("labels", "l2"), [([1, 1, 1], 0.1), ([0, 1, 1], 0.0)])
def test_what_has_no_minimum_is_refused(labels, l2):
    with pytest.raises(ValueError, match="two classes and l2 above 0"):
        fit_logistic(np.ones((3, 2)), np.array(labels), l2)
