"""Look-alikes: images laid over each other, near-duplicates, groups of neighboring slices."""

import cv2
import numpy as np
import pytest
from textures import pairs_of, save, split_of, texture, textures

from covid.audit import run_audit
from covid.audit.alignment import align, summit
from covid.audit.hashing import look
from covid.audit.lookalikes import equal_files, inferred_groups, windows_of
from covid.audit.verdict import summarize, verdict
from covid.data.class_folders import scan


def test_a_shift_is_found_and_undone():
    whole = texture(5, 400, smooth=8)
    details = np.array(
        [
            look(whole[row : row + 320, column : column + 320]).detail
            for row, column in ((20, 20), (28, 12))
        ]
    )
    aligned = align(details, np.array([[0, 1], [0, 1], [0, 0]]), np.array([True, False, True]))
    assert aligned.correlation[0] > 0.85 and aligned.correlation[2] == pytest.approx(1)
    assert aligned.shift[0] == pytest.approx([2, -2], abs=0.2)  # 8 of 320 pixels are 2 of 80
    assert aligned.correlation[1] < 0.8 and not aligned.shift[1].any()


def test_images_without_relation_do_not_correlate():
    details = np.array([look(texture(seed)).detail for seed in range(12)])
    pairs = np.array([(one, other) for one in range(12) for other in range(one)])
    assert align(details, pairs, np.ones(len(pairs), bool)).correlation.max() < 0.3


def test_summit_is_that_of_the_parabola():
    """5 - 2 (x - 0.25)^2 at -1, 0 and 1."""
    points = [np.array([5 - 2 * (x - 0.25) ** 2]) for x in (-1, 0, 1)]
    rise, part = summit(*points)
    assert points[1] + rise == pytest.approx([5]) and part == pytest.approx([0.25])
    flat = np.array([1.0])
    assert summit(flat, flat, flat) == (0, 0)


def test_groups_are_chains_of_sure_pairs():
    pairs = pairs_of([(0, 3), (3, 5), (1, 2), (2, 4)], [0.9, 0.88, 0.99, 0.85])
    assert pairs.alike.all()
    # 2 and 4 are near-duplicates, but not sure enough to join groups
    assert inferred_groups(7, pairs).tolist() == [0, 1, 1, 0, 2, 0, 3]
    between = pairs_of([(0, 1), (1, 2)], [0.6, 0.4], other_window=True)
    assert between.alike.tolist() == [False, False]  # nobody would call them duplicates
    assert inferred_groups(3, between).tolist() == [0, 0, 1]


def test_windows_are_parted_by_gaps():
    assert windows_of(np.array([120.0, 231, 125, 127, 240])).tolist() == [0, 1, 0, 0, 1]
    assert windows_of(np.arange(100.0, 250, 20)).tolist() == [0] * 8


def test_pairs_of_equal_files_are_few_and_reach_every_copy():
    sides = np.array([0, 1, 0, 1, 0, 0])
    pairs = equal_files([b"a", b"a", b"a", b"b", b"a", b"c"], sides)
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 2], [1, 4], [2, 4]]
    many = equal_files([b"a"] * 1000, np.arange(1000) % 2)
    assert len(many) < 2100


def test_neighboring_slices_are_found_and_patients_are_not_joined(neighboring):
    audit = run_audit(neighboring, split_of(neighboring, lambda name: "_1_" in name))
    stems = [image.path.stem for image in audit.prints.images]
    found = {tuple(stems[image] for image in pair) for pair in audit.pairs.images.tolist()}
    wanted = {(stem, stem.replace("_0_", "_1_")) for stem in stems if "_0_" in stem}
    assert wanted <= found and len(wanted) == 6
    assert all(one.split("_")[:2] == other.split("_")[:2] for one, other in found)
    assert audit.test_images_with_one == audit.test_images == 6
    groups = {}
    for image, name in audit.group_names.items():
        groups.setdefault(name, set()).add(image.path.stem.split("_")[0])
    assert all(len(patients) == 1 for patients in groups.values())
    assert 3 <= len(groups) <= 6  # 3 patients; windows are joined where they are alike enough
    assert audit.leaks and verdict(audit).startswith(
        "The random split leaks: as the images alone show, 6 of 6 test images (100 %) have a near-duplicate"
    )


def test_slices_kept_apart_by_patient_do_not_leak(neighboring):
    names = {image: image.path.stem.split("_")[0][-2:] for image in neighboring}
    split = split_of(neighboring, lambda name: "p0" in name)
    audit = run_audit(neighboring, split, names)
    assert not audit.leaks and summarize(audit)["near_duplicates"]["pairs"] > 0
    assert audit.patients_on_both_sides == {"count": 0, "of": 3, "examples": []}
    assert "No leak was found" in verdict(audit)
    assert "too few independent patients (3) to find or rule out" in verdict(audit)


def test_patients_on_both_sides_are_named(neighboring):
    names = {image: image.path.stem.split("_")[0][-2:] for image in neighboring}
    split = split_of(neighboring, lambda name: "p0" in name or "p1_5_0" in name)
    audit = run_audit(neighboring, split, names)
    assert audit.patients_on_both_sides == {"count": 1, "of": 3, "examples": ["p1"]}
    assert "1 of 3 patients stands on both sides" in verdict(audit)


def test_same_on_any_number_of_threads(neighboring, monkeypatch):
    results = []
    for cores in (1, 4):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        audit = run_audit(neighboring, split_of(neighboring, lambda name: "_1_" in name))
        results.append((summarize(audit), audit.candidates.correlation.tobytes()))
    assert results[0] == results[1]


def test_the_original_and_its_brighter_smaller_jpg_are_near_duplicates(tmp_path):
    dataset = textures(tmp_path, 3)
    original = texture(0)
    brighter = cv2.resize(cv2.add(original, 20), (64, 64), interpolation=cv2.INTER_AREA)
    save(tmp_path, 0, "copy", brighter, ".jpg")
    dataset = scan(tmp_path)
    audit = run_audit(dataset, split_of(dataset, lambda name: name == "copy"))
    assert audit.test_images_with_one == 1 and len(audit.pairs) == 1
