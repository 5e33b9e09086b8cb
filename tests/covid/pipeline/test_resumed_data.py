"""What a resumed run finds changed: images that were replaced, a project that was moved, no run.json."""

import json
import os
import shutil
from pathlib import Path

import cv2
import pytest
from tiny_runs import quick, slices

from covid.cli.main import main
from covid.common.made_files import UNFINISHED
from covid.data.contents import CONTENTS, read_contents
from covid.data.split_folder import read_split
from covid.figures import dataset_figures, model_figures
from covid.pipeline import run, train_models


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    for name in ("source_figures", "augmentation_figure"):
        monkeypatch.setattr(dataset_figures, name, lambda *args, **named: None)
    for name in ("graph_figure", "model_figures"):
        monkeypatch.setattr(model_figures, name, lambda *args, **named: None)
    for name in ("draw_examples", "write_explorer"):
        monkeypatch.setattr(run, name, lambda *args: None)


def stopped(out: Path, **options) -> Path:
    """The output folder of a run that was stopped before its second training."""
    train, trained = train_models.train_and_evaluate, []

    def stop_at_the_second(*args, **named):
        if trained:
            raise KeyboardInterrupt
        trained.append(True)
        return train(*args, **named)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train_models, "train_and_evaluate", stop_at_the_second)
        run.run_all(quick(out, **{"split": "both", "controls": False, **options}))
    return out


@pytest.fixture
def project(tmp_path) -> Path:
    """A folder with images and a run of them that was stopped."""
    shutil.copytree(slices(), tmp_path / "project/s")
    stopped(tmp_path / "project/out", data=tmp_path / "project/s")
    return tmp_path / "project"


def change(path: Path) -> Path:
    """Replace an image by another one that can be read as well."""
    image = 255 - cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    path.unlink()  # a hard link has more names
    cv2.imwrite(str(path), image)
    return path


def complaint(out: Path, capsys) -> str:
    capsys.readouterr()
    assert main(["run", "--resume", str(out)]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    return sentence


def test_an_image_that_was_replaced_is_named(project, capsys):
    for pattern in ("s/Infected/*", "out/random/data/*/test/*/*", "out/group/data/*/train/*/*"):
        path = sorted(project.glob(f"{pattern}.png"))[0]
        before = path.read_bytes()
        change(path)
        said = complaint(project / "out", capsys)
        assert f"{path} is not the file that this run was begun with; put that one back" in said
        path.write_bytes(before)
    (prepared,), (linked,) = (
        (project / "out" / way / "data").iterdir() for way in ("random", "group")
    )
    hashes = read_contents(prepared)
    assert hashes.keys() == read_split(prepared).files.keys()
    assert set(hashes.values()) == set(read_contents(linked).values())
    for path in (project / "out").rglob(CONTENTS):
        path.unlink()  # as if from before there were hashes
    assert main(["run", "--resume", str(project / "out")]) == 0


def test_an_image_of_a_split_folder_and_a_table_of_groups(tmp_path, capsys):
    split, table = tmp_path / "split", tmp_path / "groups.csv"
    table.write_text(
        "file,patient\n"
        + "".join(f"{path.name},{path.name.split('_')[0]}\n" for path in slices().glob("*/*.png"))
    )
    out = stopped(tmp_path / "with-table", data=slices(), group_csv=table)
    table.write_text(table.read_text() + "\n")
    assert f"{table} is not the file" in complaint(out, capsys)
    assert main(["split", str(slices()), "--out", str(split)]) == 0
    models = ("tiny_cnn", "cnn_dropout")
    out = stopped(tmp_path / "of-split", data=split, split="random", models=models)
    path = change(sorted(split.glob("validate/*/*.png"))[0])
    assert f"{path} is not the file" in complaint(out, capsys)


@pytest.mark.parametrize("typed", ["relative", "absolute"])
def test_a_project_that_was_moved_goes_on(typed, tmp_path, monkeypatch):
    shutil.copytree(slices(), tmp_path / "project/s")
    monkeypatch.chdir(tmp_path / "project")
    data = Path("s") if typed == "relative" else tmp_path / "project/s"
    stopped(Path("out"), data=data)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project").rename(tmp_path / "moved")
    assert main(["run", "--resume", "moved/out"]) == 0
    assert json.loads((tmp_path / "moved/out/summary.json").read_text())["splits"]
    assert not (tmp_path / "moved/out" / UNFINISHED).exists()


@pytest.mark.parametrize("left", ["nothing", "empty", "list"])
def test_a_run_that_was_killed_before_run_json_starts_afresh(left, tmp_path, capsys):
    out = tmp_path / "out"
    if left != "nothing":
        out.mkdir()
    if left == "list":
        (out / "figures").mkdir()
        (out / UNFINISHED).write_text('["figures", null, null]')
        (out / ".minicnn-0123456789ab.tmp").write_text("half of run.json")
    assert "no run.json" in complaint(out, capsys) or "no folder" in complaint(out, capsys)
    command = [
        "run",
        "--data",
        str(slices()),
        "--models",
        "tiny_cnn",
        "--epochs",
        "1",
        "--no-audit",
    ]
    command += ["--no-controls", "--split", "random", "--resume", str(out)]
    assert main(command) == 0
    assert (out / "summary.json").exists()
    assert not list(out.glob(".*"))
    assert main(command) == 0
    assert "already complete" in capsys.readouterr().out


def test_files_of_others_keep_a_run_from_starting_afresh(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/theirs.txt").write_text("theirs")
    command = ["run", "--data", str(slices()), "--resume", str(tmp_path / "out")]
    assert main(command) == 2
    assert "exists and is not empty" in capsys.readouterr().err
    assert os.listdir(tmp_path / "out") == ["theirs.txt"]
