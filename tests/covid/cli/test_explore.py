"""`covid explore`: the page it writes, and what it says where it cannot."""

import json
import re
import shutil

import cv2
import pytest
from tiny_runs import finished_run, slices

from covid.cli.main import main
from minicnn.models import load_model


@pytest.fixture
def model():
    return finished_run()[0] / "random/tiny_cnn/model.npz"


@pytest.fixture
def image():
    return next((slices() / "Infected").iterdir())


def call(capsys, *words):
    code = main(["explore", *map(str, words)])
    return code, *capsys.readouterr()


def knows(path):
    """What the page knows, as its scripts read it."""
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="page-data">(.*?)</script>', text, re.DOTALL)[1])


def test_a_synthetic_slice_comes_with_its_healthy_twin(model, image, tmp_path, capsys):
    code, out, err = call(capsys, model, image, "--out", tmp_path / "page.html", "--json")
    found = json.loads(out)
    assert (code, found["page"], found["label"]) == (0, str(tmp_path / "page.html"), "Infected")
    page = knows(tmp_path / "page.html")
    assert [sample["name"] for sample in page["samples"]] == [
        f"Infected: {image.name}",
        "the same slice without lesions",
    ]
    assert page["classes"] == ["Not_Infected", "Infected"]
    assert page["samples"][0]["command"].endswith(f"explain {model} {image}")
    assert page["samples"][1]["command"] == ""  # no file has that slice
    assert [at["epoch"] for at in page["epochs"]["at"]] == [0, 1, None]
    assert page["prepare"]["rescale"] == 1 and page["prepare"]["samplewise"]
    assert "crop of covid predict" in page["prepare"]["missing"]


def test_the_label_is_that_of_the_folder_or_the_one_named(model, image, tmp_path, capsys):
    elsewhere = tmp_path / "slice.png"
    shutil.copy(image, elsewhere)
    code, out, err = call(capsys, model, elsewhere)
    assert code == 2 and out == ""
    assert "folder named like its class, Not_Infected or Infected" in err and "add --label" in err
    code, _, err = call(capsys, model, image, "--label", "ill")
    assert code == 2 and "--label: expected Not_Infected or Infected, got 'ill'" in err
    words = ("--label", "Not_Infected", "--out", tmp_path / "page.html")
    assert call(capsys, model, elsewhere, *words)[0] == 0
    page = knows(tmp_path / "page.html")
    assert [sample["name"] for sample in page["samples"]] == ["Not_Infected: slice.png"]


def test_names_cannot_turn_the_writing_of_the_page(model, image, tmp_path, capsys):
    trained, reversing = load_model(model), "a\u202eb"
    trained.metadata["negative"] = reversing
    trained.save(tmp_path / "model.npz")
    odd, page = tmp_path / "s\u2028.png", tmp_path / "page.html"
    shutil.copy(image, odd)
    words = ("--label", reversing, "--out", page, "--as-is")
    assert call(capsys, tmp_path / "model.npz", odd, *words)[0] == 0
    found = knows(page)
    assert found["classes"] == ["a\\u202eb", "Infected"]
    assert found["samples"][0]["name"] == "a\\u202eb: s\\u2028.png"


def test_the_page_gets_a_free_name(model, image, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "explorer.html").write_text("mine")
    assert call(capsys, model, image)[0] == 0
    assert (tmp_path / "explorer.html").read_text() == "mine"
    assert (tmp_path / "explorer-2.html").stat().st_size > 100_000


def test_damaged_kernels_are_named(model, image, tmp_path, capsys):
    shutil.copy(model, tmp_path / "model.npz")
    (tmp_path / "kernels.npz").write_bytes(b"no archive")
    code, out, err = call(capsys, tmp_path / "model.npz", image, "--out", tmp_path / "page.html")
    assert code == 2 and "kernels.npz" in err and "delete it to do without the epochs" in err
    assert not (tmp_path / "page.html").exists()


def test_without_kernels_there_are_no_epochs(model, image, tmp_path, capsys):
    shutil.copy(model, tmp_path / "model.npz")
    page = tmp_path / "page.html"
    assert call(capsys, tmp_path / "model.npz", image, "--out", page)[0] == 0
    assert knows(page)["epochs"] is None


def test_an_image_that_cannot_be_read_leaves_no_page(model, tmp_path, capsys):
    (tmp_path / "slice.png").write_text("no image")
    code, _, err = call(capsys, model, tmp_path / "slice.png", "--label", "Infected")
    assert code == 2 and "slice.png" in err


def test_an_odd_image_gets_its_note(model, image, tmp_path, capsys):
    folder = tmp_path / "Infected"
    folder.mkdir()
    cv2.imwrite(str(folder / "black.png"), cv2.imread(str(image)) * 0)
    code, out, err = call(capsys, model, folder / "black.png", "--out", tmp_path / "page.html")
    assert code == 0 and "all its pixels are equal" in out + err
