"""Bad model files: one sentence each, nothing executed, nothing written, little memory taken."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from bad_models import CORPUS, SIZE, UNUSABLE, good_model, write_corpus
from model_mutator import mutant
from places import ROOT

from covid.cli.main import main
from covid.common.errors import UserError
from covid.training.model_file import OUR_MODEL, open_model
from minicnn.layers import Dense
from minicnn.models import Model, Sequential, load_model
from minicnn.saving.npz import read_npz, write_npz

LONGEST_SENTENCE = 900
MUTANTS = 1600
LONGEST_WAIT = 10  # seconds for one file; each takes some thousandths
MEMORY = 48 * 2**20  # bytes beyond what the process has when it begins to read
LIMIT_MEMORY = """
import resource, sys
from minicnn.models import load_model

load_model(sys.argv[1])  # imports what reading needs
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, [pages * resource.getpagesize() + int(sys.argv[2])] * 2)
for path in sys.argv[3:]:
    try:
        load_model(path)
    except ValueError:
        print("refused")
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> dict[str, Path]:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def nothing_happens(tmp_path, corpus, monkeypatch):
    """Fails if a file appears, or one of the corpus changes."""
    monkeypatch.chdir(tmp_path)
    folder = corpus["good"].parent
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    yield
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def image(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("image") / "gray.png"
    cv2.imwrite(str(path), np.arange(SIZE * SIZE, dtype=np.uint8).reshape(SIZE, SIZE))
    return path


@pytest.fixture
def alarm():
    """Ends a test that takes too long for one file: `alarm()` winds the clock up again."""
    if not hasattr(signal, "SIGALRM"):
        yield lambda: None
        return

    def too_long(number, frame):
        raise TimeoutError(f"more than {LONGEST_WAIT} s for one file")

    before = signal.signal(signal.SIGALRM, too_long)
    yield lambda: signal.alarm(LONGEST_WAIT)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def check_sentence(error: Exception, path: Path, expected: str) -> None:
    sentence = str(error)
    assert sentence.startswith(str(path))
    assert re.search(expected, sentence), sentence
    assert sentence.isprintable() and len(sentence) < LONGEST_SENTENCE


def test_the_good_one_is_good(corpus, image, capsys):
    assert load_model(corpus["good"]).count_params() == 29
    assert main(["predict", str(corpus["good"]), str(image)]) == 0
    assert "p(Sick)" in capsys.readouterr().out


@pytest.mark.parametrize("name", CORPUS)
def test_a_bad_file_is_one_sentence(name, corpus, nothing_happens, alarm):
    alarm()
    with pytest.raises(ValueError) as caught:
        load_model(corpus[name])
    check_sentence(caught.value, corpus[name], CORPUS[name][1])


def test_a_bad_file_changes_no_model(corpus):
    model = load_model(corpus["good"])
    model.set_weights([weight + 1 for weight in model.get_weights()])
    before = model.get_weights()
    for name in ("half", "flipped-bit", "missing", "misshapen", "extra", "newer", "compressed"):
        with pytest.raises(ValueError) as caught:
            model.load_weights(corpus[name])
        check_sentence(caught.value, corpus[name], CORPUS[name][1].split(";")[0])
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for its memory")
def test_memory_is_bounded(corpus):
    """Under a limit even memory that is asked for and never used is an error."""
    bad = [str(corpus[name]) for name in CORPUS]
    assert max(Path(path).stat().st_size for path in bad) < MEMORY / 8
    run = subprocess.run(
        [sys.executable, "-c", LIMIT_MEMORY, corpus["good"], str(MEMORY), *bad],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["refused"] * len(bad)


def test_what_is_no_file_is_one_sentence(tmp_path, alarm):
    folder, pipe, locked = (tmp_path / name for name in ("folder", "pipe", "locked"))
    folder.mkdir()
    found = dict.fromkeys((folder, Path(os.devnull)), "found a folder, a device or a pipe")
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe)  # nobody writes to it: to open it would wait for ever
        found[pipe] = "found a folder, a device or a pipe"
    locked.touch(mode=0)
    if not os.access(locked, os.R_OK):  # root may read everything
        found[locked] = "cannot be read .Permission denied"
    for path, expected in found.items():
        for use in (load_model, load_model_weights):
            alarm()
            with pytest.raises(ValueError) as caught:
                use(path)
            check_sentence(caught.value, path, expected)


def load_model_weights(path: Path) -> None:
    Sequential([Dense(1, input_shape=(2,))]).load_weights(path)


def test_arrays_are_read_as_they_were_written(tmp_path):
    """Of more than one chunk, in Fortran order, and without any number."""
    rng = np.random.default_rng(0)
    arrays = {
        "weights/c/kernel": rng.random((700, 600), dtype=np.float32),
        "weights/f/kernel": np.asfortranarray(rng.random((70, 60))),
        "weights/empty/kernel": np.zeros((0, 3)),
    }
    write_npz(tmp_path / "arrays.npz", arrays)
    found, meta = read_npz(tmp_path / "arrays.npz")
    assert meta is None and list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype and found[name].flags.writeable


@pytest.mark.parametrize(
    "name, array, expected",
    [
        ("weights/../kernel", np.zeros(1), "expected a name like weights/conv2d/kernel, got"),
        ("weights//kernel", np.zeros(1), "expected a name like"),
        ("weights/a\n/kernel", np.zeros(1), "expected a name like"),
        ("weights/a/kernel", np.array([None]), "to hold numbers or a text, got object"),
        ("weights/a/kernel", np.zeros(1, complex), "to hold numbers or a text, got complex128"),
    ],
)
def test_what_could_not_be_read_is_not_written(name, array, expected, tmp_path):
    with pytest.raises(ValueError, match=expected):
        write_npz(tmp_path / "arrays.npz", {name: array})
    assert list(tmp_path.iterdir()) == []


# The command line


@pytest.mark.parametrize("name", CORPUS)
def test_covid_says_what_is_bad(name, corpus, image, nothing_happens, capsys):
    assert main(["predict", str(corpus[name]), str(image)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.endswith(f"{OUR_MODEL}\n")
    assert err.startswith(f"covid predict: {corpus[name]}")


@pytest.mark.parametrize("name", UNUSABLE)
def test_covid_does_not_use_every_model(name, corpus, image, nothing_happens, capsys):
    path = str(corpus[name])
    for command in (
        ["predict", path, str(image)],
        ["explain", path, str(image)],
        ["evaluate", path, "--data", str(image.parent)],
        ["figures", "--model", path, "--data", str(image.parent), "--out", "figures"],
    ):
        assert main(command) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1
        sentence = err.removeprefix(f"covid {command[0]}: ").removesuffix("\n")
        check_sentence(UserError(sentence), corpus[name], UNUSABLE[name][1])


# Mutants


@pytest.mark.slow
def test_mutants_load_or_are_one_sentence(tmp_path, alarm, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good, path = good_model(), tmp_path / "mutant.npz"
    outcomes = {"loaded": 0, "refused": 0, "used": 0}
    for number in range(MUTANTS):
        content = mutant(good, np.random.default_rng([2020, number]))
        path.write_bytes(content)
        alarm()
        try:
            outcome, model = "loaded", load_model(path)
        except ValueError as error:
            outcome = "refused"
            check_sentence(error, path, "")
        outcomes[outcome] += 1
        if outcome == "loaded" and is_usable(path):
            outcomes["used"] += 1
            assert model.predict_on_batch(np.zeros((1, SIZE, SIZE, 1), np.float32)).shape == (1, 1)
        assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["mutant.npz"]
    assert min(outcomes.values()) > MUTANTS // 20, outcomes  # both ways were tried


def is_usable(path: Path) -> bool:
    """Whether `covid` would use a model; a UserError that names it is an answer, too."""
    try:
        return isinstance(open_model(path), Model)
    except UserError as error:
        check_sentence(error, path, "")
        return False
