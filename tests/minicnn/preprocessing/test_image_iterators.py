"""Batches: order, random numbers, targets, file names, folders, memory."""

import pickle
import weakref
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

import minicnn.preprocessing.image_cache as store_module
from minicnn import seeding
from minicnn.preprocessing.image import (
    DataFrameIterator,
    ImageDataGenerator,
    array_to_img,
    img_to_array,
    load_img,
    save_img,
)

AUGMENTATION = {
    "rotation_range": 40,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "zoom_range": 0.2,
    "horizontal_flip": True,
}


@pytest.fixture
def images() -> np.ndarray:
    """Eleven synthetic images of noise, height != width."""
    return np.random.default_rng(3).integers(0, 256, (11, 8, 9, 1)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two classes, 3 and 5 flat gray images, each of its own gray: 10, 20, ... 80."""
    files = [
        "Infected/b.png",
        "Infected/c.PNG",
        "Infected/deeper/a.png",
        "Not_Infected/1.png",
        "Not_Infected/10.bmp",
        "Not_Infected/2.tif",
        "Not_Infected/3.tiff",
        "Not_Infected/4.ppm",
    ]
    for number, name in enumerate(files):
        write_gray(tmp_path / "data" / name, 10 * (number + 1))
    (tmp_path / "data" / "Infected" / "notes.txt").write_text("no image")
    (tmp_path / "data" / "readme.md").write_text("no folder")
    return tmp_path / "data"


def write_gray(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A ppm file has three channels, here all the same.
    encoded, data = cv2.imencode(path.suffix.lower(), np.full((4, 6, 3), value, np.uint8))
    assert encoded
    data.tofile(path)


def by_image(iterator, batches: int) -> dict[int, np.ndarray]:
    """Image index to augmented image, over the next `batches` batches."""
    found = {}
    for x in islice(iterator, batches):
        found.update(zip(iterator.batch_indices.tolist(), x, strict=True))
    return found


def flow_gray(folder: Path, **arguments):
    arguments = {"target_size": (4, 6), "color_mode": "grayscale", "seed": 1, **arguments}
    return ImageDataGenerator().flow_from_directory(folder, **arguments)


def test_iterators_over_files_keep_the_aspect_ratio(tmp_path, images):
    path = tmp_path / "a" / "wide.png"
    path.parent.mkdir()
    save_img(path, np.concatenate([images[0], images[1]], axis=1))
    expected = load_img(path, "grayscale", (5, 4), keep_aspect_ratio=True)
    assert not np.array_equal(expected, load_img(path, "grayscale", (5, 4)))
    settings = {"target_size": (5, 4), "color_mode": "grayscale", "keep_aspect_ratio": True}
    generator = ImageDataGenerator()
    table = {"filename": [str(path)], "class": ["a"]}
    for iterator in (
        generator.flow_from_directory(tmp_path, **settings),
        DataFrameIterator(table, None, generator, **settings),
    ):
        np.testing.assert_array_equal(iterator[0][0][0, ..., 0], expected)
        store = pickle.loads(pickle.dumps(iterator.store))
        np.testing.assert_array_equal(store.get(np.arange(1))[0][0, ..., 0], expected)


def test_batches_of_a_pass(images):
    iterator = ImageDataGenerator().flow(images, np.arange(11), batch_size=4, seed=1)
    assert len(iterator) == 3
    batches = list(islice(iterator, 3))
    assert [x.shape for x, _ in batches] == [(4, 8, 9, 1), (4, 8, 9, 1), (3, 8, 9, 1)]
    assert all(x.dtype == np.float32 for x, _ in batches)
    order = np.concatenate([y for _, y in batches])
    assert sorted(order) == list(range(11))
    assert list(order) != list(range(11))
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), images[order])


def test_without_shuffle_the_order_is_kept(images):
    iterator = ImageDataGenerator().flow(images, np.arange(11), batch_size=4, shuffle=False)
    for _ in range(2):
        assert np.concatenate([y for _, y in islice(iterator, 3)]).tolist() == list(range(11))


def test_without_targets_a_batch_is_an_array(images):
    assert isinstance(next(ImageDataGenerator().flow(images)), np.ndarray)


def test_augmentation_does_not_depend_on_batches_or_order(images):
    generator = ImageDataGenerator(**AUGMENTATION)
    reference = by_image(generator.flow(images, batch_size=1, shuffle=False, seed=7), 11)
    # The 11 images are augmented at all, and each in its own way.
    assert all(not np.array_equal(reference[index], images[index]) for index in range(11))
    for batch_size, batches in [(4, 3), (5, 3), (32, 1)]:
        other = by_image(generator.flow(images, batch_size=batch_size, seed=7), batches)
        assert sorted(other) == list(range(11))
        for index, x in other.items():
            np.testing.assert_array_equal(x, reference[index])


def test_the_same_image_twice_is_augmented_differently(images):
    twins = np.stack([images[0]] * 2)
    first, second = ImageDataGenerator(**AUGMENTATION).flow(twins, seed=7)[0]
    assert not np.array_equal(first, second)


def test_an_epoch_can_be_repeated(images):
    iterator = ImageDataGenerator(**AUGMENTATION).flow(images, batch_size=4, seed=7)
    iterator.start_epoch(3)
    first = list(islice(iterator, 5))  # two batches into the next pass
    iterator.start_epoch(8)
    assert not np.array_equal(first[0], next(iterator))
    iterator.start_epoch(3)
    for x, again in zip(first, islice(iterator, 5), strict=True):
        np.testing.assert_array_equal(x, again)


def test_epochs_and_passes_all_differ(images):
    iterator = ImageDataGenerator(**AUGMENTATION).flow(images, batch_size=11, seed=7)
    orders, augmented = set(), set()
    for epoch in range(3):
        iterator.start_epoch(epoch)
        for pass_number in range(3):
            x = next(iterator)
            assert (iterator.epoch, iterator.pass_number) == (epoch, pass_number)
            orders.add(tuple(iterator.batch_indices.tolist()))
            augmented.add(x[iterator.batch_indices == 0].tobytes())
    assert len(orders) == len(augmented) == 9


def test_numbered_batches_are_those_of_the_pass(images):
    iterator = ImageDataGenerator(**AUGMENTATION).flow(images, batch_size=4, seed=7)
    numbered = [iterator[0], iterator[1], iterator[2]]
    for x, expected in zip(islice(iterator, 3), numbered, strict=True):
        np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(iterator[-1], numbered[2])
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"below 3, got {index}"):
            iterator[index]


def test_index_array_is_the_order_of_the_pass(images):
    iterator = ImageDataGenerator().flow(images, batch_size=4, seed=7)
    next(iterator)
    np.testing.assert_array_equal(iterator.batch_indices, iterator.index_array[:4])


def test_reset(images):
    iterator = ImageDataGenerator().flow(images, np.arange(11), batch_size=4, seed=7)
    first = iterator.index_array.copy()
    iterator.reset()  # nothing taken yet
    np.testing.assert_array_equal(iterator.index_array, first)
    next(iterator)
    iterator.reset()
    assert iterator.batch_index == 0
    assert not np.array_equal(iterator.index_array, first)
    assert sorted(np.concatenate([y for _, y in islice(iterator, 3)])) == list(range(11))


def test_a_loop_over_numbers_goes_on_to_another_pass(images):
    iterator = ImageDataGenerator(**AUGMENTATION).flow(images, np.arange(11), seed=7)
    (x, y), _ = iterator[0], iterator.on_epoch_end()
    assert iterator.pass_number == 1
    assert iterator[0][1].tolist() != y.tolist()
    following = ImageDataGenerator(**AUGMENTATION).flow(images, seed=7)
    np.testing.assert_array_equal(next(following), x)
    np.testing.assert_array_equal(next(following), iterator[0][0])


def test_seeds(images):
    generator = ImageDataGenerator(**AUGMENTATION)
    first = generator.flow(images)
    assert isinstance(first.seed, int)
    assert generator.flow(images).seed != first.seed
    again = generator.flow(images, seed=first.seed)
    np.testing.assert_array_equal(first[0], again[0])
    seeded = ImageDataGenerator(**AUGMENTATION, seed=5)
    assert seeded.flow(images).seed == 5
    assert seeded.flow(images, seed=0).seed == 0
    with pytest.raises(ValueError, match="seed to be an integer of at least 0, got -1"):
        generator.flow(images, seed=-1)


def test_process_wide_seed(images, monkeypatch):
    monkeypatch.setattr(seeding, "_seed_stream", None)  # put back after the test
    seeds = []
    for _ in range(2):
        seeding.set_random_seed(3)
        seeds.append([ImageDataGenerator().flow(images).seed for _ in range(2)])
    assert seeds[0] == seeds[1]
    assert seeds[0][0] != seeds[0][1]


def test_flow_checks_its_arguments(images):
    generator = ImageDataGenerator()
    with pytest.raises(ValueError, match=r"got \(8, 9, 1\)"):
        generator.flow(images[0])
    with pytest.raises(ValueError, match=r"got \(0, 8, 9, 1\)"):
        generator.flow(images[:0])
    with pytest.raises(ValueError, match=r"targets of shape \(3,\)"):
        generator.flow(images, [1, 2, 3])
    with pytest.raises(ValueError, match="batch_size to be a positive integer, got 0"):
        generator.flow(images, batch_size=0)
    with pytest.raises(ValueError, match="epoch of at least 0, got -1"):
        generator.flow(images).start_epoch(-1)
    for several in ((images, np.arange(11)), [images, [np.arange(11)]]):
        with pytest.raises(ValueError, match=r"flow: x=\(images, other inputs\) is not supported"):
            generator.flow(several)
    with pytest.raises(ValueError, match="expected y together with sample_weight"):
        generator.flow(images, sample_weight=np.ones(11))
    with pytest.raises(ValueError, match=r"as many weights as images, got .* \(3,\)"):
        generator.flow(images, np.arange(11), sample_weight=[1, 2, 3])
    with pytest.raises(ValueError, match="flow: sample_weight: .* nan in sample 2"):
        generator.flow(images, np.arange(11), sample_weight=[1, 1, np.nan] + [1] * 8)


def test_images_are_left_alone_and_dtype_is_kept(images):
    before = images.copy()
    generator = ImageDataGenerator(**AUGMENTATION, rescale=1 / 255, dtype="float64")
    x = generator.flow(images)[0]
    assert x.dtype == np.float64
    assert 0.5 < x.max() <= 1
    np.testing.assert_array_equal(images, before)


def test_directory_is_read_as_keras_reads_it(folder, capsys):
    iterator = flow_gray(folder, shuffle=False, class_mode="binary", batch_size=3)
    assert capsys.readouterr().out == "Found 8 images belonging to 2 classes.\n"
    assert iterator.filenames == [
        str(Path(name))
        for name in [
            "Infected/b.png",
            "Infected/c.PNG",
            "Infected/deeper/a.png",
            "Not_Infected/1.png",
            "Not_Infected/10.bmp",
            "Not_Infected/2.tif",
            "Not_Infected/3.tiff",
            "Not_Infected/4.ppm",
        ]
    ]
    assert [Path(path) for path in iterator.filepaths] == [
        folder / name for name in iterator.filenames
    ]
    assert iterator.class_indices == {"Infected": 0, "Not_Infected": 1}
    np.testing.assert_array_equal(iterator.classes, [0, 0, 0, 1, 1, 1, 1, 1])
    assert (iterator.n, iterator.samples, iterator.num_classes) == (8, 8, 2)
    assert iterator.image_shape == (4, 6, 1)
    batches = list(islice(iterator, 3))
    grays = np.concatenate([x[:, 0, 0, 0] for x, _ in batches])
    np.testing.assert_array_equal(grays, np.arange(10, 90, 10))
    targets = np.concatenate([y for _, y in batches])
    assert targets.dtype == np.float32
    np.testing.assert_array_equal(targets, iterator.classes)


def test_older_names_of_keras_iterators(folder):
    one, other = (flow_gray(folder, class_mode="binary", batch_size=3) for _ in range(2))
    for _ in range(4):  # into the second pass
        for found, expected in zip(one.next(), next(other), strict=True):
            np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(one.labels, [0, 0, 0, 1, 1, 1, 1, 1])


def test_file_names_follow_the_shuffling(folder):
    iterator = flow_gray(folder, batch_size=3)
    gray_of = dict(zip(iterator.filenames, range(10, 90, 10), strict=True))
    orders = set()
    for _ in range(6):
        x, y = next(iterator)
        assert [gray_of[name] for name in iterator.batch_filenames] == x[:, 0, 0, 0].tolist()
        for name, row in zip(iterator.batch_filenames, y, strict=True):
            class_name = Path(name).parts[0]
            assert row.tolist() == np.eye(2)[iterator.class_indices[class_name]].tolist()
        orders.add(tuple(iterator.batch_filenames))
    assert len(orders) > 1


def test_class_modes(folder):
    targets = {
        mode: flow_gray(folder, class_mode=mode, shuffle=False)[0]
        for mode in ("binary", "sparse", "categorical", None)
    }
    np.testing.assert_array_equal(targets["binary"][1], [0, 0, 0, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(targets["sparse"][1], targets["binary"][1])
    np.testing.assert_array_equal(targets["categorical"][1][:, 1], targets["binary"][1])
    assert targets["categorical"][1].shape == (8, 2)
    assert targets[None].shape == (8, 4, 6, 1)
    x, y = flow_gray(folder, class_mode="input")[0]
    np.testing.assert_array_equal(x, y)
    assert not np.shares_memory(x, y)
    with pytest.raises(ValueError, match="class_mode to be one of .* got 'raw'"):
        flow_gray(folder, class_mode="raw")


def test_classes_give_the_order(folder):
    iterator = flow_gray(folder, classes=["Not_Infected", "Infected"])
    assert iterator.class_indices == {"Not_Infected": 0, "Infected": 1}
    assert iterator.classes.tolist() == [0] * 5 + [1] * 3
    assert flow_gray(folder, classes=["Infected"]).n == 3
    for classes in (["Infected", "Healthy"], ["Infected", "Infected"]):
        with pytest.raises(ValueError, match="to be a different folder in it, found Infected, N"):
            flow_gray(folder, classes=classes)


def test_folders_without_what_is_needed(folder, tmp_path):
    with pytest.raises(ValueError, match="nowhere: .* found no directory"):
        flow_gray(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty: .* found no folder"):
        flow_gray(tmp_path / "empty")
    (folder / "Other").mkdir()
    with pytest.raises(ValueError, match="Other: expected images .* found none"):
        flow_gray(folder)
    write_gray(folder / "Other" / "x.png", 1)
    with pytest.raises(ValueError, match="at most 2 class folders .* got 3"):
        flow_gray(folder, class_mode="binary")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color_mode": "L"}, "color_mode"),
        ({"interpolation": "area"}, "interpolation"),
        ({"target_size": (4, 0)}, "target_size"),
        ({"save_to_dir": "nowhere"}, "save_to_dir to be a folder that exists, got 'nowhere'"),
        ({"subset": "validation"}, "found none with .*validation_split=0.0"),
        ({"subset": "test"}, "subset to be one of training, validation, got 'test'"),
    ],
)
def test_directory_arguments_are_checked(folder, arguments, message):
    with pytest.raises(ValueError, match=f"flow_from_directory: .*{message}"):
        flow_gray(folder, **arguments)


def test_files_are_read_once_if_they_fit_into_memory(folder, monkeypatch):
    read = []

    def counting_load_img(path, *arguments):
        read.append(path)
        return load_img(path, *arguments)

    monkeypatch.setattr(store_module, "load_img", counting_load_img)
    monkeypatch.setattr(store_module, "_stores", weakref.WeakSet())  # without other tests' images
    iterator = flow_gray(folder)
    assert read == []
    kept = [next(iterator) for _ in range(3)]
    assert sorted(read) == sorted(iterator.filepaths)

    monkeypatch.setattr(store_module, "CACHE_LIMIT_BYTES", (8 + 3) * 4 * 6 + 1)
    read.clear()
    again = flow_gray(folder)
    assert again.store.kept == 3  # no more fit: the first iterator has taken the rest
    for (x, y), (x_again, y_again) in zip(kept, islice(again, 3), strict=True):
        np.testing.assert_array_equal(x, x_again)
        np.testing.assert_array_equal(y, y_again)
    # In three passes the three that are kept are read once, the five others each time.
    assert len(read) == 3 + 3 * 5


def test_a_broken_file_is_named(folder):
    (folder / "Infected" / "b.png").write_bytes(b"broken")
    iterator = flow_gray(folder, shuffle=False)
    with pytest.raises(ValueError, match="b.png: expected an image file"):
        next(iterator)


def test_augmenting_kept_files_leaves_them_alone(folder):
    generator = ImageDataGenerator(
        **AUGMENTATION, rescale=1 / 255, preprocessing_function=lambda x: np.add(x, 1, out=x)
    )
    iterator = generator.flow_from_directory(folder, (4, 6), shuffle=False, class_mode=None)
    for _ in range(3):
        x = next(iterator)
        # Flat images stay flat under augmentation with fill_mode "nearest".
        np.testing.assert_allclose(x[:, 0, 0, 0] * 255, np.arange(11, 91, 10), rtol=1e-5)


def test_linked_folders(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    write_gray(elsewhere / "linked.png", 200)
    try:
        (folder / "Infected" / "link").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("no links on this system")
    assert flow_gray(folder).n == 8
    assert flow_gray(folder, follow_links=True).n == 9


def test_the_articles_loop(folder):
    """Four augmented copies of one image: an endless loop that the caller leaves."""
    train_datagen = ImageDataGenerator(rescale=1.0 / 255, **AUGMENTATION)
    x = img_to_array(load_img(folder / "Infected" / "b.png", target_size=(25, 26)))
    x[:10] = 200  # something to see turn
    x = x.reshape((1,) + x.shape)
    pictures = []
    for batch in train_datagen.flow(x, batch_size=1):
        pictures.append(array_to_img(batch[0]))
        if len(pictures) % 4 == 0:
            break
    assert all(picture.shape == (25, 26, 3) for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 4


@pytest.mark.filterwarnings("ignore:Using .*tiff:UserWarning")
def test_directory_against_keras_itself(folder):
    pytest.importorskip("keras")
    pytest.importorskip("PIL")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator as KerasGenerator

    arguments = {"target_size": (7, 5), "shuffle": False, "batch_size": 3}
    for color_mode in ("grayscale", "rgb"):
        for class_mode in ("binary", "categorical", "sparse"):
            ours, theirs = (
                generator(rescale=1 / 255).flow_from_directory(
                    folder, color_mode=color_mode, class_mode=class_mode, **arguments
                )
                for generator in (ImageDataGenerator, KerasGenerator)
            )
            assert ours.filenames == theirs.filenames
            assert ours.class_indices == theirs.class_indices
            assert len(ours) == len(theirs)
            for (x, y), (x_keras, y_keras) in zip(islice(ours, 6), islice(theirs, 6), strict=True):
                np.testing.assert_allclose(x, x_keras, rtol=1e-6)
                np.testing.assert_array_equal(y, y_keras)
                assert y.dtype == y_keras.dtype
