"""Split folders that were tampered with are refused."""

import json
import unicodedata

import pytest
from class_folders import two_classes

from covid.common.errors import UserError
from covid.data.class_folders import scan
from covid.data.split import plan_split
from covid.data.split_folder import check_kept, open_split, read_split
from covid.data.write_split import write_split


def test_what_a_system_leaves_is_no_tampering(tmp_path):
    dataset = scan(two_classes(tmp_path / "data", 8))
    write_split(dataset, plan_split(dataset, "50/25/25"), tmp_path / "out", progress=False)
    whole = open_split(tmp_path / "out")
    for folder in (tmp_path / "out", *(path for path in (tmp_path / "out").rglob("*[a-z]"))):
        if folder.is_dir():
            for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._x.png"):
                (folder / name).write_bytes(b"x")
            (folder / ".ipynb_checkpoints").mkdir()
    assert open_split(tmp_path / "out").parts == whole.parts
    (tmp_path / "out/test/Infected/new.png").write_bytes(b"x")
    with pytest.raises(UserError, match="new.png is not in the folder's manifest.csv"):
        open_split(tmp_path / "out")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_positive_class_in_another_form(tmp_path, form):
    names = (unicodedata.normalize("NFD", "Infecté"), "Sain")
    dataset = scan(two_classes(tmp_path / "data", 8, names), names[0])
    write_split(dataset, plan_split(dataset, "50/25/25"), tmp_path / "out", progress=False)
    split = open_split(tmp_path / "out")
    check_kept(split, unicodedata.normalize(form, "infecté"), {})
    with pytest.raises(UserError, match="its positive class is"):
        check_kept(split, "Sain", {})


def damage_json(folder):
    (folder / "split.json").write_text("{")


def shorten_json(folder):
    info = json.loads((folder / "split.json").read_text())
    del info["positive"]
    (folder / "split.json").write_text(json.dumps(info))


def lose_manifest(folder):
    (folder / "manifest.csv").unlink()


def rename_column(folder):
    text = (folder / "manifest.csv").read_text(encoding="utf-8")
    (folder / "manifest.csv").write_text(text.replace("status", "state", 1), encoding="utf-8")


def garble_number(folder):
    text = (folder / "manifest.csv").read_text(encoding="utf-8")
    (folder / "manifest.csv").write_text(text.replace("Infected,1,", "Infected,one,", 1))


def lose_image(folder):
    next((folder / "test" / "Infected").iterdir()).unlink()


@pytest.mark.parametrize(
    "harm, said",
    [
        (damage_json, "split.json is damaged"),
        (shorten_json, "positive missing"),
        (lose_manifest, "manifest.csv cannot be read"),
        (rename_column, "expected the columns"),
        (garble_number, "manifest.csv is damaged"),
        (lose_image, "not in the folder"),
    ],
)
def test_a_split_folder_that_was_tampered_with(tmp_path, harm, said):
    dataset = scan(two_classes(tmp_path / "data", 8))
    write_split(dataset, plan_split(dataset, "50/25/25"), tmp_path / "out", progress=False)
    harm(tmp_path / "out")
    with pytest.raises(UserError, match=said):
        read_split(tmp_path / "out")


def test_all_images_that_cannot_be_read_are_named_at_once(tmp_path):
    dataset = scan(two_classes(tmp_path / "data", 16))
    write_split(dataset, plan_split(dataset, "50/25/25"), tmp_path / "out", progress=False)
    files = sorted((tmp_path / "out").glob("*/*/*.png"))
    for count, said in (
        (1, "^[^;]*cannot be used as an image: the file is empty"),
        (3, "^3 of 32"),
    ):
        for file in files[:count]:
            file.write_bytes(b"")
        with pytest.raises(UserError, match=said) as caught:
            open_split(tmp_path / "out")
        assert all(file.name in str(caught.value) for file in files[:count])
    for file in files[:12]:
        file.write_bytes(b"")
    with pytest.raises(
        UserError, match="^12 of 32 images.*the file is empty; also .* and 7 more; write"
    ) as caught:
        open_split(tmp_path / "out")
    assert str(tmp_path / "out") in str(caught.value) and "\n" not in str(caught.value)
