"""Image files as arrays: what is kept, what is read again, what several iterators share."""

import weakref
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

import minicnn.preprocessing.image_cache as store_module
from minicnn.preprocessing.image import ImageDataGenerator, load_img
from minicnn.preprocessing.image_cache import ImageStore

COUNT, SIZE = 9, (4, 6)


@pytest.fixture
def paths(tmp_path) -> list[str]:
    """Nine flat gray images of their own gray each, in two class folders."""
    found = []
    for number in range(COUNT):
        path = tmp_path / ("a" if number < 4 else "b") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full(SIZE, number * 10, np.uint8))
        found.append(str(path))
    return found


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The paths that are read, in order; no other test's stores take memory."""
    read = []

    def noting_load_img(path, *arguments):
        read.append(path)
        return load_img(path, *arguments)

    monkeypatch.setattr(store_module, "load_img", noting_load_img)
    monkeypatch.setattr(store_module, "_stores", weakref.WeakSet())
    return read


def allow(monkeypatch, images: int) -> None:
    monkeypatch.setattr(store_module, "CACHE_LIMIT_BYTES", images * SIZE[0] * SIZE[1])


def make(paths) -> ImageStore:
    return ImageStore(paths, "grayscale", SIZE, "nearest")


def grays(store: ImageStore, *indices: int) -> list[int]:
    images, positions = store.get(np.array(indices))
    assert images.dtype == np.uint8 and images.shape[1:] == (*SIZE, 1)
    return images[positions][:, 0, 0, 0].tolist()


@pytest.mark.parametrize("fit", [0, 1, 5, 9, 100])
def test_all_images_come_whether_kept_or_not(paths, read, monkeypatch, fit):
    allow(monkeypatch, fit)
    store = make(paths)
    assert store.kept == min(fit, COUNT)
    for _ in range(2):
        assert grays(store, 8, 0, 4, 3) == [80, 0, 40, 30]
        assert grays(store, *range(COUNT)) == [10 * number for number in range(COUNT)]
    for number, path in enumerate(paths):
        asked = 4 if number in (8, 0, 4, 3) else 2
        assert read.count(path) == (1 if number < fit else asked)


def test_stores_share_the_memory_and_give_it_back(paths, read, monkeypatch):
    allow(monkeypatch, 12)
    first, second = make(paths), make(paths)
    assert (first.kept, second.kept) == (9, 3)
    assert make(paths).kept == 0
    del first
    assert make(paths).kept == 9


def test_iterators_over_the_same_files_read_them_once(paths, read, tmp_path):
    plain = ImageDataGenerator().flow_from_directory(
        tmp_path, SIZE, "grayscale", class_mode="binary", batch_size=4, shuffle=False
    )
    shuffled = plain.again(ImageDataGenerator(rescale=0.5), batch_size=COUNT, seed=3)
    x, y = next(shuffled)
    assert sorted(read) == sorted(paths)
    assert (shuffled.batch_size, shuffled.seed, shuffled.shuffle) == (COUNT, 3, True)
    np.testing.assert_array_equal(x[:, 0, 0, 0], shuffled.batch_indices * 5)
    np.testing.assert_array_equal(y, shuffled.batch_indices >= 4)
    # The first iterator is as it was.
    assert (plain.batch_size, plain.shuffle, plain.batch_index) == (4, False, 0)
    np.testing.assert_array_equal(next(plain)[0][:, 0, 0, 0], [0, 10, 20, 30])
    assert len(read) == COUNT


def test_several_threads_may_ask_at_once(paths, read, monkeypatch):
    allow(monkeypatch, 5)
    store = make(paths)
    wanted = [np.random.default_rng(seed).permutation(COUNT) for seed in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda indices: grays(store, *indices), wanted))
    assert found == [(10 * indices).tolist() for indices in wanted]
