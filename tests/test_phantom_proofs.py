"""What the switches of the synthetic set teach, three seeds each: `pytest -m slow`, some minutes.

The trainings of one seed give the same numbers on every machine but for the last bits, so that
the bounds leave room.
"""

from __future__ import annotations

import pytest
from phantom_sets import PATIENTS, accuracy, interval_by_patient, relabel_by_patient, trained

from covid.phantom import write_dataset
from covid.phantom.shortcuts import SHORTCUTS

pytestmark = pytest.mark.slow

SEEDS = (0, 1, 2)
SLICES = 8  # of each patient, for the shortcuts
# For near-duplicates: three slices and four more beside each, 900 images.
NEAR = {"slices": 3, "near_duplicates": 4}
HONEST_MOST = 0.70  # what lesions alone give tiny_cnn when patients are kept apart
SHORTCUT_LEAST = {"marker": 0.90, "brightness": 0.80, "table": 0.90}


@pytest.fixture(scope="module")
def near_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("near") / "near"
    write_dataset(folder, PATIENTS, seed=0, progress=False, **NEAR)
    return folder


@pytest.fixture(scope="module")
def clean_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean") / "clean"
    write_dataset(folder, PATIENTS, SLICES, seed=0, progress=False)
    return folder


@pytest.mark.parametrize("seed", SEEDS)
def test_an_honest_set_gives_little(clean_set, tmp_path, seed):
    assert accuracy(trained(clean_set, tmp_path / "split", seed, by_patient=True)) < HONEST_MOST


@pytest.fixture(scope="module", params=SHORTCUTS)
def shortcut_set(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "set"
    write_dataset(folder, PATIENTS, SLICES, 0, progress=False, shortcuts=(request.param,))
    return request.param, folder


@pytest.mark.parametrize("seed", SEEDS)
def test_a_shortcut_is_learned_though_patients_are_kept_apart(shortcut_set, tmp_path, seed):
    name, folder = shortcut_set
    outcome = trained(folder, tmp_path / "split", seed, by_patient=True)
    assert accuracy(outcome) > SHORTCUT_LEAST[name]


@pytest.mark.parametrize("seed", SEEDS)
def test_near_duplicates_reward_memory_when_slices_are_split_at_random(near_set, tmp_path, seed):
    torn = accuracy(trained(near_set, tmp_path / "torn", seed, by_patient=False))
    whole = accuracy(trained(near_set, tmp_path / "whole", seed, by_patient=True))
    assert torn > 0.75
    assert whole < 0.75
    assert torn > whole + 0.15


@pytest.mark.parametrize("seed", SEEDS)
def test_permuted_labels_are_learned_by_heart_and_mean_nothing(near_set, tmp_path, seed):
    """Yagis et al., Scientific Reports 2021 (doi 10.1038/s41598-021-01681-w)."""
    data = relabel_by_patient(near_set, tmp_path / "permuted", seed)
    torn = trained(data, tmp_path / "torn", seed, by_patient=False)
    whole = trained(data, tmp_path / "whole", seed, by_patient=True)
    low, high = interval_by_patient(whole)
    assert accuracy(torn) > 0.7
    assert low <= 0.5 <= high
