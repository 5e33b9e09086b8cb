"""`History`: its table and its curves."""

import sys

import pytest

from minicnn.callbacks import History


def after(epochs: int, **values: float) -> History:
    """A history of so many epochs; each value falls by a tenth with each."""
    history = History()
    for epoch in range(epochs):
        history.on_epoch_end(epoch, {key: value * 0.9**epoch for key, value in values.items()})
    return history


def test_the_line_has_the_first_and_the_last_value():
    assert repr(after(2, loss=0.5)) == "<History: 2 epochs, loss 0.5 -> 0.45>"


def test_the_table_has_a_row_for_each_epoch():
    html = after(3, acc=1, loss=0.5, **{"val_<x>": 2})._repr_html_()
    assert html.count("<tr>") == 1 + 3
    assert "val_&lt;x&gt;" in html and "<x>" not in html
    assert ">0.405<" in html


def test_a_long_table_has_the_first_and_the_last_epochs():
    html = after(200, loss=1)._repr_html_()
    assert html.count("<tr>") == 1 + 3 + 1 + 7
    assert ">3<" in html and ">4<" not in html and ">193<" not in html and ">194<" in html


def test_the_table_of_a_log_that_ended_early():
    history = after(2, loss=0.5)
    history.history["extra"] = [1.0]
    assert "></td>" in history._repr_html_()
    assert len(history.plot().axes) == 2


def test_what_a_callback_logs_beside_numbers():
    history = History()
    history.on_epoch_end(0, {"loss": 0.5, "note": "<b>", "none": None})
    assert (
        repr(history) == "<History: 1 epoch, loss 0.5 -> 0.5, note <b> -> <b>, none None -> None>"
    )
    assert "&lt;b&gt;" in history._repr_html_()


def test_plot_has_a_diagram_for_the_loss_and_each_metric():
    history = after(4, acc=0.5, loss=1, val_acc=0.4, val_loss=2, learning_rate=0.1)
    loss, acc, rate = history.plot().axes
    assert [axes.get_title() for axes in (loss, acc, rate)] == ["loss", "acc", "learning_rate"]
    training, validation = loss.lines
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert list(training.get_xdata()) == [1, 2, 3, 4]
    assert list(validation.get_ydata()) == history.history["val_loss"]
    assert rate.get_legend() is None and len(rate.lines) == 1


def test_plot_needs_no_pyplot_and_draws_a_png():
    before = "matplotlib.pyplot" in sys.modules
    png = after(1, loss=1).plot()._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_plot_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one epoch"):
        History().plot()
