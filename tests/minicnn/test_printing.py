"""What is printed to a stdout that does not have every character."""

import io
import sys

import pytest

from minicnn import layers, models
from minicnn.models.summary import summary_text
from minicnn.printing import encodable, print_text
from minicnn.training.progress import Progress

ENCODINGS = ["cp1252", "ascii", "cp932", "latin-1", "cp437"]


@pytest.fixture
def stdout(monkeypatch):
    """Make stdout one of that encoding; gives what is printed as bytes."""

    def make(encoding):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
        monkeypatch.setattr(sys, "stdout", stream)
        return stream

    return make


def model(name="größe"):
    first = layers.Dense(2, input_shape=(3,), name=name)
    return models.Sequential([first, layers.Dense(1, name="a_name_that_is_too_long_for_it")])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_summary(encoding, stdout):
    stream = stdout(encoding)
    model("dense").summary(line_length=60)
    stream.flush()
    lines = stream.buffer.getvalue().decode(encoding).splitlines()
    expected = summary_text(model("dense"), 60).splitlines()
    assert len(lines) == len(expected)
    for line, wide in zip(lines, expected, strict=True):
        assert line == wide or (line.isascii() and len(line) == len(wide))
    assert set(lines[1]) == {"+", "="}
    assert {line[0] for line in lines[1:-3]} == {"+", "|"}


def test_utf_8_has_every_character(stdout):
    stream = stdout("utf-8")
    model().summary()
    stream.flush()
    assert stream.buffer.getvalue().decode("utf-8") == summary_text(model()) + "\n"


def test_names_without_ascii(stdout):
    stream = stdout("ascii")
    model().summary(line_length=80)
    stream.flush()
    assert rb"gr\xf6\xdfe (Dense)" in stream.buffer.getvalue()


def test_the_lines_of_training(stdout):
    stream = stdout("cp1252")
    with Progress("Epoch 1/1", 2, 2) as progress:
        progress.close({"größe_loss": 0.5, "損失": 0.25})
    assert stream.buffer.getvalue().endswith(b"gr\xf6\xdfe_loss 0.5000  \\u640d\\u5931 0.2500\n")


def test_a_function_of_one_s_own_gets_the_text_as_it_is(stdout):
    stdout("ascii")
    pieces = []
    model().summary(print_fn=pieces.append)
    assert pieces == [summary_text(model())]


def test_a_stdout_that_is_closed_or_has_no_encoding(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    model().summary()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    print_text("┏")
    assert sys.stdout.getvalue() == "┏\n"


def test_only_what_has_to_be_is_replaced():
    assert encodable("größe │", "cp1252") == "größe |"
    assert encodable("größe", "cp1252") == "größe"
