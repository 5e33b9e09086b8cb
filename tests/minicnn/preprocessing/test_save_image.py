"""`save_img`, and `save_to_dir` of the flows: names, pixels, formats."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.layers import Dense, Flatten
from minicnn.models import Sequential
from minicnn.preprocessing.image import ImageDataGenerator, array_to_img, load_img, save_img


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (5, 8, 9, 1)).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pixels_are_those_of_array_to_img(tmp_path, rng, channels):
    x = rng.uniform(-3, 300, (5, 6, channels))
    mode = {1: "grayscale", 3: "rgb", 4: "rgba"}[channels]
    for name in ("a.png", "a.tif", "a.TIFF"):
        save_img(tmp_path / name, x)
        np.testing.assert_array_equal(load_img(tmp_path / name, mode), array_to_img(x))
    x = x.clip(0, 255)
    save_img(str(tmp_path / "b.png"), x, scale=False)
    np.testing.assert_array_equal(load_img(tmp_path / "b.png", mode), x.astype(np.uint8).squeeze())


def test_formats(tmp_path):
    x = np.zeros((4, 4, 3))
    save_img(tmp_path / "a", x, file_format="jpg", quality=30)
    assert Image.open(tmp_path / "a").format == "JPEG"
    save_img(tmp_path / "b.png", x, file_format="tif")
    assert Image.open(tmp_path / "b.png").format == "TIFF"
    file = io.BytesIO()
    save_img(file, x, file_format="png")
    assert Image.open(file).format == "PNG"
    with pytest.warns(UserWarning, match="a jpeg holds no opacity"):
        save_img(tmp_path / "c.jpeg", np.zeros((4, 4, 4)))
    for path, name in ((tmp_path / "d.xyz", "xyz"), (tmp_path / "d", ""), (io.BytesIO(), None)):
        with pytest.raises(ValueError, match=f"expected file_format to be one .* got {name!r}"):
            save_img(path, x)
    assert not (tmp_path / "d.xyz").exists()
    with pytest.raises(ValueError, match="save_img: data_format is not supported"):
        save_img(tmp_path / "d.png", x, data_format="channels_first")


def saving(images, folder: Path, **arguments):
    generator = ImageDataGenerator(rotation_range=40, rescale=1 / 255)
    settings = {"save_to_dir": folder, "save_prefix": "aug", "batch_size": 2, "seed": 7}
    return generator.flow(images, np.arange(5) % 2, **settings, **arguments)


def test_an_iterator_saves_what_it_gives(images, tmp_path):
    iterator = saving(images, tmp_path)
    given = {}
    for _ in range(3):
        x, _ = next(iterator)
        given.update(zip(iterator.batch_indices.tolist(), x, strict=True))
    saved = sorted(tmp_path.iterdir())
    assert [int(re.fullmatch(r"aug_(\d)_\d{1,4}\.png", path.name)[1]) for path in saved] == [
        *range(5)
    ]
    for path in saved:
        found = load_img(path, "grayscale")
        np.testing.assert_array_equal(found, array_to_img(given[int(path.name[4])]))
    # The same seed gives the same names and images; another pass others.
    for _ in range(3):
        saving(images, tmp_path)[2]
    assert sorted(tmp_path.iterdir()) == saved
    next(iterator)
    assert len(list(tmp_path.iterdir())) == 7
    plain = ImageDataGenerator(rotation_range=40, rescale=1 / 255).flow(
        images, seed=7, batch_size=2
    )
    np.testing.assert_array_equal(plain[0], saving(images, tmp_path)[0][0])


def test_training_saves_the_batches_it_uses(images, tmp_path):
    model = Sequential([Flatten(input_shape=(8, 9, 1)), Dense(1, activation="sigmoid")], seed=0)
    model.compile("adam", "binary_crossentropy")
    model.fit(saving(images, tmp_path), steps_per_epoch=2, epochs=1, verbose=0)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("flow", ["flow_from_directory", "flow_from_dataframe"])
def test_files_are_saved_under_their_numbers(images, tmp_path, flow):
    names = [f"c/{number}.png" for number in range(5)]
    (tmp_path / "in" / "c").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    for name, image in zip(names, images, strict=True):
        save_img(tmp_path / "in" / name, image)
    table = [{"filename": names, "class": ["c"] * 5}] if flow == "flow_from_dataframe" else []
    iterator = getattr(ImageDataGenerator(), flow)(
        *table,
        directory=tmp_path / "in",
        target_size=(8, 9),
        color_mode="grayscale",
        batch_size=3,
        save_to_dir=str(tmp_path / "out"),
        save_format="tif",
    )
    iterator.next()
    saved = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert len(saved) == 3
    for name, path in saved.items():
        number = int(re.fullmatch(r"_(\d)_\d{1,7}\.tif", name)[1])
        np.testing.assert_array_equal(load_img(path, "grayscale"), array_to_img(images[number]))


def test_what_cannot_be_saved_is_refused_before_the_first_batch(images, tmp_path):
    with pytest.raises(ValueError, match="flow: expected save_to_dir to be a folder that exists"):
        saving(images, tmp_path / "nowhere")
    with pytest.raises(ValueError, match="flow: expected save_format to be one .* got 'doc'"):
        saving(images, tmp_path, save_format="doc")
    assert ImageDataGenerator().flow(images, save_to_dir="").may_run_ahead


def test_against_keras_itself(images, tmp_path):
    pytest.importorskip("keras")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator as KerasGenerator

    folders = tmp_path / "ours", tmp_path / "theirs"
    for folder, kind in zip(folders, (ImageDataGenerator, KerasGenerator), strict=True):
        folder.mkdir()
        generator = kind(rescale=1 / 255, samplewise_center=True)
        settings = {"save_to_dir": str(folder), "save_prefix": "p", "shuffle": False}
        next(generator.flow(images.astype(np.float32), **settings))
    ours, theirs = (sorted(folder.iterdir()) for folder in folders)
    for one, other in zip(ours, theirs, strict=True):
        assert one.name.split("_")[:2] == other.name.split("_")[:2]
        np.testing.assert_array_equal(np.asarray(Image.open(one)), np.asarray(Image.open(other)))
