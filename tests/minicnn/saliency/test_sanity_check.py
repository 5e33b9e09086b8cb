"""The sanity check of heat maps: what it lets pass, what it finds out, and what it leaves alone."""

import numpy as np
import pytest

from minicnn import layers, models
from minicnn.saliency import (
    RandomizedMap,
    SanityCheck,
    grad_cam,
    occlusion,
    rank_correlation,
    sanity_check,
)
from minicnn.saliency.rank_correlation import ranks

pytestmark = pytest.mark.usefixtures("one_thread")


def edges(model, x):
    """A picture of the image's edges: it looks like an explanation and asks no model."""
    down, right = np.gradient(np.asarray(x, dtype=np.float64)[:, :, 0])
    return np.hypot(down, right)


def blobs(seed=0):
    """An image of a few bright discs, (20, 20, 1) float32."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:20, :20]
    x = np.zeros((20, 20))
    for row, col in rng.integers(3, 17, (4, 2)):
        x += np.exp(-((rows - row) ** 2 + (cols - col) ** 2) / 8)
    return (x / x.max()).astype(np.float32)[:, :, None]


@pytest.fixture(scope="module")
def trained():
    """Which half is brighter, learned in a second."""
    rng = np.random.default_rng(1)
    x, y = rng.random((64, 20, 20, 1)).astype(np.float32) * 0.5, np.arange(64) % 2
    x[y == 1, :, :10] += 0.5
    x[y == 0, :, 10:] += 0.5
    model = models.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(20, 20, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(4, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=1,
    )
    model.compile("adam", "binary_crossentropy", ["acc"])
    model.fit(x, y, batch_size=16, epochs=8, verbose=0)
    return model


def test_a_map_that_asks_no_model_fails(trained):
    check = sanity_check(trained, blobs(), edges)
    assert check.correlations == [1, 1, 1] and check.agreement == 1
    assert check.passed is False
    assert "FAILED" in check.verdict and "no evidence" in check.verdict


@pytest.mark.parametrize("method", ["occlusion", occlusion])
def test_the_map_of_a_trained_model_passes(trained, method):
    check = sanity_check(trained, blobs(), method)
    assert check.passed is True and check.agreement < 0.5
    assert check.verdict.startswith("Sanity check passed")
    np.testing.assert_array_equal(check.heat.values, occlusion(trained, blobs()).values)
    for copy in check.copies:
        assert copy.correlation == rank_correlation(check.heat.values, copy.heat.values)
        assert copy.layers == tuple(layer.name for layer in trained.layers[::-1] if layer.params)


def test_the_negative_of_a_map_is_the_same_picture(trained):
    """With random weights it is chance for which class a patch speaks."""

    def changing_sign(model, x):
        return edges(model, x) * np.sign(model.layers[0].params["kernel"].sum())

    assert sanity_check(trained, blobs(), changing_sign, copies=5).agreement == 1


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was(trained, fails):
    arrays = trained.named_weights()
    before = {name: array.tobytes() for name, array in arrays.items()}
    answer = trained.predict(blobs()[None])
    seen = []

    def method(model, x):
        seen.append(model.get_weights()[0])
        if fails and len(seen) == 3:
            raise ArithmeticError("planted")
        return grad_cam(model, x)

    if fails:
        with pytest.raises(ArithmeticError, match="planted"):
            sanity_check(trained, blobs(), method)
    else:
        sanity_check(trained, blobs(), method, cascading=True)
    assert any((one != seen[0]).any() for one in seen)  # weights were random meanwhile
    after = trained.named_weights()
    assert all(after[name] is arrays[name] for name in arrays)
    assert before == {name: array.tobytes() for name, array in after.items()}
    np.testing.assert_array_equal(answer, trained.predict(blobs()[None]))


def test_random_weights_follow_from_the_seed(trained):
    found = [
        [copy.heat.values for copy in sanity_check(trained, blobs(), "occlusion", seed=s).copies]
        for s in (1, 1, 2)
    ]  # fmt: skip
    np.testing.assert_array_equal(found[0], found[1])
    assert (np.array(found[0]) != np.array(found[2])).any()
    first, second, _ = found[0]
    assert (first != second).any()


def test_random_weights_are_like_first_weights():
    """Glorot's limits, zero biases, and the dtype of the model."""
    layer = layers.Conv2D(30, 5, input_shape=(9, 9, 2))
    model = models.Sequential([layer, layers.Flatten(), layers.Dense(1)], seed=0)
    model.astype(np.float64)
    for one in model.layers:
        for param in one.params.values():
            param += 5
    seen = []

    def method(model, x):
        seen.append(layer.params)
        return np.arange(4.0) * layer.params["kernel"][0, 0, 0, 0]

    sanity_check(model, np.zeros((9, 9, 2)), method, copies=1)
    limit = np.sqrt(6 / (25 * 2 + 25 * 30))
    _, drawn = seen
    assert drawn["kernel"].dtype == np.float64 and not drawn["bias"].any()
    assert 0.95 * limit < np.abs(drawn["kernel"]).max() <= limit


def test_the_cascade_goes_from_the_output_back(trained):
    def weights(model, x):
        return np.concatenate([layer.params["kernel"].reshape(-1)[:3] for layer in (
            model.layers[0], model.layers[3], model.layers[4])])  # fmt: skip

    check = sanity_check(trained, blobs(), weights, copies=2, cascading=True)
    last, hidden, first = (trained.layers[i].name for i in (4, 3, 0))
    steps = [(last,), (last, hidden), (last, hidden, first)]
    assert [(step.copy, step.layers) for step in check.cascade] == [
        (copy, names) for copy in (0, 1) for names in steps
    ]
    assert [step for step in check.cascade if len(step.layers) == 3] == check.copies
    for step in check.cascade:
        changed = (step.heat != check.heat).reshape(3, 3).any(axis=1)
        assert changed.tolist() == [first in step.layers, hidden in step.layers, True]


def test_a_silent_random_model_is_drawn_again():
    """One relu unit behind one filter: about every second draw is silent for any image."""
    model = models.Sequential(
        [
            layers.Conv2D(1, 1, activation="relu", input_shape=(6, 6, 1)),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.layers[0].params["kernel"][...] = 1
    x = blobs()[:6, :6]
    for seed in range(4):
        assert len(sanity_check(model, x, "occlusion", seed=seed).correlations) == 3


def test_nothing_is_said_of_maps_that_are_flat(trained):
    check = sanity_check(trained, blobs(), lambda model, x: np.zeros((3, 3)))
    assert check.passed is None and check.correlations == []
    assert check.verdict == "No check is possible: the map is the same everywhere."
    copies = [RandomizedMap(("a",), 0, np.zeros((2, 2)), float("nan"))]
    check = SanityCheck(np.eye(2), copies, [], 0.5)
    assert (
        check.verdict
        == "No check is possible: the map of every random copy is the same everywhere."
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "edges"}, "expected method"),
        ({"copies": 0}, "copies"),
        ({"method": lambda model, x: np.array([1, np.nan])}, "finite values"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(trained, options, words):
    with pytest.raises(ValueError, match=words):
        sanity_check(trained, blobs(), **options)
    empty = models.Sequential([layers.Flatten(input_shape=(20, 20, 1))])
    with pytest.raises(ValueError, match="a model with weights"):
        sanity_check(empty, blobs(), edges)


# Ranks


def test_ranks_by_hand():
    assert ranks(np.array([[30, 10], [20, 20]])).tolist() == [4, 1, 2.5, 2.5]
    assert ranks(np.array([7, 7, 7])).tolist() == [2, 2, 2]


def test_rank_correlation_by_hand():
    """Ranks 1 2 3 4 and 2 1 4 3, less their mean: products 0.75 * 4 - 1, squares 5."""
    assert rank_correlation([1, 2, 3, 4], [20, 10, 40, 30]) == pytest.approx(0.6)
    assert rank_correlation([1, 2, 3], [1, 8, 27]) == 1
    assert rank_correlation([1, 2, 3], [3, 2, -50]) == -1
    assert np.isnan(rank_correlation([1, 2], [5, 5]))
    assert np.isnan(rank_correlation([1, 2], [5, np.nan]))
    with pytest.raises(ValueError, match="one shape"):
        rank_correlation([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="nonempty arrays"):
        rank_correlation([], [])


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_rank_correlation_agrees_with_scipy(levels):
    """Few levels: nearly all numbers are tied."""
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(levels)
    for _ in range(20):
        a, b = rng.integers(0, levels, (2, 13, 7))
        expected = stats.spearmanr(a.reshape(-1), b.reshape(-1)).statistic
        assert rank_correlation(a, b) == pytest.approx(expected, abs=1e-12)
        np.testing.assert_array_equal(ranks(a), stats.rankdata(a).reshape(-1))
