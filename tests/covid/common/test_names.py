"""Names as weapons: what would change the terminal is written out; unusable ones are refused."""

import json

import pytest
from class_folders import two_classes
from textures import texture

from covid.cli.main import main
from covid.common.errors import UserError
from covid.common.plain_names import is_plain_name
from covid.common.screen import Screen, put, say
from covid.data.class_folders import scan
from covid.data.images import write_png
from covid.data.split_folder import read_split
from minicnn.layers import Dense, Flatten
from minicnn.models import Sequential

ESCAPE = chr(27)
WEAPONS = {
    "escape": f"{ESCAPE}[31mred",
    "title": f"{ESCAPE}]0;mine{chr(7)}",
    "csi": f"{chr(0x9B)}31m",
    "line": "one\ntwo",
    "return": "one\rtwo",
    "tab": "one\ttwo",
    "delete": f"one{chr(127)}",
}
BIDI = f"a{chr(0x202E)}gnp.exe"  # is shown as aexe.png


@pytest.mark.parametrize("name", WEAPONS.values(), ids=WEAPONS)
def test_a_class_that_no_model_could_have_is_refused_at_once(name, tmp_path, capsys):
    data = two_classes(tmp_path / "data", 12, ("Well", name))
    with pytest.raises(UserError, match="classes whose names can be printed, found "):
        scan(data, name)
    for command in ("run", "split", "audit", "preprocess", "controls", "figures"):
        assert main([command, str(data), "--positive", "Well", "--out", str(tmp_path / "out")]) == 2
        said = capsys.readouterr()
        assert said.err[:-1].isprintable() and "rename it" in said.err
    assert not (tmp_path / "out").exists()


def test_a_split_folder_of_such_a_class_is_refused(tmp_path):
    info = {"positive": f"{ESCAPE}[31m", "negative": "b", "ratios": [0.5, 0.1, 0.4], "seed": 0}
    info |= {"group": None, "notes": [], "counts": {}}
    (tmp_path / "split.json").write_text(json.dumps(info))
    with pytest.raises(UserError, match=r"positive cannot be '\\x1b\[31m'"):
        read_split(tmp_path)


def test_other_names_can_be_used():
    assert all(map(is_plain_name, ("é", "肺", "a b", BIDI, "\udcff", "-", "=1+1", "' \"")))


def test_what_is_printed_changes_no_terminal(capsys):
    screen = Screen(total=1)
    for text in (*WEAPONS.values(), BIDI):
        say(f"not used: {text}")
        put(text)
        with screen.phase(text) as phase:
            phase.result = text
            screen.say(text)
    said = capsys.readouterr().out
    assert all(line.isprintable() for line in said.split("\n"))
    assert r"not used: \x1b[31mred" in said and r"a\u202egnp.exe" in said and r"\x9b31m" in said
    put("a table\nof two lines", end="\n\n")
    assert capsys.readouterr().out == "a table\nof two lines\n\n"


def dense_model(path):
    model = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    images = {"enhance": False, "image_size": 8, "interpolation": "nearest", "rescale": 1 / 255}
    model.metadata = {"positive": "Infected", "negative": "Not_Infected", "preprocessing": images}
    model.save(path)
    return path


def test_commands_on_images_of_such_names(tmp_path, capsys):
    for number, name in enumerate((*WEAPONS.values(), BIDI)):
        for label in ("Infected", "Not_Infected"):
            (tmp_path / "data" / label).mkdir(parents=True, exist_ok=True)
            path = tmp_path / "data" / label / f"{name}.png"
            write_png(path, texture(2 * number + len(label) % 2, 48))
    (tmp_path / f"data/Infected/{ESCAPE}[5mbad.png").write_bytes(b"no image")
    model = dense_model(tmp_path / "model.npz")
    for code, *words in (
        (2, "predict", model, *(tmp_path / "data/Infected").iterdir()),
        (0, "audit", tmp_path / "data", "--out", tmp_path / "audit"),
        (0, "split", tmp_path / "data", "--out", tmp_path / "split"),
        (0, "evaluate", model, "--data", tmp_path / "data"),
    ):
        assert main(list(map(str, words))) == code
        said = "".join(capsys.readouterr())
        assert r"\x1b[5mbad.png" in said
        assert all(line.isprintable() for line in said.split("\n"))
