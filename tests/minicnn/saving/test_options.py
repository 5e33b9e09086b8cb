"""Keras' arguments of saving and loading."""

import numpy as np
import pytest

from minicnn import layers, models
from minicnn.saving.npz import read_npz

X = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
Y = (np.arange(8) % 2)[:, None]


def chain(units=4, seed=0):
    first = layers.Dense(units, activation="relu", input_shape=(3,), name="first")
    return models.Sequential([first, layers.Dense(1, activation="sigmoid", name="last")], seed=seed)


@pytest.fixture
def trained(tmp_path):
    model = chain()
    model.compile("adam")
    model.fit(X, Y, verbose=0)
    model.save(filepath=tmp_path / "model.npz")
    return model, tmp_path / "model.npz"


def test_a_model_is_loaded_without_being_compiled(trained):
    model, path = trained
    loaded = models.load_model(path, compile=False)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.optimizer is None and loaded.epochs_done == 1
    with pytest.raises(RuntimeError, match="call compile"):
        loaded.fit(X, Y, verbose=0)
    loaded.compile("sgd")
    loaded.fit(X, Y, verbose=0)


def test_what_else_load_model_takes(trained):
    model, path = trained
    loaded = models.load_model(path, custom_objects={}, safe_mode=False)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="load_model: custom_objects is not supported"):
        models.load_model(path, custom_objects={"Mine": layers.Dense})


@pytest.mark.parametrize("method", ["save", "save_weights"])
def test_a_file_is_kept_that_is_not_to_be_overwritten(method, trained):
    _, path = trained
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match=r"model.npz: there is such a file"):
        getattr(chain(), method)(path, overwrite=False)
    assert path.read_bytes() == before
    getattr(chain(), method)(path.with_name("other.npz"), overwrite=False)
    getattr(chain(), method)(path)
    assert path.read_bytes() != before


def test_what_files_cannot_be(tmp_path):
    chain().save(tmp_path / "model.npz", zipped=True)
    with pytest.raises(ValueError, match="save: zipped is not supported"):
        chain().save(tmp_path / "other.npz", zipped=False)
    with pytest.raises(ValueError, match="save_weights: max_shard_size is not supported"):
        chain().save_weights(tmp_path / "other.npz", max_shard_size=1)
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


def test_layers_that_misfit_are_skipped(trained):
    model, path = trained
    other = models.Sequential([chain().layers[0], layers.Dense(2, name="last")], seed=1)
    before = other.get_weights()
    with pytest.raises(ValueError, match="last/kernel to be floats of shape"):
        other.load_weights(path)
    with pytest.warns(UserWarning, match=r"model.npz: no fitting weights for last$"):
        other.load_weights(path, skip_mismatch=True)
    for found, expected in zip(
        other.get_weights(), [*model.get_weights()[:2], *before[2:]], strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_a_layer_is_skipped_as_a_whole(trained):
    """A kernel that fits beside a bias that is not there: both stay."""
    _, path = trained
    without_bias = [chain().layers[0], layers.Dense(1, use_bias=False, name="last")]
    other = models.Sequential(without_bias, seed=1)
    before = other.get_weights()[-1]
    with pytest.warns(UserWarning, match="last"):
        other.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(other.get_weights()[-1], before)


def test_nothing_is_skipped_where_all_fits(trained, recwarn):
    model, path = trained
    other = chain(seed=1)
    other.load_weights(filepath=path, skip_mismatch=True)
    assert not recwarn
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_an_older_file_without_the_newer_entries_is_loaded(trained):
    """`input_shape` was the input's argument, and optimizers had fewer settings."""
    import json

    model, path = trained
    arrays, meta = read_npz(path)
    shape = meta["layers"][0]["config"].pop("batch_shape")
    meta["layers"][0]["config"]["input_shape"] = shape[1:]
    for entry in meta["layers"][1:]:
        for name in ("kernel_initializer", "bias_initializer"):
            del entry["config"][name]
    compiled = meta["compiled"]
    del compiled["not_decayed"]
    kept = ("learning_rate", "beta_1", "beta_2", "epsilon")
    compiled["config"] = {name: compiled["config"][name] for name in kept}
    np.savez(path, **arrays, __meta__=np.array(json.dumps(meta)))
    loaded = models.load_model(path)
    for one in (model, loaded):
        one.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
