"""What the table of epochs holds, and to which file more rows may be added."""

import csv

import pytest
from played_training import Play, small_model

from minicnn import callbacks


def table(path) -> list[dict[str, str]]:
    """The rows of a csv file."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def train(data, path, append=True, before=(), **arguments):
    logger = callbacks.CSVLogger(path, append=append)
    return small_model().fit(*data, callbacks=[*before, logger], verbose=0, **arguments)


@pytest.mark.parametrize("separator", ["::", "", None, 7])
def test_a_separator_is_one_character(separator, tmp_path):
    with pytest.raises(ValueError, match="separator to be one character, got"):
        callbacks.CSVLogger(tmp_path / "log.csv", separator)


def test_more_rows_go_under_the_names_of_the_header(data, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,acc\r\n0,0.9,0.5\r\n")  # in another order
    history = train(data, path).history
    first, second = table(path)
    assert (first["loss"], first["acc"]) == ("0.9", "0.5")
    assert [float(second[key]) for key in ("loss", "acc")] == [
        history["loss"][0],
        history["acc"][0],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "epoch,learning_rate,loss\r\n0,0.001,0.7\r\n",
        "epoch,loss\r\n0,0.7\r\n",
        "epoch,acc,loss,val_loss\r\n0,0.5,0.7,0.7\r\n",
        "epoch;acc;loss\r\n0;0.5;0.7\r\n",  # another separator
        "acc,epoch,loss\r\n0.5,0,0.7\r\n",
        "Meeting on Monday\n",
        "\n",
    ],
)
def test_a_file_with_other_columns_is_refused_before_the_first_step(text, data, tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode())
    steps = []
    counting = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))
    with pytest.raises(ValueError, match="to have the columns epoch,acc,loss to append to, found"):
        train(data, path, before=[counting])
    assert (path.read_bytes(), steps) == (text.encode(), [])


def test_a_last_line_without_an_end_is_not_written_on(data, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,acc,loss\n0,0.5,0.7")
    train(data, path)
    assert [row["epoch"] for row in table(path)] == ["0", "0"]


def test_what_a_callback_of_ones_own_logs_has_a_column(data, tmp_path):
    path = tmp_path / "log.csv"
    for _ in range(2):  # the second time it is added to
        train(data, path, before=[Play([0.25, 0.5], "f1")], epochs=2)
    assert list(table(path)[0]) == ["epoch", "acc", "f1", "loss"]
    assert [row["f1"] for row in table(path)] == ["0.25", "0.5"] * 2


def test_an_epoch_that_lacks_a_key_has_na_and_a_late_key_is_warned_of(data, tmp_path):
    def change(epoch, logs):
        if epoch:
            del logs["acc"]
            logs["late"] = 1.0

    changing = callbacks.LambdaCallback(on_epoch_end=change)
    path = tmp_path / "log.csv"
    with pytest.warns(UserWarning, match="no column for late"):
        train(data, path, before=[changing], epochs=2)
    assert [row["acc"] == "NA" for row in table(path)] == [False, True]
    assert "late" not in path.read_text()


def test_its_folder_is_made(data, tmp_path):
    path = tmp_path / "not" / "there" / "log.csv"
    train(data, path, append=False)
    assert len(table(path)) == 1


def test_a_folder_that_cannot_be_made_is_refused_before_the_first_step(data, tmp_path):
    (tmp_path / "file").write_text("")
    steps = []
    counting = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))
    with pytest.raises(OSError, match="file"):
        train(data, tmp_path / "file" / "log.csv", before=[counting])
    assert steps == []
