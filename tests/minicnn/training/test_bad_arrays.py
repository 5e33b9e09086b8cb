"""Arrays given to a model: refused in one sentence that says where they are bad, or taken as numbers."""

import warnings

import numpy as np
import pytest
from bad_arrays import SAMPLES, assert_one_sentence, small_model, spoilt


@pytest.fixture
def x(rng):
    return rng.random((SAMPLES, 10, 12, 1), dtype=np.float32)


@pytest.fixture
def y():
    return np.arange(SAMPLES) % 2


# NaN and infinity in the images


ON_ARRAYS = {
    "fit": lambda model, x, y: model.fit(x, y, verbose=0),
    "validation": lambda model, x, y: model.fit(
        np.zeros_like(x), y, validation_data=(x, y), verbose=0
    ),
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "predict": lambda model, x, y: model.predict(x),
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
    "test_on_batch": lambda model, x, y: model.test_on_batch(x, y),
    "predict_on_batch": lambda model, x, y: model.predict_on_batch(x),
}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("way", ON_ARRAYS)
def test_arrays_with_nan_or_infinity_are_refused(way, bad, x, y):
    model = small_model()
    before = model.get_weights()
    with pytest.raises(ValueError) as caught:
        ON_ARRAYS[way](model, spoilt(x, bad, (5, 2, 3, 0), (6, 0, 0, 0)), y)
    text = assert_one_sentence(caught)
    assert f"x: expected finite numbers, got {bad:g} in sample 5 at (2, 3, 0) and 1 more" in text
    assert text.startswith("validation x: ") == (way == "validation")
    assert model.optimizer.iterations == 0
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_numbers_too_large_for_float32_are_refused_and_float64_models_take_them(x, y):
    big = spoilt(x.astype(np.float64), 1e300, (4, 1, 1, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"1e\+300 \(too large for float32\) in sample 4"):
            small_model().fit(big, y, verbose=0)
        with pytest.raises(ValueError, match="too large for float32"):
            small_model().predict_on_batch(big)
    small_model().astype(np.float64).predict_on_batch(big)


def test_large_numbers_whose_sum_overflows_are_no_infinity(y):
    small_model().predict(np.full((SAMPLES, 10, 12, 1), 1e38, np.float32))


def test_generators_and_sequences_say_which_batch(x, y):
    good, bad = (x, y), (spoilt(x, np.nan, (2, 0, 0, 0)), y)
    for source, name in (
        (iter([good, bad]), "batch 2 of 2, sample 2 of the batch: x: "),
        ([good, good, bad], "batch 3 of 3, sample 2 of item 2 of the sequence: x: "),
    ):
        model = small_model()
        with pytest.raises(ValueError) as caught:
            steps = 2 if hasattr(source, "__next__") else None
            model.fit(source, steps_per_epoch=steps, shuffle=False, verbose=0)
        assert assert_one_sentence(caught).startswith(name)


# Kinds of arrays


def in_many_ways(x, path):
    """The same numbers in all kinds of arrays."""
    on_disk = np.memmap(path, np.float32, "w+", shape=x.shape)
    on_disk[...] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    wide = np.repeat(x, 2, axis=2)
    yield "float64", x.astype(np.float64)
    yield "longdouble", x.astype(np.longdouble)
    yield "big-endian", x.astype(">f4")
    yield "Fortran", np.asfortranarray(x)
    yield "strided", wide[:, :, ::2]
    yield "negative strides", np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]
    yield "transposed", np.ascontiguousarray(x.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
    yield "read-only", frozen
    yield "memmap", on_disk
    yield "list", x.tolist()
    yield "masked, but nothing is", np.ma.masked_array(x)
    unaligned = np.empty(x.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(x.shape)
    unaligned[...] = x
    yield "unaligned", unaligned


def test_all_kinds_of_arrays_give_the_same_bits(x, y, tmp_path, backend):
    def results(model, images):
        predicted = model.predict(images), model.predict_on_batch(images)
        model.fit(images, y, batch_size=5, verbose=0)
        model.train_on_batch(images, y)
        return [*predicted, *model.get_weights()]

    expected = results(small_model(), x)
    for name, images in in_many_ways(x, tmp_path / "x"):
        for one, other in zip(results(small_model(), images), expected, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)


def test_integers_and_bools_are_numbers(x, y):
    for whole in ((x * 255).astype(np.uint8), (x * 99).astype(np.int64), x > 0.5):
        expected = small_model().predict(whole.astype(np.float32))
        np.testing.assert_array_equal(small_model().predict(whole), expected)


def test_arrays_that_are_no_numbers_are_refused(x, y):
    masked = np.ma.masked_array(x, mask=x > 0.9)
    cases = [
        (x.astype(object), TypeError, "real numbers, got dtype object"),
        (x.astype(np.complex64), TypeError, "real numbers, got dtype complex64"),
        (x.astype(str), TypeError, "real numbers, got dtype <U"),
        (np.zeros(x.shape, "datetime64[s]"), TypeError, "real numbers, got dtype datetime64"),
        (masked, ValueError, r"without masked numbers, got \d+ masked"),
    ]
    for images, error, message in cases:
        for way in ON_ARRAYS.values():
            if way is ON_ARRAYS["validation"]:
                continue  # makes zeros like them
            with pytest.raises(error, match=message) as caught:
                way(small_model(), images, y)
            assert_one_sentence(caught)
    with pytest.raises(ValueError, match="lists of different lengths"):
        small_model().predict([[1.0, 2.0], [3.0]])
    with pytest.raises(ValueError, match="expected an array of samples, got the number"):
        small_model().predict(np.float32(1))


# Batches of all sizes


@pytest.mark.parametrize("way", ON_ARRAYS)
def test_no_samples_are_refused(way, x, y, backend):
    with pytest.raises(ValueError, match="expected at least one sample") as caught:
        ON_ARRAYS[way](small_model(), x[:0], y[:0])
    assert_one_sentence(caught)


def test_an_empty_batch_of_a_generator_is_refused(x, y):
    with pytest.raises(ValueError, match="expected at least one sample, got a batch of none"):
        small_model().fit(iter([(x, y), (x[:0], y[:0])]), steps_per_epoch=2, verbose=0)


def test_memory_used_again_gives_the_same_bits_as_fresh(rng):
    """Fused steps keep their arrays: after any other batch, a batch gives what it gave at first."""
    x = rng.random((9, 10, 12, 1), dtype=np.float32)
    y = np.arange(9) % 2
    model = small_model()
    for count in (5, 1, 9, 2, 9, 1):
        fresh = small_model()
        fresh.set_weights(model.get_weights())
        fresh.layers[2].step = model.layers[2].step
        np.testing.assert_array_equal(
            model.predict_on_batch(x[:count]), fresh.predict_on_batch(x[:count])
        )
        model.train_on_batch(x[:count], y[:count])
        fresh.train_on_batch(x[:count], y[:count])
        for one, other in zip(model.get_weights(), fresh.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_last_batch_counts_as_many_times_as_it_has_samples(rng):
    x, y = rng.random((31, 10, 12, 1), dtype=np.float32), np.arange(31) % 2
    model = small_model()
    loss, accuracy = model.evaluate(x, y, batch_size=30, verbose=0)
    p = model.predict(x, batch_size=7)[:, 0].astype(np.float64)
    assert loss == pytest.approx(-np.mean(np.log(np.where(y == 1, p, 1 - p))), rel=1e-5)
    assert accuracy == pytest.approx(np.mean((p > 0.5) == y))


def test_a_very_large_batch(rng):
    x, y = rng.random((5000, 10, 12, 1), dtype=np.float32), np.arange(5000) % 2
    model = small_model()
    whole, parts = model.predict_on_batch(x), model.predict(x, batch_size=1000)
    np.testing.assert_allclose(whole, parts, rtol=1e-5)
    assert np.isfinite(model.train_on_batch(x, y)[0])
