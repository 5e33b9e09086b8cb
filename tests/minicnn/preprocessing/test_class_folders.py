"""Which folders `flow_from_directory` takes for classes, which files for images, and `classes=`."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.preprocessing.class_folders import class_names, image_files
from minicnn.preprocessing.image import ImageDataGenerator
from minicnn.preprocessing.system_names import is_system_name

LEFT_BY_SYSTEMS = [
    *(".ipynb_checkpoints/a-checkpoint.png", "__MACOSX/a.png", ".hidden/a.png", "@eaDir/a.jpg"),
    *("$RECYCLE.BIN/a.png", "System Volume Information/a.png", "lost+found/a.png"),
    "__pycache__/a.png",
]


def write_image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("a/1.png", "a/2.png", "b/1.png", "b/deeper/2.png"):
        write_image(tmp_path / "data" / name)
    return tmp_path / "data"


def flow(folder: Path, **arguments):
    arguments = {"target_size": (4, 4), "color_mode": "grayscale", **arguments}
    return ImageDataGenerator().flow_from_directory(folder, **arguments)


@pytest.mark.parametrize("name", LEFT_BY_SYSTEMS)
@pytest.mark.parametrize("where", [".", "a", "b/deeper"])
def test_what_systems_leave_is_neither_a_class_nor_an_image(folder, where, name):
    before = flow(folder)
    write_image(folder / where / name)
    after = flow(folder)
    assert after.class_indices == before.class_indices == {"a": 0, "b": 1}
    assert after.filenames == before.filenames


def test_hidden_files_that_end_like_images(folder):
    for name in ("._1.png", ".2.png", ".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / "a" / name).write_bytes(b"no image")
    assert [Path(name).as_posix() for name in flow(folder).filenames] == [
        *("a/1.png", "a/2.png", "b/1.png", "b/deeper/2.png"),
    ]
    assert is_system_name("THUMBS.DB")
    assert not is_system_name("thumbs.png")


def test_a_class_of_hidden_files_is_empty(folder):
    for name in ("1.png", "2.png"):
        (folder / "a" / name).rename(folder / "a" / f"._{name}")
    with pytest.raises(ValueError, match="a: expected images .* found none"):
        flow(folder)


def test_a_hidden_folder_that_is_asked_for_is_a_class(folder):
    write_image(folder / ".c" / "1.png")
    assert flow(folder, classes=["a", ".c"]).class_indices == {"a": 0, ".c": 1}


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_lead_in_a_circle(folder):
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "a" / "to_b").symlink_to(folder / "b", target_is_directory=True)
    (folder / "b" / "to_a").symlink_to(folder / "a", target_is_directory=True)
    (folder / "b" / "up").symlink_to("..", target_is_directory=True)
    (folder / "b" / "itself").symlink_to("itself")
    assert class_names(str(folder)) == ["a", "b"]
    assert len(image_files(str(folder), "a")) == len(image_files(str(folder), "b")) == 2
    found = image_files(str(folder), "a", follow_links=True)
    assert [Path(name).as_posix() for name in found] == [
        *("a/1.png", "a/2.png", "a/to_b/1.png", "a/to_b/deeper/2.png"),
    ]


@pytest.mark.parametrize(
    "classes",
    [
        ["b", "a"],
        ("b", "a"),
        np.array(["b", "a"]),
        np.array(["b", "a"], dtype=object),
        {"b": 0, "a": 1},
        {"b": 5, "a": 5}.keys(),
        (name for name in "ba"),
    ],
    ids=lambda classes: type(classes).__name__,
)
def test_classes_in_any_ordered_form(folder, classes):
    iterator = flow(folder, classes=classes)
    assert iterator.class_indices == {"b": 0, "a": 1}
    assert all(type(name) is str for name in iterator.class_indices)
    assert iterator.classes.tolist() == [0, 0, 1, 1]


def test_images_without_classes(folder, tmp_path):
    iterator = flow(folder, classes=["."], class_mode=None, shuffle=False)
    names = ["a/1.png", "a/2.png", "b/1.png", "b/deeper/2.png"]
    assert [Path(name).as_posix() for name in iterator.filenames] == names
    assert iterator[0].shape == (4, 4, 4, 1)
    write_image(tmp_path / "flat" / "1.png")
    with pytest.raises(
        ValueError, match=r"found no folder; .* classes=\['\.'\] and class_mode=None"
    ):
        flow(tmp_path / "flat")
    keras_image = pytest.importorskip("keras.src.legacy.preprocessing.image")
    theirs = keras_image.ImageDataGenerator().flow_from_directory(folder, classes=["."])
    assert iterator.filenames == theirs.filenames
    assert iterator.class_indices == theirs.class_indices


@pytest.mark.parametrize("classes", [[], (), np.array([]), None])
def test_no_classes_are_all_classes(folder, classes):
    assert flow(folder, classes=classes).class_indices == {"a": 0, "b": 1}


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"a", "b"}, r"list of names, whose order .* \(set\)"),
        (frozenset("ab"), r"list of names, whose order .* \(frozenset\)"),
        ({"b": 1, "a": 0}, r"got {'b': 1, 'a': 0} \(dict\)"),
        ("ab", r"got 'ab' \(str\)"),
        (2, r"got 2 \(int\)"),
        ([0, 1], r"got \[0, 1\] \(list\)"),
        (["a", "c"], "to be a different folder in it, found a, b"),
        (["a", "a"], "to be a different folder in it, found a, b"),
        (["a/../b"], "to be a different folder in it, found a, b"),
    ],
)
def test_classes_without_an_order_or_a_folder(folder, classes, message):
    with pytest.raises(ValueError, match=message):
        flow(folder, classes=classes)
