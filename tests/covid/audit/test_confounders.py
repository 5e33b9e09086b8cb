"""Confounders: planted shortcuts are flagged, clean sets are not, measures as by hand."""

import cv2
import numpy as np
import pytest
from textures import save, texture, textures

from covid.audit import run_audit
from covid.audit.confounders import auc_interval, rate, rate_category
from covid.audit.measures import brightest_corner, tissue_level
from covid.audit.pixel_mode import pixel_mode
from covid.audit.verdict import verdict
from covid.data.class_folders import scan


@pytest.mark.parametrize(
    ("negative", "positive", "area", "larger"),
    [
        # Of 3 x 2 pairs: 5 > 1, 5 > 3; 3 > 1, 3 = 3 (a half); neither exceeds 7.
        ([1.0, 3, 7], [5.0, 3], 3.5 / 6, True),
        ([5.0, 3], [1.0, 3, 7], 3.5 / 6, False),  # turned round
        ([0.0] * 4, [0.0] * 9, 0.5, True),
        (range(5), range(10, 15), 1, True),
    ],
)
def test_auc_by_hand(negative, positive, area, larger):
    numbers = np.array([*negative, *positive], float)
    labels = np.repeat([0, 1], [len(negative), len(positive)])
    rated = rate("mean", "mean", numbers, labels, np.arange(len(numbers)))
    assert rated.auc == pytest.approx(area)
    assert rated.larger_in_positive == larger


def test_auc_interval():
    """At the ends |area - A| = z sqrt(V(A)), worked out here from the formula again."""
    low, high = auc_interval(0.8, 12, 20)
    for end in (low, high):
        bracket = 1 + 15 * ((1 - end) / (2 - end) + end / (1 + end))
        variance = end * (1 - end) * bracket / 240
        assert (0.8 - end) ** 2 == pytest.approx(1.959964**2 * variance, rel=1e-6)
    assert low < 0.8 < high
    assert auc_interval(1.0, 2, 2)[0] < 0.5  # four patients prove nothing
    assert auc_interval(1.0, 500, 500)[0] > 0.98
    assert auc_interval(0.5, 30, 30) == pytest.approx([0.5 - x for x in (0.14, -0.14)], abs=0.02)


def test_groups_count_once():
    """By image 4 of 4 pairs; by group the means 1 and 4 against 2: one of two."""
    labels, groups = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 2, 2])
    rated = rate("mean", "mean", np.array([1.0, 1, 4, 2, 2]), labels, groups)
    assert (rated.auc, rated.units, rated.flagged) == (0.5, (2, 1), False)


def test_a_category_is_rated_by_its_most_telling_word():
    values = ["png"] * 5 + ["jpg"] * 5 + ["tif"] * 10
    labels = np.array([1] * 5 + [0] * 5 + [0, 1] * 5)
    rated = rate_category("format", "file format", values, labels, np.arange(20))
    assert rated.title in ("file format: png or not", "file format: jpg or not")
    assert rated.auc == pytest.approx(0.75)


PLANTS = {
    "corner": (lambda image, label: marked(image) if label else image, (".png", ".png")),
    "darkest": (lambda image, label: cv2.add(np.minimum(image, 240), 10 * label), (".png", ".png")),
    "format": (lambda image, label: image, (".png", ".jpg")),
    "width": (lambda image, label: cv2.resize(image, (90 + 9 * label, 96)), (".png", ".png")),
    "bottom": (lambda image, label: with_table(image) if label else image, (".png", ".png")),
    "mode": (lambda image, label: cv2.merge([image] * 3) if label else image, (".png", ".png")),
}


def marked(image):
    image = image.copy()
    image[4:10, 4:10] = 255
    return image


def with_table(image):
    image = image.copy()
    image[-8:-2] = 230
    return image


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_shortcut_is_flagged(name, tmp_path):
    def body(image, label):
        framed = np.full_like(image, 12)  # dark, as air is, with little variation
        framed[16:-16, 16:-16] = image[16:-16, 16:-16]
        return change(framed, label)

    change, suffixes = PLANTS[name]
    audit = run_audit(textures(tmp_path, 12, body, suffixes))
    flagged = {found.name for found in audit.confounders if found.flagged}
    assert name in flagged
    assert audit.shortcuts and "can be separated without the lungs, by" in verdict(audit)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_clean_set_is_clean(seed, tmp_path):
    for number in range(40):
        save(tmp_path, number % 2, f"{number}", texture(1000 * seed + number))
    audit = run_audit(scan(tmp_path), seed=seed)
    assert not audit.leaks and not audit.shortcuts
    strongest = audit.confounders[0]
    assert verdict(audit) == (
        "No leak was found in the random split: none of 16 test images has a near-duplicate in "
        "the training or validation set; no confounder found (highest AUC: "
        f"{strongest.title}, {strongest.auc:.2f})."
    )


# Measures


def test_measures_by_hand():
    image = np.zeros((160, 80), np.uint8)
    image[:5, :4] = 200  # 20 of the 200 pixels of a corner
    assert brightest_corner(image) == 200
    histogram = np.zeros(256, int)
    histogram[[0, 30, 120, 255]] = 500, 200, 300, 100
    assert abs(tissue_level(histogram) - 127) <= 8  # the bright half begins in the middle


@pytest.mark.parametrize(
    "suffix, image, expected",
    [
        (".png", np.zeros((9, 9), np.uint8), "gray, 8 bit"),
        (".png", np.zeros((9, 9, 4), np.uint8), "RGBA, 8 bit"),
        (".png", np.zeros((9, 9), np.uint16), "gray, 16 bit"),
        (".jpg", np.zeros((9, 9), np.uint8), "gray, 8 bit"),
        (".jpg", np.zeros((9, 9, 3), np.uint8), "RGB, 8 bit"),
        (".bmp", np.zeros((9, 9, 3), np.uint8), "RGB, 8 bit"),
        (".tif", np.zeros((9, 9), np.uint16), "gray, 16 bit"),
        (".pgm", np.zeros((9, 9), np.uint8), "gray, 8 bit"),
    ],
)
def test_pixel_mode(suffix, image, expected):
    assert pixel_mode(cv2.imencode(suffix, image)[1].tobytes()) == expected
