"""The two slices of the first page: visibly ill where that is known, right, and sure."""

from dataclasses import replace

import numpy as np
import pytest

from covid.data.manifest import new_row, write_manifest
from covid.data.split_folder import SplitFolder
from covid.figures.examples import lesion_shares, read_truth, surest
from covid.training.predictions import Result

FILES = [f"Infected/{k}.png" for k in range(4)] + [f"Not_Infected/{k}.png" for k in range(4)]
LABELS = np.repeat([1, 0], 4)


def result(ill, healthy) -> Result:
    return Result("test", 0.5, FILES, LABELS, np.array([*ill, *healthy]), threshold=0.4)


def test_the_surest_right_answer_of_each_class_is_taken():
    found = result([0.9, 0.95, 0.2, 0.5], [0.1, 0.05, 0.9, 0.39])
    assert (surest(found, 1, {}), surest(found, 0, {})) == (1, 5)
    wrong = result([0.1, 0.2, 0.3, 0.1], [0.1] * 4)  # none right: still a slice
    assert surest(wrong, 1, {}) == 2


def test_an_ill_slice_has_large_lesions_where_that_is_known():
    found = result([0.9, 0.95, 0.99, 0.5], [0.1, 0.05, 0.9, 0.39])
    shares = dict(zip(FILES, (0.2, 0.01, 0.0, 0.15, 0, 0, 0, 0), strict=True))
    assert surest(found, 1, shares) == 0


def test_the_truth_beside_the_images_is_found(tmp_path):
    source, folder = tmp_path / "set/Infected/p1.png", tmp_path / "split"
    folder.mkdir()
    row = new_row(part="test", file="test/Infected/p1_2.png", source=str(source))
    write_manifest(folder, [{**row, "class": "Infected", "label": 1}])
    split = SplitFolder(folder, "Infected", "Other", {}, {"synthetic": True})
    assert lesion_shares(split) == {}
    source.parent.mkdir(parents=True)
    (tmp_path / "set/truth.csv").write_text("file,lesion_share\nInfected/p1.png,0.25\n")
    assert lesion_shares(split) == {"Infected/p1_2.png": 0.25}
    assert lesion_shares(replace(split, info={"synthetic": False})) == {}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("file,lesion_share\na/b.png,0.25\n", {"a/b.png": 0.25}),
        ("file,other\na,b\n", {}),
        ("file,lesion_share\na,much\n", {}),
    ],
)
def test_a_table_of_the_truth_may_be_anything(tmp_path, text, expected):
    (tmp_path / "truth.csv").write_text(text)
    assert read_truth(tmp_path / "truth.csv") == expected
    assert read_truth(tmp_path / "none.csv") == {}
