"""Bad numbers: refused in one sentence that says where they are, or handled; never a crash."""

import re
import subprocess
import sys
import warnings

import cv2
import numpy as np
import pytest
from tiny_runs import quick

from covid.common.errors import UserError
from covid.pipeline import run as runner
from covid.training import recipes
from minicnn import callbacks, kernels, layers, models, optimizers
from minicnn.callbacks import TerminateOnNaN
from minicnn.callbacks.nan_diagnosis import first_nonfinite_layer
from minicnn.losses import BinaryCrossentropy
from minicnn.preprocessing.image import ImageDataGenerator
from minicnn.training.step import as_inputs

SAMPLES = 8


def small_model(optimizer="sgd") -> models.Sequential:
    """A fused convolution with pooling and dropout, then two layers that run by themselves."""
    model = models.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(10, 12, 1)),
            layers.MaxPooling2D(),
            layers.Dropout(0.3, seed=5),
            layers.Flatten(),
            layers.Dense(3, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        seed=3,
    )
    model.compile(optimizer, "binary_crossentropy", ["acc"])
    return model


@pytest.fixture
def x(rng):
    return rng.random((SAMPLES, 10, 12, 1), dtype=np.float32)


@pytest.fixture
def y():
    return np.arange(SAMPLES) % 2


def spoilt(x, value, *places):
    x = x.copy()
    for place in places:
        x[place] = value
    return x


def assert_one_sentence(caught) -> str:
    text = str(caught.value)
    assert text and "\n" not in text and len(text) < 500
    return text


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


# Image generators


@pytest.fixture
def folder(tmp_path, rng):
    for label in ("a", "b", "c"):
        (tmp_path / label).mkdir()
        for number in range(2):
            pixels = rng.integers(256, size=(10, 12), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / label / f"{number}.png"), pixels)
    return tmp_path


def from_folder(folder, class_mode="binary", **arguments):
    classes = ["a", "b"] if class_mode == "binary" else None
    return ImageDataGenerator(**arguments).flow_from_directory(
        folder,
        (10, 12),
        "grayscale",
        classes=classes,
        class_mode=class_mode,
        batch_size=3,
        shuffle=False,
    )


def only_dark(result):
    """A preprocessing_function that fails on the third image it sees."""
    seen = []

    def function(image):
        seen.append(1)
        return result(image) if len(seen) == 3 else image

    return function


BAD_RESULTS = {
    "nan": (lambda image: image * np.nan, r"finite numbers, got nan at \(0, 0, 0\) and 119 more"),
    "shape": (lambda image: image[1:], r"keep the shape \(10, 12, 1\), got \(9, 12, 1\)"),
    "text": (lambda image: np.full(image.shape, "x"), "expected an array of real numbers"),
    "none": (lambda image: None, "expected an array of real numbers, got dtype object"),
    "complex": (lambda image: image * 1j, "real numbers, got dtype complex64"),
}


@pytest.mark.parametrize("result", BAD_RESULTS)
def test_what_a_preprocessing_function_returns(result, folder):
    function, message = BAD_RESULTS[result]
    images = from_folder(folder, preprocessing_function=only_dark(function))
    with pytest.raises(ValueError, match=message) as caught:
        small_model().fit(images, verbose=0)
    assert assert_one_sentence(caught).startswith("batch 1, file b/0.png: ")


def test_integers_from_a_preprocessing_function_are_taken(folder):
    images = from_folder(folder, preprocessing_function=lambda image: image.astype(np.int64))
    np.testing.assert_array_equal(images[0][0], from_folder(folder)[0][0])


def test_generators_of_another_kind_are_looked_at_batch_by_batch(folder):
    class Other(ImageDataGenerator):
        def batch(self, images, chosen, uniform):
            return spoilt(super().batch(images, chosen, uniform), np.inf, (1, 0, 0, 0))

    images = Other().flow_from_directory(
        folder, (10, 12), "grayscale", classes=["a", "b"], class_mode="binary", shuffle=False
    )
    with pytest.raises(ValueError, match=r"^batch 1 of 1, file a/1\.png: x: .* inf in sample 1"):
        small_model().fit(images, verbose=0)


def test_arrays_for_flow(x, y):
    generator = ImageDataGenerator(rotation_range=10)
    with pytest.raises(ValueError, match=r"flow: images: .* nan in sample 3 at \(1, 1, 0\)"):
        generator.flow(spoilt(x, np.nan, (3, 1, 1, 0)), y)
    with pytest.raises(TypeError, match="flow: images: expected an array of real numbers"):
        generator.flow(x.astype(str), y)
    gray = (x * 255).astype(np.uint8)
    for dtype in (np.int64, np.float64, ">f4", ">i2"):
        found = generator.flow(gray.astype(dtype), y, seed=1)[0][0]
        np.testing.assert_array_equal(found, generator.flow(gray, y, seed=1)[0][0])


@pytest.mark.parametrize("argument", ["rescale", "cval"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, "1"])
def test_settings_that_would_make_nan_of_images(argument, bad):
    with pytest.raises(ValueError, match=f"expected {argument} to be a finite number"):
        ImageDataGenerator(**{argument: bad})


def test_images_that_do_not_exist_are_not_read(x):
    generator = ImageDataGenerator(rotation_range=10)
    uniform = np.full((1, generator.ranges.numbers), 0.3)
    for chosen in ([SAMPLES], [-1]):
        with pytest.raises(ValueError, match=f"images numbered 0 to {SAMPLES - 1}"):
            generator.batch(x, np.array(chosen), uniform)


# Where it began


def training_that_stops(model, x, y, **arguments):
    terminator = TerminateOnNaN(verbose=0)
    with np.errstate(all="ignore"):
        model.fit(x, y, epochs=3, verbose=0, callbacks=[terminator], **arguments)
    return terminator.found


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_a_learning_rate_that_explodes(optimizer, x, y, capsys):
    model = small_model(type(optimizers.get(optimizer))(1e30))
    with np.errstate(all="ignore"):
        model.fit(x, y, batch_size=3, epochs=5, verbose=0, callbacks=[TerminateOnNaN()])
    text = capsys.readouterr().out
    assert re.match(
        r"Training stops: epoch 1, (batch \d of 3 \(sample \d of the arrays, .*\): the loss is "
        r"(nan|inf): |after its last batch: )",
        text,
    )
    assert "the learning rate is 1e+30, try a smaller one" in text
    assert text.count("\n") == 1


def test_without_the_callback_training_goes_on_as_in_keras(x, y):
    model = small_model(optimizers.SGD(1e30))
    with np.errstate(all="ignore"):
        history = model.fit(x, y, batch_size=3, epochs=2, verbose=0)
    assert model.optimizer.iterations == 6
    assert np.isnan(history.history["loss"][1])


def test_the_layer_the_sample_and_the_files_are_named(folder):
    class Enlarge(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                self.model.layers[4].params["kernel"][...] = 3e38

    images = from_folder(folder, rescale=1 / 255)
    model, terminator = small_model(), TerminateOnNaN(verbose=0)
    with np.errstate(all="ignore"):
        model.fit(images, epochs=2, verbose=0, callbacks=[Enlarge(), terminator])
    assert terminator.found.startswith("epoch 1, batch 2 of 2 (file b/1.png): the loss is ")
    assert re.search(
        r"the output of dense has \d of 3 values that are not finite, the first is inf in "
        r"file b/1\.png at \(\d\) \(inputs up to .*, kernel up to 3e\+38, bias up to ",
        terminator.found,
    )
    assert all(np.isfinite(array).all() for array in model.get_weights())  # no step was made


def test_weights_and_the_gradient_that_spoilt_them_are_named(x, y):
    class Spoil(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.layers[0].params["kernel"][0, 0, 0, 1] = np.inf
            if self.spoil_gradient:
                self.model.layers[4].grads["bias"][1] = np.nan

    for Spoil.spoil_gradient, words in (
        (False, "although its gradients were"),
        (True, "in which the gradient of dense/bias was not"),
    ):
        model, terminator = small_model(), TerminateOnNaN(verbose=0)
        with np.errstate(all="ignore"):
            model.fit(x, y, batch_size=4, verbose=0, callbacks=[Spoil(), terminator])
        expected = f"1 of 36 weights of conv2d/kernel are not finite since the last step, {words}"
        assert expected in terminator.found


def test_weights_spoilt_by_the_very_last_step_are_found_at_the_end_of_the_epoch(x, y):
    class Spoil(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.layers[5].params["bias"][0] = np.nan

    terminator = TerminateOnNaN(verbose=0)
    small_model().fit(x, y, epochs=4, verbose=0, callbacks=[Spoil(), terminator])
    assert terminator.found.startswith("epoch 1, after its last batch: 1 of 1 weights of dense_1/")


def test_looking_for_the_place_leaves_the_model_as_it_was(x, y):
    def trained(looks: bool):
        model = small_model()
        for _ in range(3):
            model.train_on_batch(x, y)
            if looks:
                cache, step = model.layers[4].cache, model.layers[2].step
                first_nonfinite_layer(model, as_inputs(model, x))
                assert model.layers[4].cache is cache and model.layers[2].step == step
        return model.get_weights()

    for one, other in zip(trained(True), trained(False), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_second_look_drops_the_same_units(x, y):
    """The logit overflows only where dropout keeps the one unit whose weight is large."""
    model = models.Sequential(
        [layers.Dropout(0.5, seed=1, input_shape=(6,)), layers.Dense(1, activation="sigmoid")],
        seed=0,
    )
    model.compile("sgd", "binary_crossentropy")
    kernel = np.zeros((6, 1), np.float32)
    kernel[3] = 3e38
    samples, found = np.full((1, 6), 10, np.float32), []
    for _ in range(12):
        model.layers[-1].set_weights([kernel, np.zeros(1)])
        found.append(training_that_stops(model, samples, np.ones(1)))
    assert any(found)
    assert all(one is None or "of dense in front of its sigmoid has 1 of 1" in one for one in found)


def test_covid_ends_in_a_sentence_and_keeps_the_models_before(tmp_path, monkeypatch):
    real = recipes.recipe_for

    def explosive(name, model, *arguments):
        recipe = real(name, model, *arguments)
        return recipe if model == "tiny_cnn" else recipes.replace(recipe, learning_rate=1e32)

    monkeypatch.setattr(runner, "recipe_for", explosive)
    said = []
    out = tmp_path / "results"
    with np.errstate(all="ignore"), pytest.raises(UserError) as caught:
        options = quick(out, models=("tiny_cnn", "reduced_inception"), say=said.append)
        runner.run_all(options)
    text = assert_one_sentence(caught)
    assert text.startswith("reduced_inception: training failed and is not saved (epoch 1, ")
    assert "try a smaller one" in text
    assert (out / "random/tiny_cnn/model.npz").exists()
    assert not (out / "random/reduced_inception").exists() and not (out / "summary.json").exists()
    assert f"covid run --resume {out}" in said[-1]  # after whatever was wrong is repaired


# Labels


BAD_LABELS = {
    "1 and 2": (np.array([1, 2] * 4), r"got 2 for sample 1 and 3 more; subtract 1"),
    "-1 and 1": (np.array([-1, 1] * 4), r"got -1 for sample 0 and 3 more; \(y \+ 1\) / 2"),
    "0 and 255": (np.array([0, 255] * 4, np.uint8), "got 255 .*; divide by 255"),
    "three classes": (np.array([0, 1, 2, 0, 1, 2, 0, 1]), "class numbers of 3 classes"),
    "1.5": (np.array([0, 1.5] * 4), r"got 1\.5 for sample 1 and 3 more; 1 is the positive"),
    "nan": (np.array([0, np.nan] * 4), "got nan"),
}


@pytest.mark.parametrize("labels", BAD_LABELS)
def test_labels_outside_0_and_1_are_refused(labels, x):
    y, message = BAD_LABELS[labels]
    model = small_model()
    for attempt in (
        lambda: model.fit(x, y, verbose=0),
        lambda: model.fit(x, y > 0, validation_data=(x, y), verbose=0),
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.train_on_batch(x, y),
        lambda: model.test_on_batch(x, y.reshape(-1, 1)),
        lambda: model.fit(iter([(x, y)]), steps_per_epoch=1, verbose=0),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            attempt()
        assert_one_sentence(caught)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("kind", ["text", "object", "complex"])
def test_labels_that_are_no_numbers_are_refused(kind, x):
    y = {
        "text": np.array(["a", "b"] * 4),
        "object": np.array([0, None] * 4),
        "complex": np.array([0, 1j] * 4),
    }[kind]
    for attempt in (
        lambda: small_model().fit(x, y, verbose=0),
        lambda: small_model().train_on_batch(x, y),
    ):
        with pytest.raises(TypeError, match="expected an array of real numbers") as caught:
            attempt()
        assert_one_sentence(caught)


def test_bool_soft_and_integer_labels_are_taken(x, y):
    losses = [
        small_model().train_on_batch(x, labels, return_dict=True)["loss"]
        for labels in (y, y.astype(bool), y.astype(np.uint8), y.reshape(-1, 1), y.tolist())
    ]
    assert len(set(losses)) == 1
    small_model().fit(x, np.full(SAMPLES, 0.25), verbose=0)
    small_model().fit(x, np.full(SAMPLES, 0.1) * 10 + 1e-9, verbose=0)  # 1, but for rounding


def test_class_numbers_of_a_folder_name_the_file_and_what_to_do(folder):
    with pytest.raises(ValueError) as caught:
        small_model().fit(from_folder(folder, "sparse"), verbose=0)
    text = assert_one_sentence(caught)
    assert text.startswith("batch 2 of 2, file c/0.png: dense_1: expected labels in [0, 1], got 2")
    three = models.Sequential([layers.Flatten(input_shape=(10, 12, 1)), layers.Dense(3)])
    three.compile("sgd", "binary_crossentropy")
    with pytest.raises(ValueError, match="numbers of classes have to become rows with a 1"):
        three.fit(from_folder(folder, "sparse"), verbose=0)


def test_a_loss_checks_its_labels_by_itself():
    with pytest.raises(ValueError, match="y: .* got 3 for sample 1 at"):
        BinaryCrossentropy().check_labels(np.array([[0.0, 1.0], [3.0, 0.0]]), "y")


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


# What would make a compiled kernel read or write beyond its arrays


BAD_PARAMS = {
    "smaller": (lambda p: p[:1], ValueError),
    "larger": (lambda p: np.concatenate([p, p]), ValueError),
    "flat": (lambda p: p.reshape(-1), ValueError),
    "one number": (lambda p: np.float32(1), TypeError),
    "a list": (lambda p: p.tolist(), TypeError),
    "nothing": (lambda p: None, ValueError),
    "float16": (lambda p: p.astype(np.float16), TypeError),
    "integers": (lambda p: p.astype(int), TypeError),
    "big-endian": (lambda p: p.astype(">f4"), TypeError),
    "strided": (lambda p: np.repeat(p, 2, axis=-1)[..., ::2], ValueError),
    "broadcast": (lambda p: np.broadcast_to(p[:1], p.shape), ValueError),
}


@pytest.mark.parametrize("bad", BAD_PARAMS)
@pytest.mark.parametrize("filters, channels", [(4, 1), (8, 4), (2, 2)])  # pooled, winograd, rows
def test_parameters_that_do_not_fit_are_refused(bad, filters, channels, rng, backend):
    change, error = BAD_PARAMS[bad]
    model = models.Sequential(
        [
            layers.Conv2D(filters, 3, activation="relu", input_shape=(8, 8, channels)),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3, activation="sigmoid"),
        ]
    )
    model.compile("sgd", "binary_crossentropy")
    x, y = rng.random((2, 8, 8, channels), dtype=np.float32), np.zeros((2, 3))
    for layer in (model.layers[0], model.layers[3]):
        kernel = layer.params["kernel"]
        for attempt in (model.predict, lambda x: model.train_on_batch(x, y)):
            layer.params["kernel"] = change(kernel)
            with pytest.raises(error, match=f"{layer.name}: expected .*kernel") as caught:
                attempt(x)
            assert_one_sentence(caught)
        layer.params["kernel"] = kernel
    model.train_on_batch(x, y)


def test_a_float64_parameter_of_the_right_shape_is_taken(x, y):
    model = small_model()
    model.layers[0].params["kernel"] = np.ones((3, 3, 1, 4))
    assert np.isfinite(model.train_on_batch(x, y)[0])
    assert not np.array_equal(model.layers[0].params["kernel"], np.ones((3, 3, 1, 4)))


def test_gradients_that_do_not_fit_are_refused_by_plans(x):
    model = small_model()
    graph = model.graph
    with pytest.raises(RuntimeError, match="backward needs a run before it"):
        graph.backward([np.zeros((SAMPLES, 1), np.float32)])
    for end in (1, 2, 3):  # of a model that ends in the fused step, behind it, in a vector
        part = models.Model(model.inputs, [model.layers[end].output])
        (y,) = (part.graph.run([x], training=True)[t] for t in part.graph.outputs)
        for dy in (y[:1], y[..., :1], np.zeros((9 * SAMPLES, *y.shape[1:]), np.float32)):
            with pytest.raises(ValueError, match="expected dy of the output's shape"):
                part.graph.backward([dy])
        for dy in (y.astype(np.float16), y.astype(int), y.tolist()):
            with pytest.raises(TypeError, match="expected dy"):
                part.graph.backward([dy])


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_optimisers_change_all_weights_or_none(optimizer, x, y):
    model = small_model(optimizer)
    model.train_on_batch(x, y)
    weights, grads = model.named_weights(), model.named_grads()
    last = list(grads)[-2]  # dense_1/kernel, (3, 1)
    for bad in (grads[last][:1], grads[last].astype(int), np.ones((6, 1), np.float32)[::2], None):
        before = model.get_weights()
        changed = {**grads, last: bad} if bad is not None else {**grads}
        if bad is None:
            del changed[last]
        with pytest.raises(ValueError, match=f"{last}: expected ") as caught:
            model.optimizer.apply(weights, changed)
        assert_one_sentence(caught)
        assert model.optimizer.iterations == 1
        for one, other in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("bad", ["fast", None, 1j, [0.1, 0.2], np.nan, np.inf, 0, -1])
def test_learning_rates_that_are_none(bad):
    with pytest.raises(ValueError, match="expected learning_rate to be above 0 and finite"):
        optimizers.Adam(bad)
    optimizer = optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="expected learning_rate"):
        optimizer.learning_rate = bad
    assert optimizer.learning_rate == 0.1


FIXED = [
    (layers.Conv2D(4, 3), (8, 8, 2), {"filters": 5, "kernel_size": (5, 5), "strides": (3, 3)}),
    (layers.Conv2D(4, 3), (8, 8, 2), {"padding": "same", "input_shape": (8, 8, 9)}),
    (layers.Dense(3), (4,), {"units": 4, "input_shape": (400,)}),
    (layers.MaxPooling2D(), (8, 8, 2), {"pool_size": (7, 7), "strides": (9, 9), "padding": "same"}),
    (layers.AveragePooling2D(), (8, 8, 2), {"pool_size": (7, 7), "input_shape": (2, 2, 2)}),
]


@pytest.mark.parametrize("layer, shape, changes", FIXED, ids=lambda value: type(value).__name__)
def test_settings_stay_once_a_layer_is_built(layer, shape, changes, rng):
    layer.build(shape, rng)
    for name, value in changes.items():
        before = getattr(layer, name)
        setattr(layer, name, before)
        with pytest.raises(ValueError, match=f"expected {name} to stay .* once .* built"):
            setattr(layer, name, value)
        assert getattr(layer, name) == before


def test_layers_of_the_users_own_that_give_the_wrong_thing(x):
    """What a fused convolution behind them reads is checked as in the layer itself."""

    class Wrong(layers.Layer):
        result = staticmethod(lambda x: x)

        def output_shape(self, input_shape):
            return input_shape

        def forward(self, x, training=False):
            return self.result(x)

        def backward(self, dy):
            return dy

    for channels, filters in ((1, 4), (4, 8), (2, 2)):
        entrance = layers.Input((10, 12, channels))
        wrong = Wrong()
        tensor = layers.Conv2D(filters, 3, activation="relu")(wrong(entrance))
        tensor = layers.Flatten()(layers.MaxPooling2D()(tensor))
        model = models.Model(entrance, layers.Dense(1)(tensor))
        images = np.repeat(x, channels, axis=3)
        expected = model.predict(images)
        for result, error in (
            (lambda x: x[:, :5], ValueError),
            (lambda x: x[..., :0], ValueError),
            (lambda x: x[:0], ValueError),
            (lambda x: x.astype(np.float16), TypeError),
            (lambda x: None, TypeError),
        ):
            wrong.result = result
            with pytest.raises(error, match="conv2d.*: expected") as caught:
                model.predict(images)
            assert_one_sentence(caught)
        wrong.result = np.asfortranarray
        np.testing.assert_array_equal(model.predict(images), expected)


def test_joined_branches_of_different_batches_are_refused():
    entrances = [layers.Input((6, 6, 1)), layers.Input((6, 6, 1))]
    branches = [layers.Flatten()(layers.Conv2D(2, 3)(one)) for one in entrances]
    model = models.Model(entrances, layers.Dense(1)(layers.concatenate(branches)))
    two, three = np.ones((2, 6, 6, 1), np.float32), np.ones((3, 6, 6, 1), np.float32)
    with pytest.raises(ValueError, match="as many samples for each input, got 2, 3"):
        model.predict_on_batch([two, three])
    for backend in kernels.MODULES:
        with kernels.use_backend(backend), pytest.raises(ValueError, match="concatenate: expected"):
            model.graph.run([two, three])


def test_hostile_arrays_do_not_end_the_process():
    """All of it in one process of its own, which must come to its end by itself."""
    code = """
import numpy as np
from minicnn import layers

rng = np.random.default_rng(0)
cases = [
    (lambda: layers.Conv2D(4, 3, activation="relu"), (9, 8, 2)),
    (lambda: layers.Conv2D(9, 3, strides=2, padding="same"), (9, 8, 9)),
    (lambda: layers.MaxPooling2D(3, 2, "same"), (9, 8, 2)),
    (lambda: layers.AveragePooling2D(3, 2, "same"), (9, 8, 2)),
    (lambda: layers.Dense(9), (70,)),
    (lambda: layers.Dense(2, activation="sigmoid"), (70,)),
    (lambda: layers.Dropout(0.5), (9, 8, 2)),
    (lambda: layers.ReLU(), (9, 8, 2)),
    (lambda: layers.Sigmoid(), (9, 8, 2)),
    (lambda: layers.Activation("relu"), (9, 8, 2)),
    (lambda: layers.Flatten(), (9, 8, 2)),
]
refused = 0
for make, shape in cases:
    layer = make()
    layer.build(shape, rng)
    x = rng.random((3, *shape), dtype=np.float32)
    y = layer.forward(x, True)
    dy = rng.random(y.shape, dtype=np.float32)
    layer.backward(dy)

    def spoil(a):
        yield from (a[:0], a[..., :0], a[0], a[None], a.astype(np.float16), a.astype(int))
        yield from (a.astype(">f4"), a.astype(complex), a.astype(str), a.astype(object))
        yield from (a.tolist(), None, np.float32(1), a.reshape(-1), np.ma.masked_array(a))
        yield from (np.repeat(a, 400, axis=1), np.repeat(a, 3, axis=-1), a[:, ::2], a.view("i4"))

    for bad in spoil(x):
        try:
            layer.forward(bad, True)
        except (TypeError, ValueError) as error:
            assert str(error).startswith(layer.label + ": expected") and "\\n" not in str(error)
            refused += 1
        else:
            raise SystemExit(f"{layer.label} took {np.shape(bad)}")
    layer.forward(x, True)
    for bad in [*spoil(dy), np.repeat(dy, 50, axis=0)]:
        try:
            layer.backward(bad)
        except (TypeError, ValueError) as error:
            assert str(error).startswith(layer.label), error
            refused += 1
        else:
            raise SystemExit(f"{layer.label} took a gradient {np.shape(bad)}")
print(refused)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout
    assert int(done.stdout) == 11 * (19 + 20)
