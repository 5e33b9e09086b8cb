"""The table of measures as text, its glossary, and the line about the threshold."""

import cv2
import numpy as np

from covid import metrics
from covid.metrics.text_table import glossary, result_text, table_lines, threshold_line
from covid.metrics.thresholds import YOUDEN
from covid.training.predictions import Result

CLASSES = ("Not_Infected", "Infected")


def result(labels, probabilities, tmp_path=None, **more) -> Result:
    """A result whose files exist in `tmp_path`, if that is given."""
    files = more.pop("files", [f"{index}.png" for index in range(len(labels))])
    for name in files if tmp_path else ():
        cv2.imwrite(str(tmp_path / name), np.full((20, 30), 100, np.uint8))
    return Result("test", 0.5, files, np.array(labels), np.array(probabilities), **more)


def test_the_table_has_a_column_by_group_only_where_there_are_some():
    labels = np.arange(80) % 2
    p = np.linspace(0.05, 0.95, 80)
    groups = [str(index // 4 * 2 + index % 2) for index in range(80)]
    plain = table_lines(metrics.measure(labels, p, 0.5))
    grouped = table_lines(metrics.measure(labels, p, 0.5, groups))
    assert "by group" not in plain[0] and plain[0].endswith("method")
    assert grouped[0].endswith("by group")
    assert len(plain) == len(grouped) == 2 + len(metrics.MEASURES)


def test_what_is_undefined_is_said_as_text():
    found = result([1, 1], [0.2, 0.9])
    text = result_text("test", found.summary(CLASSES), CLASSES, metrics.NOT_CHOSEN)
    assert "threshold 0.5000 (none was chosen for this model)" in text
    (line,) = [line for line in text.splitlines() if line.startswith("  specificity")]
    assert line.split() == ["specificity", "undefined", "none", "Wilson"]


def test_one_answer_for_all_and_a_balanced_accuracy_that_differs_are_said():
    found = result([1, 1, 1, 0], [0.9, 0.8, 0.7, 0.6])
    text = result_text("test", found.summary(CLASSES), CLASSES, metrics.NOT_CHOSEN)
    assert text.startswith("test: accuracy 0.7500, balanced 0.500 (95 % interval ")
    assert "Every image is called Infected." in text


def test_a_threshold_flatters_the_images_it_was_chosen_on():
    found = result([1, 0], [0.2, 0.9])
    flatters = "The threshold was chosen on these same images"
    chosen = {"value": 0.5, "chosen_on": "validate", "method": "a rule"}
    assert flatters in result_text("validate", found.summary(CLASSES), CLASSES, chosen)
    assert flatters not in result_text("test", found.summary(CLASSES), CLASSES, chosen)


def test_a_model_s_own_words_cannot_change_the_terminal():
    odd = {"value": 0.5, "chosen_on": "a\nb\x1b[2J", "method": "m" * 500}  # whoever wrote it
    assert threshold_line(odd).isprintable() and len(threshold_line(odd)) < 120
    chosen = {"value": 0.4, "chosen_on": "validate", "method": YOUDEN}
    assert threshold_line(chosen) == f"threshold 0.4000 ({YOUDEN}, chosen on validate)"


def test_the_glossary_explains_every_measure():
    lines = glossary(CLASSES).splitlines()
    assert len(lines) == len(metrics.MEASURES)
    assert not any("{" in line for line in lines)
