"""Images that a run made small, made again from their sources."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import slices

from covid.data import full_size
from covid.data.class_folders import scan
from covid.data.images import read_gray, write_png
from covid.data.prepare_split import prepare_split
from minicnn.preprocessing.image import img_to_array, load_img

RATIOS = (0.5, 0.25, 0.25)
SIZE = 150


def written(tmp_path, **arguments):
    """Slices split into `tmp_path`, small, and the same at full size; sources in tmp_path/in."""
    source = shutil.copytree(slices(), tmp_path / "in")
    both = [
        prepare_split(scan(source), tmp_path / str(size), RATIOS, 0, image_size=size, **arguments)
        for size in (SIZE, None)
    ]
    return both


@pytest.mark.parametrize(
    "arguments", [{"enhance": True}, {"enhance": True, "rule": "contours"}, {}]
)
def test_the_small_image_is_what_a_model_takes_and_the_full_one_is_made_again(tmp_path, arguments):
    small, full = written(tmp_path, **arguments)
    read = full_size.full_size_reader(small)
    for name, file in small.files.items():
        loaded = img_to_array(load_img(full.files[name], "grayscale", (SIZE, SIZE), "nearest"))
        np.testing.assert_array_equal(read_gray(file), loaded[:, :, 0])
        np.testing.assert_array_equal(read(file), read_gray(full.files[name]))
    assert full_size.full_size_reader(full) is read_gray


def test_the_small_image_is_shown_where_its_source_has_gone_or_is_another(tmp_path):
    small, _ = written(tmp_path, enhance=True)
    read, (gone, other) = full_size.full_size_reader(small), list(small.files.values())[:2]
    sources = {
        small.folder / row["file"]: Path(row["source"])
        for row in full_size.read_manifest(small.folder)
    }
    sources[gone].unlink()
    image = read_gray(sources[other])
    sources[other].unlink()
    write_png(sources[other], 255 - image)
    for file in (gone, other):
        np.testing.assert_array_equal(read(file), read_gray(file))


def test_an_image_kept_whole_is_made_again_whole(tmp_path, monkeypatch):
    flat = tmp_path / "in"
    for name in ("Infected", "Not_Infected"):
        for index in range(6):
            (flat / name).mkdir(parents=True, exist_ok=True)
            write_png(flat / name / f"{name}{index}.png", np.full((60, 50), 7 + index, np.uint8))
    split = prepare_split(scan(flat), tmp_path / "out", RATIOS, 0, enhance=True, image_size=32)
    read = full_size.full_size_reader(split)
    assert {read(file).shape for file in split.files.values()} == {(512, 512)}


def test_a_split_of_earlier_versions_has_images_of_full_size(tmp_path):
    _, full = written(tmp_path, enhance=True)
    full.info.pop("image_size")
    assert full_size.full_size_reader(full) is read_gray
