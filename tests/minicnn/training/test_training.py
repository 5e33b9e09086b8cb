"""The training loop: what a step does, how data is fed, what is reported, what is refused."""

import math

import numpy as np
import pytest
from tiny_models import conv_to_dense

from covid.training.architectures import build_model
from minicnn import kernels, layers, models, optimizers
from minicnn.callbacks import Callback, LearningRateScheduler
from minicnn.kernels.runtime import thread_count
from minicnn.preprocessing.image import ImageDataGenerator
from minicnn.training.given_data import as_feed
from minicnn.training.loop import as_list, result_keys
from minicnn.training.step import train_step

IMAGE = (10, 9, 1)


def tiny(seed: int = 0, rate: float = 0.0, learning_rate: float = 1e-2) -> models.Sequential:
    return conv_to_dense(IMAGE, 4, seed, rate, optimizers.Adam(learning_rate))


def constant_model() -> models.Sequential:
    """p = sigmoid(0) = 0.5 whatever comes in, and a learning rate that keeps it there."""
    model = tiny()
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    model.compile(optimizers.SGD(1e-30), "binary_crossentropy", ["acc"])
    return model


@pytest.fixture
def data(rng):
    """Eight images and labels, half of them 1."""
    return rng.random((8, *IMAGE), dtype=np.float32), np.array([0, 1] * 4, np.float32)


class Recorder:
    """Gives batches like an iterator of images does, and notes what it is asked for."""

    def __init__(self, x, y, batch_size=4):
        self.batches = [
            (x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(x), batch_size)
        ]
        self.given, self.epochs = 0, []

    def __len__(self):
        return len(self.batches)

    def start_epoch(self, epoch):
        self.epochs.append(epoch)
        self.position = 0

    def __next__(self):
        batch = self.batches[self.position % len(self.batches)]
        self.position += 1
        self.given += 1
        return batch


# Learning


@pytest.mark.parametrize("name", ["cnn", "cnn_dropout", "tiny_cnn", "reduced_inception"])
def test_first_loss_is_near_ln_2(name, rng):
    # Dark images: bright ones of one kind make one of the classes more likely from the start.
    x = rng.random((16, 40, 40, 1), dtype=np.float32) * 0.1
    model = build_model(name, input_shape=x.shape[1:], seed=3)
    model.compile("adam", "binary_crossentropy")
    loss = model.evaluate(x, np.arange(16) % 2, verbose=0)
    assert loss == pytest.approx(math.log(2), abs=0.05)


def test_eight_images_are_learned_by_heart(backend, data):
    model = tiny(learning_rate=0.03)
    before = model.evaluate(*data, verbose=0)
    model.fit(*data, epochs=40, batch_size=8, verbose=0)
    loss, accuracy = model.evaluate(*data, verbose=0)
    assert accuracy == 1 and loss < 0.1 < before[0]


def test_the_article_s_tiny_cnn_learns_eight_images_by_heart(rng):
    model = build_model("tiny_cnn", input_shape=(30, 30, 1), seed=1)
    model.compile(optimizers.Adam(3e-3), "binary_crossentropy", ["acc"])
    x, y = rng.random((8, 30, 30, 1), dtype=np.float32), np.array([0, 1] * 4)
    model.fit(x, y, epochs=150, batch_size=8, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] == 1


def test_all_backends_train_the_same(data):
    found = {}
    for name in kernels.MODULES:
        with kernels.use_backend(name):
            model = tiny(rate=0.4)
            model.fit(*data, epochs=3, batch_size=3, verbose=0)
            found[name] = model.get_weights()
    for naive, in_numpy, compiled in zip(*found.values(), strict=True):
        np.testing.assert_allclose(in_numpy, naive, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(compiled, naive, rtol=1e-4, atol=1e-6)


# How many steps


def count_steps(model, *arguments, **named) -> list[int]:
    """The training steps of each epoch."""
    steps = []

    def schedule(epoch, rate):
        steps.append(model.optimizer.iterations)
        return rate

    model.fit(*arguments, callbacks=[LearningRateScheduler(schedule)], verbose=0, **named)
    return np.diff([*steps, model.optimizer.iterations]).tolist()


def test_steps_with_arrays(data):
    assert count_steps(tiny(), *data, batch_size=3, epochs=3) == [3, 3, 3]
    assert count_steps(tiny(), *data, batch_size=3, epochs=3, steps_per_epoch=2) == [2, 2, 2]
    # 25 batches and 15 steps made epochs of 15, 10, 15, ... in Keras 3; 7 of 3 are the hard case.
    assert count_steps(tiny(), *data, batch_size=3, epochs=3, steps_per_epoch=7) == [7, 7, 7]


def test_steps_with_iterators(data):
    for steps in (1, 2, 5):
        feed = Recorder(*data)
        assert count_steps(tiny(), feed, epochs=3, steps_per_epoch=steps) == [steps] * 3
        assert feed.given == 3 * steps  # nothing was taken and thrown away
        assert feed.epochs == [0, 1, 2]
    assert count_steps(tiny(), Recorder(*data), epochs=2) == [2, 2]


def test_steps_with_image_iterators(data):
    flow = ImageDataGenerator(rescale=0.5).flow(*data, batch_size=3, seed=5)
    assert count_steps(tiny(), flow, epochs=2) == [3, 3]
    assert count_steps(tiny(), flow, epochs=2, steps_per_epoch=7) == [7, 7]


def test_steps_with_a_list_of_batches(data):
    x, y = data
    batches = [(x[:5], y[:5]), (x[5:], y[5:])]
    assert count_steps(tiny(), batches, epochs=2) == [2, 2]
    assert count_steps(tiny(), batches, epochs=2, steps_per_epoch=3) == [3, 3]


def test_steps_with_generators(data):
    def endless():
        while True:
            yield data

    assert count_steps(tiny(), endless(), epochs=3, steps_per_epoch=4) == [4, 4, 4]
    with pytest.raises(ValueError, match="expected steps_per_epoch"):
        tiny().fit(endless(), verbose=0)


def test_a_generator_that_ends_is_an_error(data):
    generator = (data for _ in range(5))
    with pytest.raises(ValueError, match="ended after 2 of 3 steps.*fewer steps"):
        tiny().fit(generator, epochs=2, steps_per_epoch=3, verbose=0)


def first_pixels(model, x, y, **arguments) -> list[list[float]]:
    """The first pixel of every image that was trained on, batch by batch."""
    seen = []

    class Watch(Callback):
        def on_train_batch_end(self, batch, logs):
            seen.append(self.model.graph.steps()[0].x[:, 0, 0, 0].tolist())

    model.fit(x, y, callbacks=[Watch()], verbose=0, **arguments)
    return seen


def test_orders_are_fresh_in_every_epoch_and_pass(data):
    x = np.ones((8, *IMAGE)) * np.arange(8).reshape(8, 1, 1, 1)
    arguments = {"batch_size": 4, "epochs": 2, "steps_per_epoch": 4}
    seen = first_pixels(tiny(), x, data[1], **arguments)
    passes = [tuple(seen[i] + seen[i + 1]) for i in range(0, 8, 2)]
    assert all(sorted(one) == list(range(8)) for one in passes)  # each image once in each pass
    assert len(set(passes)) == 4
    unshuffled = first_pixels(tiny(), x, data[1], shuffle=False, **arguments)
    assert unshuffled == [[0, 1, 2, 3], [4, 5, 6, 7]] * 4


# What is reported


def test_history_has_keras_keys_in_keras_order(data):
    history = tiny().fit(*data, epochs=2, validation_data=data, verbose=0)
    assert list(history.history) == ["acc", "loss", "val_acc", "val_loss"]
    assert [len(values) for values in history.history.values()] == [2, 2, 2, 2]
    assert history.epoch == [0, 1]
    assert list(tiny().fit(*data, verbose=0).history) == ["acc", "loss"]


def test_metrics_are_weighted_by_samples(rng):
    # 8 images that are predicted right and 2 that are not: a batch of 8 and one of 2 give 0.8,
    # where the mean of the two batches would be 0.5. p = 0.5 counts as class 0.
    x = rng.random((10, *IMAGE), dtype=np.float32)
    y = np.array([0] * 8 + [1] * 2)
    model = constant_model()
    history = model.fit(x, y, batch_size=8, shuffle=False, verbose=0).history
    assert history["acc"] == [pytest.approx(0.8)]
    assert history["loss"] == [pytest.approx(math.log(2))]
    assert model.evaluate(x, y, batch_size=8, verbose=0)[1] == pytest.approx(0.8)
    # Labels of 0 and a p of 3/4 cost ln 4 each, labels of 1 cost ln 4/3.
    weights = model.get_weights()
    weights[-1][:] = math.log(3)
    model.set_weights(weights)
    expected = 0.8 * math.log(4) + 0.2 * math.log(4 / 3)
    assert model.evaluate(x, y, batch_size=8, verbose=0)[0] == pytest.approx(expected)


def test_training_numbers_are_those_before_each_step(data):
    model = tiny()
    before = model.evaluate(*data, verbose=0)[0]
    assert model.fit(*data, batch_size=8, verbose=0).history["loss"] == [pytest.approx(before)]
    assert model.evaluate(*data, verbose=0)[0] != pytest.approx(before, rel=1e-4)


def test_validation_data_steps_and_split(data, rng):
    x, y = data
    other = (rng.random((5, *IMAGE), dtype=np.float32), np.array([1, 1, 1, 0, 1]))
    model = constant_model()
    found = model.fit(x, y, validation_data=other, verbose=0).history
    assert found["val_acc"] == [pytest.approx(1 / 5)]
    first_two = {"validation_steps": 1, "validation_batch_size": 2}
    found = model.fit(x, y, validation_data=other, verbose=0, **first_two).history
    assert found["val_acc"] == [0]
    feed = Recorder(*other, batch_size=4)
    found = model.fit(x, y, validation_data=feed, validation_steps=1, epochs=3, verbose=0).history
    assert found["val_acc"] == [pytest.approx(1 / 4)] * 3 and feed.given == 3
    # The last quarter of the arrays, and never in training.
    y = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    found = model.fit(x, y, validation_split=0.25, verbose=0).history
    assert found["acc"] == [1] and found["val_acc"] == [0]


def test_class_weights_weigh_the_loss_alone(rng):
    x = rng.random((10, *IMAGE), dtype=np.float32)
    y = np.array([0] * 8 + [1] * 2)
    fitted = {"batch_size": 8, "shuffle": False, "validation_data": (x, y), "verbose": 0}
    history = constant_model().fit(x, y, class_weight={1: 3}, **fitted).history
    assert history["loss"] == [pytest.approx((8 + 2 * 3) / 10 * math.log(2))]
    assert history["val_loss"] == [pytest.approx(math.log(2))]
    assert (history["acc"], history["val_acc"]) == ([pytest.approx(0.8)], [pytest.approx(0.8)])


def test_a_class_of_weight_2_trains_as_if_each_of_it_were_there_twice(data):
    x, y = data
    weighted, twice = tiny(), tiny()
    more = np.append(np.arange(len(y)), np.flatnonzero(y == 1))
    for model, rate in ((weighted, 0.1), (twice, 0.1 * len(more) / len(y))):
        model.compile(optimizers.SGD(rate), "binary_crossentropy")
    weighted.fit(x, y, batch_size=20, class_weight={0: 1, 1: 2}, verbose=0)
    twice.fit(x[more], y[more], batch_size=20, verbose=0)
    for ours, theirs in zip(weighted.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("odd", [[1, 2], {"a": 1}, {0: -1.0}, {0: math.nan}, {0: "a"}])
def test_odd_class_weights_are_refused(data, odd):
    with pytest.raises(ValueError, match="class_weight: expected a dict of class numbers"):
        tiny().fit(*data, class_weight=odd, verbose=0)


def test_validation_changes_nothing(data):
    plain, validated = tiny(rate=0.5), tiny(rate=0.5)
    plain.fit(*data, epochs=2, batch_size=3, verbose=0)
    validated.fit(*data, epochs=2, batch_size=3, validation_data=data, verbose=0)
    assert_same_weights(plain, validated)


def test_output_lines(data, capsys):
    model = constant_model()
    for verbose, lines in {0: 0, 1: 2, 2: 2, "auto": 2}.items():
        model.fit(*data, epochs=2, batch_size=4, validation_data=data, verbose=verbose)
        printed = capsys.readouterr().out.splitlines()
        assert len(printed) == lines
        for number, line in enumerate(printed):
            assert line.startswith(f"Epoch {number + 1}/2  2 steps")
            assert line.endswith("acc 0.5000  loss 0.6931  val_acc 0.5000  val_loss 0.6931")
    model.evaluate(*data, verbose=2)
    assert capsys.readouterr().out.startswith("Evaluate  1 steps")
    model.predict(data[0])
    assert capsys.readouterr().out == ""


# Evaluate and predict


def test_evaluate_and_predict_agree_and_keep_the_order(data):
    x, y = data
    model = tiny(rate=0.9)
    model.fit(x, y, epochs=2, verbose=0)
    whole = model.predict(x)
    assert whole.shape == (8, 1) and whole.dtype == np.float32
    np.testing.assert_allclose(model.predict(x, batch_size=3), whole, rtol=1e-6)
    np.testing.assert_allclose(model.predict(x[::-1], batch_size=5), whole[::-1], rtol=1e-6)
    single = np.concatenate([model.predict_on_batch(x[i : i + 1]) for i in range(8)])
    np.testing.assert_allclose(single, whole, rtol=1e-6)
    p = whole[:, 0].astype(float)
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert model.evaluate(x, y, batch_size=3, verbose=0) == pytest.approx(
        [loss, np.mean((p > 0.5) == y)], rel=1e-5
    )
    assert model.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(
        {"acc": np.mean((p > 0.5) == y), "loss": loss}, rel=1e-5
    )


def test_predict_from_an_image_iterator_belongs_to_its_images(data):
    model = tiny()
    flow = ImageDataGenerator().flow(*data, batch_size=3, shuffle=False)
    np.testing.assert_allclose(model.predict(flow), model.predict(data[0]), rtol=1e-6)
    assert model.evaluate(flow, verbose=0) == pytest.approx(model.evaluate(*data, verbose=0))


def test_train_on_batch_is_one_step(data):
    one, other = tiny(), tiny()
    logs = one.train_on_batch(*data, return_dict=True)
    history = other.fit(*data, batch_size=8, shuffle=False, verbose=0).history
    assert logs == {key: values[0] for key, values in history.items()}
    assert_same_weights(one, other)
    assert one.optimizer.iterations == 1
    assert one.test_on_batch(*data) == other.test_on_batch(*data)


def test_generator_names_are_aliases(data):
    one, other = tiny(), tiny()
    flow = Recorder(*data)
    expected = one.fit(flow, steps_per_epoch=2, epochs=2, verbose=0).history
    found = other.fit_generator(flow, steps_per_epoch=2, epochs=2, verbose=0).history
    assert found == expected
    assert other.evaluate_generator(flow, verbose=0) == one.evaluate(flow, verbose=0)
    np.testing.assert_array_equal(other.predict_generator(flow), one.predict(flow))


# Repeating


def assert_same_weights(one, other) -> None:
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_same_seed_same_bits(data):
    one, other, different = tiny(7, 0.5), tiny(7, 0.5), tiny(8, 0.5)
    histories = [
        model.fit(*data, epochs=3, batch_size=3, verbose=0).history
        for model in (one, other, different)
    ]
    assert histories[0] == histories[1] != histories[2]
    assert_same_weights(one, other)


def test_two_calls_of_fit_are_one(data):
    once, twice = tiny(rate=0.5), tiny(rate=0.5)
    whole = once.fit(*data, epochs=4, batch_size=3, verbose=0)
    twice.fit(*data, epochs=2, batch_size=3, verbose=0)
    rest = twice.fit(*data, epochs=4, initial_epoch=2, batch_size=3, verbose=0)
    assert rest.history["loss"] == whole.history["loss"][2:] and rest.epoch == [2, 3]
    assert_same_weights(once, twice)
    assert once.epochs_done == twice.epochs_done == 4


@pytest.mark.skipif(thread_count.get_threads() < 2, reason="one thread is all there is")
@pytest.mark.parametrize("name", ["cnn_dropout", "reduced_inception"])
def test_the_number_of_threads_changes_no_bit(name, rng):
    x, y = rng.random((9, 22, 20, 1), dtype=np.float32), np.arange(9) % 2
    found = []
    before = thread_count.get_threads()
    for threads in (1, 2):
        thread_count.set_threads(threads)
        model = build_model(name, input_shape=x.shape[1:], seed=0)
        model.compile("adam", "binary_crossentropy")
        model.fit(x, y, batch_size=4, epochs=3, verbose=0)
        found.append(model)
    thread_count.set_threads(before)
    assert_same_weights(*found)


# What may be given, and what is refused


@pytest.mark.parametrize("convert", [np.float64, np.uint8, np.int64, np.float16])
def test_other_number_types_are_taken(convert, data):
    images, labels = (data[0] * 200).astype(convert), data[1].astype(convert)
    one, other = tiny(), tiny()
    one.fit(images, labels, verbose=0)
    other.fit(images.astype(np.float32), labels.astype(np.float32), verbose=0)
    assert_same_weights(one, other)


def test_labels_may_be_lists_and_columns(data):
    x, y = data
    expected, *others = tiny(), tiny(), tiny()
    expected.fit(x, y, verbose=0)
    for model, labels in zip(others, (y.tolist(), y[:, None]), strict=True):
        model.fit(x, labels, verbose=0)
        assert_same_weights(model, expected)


def test_given_arrays_stay_as_they_are(data):
    x, y = (array.copy() for array in data)
    tiny(rate=0.5).fit(*data, epochs=2, batch_size=3, verbose=0)
    np.testing.assert_array_equal(data[0], x)
    np.testing.assert_array_equal(data[1], y)


def test_a_model_that_is_not_compiled_says_so(data):
    model = build_model("tiny_cnn", input_shape=IMAGE, seed=0)
    calls = (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch)
    for call in calls:
        with pytest.raises(RuntimeError, match=r"tiny_cnn: call compile\(...\)"):
            call(*data)
    with pytest.raises(RuntimeError, match=r"tiny_cnn: call compile\(...\)"):
        train_step(model, *data)
    assert model.predict(data[0]).shape == (8, 1)  # needs no compile


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x[:, :-1], y), r"expected input of shape \(batch, 10, 9, 1\), got"),
        (lambda x, y: (x[..., 0], y), r"expected input of shape .* got \(8, 10, 9\)"),
        (lambda x, y: (x, y[:-1]), "as many labels as samples"),
        (lambda x, y: (x, np.stack([y, y], 1)), r"expected labels of shape \(8, 1\), got \(8, 2\)"),
        (lambda x, y: (x, None), "expected labels, got none"),
        (lambda x, y: (x[:0], y[:0]), "at least one sample"),
        (lambda x, y: ([x, x], y), "expected 1 inputs, got 2"),
        (lambda x, y: (Recorder(x, y), y), "only together with arrays"),
        (lambda x, y: ([], None), "at least one"),
        (lambda x, y: ([(x, y, y, y)], None), r"batches \(x, y\) or .* got a tuple of 4"),
    ],
)
def test_data_that_does_not_fit(change, message, data):
    with pytest.raises(ValueError, match=message):
        tiny().fit(*change(*data), verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps_per_epoch": 0}, "steps_per_epoch"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": -3}, "batch_size"),
        ({"validation_split": 1.0}, "validation_split"),
        ({"validation_split": -0.1}, "validation_split"),
        ({"validation_split": 0.99}, "at least one sample"),
        ({"verbose": 3}, "verbose"),
    ],
)
def test_arguments_that_make_no_sense(arguments, message, data):
    with pytest.raises(ValueError, match=message):
        tiny().fit(*data, **{"verbose": 0, **arguments})


def test_a_source_of_something_else_is_refused(data):
    with pytest.raises(TypeError, match="got int"):
        tiny().fit(3)


def test_accuracy_of_several_units_is_refused(data):
    model = models.Sequential(
        [layers.Flatten(input_shape=IMAGE), layers.Dense(2, activation="sigmoid")], seed=0
    )
    labels = np.stack([data[1], data[1]], axis=1)
    for metric in ("acc", "accuracy"):
        model.compile("sgd", "binary_crossentropy", metrics=[metric])
        with pytest.raises(ValueError, match="expected an output of 1 unit, got 2"):
            model.train_on_batch(data[0], labels)
    model.compile("sgd", "binary_crossentropy", metrics=["binary_accuracy"])
    assert 0 <= model.train_on_batch(data[0], labels)[1] <= 1


def test_an_optimizer_belongs_to_one_model(data):
    first, second = tiny(), tiny()
    first.train_on_batch(*data)
    second.compile(first.optimizer)
    with pytest.raises(ValueError, match="an optimizer of its own"):
        second.train_on_batch(*data)


def test_a_learning_rate_is_never_negative():
    optimizer = optimizers.Adam()
    optimizer.lr = 0.5
    assert optimizer.learning_rate == 0.5
    with pytest.raises(ValueError, match="at least 0 and finite"):
        optimizer.learning_rate = -1
    with pytest.raises(ValueError, match="at least 0 and finite"):
        optimizers.Adam(math.inf)


def test_a_sequence_of_batches_gets_fresh_orders_and_is_told_of_each_pass():
    class Batches(list):
        passes = 0

        def on_epoch_end(self):
            self.passes += 1

    batches = Batches((np.full((1, 2), number), np.zeros(1)) for number in range(8))
    model = models.Sequential(seed=3)
    feed = as_feed(model, batches, None, None, shuffle=True)
    orders = []
    for epoch in range(3):
        feed.start_epoch(epoch)
        orders.append([int(next(feed)[0][0, 0]) for _ in range(8)])
    assert batches.passes == 3
    assert all(sorted(order) == list(range(8)) for order in orders)
    assert orders[0] != orders[1] != orders[2]
    in_order = as_feed(model, batches, None, None)
    assert [int(next(in_order)[0][0, 0]) for _ in range(8)] == list(range(8))


def test_results_are_listed_losses_first():
    x = layers.Input((3,))
    outputs = [layers.Dense(1, activation="sigmoid", name=name)(x) for name in "ba"]
    model = models.Model(x, outputs)
    model.compile("sgd", metrics="acc")
    assert result_keys(model) == ["loss", "b_loss", "a_loss", "a_acc", "b_acc"]
    logs = {"a_acc": 1.0, "b_acc": 0.5, "a_loss": 0.2, "b_loss": 0.3, "loss": 0.5}
    assert as_list(model, logs) == [0.5, 0.3, 0.2, 1.0, 0.5]


def test_what_cannot_be_data_is_refused_in_words(data):
    x, y = data
    with pytest.raises(ValueError, match="validation_data: expected"):
        tiny().fit(x, y, validation_data=(x, y, y, y), verbose=0)
    with pytest.raises(ValueError, match="expected labels of shape"):
        model = models.Sequential([layers.Flatten(input_shape=IMAGE), layers.Dense(2)])
        model.compile("sgd")
        model.train_on_batch(x, y)
