"""The result in one sentence: what the best model reaches, first what it does not beat, and before
that what the audit and the controls found."""

import numpy as np
import pytest

from covid.report.conclusion import conclusion, doubt, not_beaten
from covid.training.predictions import Result

CLASSES = ("Well", "Ill")


def entry(right: int, of: int = 40, positive: int = 20, **changes) -> dict:
    """A test of `of` images; the last ones are classified wrongly."""
    labels = (np.arange(of) < positive).astype(int)
    p = np.where(np.arange(of) < right, labels, 1 - labels) * 0.8 + 0.1
    names = [f"{number}.png" for number in range(of)]
    return {**Result("test", 0.5, names, labels, p, threshold=0.4).summary(CLASSES), **changes}


def summary(test: dict, synthetic: bool = True, key: str = "group", **baselines: int) -> dict:
    title = {"group": "patients kept apart", "random": "slices split at random"}[key]
    others = {name.replace("_", " "): entry(right) for name, right in baselines.items()}
    split = {"title": title, "models": {"m": {"test": test}, "n": {}}, "best_model": "m"}
    split |= {"baselines": others, "not_beaten": not_beaten(test, others)}
    return {"synthetic": synthetic, "splits": {key: split}}


def test_a_model_that_beats_all():
    found = conclusion(summary(entry(36), majority_class=20, gray_histogram=26))
    assert found == (
        "On synthetic images, patients kept apart, m (best by validation loss) is right on 90 % of "
        "the test images (95 % interval 77 to 96 %, threshold 0.400), the gray histogram alone on "
        "65 %."
    )
    random = conclusion(summary(entry(36), False, "random", majority_class=20))
    assert random.startswith("Slices split at random, m (best")


@pytest.mark.parametrize(("right", "beaten"), [(25, False), (26, False), (27, True)])
def test_a_baseline_that_is_not_beaten_comes_first(right, beaten):
    found = conclusion(summary(entry(right), majority_class=20, gray_histogram=26))
    first = "No better than what needs no network: on synthetic images, patients kept apart, m"
    assert found.startswith(first) is not beaten
    assert found.endswith("the gray histogram alone on 65 %.")


def test_one_answer_for_all_comes_first():
    found = conclusion(summary(entry(20, answers_one_class="Ill"), majority_class=20))
    assert found.startswith("m calls every test image Ill, so it has learned nothing: on synthetic")


def test_classes_of_different_size_are_counted_the_same():
    model, always_well = entry(34, positive=8), entry(40, positive=8)
    always_well["measures"]["accuracy"]["value"] = 0.8
    always_well["measures"]["balanced_accuracy"]["value"] = 0.5
    assert not_beaten(model, {"majority class": always_well}) == []
    found = summary(model, majority_class=20)
    found["splits"]["group"] |= {"baselines": {"majority class": always_well}, "not_beaten": []}
    assert "on 91 % of the test images, both classes counting the same (" in conclusion(found)
    assert conclusion(found).endswith("guessing the larger class on 50 %.")


def controls(*flagged: str, split: str = "group") -> dict:
    aucs = {"permuted_labels": 0.71, "lungs_blacked_out": 0.84, "border_only": 0.801}
    rows = [
        {"name": name, "title": name.replace("_", " "), "auc": auc, "flagged": name in flagged}
        for name, auc in aucs.items()
    ]
    return {"split": split, "rows": rows}


def confounder(title: str, auc: float, flagged: bool = True, **found: str) -> dict:
    return {"title": title, "auc": auc, "flagged": flagged, **found}


def test_a_shortcut_that_the_controls_found_is_said_first():
    found = summary(entry(36), majority_class=20)
    assert doubt(found) == doubt(found | {"audit": None, "controls": controls()}) == ""
    assert doubt(found | {"controls": controls("lungs_blacked_out")}) == (
        "Shortcut: the classes are told apart without the lungs (AUC: lungs blacked out 0.84)."
    )
    both = controls("lungs_blacked_out", "border_only")
    assert "lungs blacked out 0.84, border only 0.80)." in doubt(found | {"controls": both})


def test_a_confounder_that_the_audit_found_is_said_first():
    found = summary(entry(36), majority_class=20)
    rows = [confounder("brightest corner", 0.97), confounder("mean intensity", 0.9, False)]
    assert doubt(found | {"audit": {"confounders": rows}, "controls": None}) == (
        "Shortcut: the classes are told apart by brightest corner (AUC 0.97) alone."
    )
    values = [confounder("files stored as RGB", 0.66, found="9 of 9 files stored as RGB are Ill")]
    assert doubt(found | {"audit": {"confounders": [*rows[1:], *values]}}) == (
        "Shortcut: some images give their class away without the lungs: 9 of 9 files stored as RGB "
        "are Ill."
    )
    rows.append(confounder("image width", 0.8, found=""))
    all_of_it = {"audit": {"confounders": rows + values}, "controls": controls("border_only")}
    assert doubt(found | all_of_it) == (
        "Shortcut: the classes are told apart without the lungs (AUC: border only 0.80) and by "
        "brightest corner (AUC 0.97) and image width (AUC 0.80) alone; some images give their class "
        "away without the lungs: 9 of 9 files stored as RGB are Ill."
    )


def test_a_leak_is_said_first_where_it_is_of_the_same_split():
    found = summary(entry(36), majority_class=20)
    assert doubt(found | {"controls": controls("permuted_labels", "border_only")}) == (
        "Leak: permuted labels are predicted (AUC 0.71), so a right answer may be memory. Shortcut: "
        "the classes are told apart without the lungs (AUC: border only 0.80), perhaps by patients "
        "known from the training."
    )
    assert doubt(found | {"controls": controls("permuted_labels", split="random")}) == ""
