"""When ModelCheckpoint writes, where to, and what it refuses before the first step."""

import pytest
from played_training import marked_epoch, play, small_model

from minicnn import callbacks, layers, models
from minicnn.callbacks import ModelCheckpoint


def refused(checkpoint, data, error, match, model=None, **arguments):
    """The error is raised before the first step."""
    steps = []
    counting = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))
    with pytest.raises(error, match=match):
        (model or small_model()).fit(
            *data, callbacks=[counting, checkpoint], verbose=0, **arguments
        )
    assert steps == []


@pytest.mark.parametrize(
    "name",
    [
        "m-{}.npz",
        "{epoch.npz",
        "epoch}.npz",
        "{acc:02d}.npz",
        "{epoch.first}.npz",
        "{epoch[0]}.npz",
        "{epoch:x2}.npz",
        "{val_acc:.2f}.npz",  # there is no validation
        "{batch}.npz",  # epochs have none
        "{learning_rate}.npz",
    ],
)
def test_a_pattern_that_cannot_be_filled_in(name, data, tmp_path):
    match = "expected names in filepath among epoch, acc, loss, got"
    refused(ModelCheckpoint(tmp_path / name), data, ValueError, match)
    assert not list(tmp_path.iterdir())


def test_a_pattern_with_a_key_that_a_batch_does_not_have(data, tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "{val_loss:.2f}.npz", save_freq=2)
    match = "expected names in filepath among epoch, acc, loss, batch, got"
    refused(checkpoint, data, ValueError, match, validation_data=data)
    best = ModelCheckpoint(tmp_path / "best.npz", save_best_only=True, save_freq=2)
    refused(best, data, ValueError, "monitor to be one of acc, loss", validation_data=data)


def test_missing_folders_are_made(data, tmp_path):
    play([3.0, 1.0], ModelCheckpoint(tmp_path / "a" / "b-{epoch}" / "{val_loss}.npz"), data)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.npz"))
    assert found == ["a/b-1/3.0.npz", "a/b-2/1.0.npz"]


def test_a_place_where_no_file_can_be(data, tmp_path):
    (tmp_path / "file").write_text("")
    refused(ModelCheckpoint(tmp_path / "file" / "m.npz"), data, OSError, "file")
    (tmp_path / "folder.npz").mkdir()
    checkpoint = ModelCheckpoint(tmp_path / "folder.npz")
    refused(checkpoint, data, ValueError, r"name a file, .*folder\.npz is a folder")


class OwnDense(layers.Dense):
    """A layer that no file can hold."""


def test_a_model_that_cannot_be_saved(data, tmp_path):
    model = models.Sequential([OwnDense(1, activation="sigmoid", input_shape=(3,))])
    model.compile()
    refused(ModelCheckpoint(tmp_path / "m.npz"), data, ValueError, "OwnDense", model)
    weights = ModelCheckpoint(tmp_path / "w.npz", save_weights_only=True)
    model.fit(*data, callbacks=[weights], verbose=0)
    assert (tmp_path / "w.npz").exists()


def test_a_file_after_every_so_many_steps(data, tmp_path):
    # 3 steps in an epoch: files after steps 2, 4 and 6.
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}-{batch}.npz", save_freq=2)
    model = small_model()
    model.fit(*data, batch_size=2, epochs=2, callbacks=[checkpoint], verbose=0)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["1-2", "2-1", "2-3"]
    saved = models.load_model(tmp_path / "2-1.npz")
    assert saved.optimizer.iterations == 4


def test_steps_are_counted_as_in_keras(data, tmp_path):
    pytest.importorskip("tensorflow")
    keras = pytest.importorskip("keras")
    theirs = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    theirs.compile("sgd", "binary_crossentropy")
    found = {}
    for name, model, module, end in (
        ("here", small_model(), callbacks, "npz"),
        ("there", theirs, keras.callbacks, "keras"),
    ):
        pattern = tmp_path / name / f"{{epoch}}-{{batch}}.{end}"
        checkpoint = module.ModelCheckpoint(pattern, save_freq=4)
        model.fit(*data, batch_size=2, epochs=5, callbacks=[checkpoint], verbose=0)
        found[name] = sorted(path.stem for path in (tmp_path / name).iterdir())
    assert found["here"] == found["there"]
    assert len(found["here"]) == 3


@pytest.mark.parametrize("freq", [0, -1, 1.5, "step", True, None])
def test_save_freq_refuses(freq):
    with pytest.raises(ValueError, match="save_freq to be 'epoch' or a number of steps"):
        ModelCheckpoint("m.npz", save_freq=freq)


def test_the_first_file_has_to_be_better_than_the_threshold(data, tmp_path):
    path = tmp_path / "best.npz"
    checkpoint = ModelCheckpoint(path, save_best_only=True, initial_value_threshold=1.5)
    play([3.0, 2.0], checkpoint, data)
    assert not path.exists()
    play([3.0, 1.0, 2.0], checkpoint, data)
    assert marked_epoch(models.load_model(path)) == 1
