"""`python -m minicnn.inspection`: tables and explanations of a model file and an image file."""

import numpy as np
import pytest
from inspected_models import X, every_layer

from minicnn import layers, models
from minicnn.inspection import (
    explain,
    explain_gradient,
    gradient_table,
    trace,
    trace_gradients,
)
from minicnn.inspection.__main__ import main, prepared_image

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model():
    return every_layer()


@pytest.fixture
def files(model, tmp_path, rng):
    """Paths of a saved model and of a (random) color image of another size."""
    import cv2

    model.compile("adam")
    model.metadata["preprocessing"] = {"rescale": 1 / 255, "samplewise": True, "enhance": False}
    model.save(tmp_path / "model.npz")
    cv2.imwrite(str(tmp_path / "image.png"), rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    return [str(tmp_path / "model.npz"), str(tmp_path / "image.png")]


def test_command_prints_the_trace(files, model, capsys):
    assert main(files) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].split() == ["layer", "shape", "min", "mean", "max"]
    expected = ["(image)", *trace(model, X)]
    assert [line.split()[0] for line in lines[1:]] == expected
    stem = trace(model, prepared_image(model, files[1]))["stem"]
    assert f"{stem.max():.4g}" in lines[2]
    assert printed.err == ""


def test_command_explains_a_number(files, model, capsys):
    assert main([*files, "--layer", "left", "--position", "1,2,0"]) == 0
    x = prepared_image(model, files[1])
    assert capsys.readouterr().out.strip() == str(explain(model, x, "left", (1, 2, 0))).strip()


def test_command_takes_the_largest_number_when_no_position_is_given(files, model, capsys):
    assert main([*files, "--layer", "stem"]) == 0
    output = trace(model, prepared_image(model, files[1]))["stem"][0]
    row, col, channel = np.unravel_index(output.argmax(), output.shape)
    heading = f"stem (Conv2D), row {row}, col {col}, channel {channel}: {output.max():.4g}"
    assert capsys.readouterr().out.splitlines()[0] == heading


def test_the_image_is_prepared_as_the_model_says(files, model):
    from minicnn.preprocessing.image import load_img

    gray = load_img(files[1], "grayscale", target_size=(9, 8)).astype(np.float64)
    model.metadata["preprocessing"] = {}
    x = prepared_image(model, files[1])
    assert (x.shape, x.dtype) == ((1, 9, 8, 1), np.float32)
    np.testing.assert_array_equal(x[0, :, :, 0], gray)
    model.metadata["preprocessing"] = {"rescale": 0.5}
    np.testing.assert_array_equal(prepared_image(model, files[1])[0, :, :, 0], gray / 2)
    model.metadata["preprocessing"] = {"samplewise": True, "enhance": False, "crop": "lungs"}
    expected = (gray - gray.mean()) / (gray.std() + 1e-6)
    np.testing.assert_allclose(prepared_image(model, files[1])[0, :, :, 0], expected, atol=1e-5)


def test_what_cannot_be_done_here_is_refused_unless_it_is_done(files, model, capsys):
    model.metadata["preprocessing"] |= {"enhance": True, "crop": "lungs"}
    model.save(files[0])
    assert main(files) == 2
    assert capsys.readouterr().err == (
        "example: its images were prepared with enhance, crop, which is not done here; use "
        "`covid explain`, or add --as-is if the image is prepared already\n"
    )
    assert main([*files, "--as-is"]) == 0


def test_command_prints_the_gradients(files, model, capsys):
    assert main([*files, "--backward", "--label", "1"]) == 0
    x = prepared_image(model, files[1])
    table = gradient_table(trace_gradients(model, x, 1))
    assert capsys.readouterr().out == f"{table}\n"


def test_command_explains_a_gradient(files, model, capsys):
    words = ["--backward", "--label", "0", "--layer", "stem", "--training"]
    x, way = prepared_image(model, files[1]), {"training": True}
    assert main([*files, *words]) == 0
    assert capsys.readouterr().out == f"{explain_gradient(model, x, 0, 'stem', **way)}\n"
    assert main([*files, *words, "--of", "input", "--position", "1,2,0"]) == 0
    expected = explain_gradient(model, x, 0, "stem", "input", (1, 2, 0), **way)
    assert capsys.readouterr().out == f"{expected}\n"


@pytest.mark.parametrize(
    ("change", "extra", "text"),
    [
        ((0, "none.npz"), [], "none.npz: no such file"),
        ((1, "none.png"), [], "none.png: expected an image file"),
        ((1, "model.npz"), [], "model.npz: expected an image file"),
        ((0, "image.png"), [], "image.png: expected a model file"),
        (None, ["--layer", "nowhere"], "--layer: expected one of stem"),
        (None, ["--position", "1,2,0"], "--position: expected --layer with it"),
        (None, ["--layer", "stem", "--position", "here"], "--position: expected whole numbers"),
        (None, ["--layer", "stem", "--position", "1,2"], "stem: expected a position"),
        (None, ["--of", "kernel", "--backward"], "--of: expected --layer with it"),
        (None, ["--layer", "stem", "--of", "kernel"], "--of: expected --backward with it"),
        (None, ["--label", "0"], "--label: expected --backward with it"),
        (None, ["--training"], "--training: expected --backward with it"),
        (None, ["--backward"], "--backward: expected --label with it"),
        (None, ["--backward", "--label", "3"], "expected labels in [0, 1], got 3"),
        (None, ["--backward", "--label", "1", "--layer", "no"], "expected the name of a layer"),
        (None, ["--backward", "--label", "1", "--layer", "flat", "--of", "bias"], "got 'bias'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(files, change, extra, text, tmp_path, capsys):
    if change is not None:
        files[change[0]] = str(tmp_path / change[1])
    assert main([*files, *extra]) == 2
    printed = capsys.readouterr()
    assert text in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""


@pytest.mark.parametrize(
    "preprocessing", [3, ["rescale"], {"rescale": "1/255"}, {"rescale": [1]}, {"rescale": 10**400}]
)
def test_metadata_of_other_types_are_refused(preprocessing, files, model, tmp_path, capsys):
    model.metadata["preprocessing"] = preprocessing
    model.save(tmp_path / "model.npz")
    assert main(files) == 2
    assert "expected metadata['preprocessing'] to be a dict" in capsys.readouterr().err


def test_a_model_without_images_is_refused(files, tmp_path, capsys):
    models.Sequential([layers.Dense(1, input_shape=(3,))]).save(tmp_path / "model.npz")
    assert main(files) == 2
    assert "expected a model that takes one gray or color image" in capsys.readouterr().err
