"""Switches of the synthetic set: each changes what it says and nothing else, and teaches."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest

from covid.common.choices import LUNGS, SHORTCUT_NAMES
from covid.common.errors import UserError
from covid.data.preprocess import SIZE, enhance_and_crop
from covid.phantom import Switches, make_patient, render_slice, table, write_dataset
from covid.phantom.geometry import fill
from covid.phantom.outlines import body_outline
from covid.phantom.patient import draw_body
from covid.phantom.scan import clothes
from covid.phantom.shortcuts import (
    FARTHEST_MM,
    NEAREST_MM,
    OFFSET,
    SHORTCUTS,
    mark_squares,
    near_heights,
    render,
)
from covid.phantom.tissues import AIR, SKIN
from covid.phantom.write import (
    FIRST_HEIGHT,
    LAST_HEIGHT,
    VERSION,
    called_infected,
    infected_patients,
    slice_plan,
)

PATIENTS, SLICES, SEED = 4, 2, 11
POSITIVE = "Infected"


# sha256 over names and pixels of the set of these patients, slices and seed, by its version: who
# changes a pixel raises the version.
IMAGES = {2: "c52c397824049650ab9908f206b9075fedb876eec22beeedf7e65a3adbc90455"}


def made(folder, **switches) -> dict[str, np.ndarray]:
    """The images of a small set, by class folder and name."""
    paths = write_dataset(folder, PATIENTS, SLICES, SEED, progress=False, **switches)
    return {f"{p.parent.name}/{p.name}": cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in paths}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("switches")


@pytest.fixture(scope="module")
def clean(root):
    return made(root / "clean")


@pytest.fixture(scope="module")
def near(root):
    return made(root / "near", near_duplicates=2)


def correlation(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), two.ravel())[0, 1])


def check_darker(before: np.ndarray, after: np.ndarray) -> None:
    """Every gray level is lower by the offset; what was clipped to white comes out of it."""
    expected = np.maximum(before.astype(int) + OFFSET, 0)
    unclipped = before < 255
    assert np.abs(after - expected)[unclipped].max() <= 1  # rounded before and after
    assert np.all(after[~unclipped] >= 255 + OFFSET)
    assert after.max() == 255


def test_names_are_those_of_the_command_line():
    assert tuple(SHORTCUTS) == SHORTCUT_NAMES


def test_the_images_are_those_of_their_version(clean):
    digest = hashlib.sha256()
    for name in sorted(clean):
        digest.update(name.encode() + clean[name].tobytes())
    assert {VERSION: digest.hexdigest()} == IMAGES


@pytest.fixture(scope="module", params=SHORTCUTS)
def shortcut(request, root, clean):
    """A shortcut's name, and its set."""
    return request.param, made(root / request.param, shortcuts=(request.param,))


def test_a_shortcut_changes_every_positive_image_and_no_other(clean, shortcut):
    _, images = shortcut
    assert list(images) == list(clean)
    for name, image in images.items():
        changed = np.any(image != clean[name])
        assert changed == name.startswith(f"{POSITIVE}/"), name


def test_a_shortcut_changes_only_its_pixels(clean, shortcut):
    kind, images = shortcut
    for name in (name for name in images if name.startswith(f"{POSITIVE}/")):
        before, after = clean[name], images[name]
        if kind == "marker":
            expected = before.copy()
            expected[mark_squares()] = 255
            np.testing.assert_array_equal(after, expected)
        elif kind == "brightness":
            check_darker(before, after)
        else:
            number = int(re.search(r"-p(\d+)_", name)[1])
            patient = make_patient(number, True, SEED)
            lowest = max(
                patient.frame.to_pixels(body_outline(patient, z))[:, 1].max()
                for z in np.linspace(0, 1, 11)
            )
            rows, columns = np.nonzero(before != after)
            assert rows.min() > lowest  # under the patient
            assert len(rows) < 0.01 * before.size
            assert columns.min() < before.shape[1] / 2 < columns.max()  # a rail on each side


def test_a_shortcut_survives_the_articles_crop_and_not_that_to_the_lungs(shortcut):
    """Mark and rails are contours of their own, outside the body."""
    kind, images = shortcut
    if kind == "brightness":
        pytest.skip("no place in the image")
    kept = []
    for name, image in images.items():
        if name.startswith(f"{POSITIVE}/"):
            box = enhance_and_crop(image).box
            if kind == "marker":
                rows, columns = mark_squares()
                low, left = rows.max(), columns.min()
            else:
                number = int(re.search(r"-p(\d+)_", name)[1])
                z, window = slice_plan(number, SLICES, SEED)[int(re.search(r"_s(\d+)", name)[1])]
                patient = make_patient(number, True, SEED)
                rails = render(patient, z, window, ("table",))
                rows, columns = np.nonzero(rails != render_slice(patient, z, window))
                low, left = rows.max() - 3, columns.min() + 3  # within the blur
            scale = SIZE / image.shape[0]
            kept.append(box.bottom > scale * low and box.left <= scale * left)
            lungs = enhance_and_crop(image, rule=LUNGS).box
            assert lungs.bottom < scale * rows.min() or lungs.left > scale * columns.max()
    assert np.mean(kept) > 0.9


def test_nothing_but_the_mark_comes_to_its_place():
    """In both windows it is alone on black or dark gray, and a contour that the crop keeps."""
    rows, columns = mark_squares()
    around = np.s_[rows.min() - 3 : rows.max() + 4, columns.min() - 3 : columns.max() + 4]
    for number in range(100):
        patient = draw_body(number, False, SEED)
        canvas = np.full((patient.frame.size, patient.frame.size), AIR, np.float32)
        table.draw(canvas, replace(patient, rails=True))
        for z in np.linspace(FIRST_HEIGHT[0], LAST_HEIGHT[1], 3):
            fill(canvas, patient.frame, body_outline(patient, z), SKIN)
            clothes(canvas, patient, z)
        assert np.all(canvas[around] == AIR), number


def test_shortcuts_add_up(root, clean):
    both = made(root / "both", shortcuts=("brightness", "marker", "brightness"))
    for name, image in both.items():
        if not name.startswith(f"{POSITIVE}/"):
            np.testing.assert_array_equal(image, clean[name])
            continue
        assert np.all(image[mark_squares()] == 255)
        image[mark_squares()] = np.clip(clean[name][mark_squares()] + OFFSET, 0, 255)
        check_darker(clean[name], image)
    info = json.loads((root / "both/synthetic.json").read_text())
    assert info["switches"]["shortcuts"] == ["marker", "brightness"]


def test_near_duplicates_stand_beside_the_same_slices(clean, near):
    assert {name: near[name].tobytes() for name in clean} == {
        name: image.tobytes() for name, image in clean.items()
    }
    assert len(near) == 3 * len(clean)
    for name in near:
        assert re.search(r"/synthetic-p\d{3}_s\d{2}_(near[12]_)?(lung|mediastinal)\.png$", name)


def test_near_duplicates_are_nearly_alike_and_other_patients_are_not(near):
    """Compared at 64x64, where the noise is averaged away."""
    small = {
        name: cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA).astype(float)
        for name, image in near.items()
    }
    groups: dict[str, list[np.ndarray]] = {}
    for name, image in small.items():
        groups.setdefault(re.search(r"p\d+_s\d+", name)[0], []).append(image)
    assert len(groups) == PATIENTS * SLICES
    for slice_name, images in groups.items():
        alike = [correlation(images[0], other) for other in images[1:]]
        assert min(alike) > 0.98
        assert all(np.any(images[0] != other) for other in images[1:])
        foreign = [
            correlation(images[0], others[0])
            for name, others in groups.items()
            if name[:4] != slice_name[:4]
        ]
        assert max(foreign) < min(alike)


def test_near_duplicates_have_noise_of_their_own(clean):
    """What is left after the anatomy: in air outside the body nothing correlates."""
    patient = make_patient(0, False, SEED)
    air = np.s_[:20, 200:312]  # above the patient, inside the scanner's field of view
    here, there = (render_slice(patient, z)[air].astype(float) for z in (0.5, 0.501))
    assert here.std() > 1 and there.std() > 1
    assert abs(correlation(here, there)) < 0.2


def test_heights_of_near_duplicates():
    patient = make_patient(0, False, SEED)
    heights = near_heights(patient, 3, 0.5, 200)
    assert heights[:7] == near_heights(patient, 3, 0.5, 7)
    distance = np.abs(np.array(heights) - 0.5) * 320  # the scan is 320 mm long
    assert NEAREST_MM <= distance.min() < 0.4 and 1.9 < distance.max() <= FARTHEST_MM
    assert 0.35 < np.mean(np.array(heights) > 0.5) < 0.65
    assert heights[:5] != near_heights(patient, 4, 0.5, 5)


def test_permuted_labels_move_whole_patients_and_change_no_image(root, clean):
    images = made(root / "permuted", labels="permuted")
    called, infected = called_infected(4, SEED, "permuted"), infected_patients(4, SEED)
    assert len(called) == len(infected) == 2 and called != infected
    by_name = {name.split("/")[1]: image for name, image in clean.items()}
    for name, image in images.items():
        folder, file = name.split("/")
        assert (folder == POSITIVE) == (int(file[11:14]) in called)
        np.testing.assert_array_equal(image, by_name[file])


def test_permuted_labels_know_nothing_of_the_lesions():
    """Of many seeds, half of the infected patients are called so, give or take."""
    shares = [
        len(called_infected(60, seed, "permuted") & infected_patients(60, seed)) / 30
        for seed in range(200)
    ]
    assert abs(np.mean(shares) - 0.5) < 0.03
    assert called_infected(60, 3, "true") == infected_patients(60, 3)


def test_what_is_switched_on_is_written_down(root, clean, near):
    plain = (root / "clean/README.txt").read_text(encoding="utf-8")
    assert "SWITCHED ON" not in plain and "whether or not an opacity shows" in plain
    assert json.loads((root / "clean/synthetic.json").read_text()) == {
        "synthetic": True,
        "version": VERSION,
        "seed": SEED,
        "patients": PATIENTS,
        "slices": SLICES,
        "switches": asdict(Switches()) | {"shortcuts": []},
    }
    made(root / "all", shortcuts=SHORTCUTS, near_duplicates=1, labels="permuted")
    text = (root / "all/README.txt").read_text(encoding="utf-8")
    assert "SYNTHETIC" in text and "SWITCHED ON" in text
    for sentence in Switches(tuple(SHORTCUTS), 1, "permuted").sentences():
        assert sentence in text
    for name, sentence in SHORTCUTS.items():
        assert f"{name}: {sentence}" in text
    assert "whether or not an opacity shows" not in text
    switches = json.loads((root / "all/synthetic.json").read_text())["switches"]
    assert switches == {
        "shortcuts": list(SHORTCUTS),
        "near_duplicates": 1,
        "labels": "permuted",
    }


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"shortcuts": ("hat",)}, "--shortcut: expected some of marker,brightness,table"),
        ({"near_duplicates": -1}, "must be 0 or more"),
        ({"near_duplicates": 10**6}, "each with 1000000 near-duplicates"),
        ({"labels": "random"}, "must be one of true, permuted"),
    ],
)
def test_wrong_switches_are_user_errors(tmp_path, wrong, words):
    with pytest.raises(UserError, match=words):
        write_dataset(tmp_path / "new", progress=False, **wrong)
    assert not (tmp_path / "new").exists()
