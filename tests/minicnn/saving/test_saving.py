"""Saving and loading: nothing is lost, training goes on as if never interrupted, bad files say so."""

import json
import os
import zipfile

import numpy as np
import pytest

from covid.training.architectures import inception_block
from minicnn import layers, models, optimizers
from minicnn.saving.npz import FORMAT_VERSION

IMAGE = (8, 7, 1)


def chain() -> models.Sequential:
    return models.Sequential(
        [
            layers.Conv2D(3, (3, 2), strides=(1, 2), padding="same", input_shape=IMAGE),
            layers.ReLU(),
            layers.AveragePooling2D((2, 1), strides=1),
            layers.Dropout(0.4),
            layers.Flatten(),
            layers.Dense(4, activation="relu", use_bias=False),
            layers.Dense(1, name="logit"),
            layers.Activation("sigmoid"),
        ],
        name="chain",
        seed=11,
    )


def branches() -> models.Model:
    """Two inputs, two outputs, a shared layer, concatenations and dropout."""
    left, right = layers.Input(IMAGE), layers.Input(IMAGE, name="right")
    shared = layers.Conv2D(2, 3, activation="relu", name="shared")
    block, pooled = inception_block(shared(left), 1, 2, 1, 1, 1, 2, pull=True)
    flat = [layers.Flatten()(tensor) for tensor in (block, shared(right), pooled)]
    joined = layers.Dropout(0.3)(layers.concatenate(flat))
    first = layers.Dense(1, activation="sigmoid", name="first")(joined)
    second = layers.Dense(2, activation="sigmoid", name="second")(flat[1])
    return models.Model([left, right], [first, second], name="branches", seed=12)


MODELS = {"chain": chain, "branches": branches}
OPTIMIZERS = {
    "Adam": lambda: optimizers.Adam(3e-3, beta_1=0.8),
    "RMSprop": lambda: optimizers.RMSprop(2e-3, momentum=0.5),
    "SGD": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
}


def data_for(model, rng) -> tuple:
    x = [rng.random((9, *IMAGE), dtype=np.float32) for _ in model.graph.inputs]
    y = [rng.integers(0, 2, (9, *t.sample_shape)).astype(float) for t in model.graph.outputs]
    return (x, y) if len(x) > 1 else (x[0], y[0])


def assert_same(one: list, other: list) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def outputs(model, x) -> list:
    found = model.predict(x)
    return found if isinstance(found, list) else [found]


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]()


@pytest.fixture
def saved(tmp_path):
    """A whole model in a file."""
    path = tmp_path / "model.npz"
    model = chain()
    model.compile("adam", "binary_crossentropy", ["acc"])
    model.save(path)
    return path


def rewrite(path, change) -> None:
    """Change the arrays of a file: `change` is given the dictionary."""
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path, **arrays)


def rewrite_meta(path, change) -> None:
    """Change the description in a file: `change` is given the dictionary."""

    def rewritten(arrays):
        meta = json.loads(str(arrays["__meta__"]))
        change(meta)
        arrays["__meta__"] = np.array(json.dumps(meta))

    rewrite(path, rewritten)


# Nothing is lost


def test_a_loaded_model_is_the_same(model, rng, tmp_path):
    path = tmp_path / "model.npz"
    x, _ = data_for(model, rng)
    model.save(path)
    loaded = models.load_model(path)
    assert type(loaded) is type(model)
    assert (loaded.name, loaded.seed, loaded.dtype) == (model.name, model.seed, model.dtype)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert [layer.config() for layer in loaded.layers] == [layer.config() for layer in model.layers]
    assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in model.layers]
    assert loaded.input_shape == model.input_shape and loaded.output_shape == model.output_shape
    assert list(loaded.named_weights()) == list(model.named_weights())
    assert_same(loaded.get_weights(), model.get_weights())
    assert_same(outputs(loaded, x), outputs(model, x))
    assert loaded.optimizer is None  # as it was not compiled


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_bit_by_bit(model, optimizer, rng, tmp_path):
    path = tmp_path / "model.npz"
    x, y = data_for(model, rng)
    model.compile(OPTIMIZERS[optimizer](), "binary_crossentropy", ["binary_accuracy"])
    model.fit(x, y, epochs=2, batch_size=4, verbose=0)
    model.optimizer.learning_rate *= 0.5
    model.save(path)
    loaded = models.load_model(path)
    assert loaded.epochs_done == 2
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert loaded.optimizer.iterations == model.optimizer.iterations == 6
    histories = [
        one.fit(x, y, epochs=5, initial_epoch=2, batch_size=4, verbose=0).history
        for one in (model, loaded)
    ]
    assert histories[0] == histories[1]
    assert_same(loaded.get_weights(), model.get_weights())


def test_an_interrupted_training_equals_one_in_one_piece(rng, tmp_path):
    path = tmp_path / "model.npz"
    whole, first_half = chain(), chain()
    x, y = data_for(whole, rng)
    for one, epochs in ((whole, 4), (first_half, 2)):
        one.compile(optimizers.Adam(1e-2), "binary_crossentropy")
        one.fit(x, y, epochs=epochs, batch_size=4, verbose=0)
    first_half.save(path)
    second_half = models.load_model(path)
    second_half.fit(x, y, epochs=4, initial_epoch=2, batch_size=4, verbose=0)
    assert_same(second_half.get_weights(), whole.get_weights())


def test_a_renamed_layer_begins_anew_and_can_be_loaded(rng, tmp_path):
    """The optimizer's arrays go by the layers' names; those of no layer are not saved."""
    model = chain()
    model.compile(optimizers.Adam(1e-2), "binary_crossentropy")
    x, y = data_for(model, rng)
    model.train_on_batch(x, y)
    model.get_layer("logit").name = "renamed"
    model.save(tmp_path / "model.npz")
    loaded = models.load_model(tmp_path / "model.npz")
    assert "logit/kernel" not in loaded.optimizer.slots["mean"]
    for one in (model, loaded):
        one.train_on_batch(x, y)
    assert_same(loaded.get_weights(), model.get_weights())


def test_float64_is_kept(model, rng, tmp_path):
    x, y = data_for(model, rng)
    model.astype("float64").compile("adam", "binary_crossentropy")
    model.train_on_batch(x, y)
    model.save(tmp_path / "model.npz")
    loaded = models.load_model(tmp_path / "model.npz")
    assert outputs(loaded, x)[0].dtype == np.float64
    for one in (model, loaded):
        one.train_on_batch(x, y)
    assert_same(loaded.get_weights(), model.get_weights())


def test_loss_weights_and_metrics_are_kept(rng, tmp_path):
    path = tmp_path / "model.npz"
    model = branches()
    x, y = data_for(model, rng)
    model.compile("sgd", "binary_crossentropy", ["binary_accuracy"], loss_weights=[1, 0.25])
    model.save(path)
    loaded = models.load_model(path)
    found, expected = (one.test_on_batch(x, y, return_dict=True) for one in (loaded, model))
    assert found == expected
    assert found["loss"] == pytest.approx(found["first_loss"] + 0.25 * found["second_loss"])


def test_metadata_is_kept(tmp_path):
    path = tmp_path / "model.npz"
    model = chain()
    model.metadata = {"classes": {"Infected": 1}, "text": "폐 CT", "size": [150, 150], "none": None}
    model.save(path)
    assert models.load_model(path).metadata == model.metadata


def test_a_shared_layer_stays_shared(tmp_path):
    model = branches()
    model.save(tmp_path / "model.npz")
    loaded = models.load_model(tmp_path / "model.npz")
    assert loaded.count_params() == model.count_params()
    assert sum(node.layer.name == "shared" for node in loaded.graph.nodes) == 2


def test_a_second_save_replaces_the_first(saved):
    model = models.load_model(saved)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    model.save(saved)
    assert_same(models.load_model(saved).get_weights(), model.get_weights())
    assert [path.name for path in saved.parent.iterdir()] == ["model.npz"]


def test_paths_may_be_text(tmp_path):
    path = str(tmp_path / "model.npz")
    chain().save(path)
    assert_same(models.load_model(path).get_weights(), chain().get_weights())


# Weights alone


def test_weights_alone(model, rng, tmp_path):
    path = tmp_path / "weights.npz"
    x, _ = data_for(model, rng)
    model.set_weights([rng.random(weight.shape) - 0.5 for weight in model.get_weights()])
    model.save_weights(path)
    other = MODELS[model.name]()
    before = outputs(other, x)
    other.load_weights(path)
    assert_same(outputs(other, x), outputs(model, x))
    assert not np.array_equal(before[0], outputs(other, x)[0])
    with pytest.raises(ValueError, match="found weights alone; use load_weights"):
        models.load_model(path)


def test_weights_out_of_a_whole_model(saved):
    model = chain()
    model.set_weights([weight * 0 for weight in model.get_weights()])
    model.load_weights(saved)
    assert_same(model.get_weights(), chain().get_weights())


def test_weights_of_another_model_are_refused_and_change_nothing(saved, tmp_path):
    model = branches()
    before = model.get_weights()
    with pytest.raises(ValueError, match="model.npz: .*without weights/shared/kernel, .* more"):
        model.load_weights(saved)
    assert_same(model.get_weights(), before)

    narrow = models.Sequential(
        [layers.Flatten(input_shape=IMAGE), layers.Dense(1, name="logit")], seed=0
    )
    wide = models.Sequential(
        [layers.Flatten(input_shape=(9, 9, 1)), layers.Dense(1, name="logit")], seed=0
    )
    narrow.save_weights(tmp_path / "narrow.npz")
    before = wide.get_weights()
    message = r"logit/kernel to be floats of shape \(81, 1\), found float32 of shape \(56, 1\)"
    with pytest.raises(ValueError, match=message):
        wide.load_weights(tmp_path / "narrow.npz")
    assert_same(wide.get_weights(), before)


# Files that are no good


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        models.load_model(tmp_path / "missing.npz")
    with pytest.raises(FileNotFoundError, match="no such file"):
        chain().load_weights(tmp_path / "missing.npz")


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 neither", b"\x80\x04]\x94."])
def test_a_file_of_something_else(content, tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="model.npz: expected a model file of minicnn"):
        models.load_model(path)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file(part, saved):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(ValueError, match="model.npz: expected a model file of minicnn"):
        models.load_model(saved)


def test_a_file_with_a_flipped_byte(saved):
    content = bytearray(saved.read_bytes())
    with zipfile.ZipFile(saved) as archive:
        member = archive.getinfo("weights/logit/kernel.npy")
    content[member.header_offset + 200] ^= 0xFF  # inside the array's bytes
    saved.write_bytes(content)
    with pytest.raises(ValueError, match="model.npz: expected a model file of minicnn"):
        models.load_model(saved)


def test_a_folder_and_a_single_array(tmp_path):
    folder = tmp_path / "folder.npz"
    folder.mkdir()
    array = tmp_path / "array.npz"
    with open(array, "wb") as file:
        np.save(file, np.zeros(3))  # .npy content under the name of .npz
    for path in (folder, array):
        with pytest.raises(ValueError, match="expected a model file of minicnn"):
            models.load_model(path)


def test_another_format_version(saved):
    rewrite_meta(saved, lambda meta: meta.update(format_version=FORMAT_VERSION + 1))
    for load in (models.load_model, chain().load_weights):
        with pytest.raises(ValueError, match="format version 1, found 2; update minicnn"):
            load(saved)


def test_a_missing_array(saved):
    rewrite(saved, lambda arrays: arrays.pop("weights/logit/bias"))
    with pytest.raises(ValueError, match="found a file without weights/logit/bias;"):
        models.load_model(saved)


def test_a_misshapen_array(saved):
    rewrite(saved, lambda arrays: arrays.update({"weights/logit/bias": np.zeros(2)}))
    with pytest.raises(
        ValueError, match=r"logit/bias to be floats of shape \(1,\), found float64 of shape \(2,\)"
    ):
        models.load_model(saved)


def test_an_array_of_text(saved):
    rewrite(saved, lambda arrays: arrays.update({"weights/logit/bias": np.array(["a"])}))
    with pytest.raises(ValueError, match="logit/bias to be floats .* found <U1"):
        models.load_model(saved)


def test_a_misshapen_optimizer(rng, tmp_path):
    path = tmp_path / "model.npz"
    model = chain()
    model.compile("adam", "binary_crossentropy")
    model.train_on_batch(*data_for(model, rng))
    model.save(path)
    rewrite(path, lambda arrays: arrays.update({"optimizer/mean/logit/bias": np.zeros(5)}))
    with pytest.raises(ValueError, match=r"optimizer/mean/logit/bias .*\(1,\), found .*\(5,\)"):
        models.load_model(path)


def test_a_missing_part_of_the_optimizer(rng, tmp_path):
    path = tmp_path / "model.npz"
    model = chain()
    model.compile("adam", "binary_crossentropy")
    model.train_on_batch(*data_for(model, rng))
    model.save(path)
    rewrite(path, lambda arrays: arrays.pop("optimizer/mean/logit/bias"))
    with pytest.raises(ValueError, match="found a file without optimizer/mean/logit/bias;"):
        models.load_model(path)


class Bomb:
    """Would leave a mark if it were unpickled."""

    def __reduce__(self):
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize("name", ["weights/logit/bias", "__meta__"])
def test_pickled_objects_are_refused(name, saved, monkeypatch):
    monkeypatch.chdir(saved.parent)
    rewrite(saved, lambda arrays: arrays.update({name: np.array([Bomb()], dtype=object)}))
    with pytest.raises(ValueError, match="expected a model file of minicnn.* Python objects"):
        models.load_model(saved)
    assert not (saved.parent / "exploded").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda meta: meta.pop("layers"),
        lambda meta: meta.pop("seed"),
        lambda meta: meta["layers"][1].update({"class": "Layer2D"}),
        lambda meta: meta["layers"][1].update({"class": "np"}),
        lambda meta: meta["layers"][1]["config"].update(unknown=3),
        lambda meta: meta["layers"][1]["config"].update(filters=-3),
        lambda meta: meta["nodes"][1].update(inputs=[99]),
        lambda meta: meta["nodes"][1].update(layer=99),
        lambda meta: meta.update(layers=3),
        lambda meta: meta["compiled"].update(optimizer="Adagrad"),
        lambda meta: meta["compiled"].pop("iterations"),
        lambda meta: meta["compiled"]["config"].update(unknown=3),
    ],
)
def test_a_damaged_description(change, saved):
    rewrite_meta(saved, change)
    with pytest.raises(ValueError, match="model.npz: the model's description is damaged"):
        models.load_model(saved)


@pytest.mark.parametrize("text", ["[1, 2]", "3", "null", "{", '"text"'])
def test_a_description_that_is_none(text, saved):
    rewrite(saved, lambda arrays: arrays.update(__meta__=np.array(text)))
    with pytest.raises(ValueError, match="model.npz: expected a model file of minicnn"):
        models.load_model(saved)


# Writing


@pytest.mark.parametrize("name", ["model", "model.h5", "model.keras", "model.npz.bak"])
def test_a_name_without_npz(name, tmp_path):
    for save in (chain().save, chain().save_weights):
        with pytest.raises(ValueError, match="ends in .npz"):
            save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("function", ["numpy.savez", "os.replace"])
def test_nothing_is_left_half_written(function, saved, monkeypatch):
    def full_disk(*arguments, **named):
        raise OSError("no space left on device")

    whole = saved.read_bytes()
    model = models.load_model(saved)
    monkeypatch.setattr(function, full_disk)
    with pytest.raises(OSError, match="no space left"):
        model.save(saved)
    monkeypatch.undo()
    assert [path.name for path in saved.parent.iterdir()] == ["model.npz"]
    assert saved.read_bytes() == whole


def test_metadata_that_json_cannot_hold_is_refused_before_writing(tmp_path):
    model = chain()
    model.metadata = {"array": np.zeros(2)}
    with pytest.raises((TypeError, ValueError), match="JSON"):
        model.save(tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_metric_of_one_s_own_cannot_be_saved(tmp_path):
    def misses(y, p):
        return float(np.mean((p > 0.5) != y))

    model = chain()
    model.compile("adam", "binary_crossentropy", [misses])
    with pytest.raises(ValueError, match="misses"):
        model.save(tmp_path / "model.npz")


class Doubling(layers.Flatten):
    """A layer that minicnn does not have."""


def test_a_layer_of_ones_own_cannot_be_saved_whole(tmp_path):
    model = models.Sequential([Doubling(input_shape=(2, 2), name="mine"), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"mine: .*\(Doubling\) cannot be loaded again"):
        model.save(tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []
    model.save_weights(tmp_path / "weights.npz")


@pytest.mark.parametrize("value", [{1, 2}, np.zeros(2), object()])
def test_metadata_that_json_cannot_hold(value, tmp_path):
    model = models.Sequential([layers.Dense(1, input_shape=(2,))])
    model.metadata = {"fine": 1, "threshold": value}
    with pytest.raises(
        ValueError, match=r"metadata that JSON can hold, got metadata\['threshold'\]"
    ):
        model.save(tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path):
    model = models.Sequential([layers.Dense(1, input_shape=(2,))])
    for save in (model.save, model.save_weights):
        with pytest.raises(FileNotFoundError, match="model.npz: expected a folder to write to"):
            save(tmp_path / "nowhere" / "model.npz")
