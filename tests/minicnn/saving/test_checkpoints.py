"""`BackupAndRestore`: a training that was interrupted ends with the bits of one that was not."""

import inspect
import json
from contextlib import nullcontext, suppress

import numpy as np
import pytest
from class_folders import GRAY, encoded, put
from tiny_models import conv_to_dense

from minicnn import callbacks, layers, models, optimizers
from minicnn.callbacks.backup import BackupAndRestore, TrainingStopped
from minicnn.preprocessing.image import ImageDataGenerator, save_img
from minicnn.saving.checkpoint import TRAINING, CheckpointError, Position
from minicnn.saving.npz import read_npz, write_npz
from minicnn.training.batch_sources import IteratorFeed

EPOCHS, STEPS = 4, 3  # seven samples in batches of three
SHAPE = (8, 8, 1)


def small_model(seed: int = 5, rate: float = 0.5, optimizer=None) -> models.Sequential:
    return conv_to_dense(SHAPE, 3, seed, rate, optimizer or optimizers.Adam(0.05))


@pytest.fixture
def data(rng):
    return rng.random((7, *SHAPE), dtype=np.float32), np.array([0, 1, 1, 0, 1, 0, 0])


class StopAfter(callbacks.Callback):
    """Asks for a stop, or breaks off, when so many steps have been made in this process."""

    def __init__(self, steps: int, backup: BackupAndRestore | None):
        self.left, self.backup = steps, backup

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            if self.backup is None:
                raise RuntimeError("the power fails")
            self.backup.stop_requested = True


def watchers(folder) -> list[callbacks.Callback]:
    """One of every callback that remembers something."""
    return [
        callbacks.EarlyStopping(patience=50, restore_best_weights=True),
        callbacks.ReduceLROnPlateau(factor=0.5, patience=1),
        callbacks.ModelCheckpoint(folder / "best.npz", save_best_only=True),
        callbacks.CSVLogger(folder / "log.csv"),
        callbacks.TerminateOnNaN(),
    ]


def train(folder, source, stop_after: int = 10**9, polite: bool = True, **changes):
    """Train in `folder`, as a new process would; (model, history), or None where it was stopped."""
    folder.mkdir(exist_ok=True)
    backup = BackupAndRestore(folder, **{"save_freq": 1, "delete_checkpoint": False, **changes})
    stopper = StopAfter(stop_after, backup if polite else None)
    model = small_model()
    try:
        history = model.fit(
            **source(),
            epochs=EPOCHS,
            verbose=0,
            callbacks=[stopper, *watchers(folder), backup],
        )
    except (TrainingStopped, RuntimeError):
        return None
    return model, history


def same(one, other) -> None:
    """AssertionError unless two results of `train` are the same bits."""
    for a, b in zip(one[0].get_weights(), other[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1].history == other[1].history
    assert one[1].epoch == other[1].epoch
    assert one[0].optimizer.iterations == other[0].optimizer.iterations


def arrays(data):
    return lambda: {
        "x": data[0],
        "y": data[1],
        "batch_size": 3,
        "validation_data": (data[0][:4], data[1][:4]),
    }


def images(data):
    def source():
        generator = ImageDataGenerator(rotation_range=40, horizontal_flip=True)
        flow = generator.flow(*data, batch_size=3, seed=11)
        plain = ImageDataGenerator().flow(*data, batch_size=4, seed=12)
        return {"x": flow, "validation_data": plain, "validation_steps": 1}

    return source


def sequence(data):
    x, y = data
    batches = [(x[i : i + 3], y[i : i + 3]) for i in range(0, 7, 3)]
    return lambda: {"x": batches, "validation_data": data}


@pytest.mark.parametrize("make", [arrays, images, sequence])
def test_stopped_after_any_step_and_resumed(make, data, tmp_path):
    source = make(data)
    whole = train(tmp_path / "whole", source)
    for step in range(1, EPOCHS * STEPS + 1):
        folder = tmp_path / str(step)
        assert train(folder, source, stop_after=step) is None
        resumed = train(folder, source)
        same(resumed, whole)
        for name in ("log.csv", "best.npz"):
            assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_broken_off_after_every_second_step(data, tmp_path):
    source, lives = images(data), 0
    while (found := train(tmp_path / "a", source, stop_after=2, polite=False)) is None:
        lives += 1
    assert lives == EPOCHS * STEPS - 1  # of two steps one was lost each time
    same(found, train(tmp_path / "b", source))


@pytest.mark.parametrize(("save_freq", "lost"), [("epoch", 2), (2, 1), (False, 5)])
def test_when_checkpoints_are_written(save_freq, lost, data, tmp_path):
    """Broken off after step 5 of epochs of 3 steps."""
    source = arrays(data)
    assert train(tmp_path / "a", source, 5, polite=False, save_freq=save_freq) is None
    path = tmp_path / "a/checkpoint.npz"
    found = models.load_model(path).optimizer.iterations if path.exists() else 0
    assert found == 5 - lost
    same(train(tmp_path / "a", source, save_freq=save_freq), train(tmp_path / "b", source))


def test_a_request_is_followed_without_any_other_checkpoint(data, tmp_path):
    source = arrays(data)
    assert train(tmp_path / "a", source, 4, save_freq=False) is None
    assert models.load_model(tmp_path / "a/checkpoint.npz").optimizer.iterations == 4
    same(train(tmp_path / "a", source, save_freq=False), train(tmp_path / "b", source))


def test_the_file_goes_when_training_is_through_as_in_keras(data, tmp_path):
    assert train(tmp_path / "a", arrays(data), delete_checkpoint=True) is not None
    assert not (tmp_path / "a/checkpoint.npz").exists()


def test_early_stopping_is_remembered(data, tmp_path):
    def once(folder, stop_after):
        backup = BackupAndRestore(folder, 1, delete_checkpoint=False)
        early = callbacks.EarlyStopping("loss", patience=2, mode="max", restore_best_weights=True)
        model = small_model(optimizer=optimizers.SGD(0.01), rate=0.0)
        try:
            history = model.fit(
                *data,
                epochs=50,
                verbose=0,
                callbacks=[StopAfter(stop_after, backup), early, backup],
            )
        except TrainingStopped:
            return None
        return model, history, early.best_epoch, early.stopped_epoch

    whole = once(tmp_path / "whole", 10**9)
    assert len(whole[1].epoch) == 3
    for stop_after in (1, 2, 3):
        assert once(tmp_path / str(stop_after), stop_after) is None
        resumed = once(tmp_path / str(stop_after), 10**9)
        same(resumed, whole)
        assert resumed[2:] == whole[2:] == (0, 2)
        again = once(tmp_path / str(stop_after), 10**9)  # there is nothing left to do
        same(again, whole)


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam"])
def test_every_optimizer_goes_on_where_it_was(name, data, tmp_path):
    def once(folder, stop_after=10**9):
        optimizer = optimizers.OPTIMIZERS[name](momentum=0.9) if name != "adam" else None
        model = small_model(optimizer=optimizer)
        backup = BackupAndRestore(folder, delete_checkpoint=False)
        try:
            history = model.fit(
                *data, epochs=5, verbose=0, callbacks=[StopAfter(stop_after, backup), backup]
            )
        except TrainingStopped:
            return None
        return model, history

    assert once(tmp_path / "a", 3) is None
    same(once(tmp_path / "a"), once(tmp_path / "b"))


def test_seeds_that_were_not_given_are_taken_over(data, tmp_path):
    """Without seeds every process draws its own; the one that goes on takes those of the first."""

    def once(stop_after, history=None):
        model = small_model(seed=None)
        model.compile(optimizers.Adam(0.05), "binary_crossentropy", ["acc"])
        flow = ImageDataGenerator(horizontal_flip=True).flow(*data, batch_size=3)
        backup = BackupAndRestore(tmp_path, 1, delete_checkpoint=False)
        seeds.append((model.seed, flow.seed))
        with suppress(TrainingStopped):
            model.fit(flow, epochs=2, verbose=0, callbacks=[StopAfter(stop_after, backup), backup])
        after.append((model.seed, flow.seed))

    seeds, after = [], []
    once(2)
    once(10**9)
    assert seeds[0] != seeds[1]
    assert after == [seeds[0], seeds[0]]


def test_a_training_that_failed_stays_failed(data, tmp_path):
    def once():
        model = small_model(optimizer=optimizers.Adam(3e38))
        ending = callbacks.TerminateOnNaN(verbose=0)
        backup = BackupAndRestore(tmp_path, delete_checkpoint=False)
        with np.errstate(all="ignore"):
            model.fit(*data, epochs=3, verbose=0, callbacks=[ending, backup])
        return ending.found, model.epochs_done

    assert once() == once()
    assert once()[0].startswith("epoch ")


def test_a_generator_goes_on_with_what_it_gives(data, tmp_path):
    def batches():
        while True:
            yield data

    def once(stop_after=10**9):
        model, backup = small_model(), BackupAndRestore(tmp_path, delete_checkpoint=False)
        try:
            return model.fit(
                batches(),
                epochs=3,
                steps_per_epoch=2,
                verbose=0,
                callbacks=[StopAfter(stop_after, backup), backup],
            )
        except TrainingStopped:
            return None

    assert once(3) is None
    assert once().epoch == [0, 1, 2]


def test_a_model_can_be_read_from_a_checkpoint(data, tmp_path):
    model, _ = train(tmp_path / "a", arrays(data))
    found = models.load_model(tmp_path / "a/checkpoint.npz")
    assert found.epochs_done == EPOCHS
    assert found.optimizer.iterations == model.optimizer.iterations


# What is refused


def resume(tmp_path, data, model=None, extra=(), **changes):
    backup = BackupAndRestore(tmp_path, delete_checkpoint=False)
    options = {"epochs": 3, "batch_size": 3, "verbose": 0, **changes}
    return (model or small_model()).fit(*data, callbacks=[*extra, backup], **options)


def test_a_checkpoint_of_another_training_is_refused(data, tmp_path):
    resume(tmp_path, data)
    before = (tmp_path / "checkpoint.npz").read_bytes()
    other = models.Sequential(
        [layers.Flatten(input_shape=SHAPE), layers.Dense(1, activation="sigmoid")], seed=5
    )
    other.compile(optimizers.Adam(0.05), "binary_crossentropy", ["acc"])
    half = data[0][:4], data[1][:4]
    cases = {
        "another model .*layers": {"model": other},
        "another model .*rate: 0.5 there, 0.25 here": {"model": small_model(rate=0.25)},
        "another model .*optimizer: Adam there, SGD": {
            "model": small_model(optimizer=optimizers.SGD(0.1))
        },
        "another epochs and steps .*epochs: 3 there, 9 here": {"epochs": 9},
        "another epochs and steps .*steps: 3 there, 7 here": {"batch_size": 1},
        "another callbacks": {"extra": [callbacks.EarlyStopping("loss")]},
        "another data": {"validation_data": half},
        "class_weight: None there, .*0.5.* here": {"class_weight": {0: 0.5}},
        "shuffle: True there, False here": {"shuffle": False},
    }
    for words, change in cases.items():
        model = change.get("model", small_model())
        weights = model.get_weights()
        with pytest.raises(ValueError, match=words) as error:
            resume(tmp_path, data, **{**change, "model": model})
        assert str(tmp_path / "checkpoint.npz") in str(error.value)
        assert "delete it to start anew" in str(error.value)
        for a, b in zip(weights, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)  # nothing was put back by half
    with pytest.raises(ValueError, match="items: 7 there, 4 here|another epochs and steps"):
        resume(tmp_path, half)
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


@pytest.mark.parametrize("kind", ["arrays", "flow"])
def test_arrays_that_have_changed_are_noticed(kind, data, tmp_path):
    def given(x, y, w=None):
        if kind == "arrays":
            return {"data": (x, y), "sample_weight": w, "validation_data": (x, y)}
        flow = ImageDataGenerator().flow(x, y, sample_weight=w, batch_size=3, seed=1)
        return {"data": (flow,), "batch_size": None}

    x, y = data
    resume(tmp_path, **given(x, y))
    for changed in ((x * 0.5, y), (x, 1 - y), (x, y, np.arange(7.0))):
        with pytest.raises(ValueError, match="another data"):
            resume(tmp_path, **given(*changed))
    with pytest.raises(ValueError, match="another data"):
        resume(tmp_path, **{**given(x, y), "validation_data": (x, 1 - y)})


def test_columns_of_different_shapes_are_recognized(tmp_path):
    save_img(tmp_path / "1.png", np.zeros((4, 4, 1)))

    def identity(age, name="1.png"):
        table = {"filename": [name, "1.png"], "age": age, "place": [[1, 2], [3, 4]]}
        settings = {"class_mode": "multi_output", "validate_filenames": False}
        iterator = ImageDataGenerator(seed=1).flow_from_dataframe(
            table, tmp_path, y_col=["age", "place"], **settings
        )
        return IteratorFeed(iterator).identity()

    assert identity([5, 6]) == identity([5, 6]) != identity([5, 7])
    with pytest.raises(ValueError, match="nowhere.png: expected an image file"):
        identity([5, 6], "nowhere.png")


@pytest.mark.parametrize(
    ("there", "here", "words"),
    [
        ({"class_weight": {0: 2, 1: 1}}, {"class_weight": {0: 3, 1: 1}}, "class_weight: 2.0 there"),
        ({"batch_size": 4}, {"batch_size": 5}, "batch_size: 4 there, 5 here"),  # 2 steps, both
        ({"validation_freq": 2}, {"validation_freq": [2]}, "validation_freq: 2 there"),
        ({"validation_steps": 1}, {"validation_steps": 2}, "validation_steps: 1 there, 2 here"),
    ],
)
def test_other_arguments_are_noticed(there, here, words, data, tmp_path):
    common = {"validation_data": data, "validation_batch_size": 3}
    resume(tmp_path, data, **common, **there)
    with pytest.raises(CheckpointError, match=f"another data .*{words}"):
        resume(tmp_path, data, **common, **here)
    resume(tmp_path, data, **common, **there)


def test_the_same_class_weights_are_the_same_however_they_are_written(data, tmp_path):
    for weights in ({0: 1, 1: 2.5}, {1.0: np.float64(2.5), np.int64(0): True}):
        resume(tmp_path, data, class_weight=weights)


def test_another_augmentation_is_noticed(data, tmp_path):
    def flow(**given):
        images = ImageDataGenerator(**given).flow(*data, batch_size=3, seed=1)
        return {"data": (images,), "batch_size": None}

    resume(tmp_path, **flow(rotation_range=10, seed=3))
    with pytest.raises(CheckpointError, match="another data .*rotation_range: 10.* there, 20"):
        resume(tmp_path, **flow(rotation_range=20))
    resume(tmp_path, **flow(rotation_range=10, seed=4))


def test_an_image_that_was_replaced_is_noticed(tmp_path):
    put(tmp_path / "images" / "a" / "1.png", encoded(".png", GRAY))
    put(tmp_path / "images" / "b" / "2.png", encoded(".png", 255 - GRAY))
    for gray, match in ((None, None), (255 - GRAY, None), (GRAY, "another data .*contents")):
        if gray is not None:
            put(tmp_path / "images" / "b" / "2.png", encoded(".png", gray))
        flow = ImageDataGenerator().flow_from_directory(
            tmp_path / "images", SHAPE[:2], "grayscale", class_mode="binary", seed=1
        )
        with pytest.raises(ValueError, match=match) if match else nullcontext():
            resume(tmp_path / "checkpoint", (flow,), batch_size=None)


def test_other_files_of_that_name_are_refused(data, tmp_path):
    path = tmp_path / "checkpoint.npz"
    small_model().save(path)
    with pytest.raises(ValueError, match="expected a checkpoint of a training, found a model"):
        resume(tmp_path, data)
    path.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"checkpoint.npz: .*; delete it to start anew$"):
        resume(tmp_path, data)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda training: training.pop("position"),
        lambda training: training["position"].pop("epoch"),
        lambda training: training["callbacks"].clear(),
        lambda training: training.update(feeds=3),
        lambda training: training.update(version=1),
        lambda training: training["callbacks"][0]["state"].update(best_weights={"arrays": 3}),
        lambda training: training.update(seconds="long"),
    ],
)
def test_a_damaged_checkpoint_is_refused_in_words(spoil, data, tmp_path):
    stopper = callbacks.EarlyStopping("loss", patience=9, restore_best_weights=True)
    resume(tmp_path, data, extra=[stopper])
    path = tmp_path / "checkpoint.npz"
    contents, meta = read_npz(path)
    training = json.loads(str(contents[TRAINING]))
    spoil(training)
    texts = {"__meta__": np.array(json.dumps(meta)), TRAINING: np.array(json.dumps(training))}
    write_npz(path, {**contents, **texts})
    with pytest.raises(ValueError, match="checkpoint.npz"):
        resume(tmp_path, data, extra=[stopper])


@pytest.mark.parametrize("mask", [None, [1], [1, 2, 3], ["a", "b"]])
def test_a_checkpoint_that_is_damaged_late_changes_no_weight(mask, data, tmp_path):
    resume(tmp_path, data)
    path = tmp_path / "checkpoint.npz"
    contents, meta = read_npz(path)
    (dropout,) = [entry for entry in meta["layers"] if entry["class"] == "Dropout"]
    dropout["mask"] = mask
    write_npz(path, {**contents, "__meta__": np.array(json.dumps(meta))})
    model = small_model()
    before = model.get_weights()
    with pytest.raises(ValueError, match="checkpoint.npz"):
        resume(tmp_path, data, model=model)
    for weight, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("save_freq", ["batch", -1, True, 1.5, None])
def test_save_freq_is_checked(save_freq, tmp_path):
    with pytest.raises(ValueError, match="save_freq"):
        BackupAndRestore(tmp_path, save_freq)


def test_a_position_is_where_training_begins():
    assert Position(3) == Position(3, 0, {})


def test_keras_arguments_stand_where_keras_has_them():
    keras = pytest.importorskip("keras")
    theirs = inspect.signature(keras.callbacks.BackupAndRestore).parameters.values()
    ours = inspect.signature(BackupAndRestore).parameters.values()
    if "double_checkpoint" not in {one.name for one in theirs}:
        pytest.skip("an older Keras, where there was one argument less")
    assert [(one.name, one.default) for one in ours] == [(one.name, one.default) for one in theirs]


def test_arguments_that_make_no_sense_here_are_refused(tmp_path):
    with pytest.raises(ValueError, match="double_checkpoint"):
        BackupAndRestore(tmp_path, double_checkpoint=True)
    with pytest.raises(ValueError, match="backup_dir"):
        BackupAndRestore("")


def test_two_of_them_are_refused(data, tmp_path):
    both = [BackupAndRestore(tmp_path / "a"), BackupAndRestore(tmp_path / "b")]
    with pytest.raises(ValueError, match="one BackupAndRestore at most, got 2"):
        small_model().fit(*data, verbose=0, callbacks=both)


def test_a_model_that_cannot_be_saved_is_refused_before_it_is_trained(data, tmp_path):
    model = models.Sequential([layers.Flatten(), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizers.Adam(0.05), "binary_crossentropy", ["acc"])
    with pytest.raises(RuntimeError, match="not built yet"):
        resume(tmp_path, data, model=model)
    model = small_model()
    model.metadata["when"] = {1, 2}
    with pytest.raises(ValueError, match="metadata"):
        resume(tmp_path, data, model=model)
    assert model.epochs_done == 0


def test_a_second_fit_is_timed_by_itself(data, tmp_path):
    backup = BackupAndRestore(tmp_path / "a")
    backup.seconds = 1000.0
    small_model().fit(*data, verbose=0, callbacks=[backup])
    assert backup.seconds < 1000


class Odd(callbacks.Callback):
    def __init__(self, state):
        self.state = state

    def get_state(self):
        return self.state

    def set_state(self, state):
        self.state = state


def test_numbers_of_numpy_stay_what_they_are(data, tmp_path):
    state = {"whole": np.int64(7), "part": np.float32(0.1), "yes": np.bool_(True)}
    start = {"initial_epoch": np.int64(2)}
    history = resume(tmp_path, data, extra=[Odd(state)], **start)
    odd = Odd(None)
    again = resume(tmp_path, data, extra=[odd], **start)
    assert odd.state == {"whole": 7, "part": float(np.float32(0.1)), "yes": True}
    assert type(odd.state["whole"]) is int
    assert again.epoch == history.epoch == [2]
    assert type(again.epoch[0]) is int


@pytest.mark.parametrize("state", [{"a": object()}, {"a": [np.arange(2)], "b": [[np.arange(2)]]}])
def test_a_state_that_cannot_be_written_down_is_named(state, data, tmp_path):
    with pytest.raises(TypeError, match="Odd.get_state: expected a dict of numbers"):
        resume(tmp_path, data, extra=[Odd(state)])
