"""The command line: its help, its answers, its exit codes. All errors are in `test_errors`."""

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from places import ROOT
from tiny_runs import PATIENTS, SLICES, finished_run, slices

from covid.cli.main import function_of, main
from covid.cli.parser import COMMANDS, parse
from covid.common.choices import PUBLISHED_MODELS
from covid.data.manifest import read_manifest
from covid.data.split_folder import read_split
from minicnn.models import load_model

TOTAL = PATIENTS * SLICES


def call(*arguments) -> int:
    """Run a command in this process; the exit code, also where the parser ends it."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as error:
        return error.code


def in_a_process(*arguments, code: str | None = None) -> subprocess.CompletedProcess:
    command = ["-c", code] if code else ["-m", "covid", *map(str, arguments)]
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def complaint(capsys, command: str) -> str:
    """The one sentence on stderr, which starts with the command's name; nothing on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith(f"covid {command}: "), err
    assert "Errno" not in err and "Traceback" not in err
    return err


@pytest.fixture
def model() -> Path:
    return finished_run()[0] / "random/tiny_cnn/model.npz"


@pytest.fixture
def split() -> Path:
    return finished_run()[0] / "random/data/enhanced-150px-50-10-40"


@pytest.fixture
def image() -> Path:
    return next((slices() / "Infected").iterdir())


@pytest.fixture
def odd(tmp_path, image) -> dict[str, Path]:
    """Files that are no images, and images with nothing on them."""
    folder = tmp_path / "odd"
    folder.mkdir()
    cv2.imwrite(str(folder / "good.jpg"), cv2.imread(str(image)))
    whole = (folder / "good.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("no image")
    (folder / "empty.png").write_bytes(b"")
    (folder / "folder.png").mkdir()
    cv2.imwrite(str(folder / "black.png"), np.zeros((40, 30), np.uint8))
    cv2.imwrite(str(folder / "pixel.png"), np.full((1, 1), 90, np.uint8))
    found = {path.name: path for path in folder.iterdir()}
    return {**found, "missing.png": folder / "missing.png"}


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_that_can_be_run(command, capsys):
    assert call(command, "--help") == 0
    text = capsys.readouterr().out
    example = text.split("example:\n")[1].strip()
    words = shlex.split(example)
    assert words[:2] == ["covid", command]
    assert parse(words[1:]).command == command
    assert max(map(len, text.splitlines())) <= 80
    assert "--seed" in text and "--json" in text


def test_every_command_has_a_function(capsys):
    assert all(function_of(command).__name__ == command for command in COMMANDS)
    helps = []
    for words in ((), ("--help",), ("help",)):
        assert call(*words) == 0
        helps.append(capsys.readouterr().out)
    assert helps[0] == helps[1] == helps[2]
    found = re.findall(r"^  ([a-z]+)  +[a-z]", helps[0], re.M)
    assert found == list(COMMANDS)
    assert max(map(len, helps[0].splitlines())) <= 80


def test_images_and_models_are_named_alike_everywhere():
    for command in ("run", "train", "controls", "audit", "preprocess", "split", "figures"):
        for words in (["x", "--seed", "1"], ["--seed", "1", "x"], ["--data", "x"]):
            assert parse([command, *words]).data == Path("x")
    assert parse(["evaluate", "m.npz", "--part", "all", "x"]).data == Path("x")
    for option in ("--model", "--models"):
        for command in ("run", "train", "controls"):
            assert parse([command, "x", option, "cnn"]).models == ("cnn",)
        assert parse(["run", option, "published"]).models == PUBLISHED_MODELS


def test_help_imports_nothing_heavy():
    heavy = ("numpy", "numba", "cv2", "matplotlib", "minicnn")
    code = (
        "import sys\nfrom covid.cli.main import main\n"
        "try:\n    main(['run', '--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print('heavy:', [name for name in {heavy} if name in sys.modules])"
    )
    assert in_a_process(code=code).stdout.splitlines()[-1] == "heavy: []"


def test_predict_does_not_wait_for_matplotlib(model, image):
    code = (
        "import sys\nfrom covid.cli.main import main\n"
        f"assert main(['predict', {str(model)!r}, {str(image)!r}]) == 0\n"
        "print('matplotlib' in sys.modules)"
    )
    assert in_a_process(code=code).stdout.splitlines()[-1] == "False"


def test_a_reader_of_stdout_that_goes_away(model, image):
    """As `covid explain ... | head`: no traceback, no complaint."""
    with subprocess.Popen(
        [sys.executable, "-m", "covid", "explain", str(model), str(image)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


# predict


def test_predict_answers_for_what_can_be_read(odd, model, capsys):
    names = ("text.png", "good.jpg", "cut.jpg", "empty.png", "folder.png", "missing.png")
    assert call("predict", model, *(odd[name] for name in names)) == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"{odd['good.jpg']}: p(Infected) = 0.")
    assert out.count("p(Infected)") == 1
    assert "Trained on synthetic images. A teaching tool, not for diagnosis." in out
    lines = err.splitlines()
    assert len(lines) == len(names) - 1
    for line, name in zip(lines, [n for n in names if n != "good.jpg"], strict=True):
        assert line.startswith(f"covid predict: {odd[name]} cannot be used as an image: ")


def test_predict_remarks_on_images_with_nothing_on_them(odd, model, capsys):
    assert call("predict", model, odd["black.png"], odd["pixel.png"], odd["good.jpg"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "(note: all its pixels are equal" in lines[0]
    assert "(note: all its pixels are equal" in lines[1]
    assert "note" not in lines[2]


def test_predict_knows_a_prepared_image_wherever_it_lies(model, split, capsys, tmp_path):
    """Its probability is that of predictions.csv: it is not enhanced a second time."""
    with open(model.parent / "predictions.csv", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["part"] == "train")
    there = split / "train" / row["file"]
    copied = shutil.copy(there, tmp_path / "copied.png")
    again = tmp_path / "again"
    assert call("split", split / "train", "--out", again, "--ratios", "40/20/40") == 0
    others = [path for path in again.rglob("*.png") if path.name == there.name]
    capsys.readouterr()
    assert call("predict", model, there, copied, *others, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["predictions"]) == 3
    for found in answer["predictions"]:
        assert f"{found['probability']:.6f}" == row["p(Infected)"]
        assert found["predicted"] == row["predicted"]
        assert found["note"] == "enhanced and cropped already, used as it is"
    assert f"{answer['threshold']['value']:.6f}" == row["threshold"]


def test_predict_in_json_and_csv(odd, model, capsys, tmp_path):
    path = tmp_path / "answers.csv"
    images = (odd["good.jpg"], odd["text.png"], odd["black.png"])
    assert call("predict", model, *images, "--json", "--out", path) == 2
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert list(answer["unreadable"]) == [str(odd["text.png"])]
    assert [row["file"] for row in answer["predictions"]] == [str(images[0]), str(images[2])]
    assert answer["positive"] == "Infected" and "not for diagnosis" in answer["note"]
    assert "p(Infected)" in err
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    for row, found in zip(rows, answer["predictions"], strict=True):
        assert row["file"] == found["file"]
        assert float(row["p(Infected)"]) == pytest.approx(found["probability"], abs=1e-6)


def test_predict_prints_any_file_name(odd, model, capsys, tmp_path):
    name = os.fsdecode(b"odd\xff, name.jpg")
    try:
        shutil.copy(odd["good.jpg"], tmp_path / name)
    except OSError:
        pytest.skip("this file system takes no such names")
    path = tmp_path / "a.csv"
    assert call("predict", model, tmp_path / name, "--out", path) == 0
    assert "odd\\udcff, name.jpg: p(Infected)" in capsys.readouterr().out
    assert b"odd\xff, name.jpg" in path.read_bytes()


def test_a_source_image_gets_the_probability_of_its_copy_in_the_split(model, split, capsys):
    """Enhancing, cropping and scaling for one image are those of training."""
    with open(model.with_name("predictions.csv"), newline="") as file:
        known = {row["file"]: float(row["p(Infected)"]) for row in csv.DictReader(file)}
    rows = read_manifest(split)
    assert call("predict", model, *(row["source"] for row in rows), "--json") == 0
    raw = json.loads(capsys.readouterr().out)["predictions"]
    assert call("predict", model, *(split / row["file"] for row in rows), "--json", "--as-is") == 0
    copies = json.loads(capsys.readouterr().out)["predictions"]
    assert len(rows) == TOTAL
    for row, one, other in zip(rows, raw, copies, strict=True):
        expected = known[row["file"].split("/", 1)[1]]
        assert one["probability"] == pytest.approx(expected, abs=1e-5)
        assert other["probability"] == pytest.approx(expected, abs=1e-5)
    assert len({round(answer["probability"], 4) for answer in raw}) > TOTAL // 2


# evaluate


def test_evaluate_gives_the_numbers_of_the_run(model, split, capsys, tmp_path):
    _, summary, _ = finished_run()
    path = tmp_path / "p.csv"
    words = ("--data", split, "--part", "all", "--json", "--out", path)
    assert call("evaluate", model, *words) == 0
    found = json.loads(capsys.readouterr().out)
    for part, result in found["results"].items():
        expected = summary["splits"]["random"]["models"]["tiny_cnn"][part]
        assert result["loss"] == pytest.approx(expected["loss"], rel=1e-5)
        assert result["confusion"] == expected["confusion"]
    assert list(found["results"]) == ["train", "validate", "test"]
    assert len(path.read_text().splitlines()) == TOTAL + 1


def test_evaluate_on_source_images_is_evaluate_on_their_enhanced_copies(
    model, split, capsys, tmp_path
):
    assert call("preprocess", slices(), "--out", tmp_path / "enhanced", "--json") == 0
    capsys.readouterr()
    losses = []
    for data in (slices(), tmp_path / "enhanced"):
        assert call("evaluate", model, "--data", data, "--json") == 0
        result = json.loads(capsys.readouterr().out)["results"]["all"]
        assert result["n"] == TOTAL
        losses.append(result["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    parts = finished_run()[1]["splits"]["random"]["models"]["tiny_cnn"]
    mean = sum(parts[name]["loss"] * parts[name]["n"] for name in ("train", "validate", "test"))
    assert losses[0] == pytest.approx(mean / TOTAL, rel=1e-4)


def test_evaluate_says_which_files_it_did_not_use(model, odd, capsys, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(slices(), data)
    shutil.copy(odd["cut.jpg"], data / "Infected")
    (data / "Infected/notes.txt").write_text("notes")
    assert call("evaluate", model, "--data", data) == 0
    out = capsys.readouterr().out
    assert f"n = {TOTAL}" in out
    assert f"not used: {data / 'Infected/cut.jpg'}: it is a cut-off jpg" in out
    assert f"not used: {data / 'Infected/notes.txt'}: its extension" in out


def test_evaluate_refuses_images_that_were_not_prepared_as_the_models(model, capsys, tmp_path):
    assert call("split", slices(), "--out", tmp_path / "raw") == 0
    capsys.readouterr()
    assert call("evaluate", model, "--data", tmp_path / "raw") == 2
    assert "not enhanced, but the model was trained" in complaint(capsys, "evaluate")
    assert call("evaluate", model, "--data", tmp_path / "raw", "--as-is") == 0


# synth, preprocess, split, train, run, figures, explain


def test_from_preprocess_over_split_to_train(tmp_path, capsys):
    """The split knows that its images are enhanced, and the model knows it from the split."""
    enhanced, split, out = (tmp_path / name for name in ("enhanced", "split", "trained"))
    assert call("preprocess", slices(), "--out", enhanced, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == {"kept": TOTAL, "total": TOTAL} and found["synthetic"] is True
    assert call("split", enhanced, "--out", split, "--group", "^[^_]+", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["enhanced"] is True and sum(found["counts"].values()) == TOTAL
    assert read_split(split).info["enhanced"] is True
    words = ("--data", split, "--epochs", "1", "--out", out, "--json")
    assert call("train", *words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["folder"] == str(out) and list(found["splits"]) == ["group"]
    assert json.loads((out / "summary.json").read_text())["splits"] == found["splits"]
    model = load_model(out / "group/compact_cnn/model.npz")
    assert model.metadata["preprocessing"]["enhance"] is True


def test_images_are_not_enhanced_twice(tmp_path, capsys):
    enhanced = tmp_path / "enhanced"
    assert call("preprocess", slices(), "--out", enhanced) == 0
    capsys.readouterr()
    for words in (("preprocess", enhanced), ("split", enhanced, "--enhance")):
        assert call(*words, "--out", tmp_path / "twice") == 2
        assert "enhanced and cropped already" in complaint(capsys, words[0])
    shutil.copy(next((slices() / "Infected").iterdir()), enhanced / "Infected/new.png")
    assert call("split", enhanced, "--out", tmp_path / "mixed") == 2
    assert "new.png was not made by `covid preprocess`" in complaint(capsys, "split")
    (enhanced / "manifest.csv").write_text("somebody,else's\n1,2\n")  # no manifest of ours
    assert call("split", enhanced, "--out", tmp_path / "raw") == 0
    assert read_split(tmp_path / "raw").info["enhanced"] is False


def test_synth_is_the_same_for_the_same_seed(tmp_path, capsys):
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        words = ("--patients", 2, "--slices", 1, "--seed", seed, "--json")
        assert call("synth", "--out", tmp_path / name, *words) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["images"], found["seed"], found["synthetic"]) == (2, seed, True)
    images = {
        name: [path.read_bytes() for path in sorted((tmp_path / name).rglob("*.png"))]
        for name in "abc"
    }
    assert images["a"] == images["b"] != images["c"]


def test_run_prints_its_table(tmp_path, capsys):
    words = ("--data", slices(), "--models", "tiny_cnn", "--epochs", "1")
    assert call("run", *words, "--out", tmp_path / "out", "--seed", 3) == 0
    out = capsys.readouterr().out
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["seed"] == 3
    assert re.search(r"^tiny_cnn +65,777 +1 +\d\.\d{3} \d\.\d{3}-\d\.\d{3} ", out, re.M)
    assert "Synthetic images. A teaching tool, not for diagnosis. Positive class: Infected" in out


def test_figures_with_a_model(tmp_path, model, capsys):
    words = ("--data", slices(), "--model", model, "--json")
    assert call("figures", *words, "--out", tmp_path / "drawn") == 0
    names = [Path(path).name for path in json.loads(capsys.readouterr().out)["figures"]]
    drawn = ["filters-tiny_cnn.png", "graph-tiny_cnn.png", "preprocessing.png", "samples.png"]
    assert sorted(names) == sorted(path.name for path in (tmp_path / "drawn").iterdir()) == drawn


def test_explain_shows_all_layers_or_one_number(model, image, capsys):
    assert call("explain", model, image) == 0
    assert re.search(r"conv2d +\(148, 148, 6\)", capsys.readouterr().out)
    assert call("explain", model, image, "--json") == 0
    assert json.loads(capsys.readouterr().out)["layers"]["conv2d"] == [148, 148, 6]
    words = ("--layer", "conv2d", "--position", "70,40,2")
    assert call("explain", model, image, *words, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["layer"], found["position"]) == ("conv2d", [70, 40, 2])
    assert np.shape(found["window"]) == np.shape(found["kernel"]) == (3, 3, 1)
    assert found["sum"] + found["bias"] == pytest.approx(found["before_activation"])
    assert call("explain", model, image, *words) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"conv2d (Conv2D), row 70, col 40, channel 2: {found['value']:.4g}\n")
    assert "window" in out


def test_explain_backward_shows_all_gradients_or_one(model, image, capsys):
    assert call("explain", model, image, "--backward") == 0
    assert re.search(r"conv2d +kernel +\(3, 3, 1, 6\)", capsys.readouterr().out)
    assert call("explain", model, image, "--backward", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["label"], found["layers"]["conv2d"]["bias"]["shape"]) == ("Infected", [6])
    words = ("--backward", "--layer", "conv2d")
    assert call("explain", model, image, *words, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["of"], found["agrees"], len(found["position"])) == ("kernel", True, 4)
    assert found["value"] == pytest.approx(found["numeric"], rel=1e-3)
    assert found["next_step"]["optimizer"] == "Adam"
    assert found["uses"][0]["count"] == 148 * 148
    assert call("explain", model, image, *words, "--position", "0,1,0,2") == 0
    assert "d loss / d kernel[0, 1, 0, 2]: " in capsys.readouterr().out


def test_explain_backward_takes_the_label_from_the_folder_or_the_option(model, image, capsys):
    words = ("--backward", "--layer", "dense_1", "--of", "activation", "--json")
    labels = []
    for more in ((), ("--label", "Infected"), ("--label", "Not_Infected")):
        assert call("explain", model, image, *words, *more) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["value"] == pytest.approx(found["p"] - found["y"])
        labels.append(found["y"])
    assert labels == [1, 1, 0]


def test_explain_backward_drops_out_in_training_only(model, image, capsys):
    words = ("--backward", "--layer", "dropout", "--json")
    factors = []
    for more in ((), ("--training",)):
        assert call("explain", model, image, *words, *more) == 0
        factors.append(json.loads(capsys.readouterr().out)["factor"])
    assert factors[0] == 1 and factors[1] != 1


def test_explain_takes_the_largest_number_without_a_position(model, image, capsys):
    assert call("explain", model, image, "--layer", "dense_1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert call("predict", model, image, "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)["predictions"]
    assert found["position"] == [0]
    assert found["value"] == pytest.approx(answer["probability"], rel=1e-5)


def test_in_a_process_of_its_own(model, odd, image):
    """JSON alone on stdout, everything else on stderr, and the exit code for the shell."""
    done = in_a_process("predict", model, image, odd["text.png"], "--json")
    assert done.returncode == 2
    assert len(json.loads(done.stdout)["predictions"]) == 1
    assert "Traceback" not in done.stderr
    assert "covid predict: " in done.stderr
