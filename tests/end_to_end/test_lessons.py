"""The lessons, really learned: `pytest -m slow` makes synthetic sets, trains on them, and looks.

Clean slices must raise no alarm; every shortcut and every leak that is planted must be found by
the audit and by the controls. Three seeds each, some minutes a seed; `-k seed0` takes one.

Trainings of one seed give the same numbers on every machine but for the last bits.
"""

from functools import partial

import pytest
from phantom_sets import PATIENTS, accuracy, interval_by_patient, relabel_by_patient, trained

from covid.audit import run_audit
from covid.audit.verdict import summarize
from covid.common.choices import CONTOURS, LUNGS
from covid.controls import run_controls
from covid.data.class_folders import scan
from covid.data.groups import SYNTHETIC_GROUP, groups_by_pattern
from covid.data.preprocess import enhance_and_crop
from covid.data.split import plan_split
from covid.data.split_folder import read_split
from covid.data.write_split import write_split
from covid.phantom import write_dataset
from covid.phantom.shortcuts import SHORTCUTS
from covid.training.recipes import recipe_for

pytestmark = pytest.mark.slow

SEEDS = [pytest.param(seed, id=f"seed{seed}") for seed in (0, 1, 2)]
SLICES = 4  # of each patient
NEAR = {"slices": 1, "near_duplicates": 4}  # one slice, and four beside it: 600 images
# The AUC that lesions give tiny_cnn when patients are kept apart: it had 0.73 to 0.79 by the article's
# crop, 0.92 by that to the lungs.
HONEST_LEAST = {CONTOURS: 0.65, LUNGS: 0.85}
SHORTCUT_LEAST = 0.9  # the AUC of a planted shortcut, also where the lungs are not seen
WITHOUT_LUNGS = {"lungs_blacked_out", "border_only", "histogram_without_lungs"}


def looked_at(folder, seed, by_patient, rule=CONTOURS):
    """What the audit and the controls say of a set, split in one of the two ways.

    The article's crop, where no other is asked for: that to the lungs leaves mark and table out.
    """
    dataset = scan(folder)
    groups = groups_by_pattern(dataset, SYNTHETIC_GROUP)
    split = plan_split(dataset, seed=seed, groups=groups, keep_together=by_patient)
    audit = summarize(run_audit(dataset, split, seed=seed))  # is not told the patients
    target = folder.parent / f"{folder.name}-{by_patient}"
    extra = {"enhanced": True, "crop": rule, "synthetic": True}
    crop = partial(enhance_and_crop, rule=rule)
    write_split(dataset, split, target, crop, progress=False, extra=extra)
    recipe = recipe_for("practice", "tiny_cnn")
    controls = run_controls(read_split(target), "tiny_cnn", recipe, seed, target.parent).summary()
    return audit, controls, {row["name"]: row for row in controls["rows"]}


@pytest.mark.parametrize("rule", HONEST_LEAST)
@pytest.mark.parametrize("seed", SEEDS)
def test_clean_slices_raise_no_alarm(tmp_path, rule, seed):
    write_dataset(tmp_path / "clean", PATIENTS, SLICES, seed, progress=False)
    audit, controls, rows = looked_at(tmp_path / "clean", seed, True, rule)
    assert not audit["leaks"] and not audit["shortcuts"], audit["verdict"]
    assert not [name for name, row in rows.items() if row["flagged"]], controls["verdict"]
    assert controls["verdict"].startswith("No leak and no shortcut found")
    assert rows["image"]["auc"] > HONEST_LEAST[rule]


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_planted_shortcut_is_learned_and_found(tmp_path, shortcut, seed):
    folder = tmp_path / shortcut
    write_dataset(folder, PATIENTS, SLICES, seed, progress=False, shortcuts=(shortcut,))
    audit, controls, rows = looked_at(folder, seed, by_patient=True)
    assert not audit["leaks"] and audit["shortcuts"], audit["verdict"]
    flagged = {name for name, row in rows.items() if row["flagged"]}
    assert flagged and flagged <= WITHOUT_LUNGS, controls["verdict"]
    assert controls["verdict"].startswith("Shortcut")
    assert max(rows[name]["auc"] for name in flagged) > SHORTCUT_LEAST
    assert rows["image"]["auc"] > SHORTCUT_LEAST


@pytest.mark.parametrize("seed", SEEDS)
def test_near_duplicates_leak_where_slices_are_split_at_random(tmp_path, seed):
    folder = tmp_path / "near"
    write_dataset(folder, PATIENTS, seed=seed, progress=False, **NEAR)
    audit, controls, rows = looked_at(folder, seed, by_patient=False)
    assert audit["leaks"] and not audit["shortcuts"], audit["verdict"]
    assert audit["near_duplicates"]["share"] > 0.5
    assert rows["permuted_labels"]["flagged"] and controls["verdict"].startswith("Leak")
    at_random = rows["image"]["auc"]
    audit, controls, rows = looked_at(folder, seed, by_patient=True)
    assert not audit["leaks"] and not audit["shortcuts"], audit["verdict"]
    assert not [name for name, row in rows.items() if row["flagged"]], controls["verdict"]
    # Little can be learned of lesions from one slice a patient.
    assert rows["image"]["auc"] < at_random - 0.1 and at_random > SHORTCUT_LEAST


@pytest.mark.parametrize("seed", SEEDS)
def test_permuted_labels_are_learned_by_heart_and_mean_nothing(tmp_path, seed):
    """Yagis et al., Scientific Reports 2021 (doi 10.1038/s41598-021-01681-w)."""
    write_dataset(tmp_path / "near", PATIENTS, seed=seed, progress=False, **NEAR)
    data = relabel_by_patient(tmp_path / "near", tmp_path / "permuted", seed)
    torn = trained(data, tmp_path / "torn", seed, by_patient=False)
    whole = trained(data, tmp_path / "whole", seed, by_patient=True)
    low, high = interval_by_patient(whole)
    assert accuracy(torn) > 0.8
    assert low <= 0.5 <= high
