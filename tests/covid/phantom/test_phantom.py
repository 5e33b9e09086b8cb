"""The synthetic slices: reproducible, plausible, and different between classes in the lungs only."""

from __future__ import annotations

import csv
import re
import threading

import cv2
import numpy as np
import pytest

from covid.common.errors import UserError
from covid.phantom import make_patient, render_slice, write_dataset
from covid.phantom.lesions import VISIBLE_HU
from covid.phantom.outlines import lung_mask
from covid.phantom.patient import draw_body
from covid.phantom.scan import hounsfield, lesion_mask
from covid.phantom.tissues import WINDOWS
from covid.phantom.write import TRUTH, infected_patients, slice_plan

SEED = 5


def read_csv(path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def patients():
    """Three bodies, each once infected and once not: {(number, infected): Patient}."""
    return {(n, sick): make_patient(n, sick, SEED) for n in range(3) for sick in (False, True)}


def correlation(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), two.ravel())[0, 1])


@pytest.mark.parametrize("window", sorted(WINDOWS))
def test_slices_are_uint8_images_that_use_the_gray_range(patients, window):
    image = render_slice(patients[0, True], 0.5, window)
    assert image.shape == (384, 384)
    assert image.dtype == np.uint8
    assert image.min() < 60  # air around the body
    assert image.max() == 255  # bone


def test_a_slice_depends_on_nothing_but_its_arguments(patients):
    wanted = render_slice(patients[1, True], 0.41)
    render_slice(patients[0, False], 0.7)  # something else in between
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(render_slice(make_patient(1, True, SEED), 0.41))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    for image in results:
        np.testing.assert_array_equal(image, wanted)
    assert np.any(render_slice(make_patient(1, True, SEED + 1), 0.41) != wanted)


def test_windows_show_the_same_scan(patients):
    """Where both windows are unsaturated, one is a linear function of the other."""
    lung = render_slice(patients[0, False], 0.5, "lung").astype(float)
    soft = render_slice(patients[0, False], 0.5, "mediastinal").astype(float)
    seen = (lung > 0) & (lung < 255) & (soft > 0) & (soft < 255)
    hu_lung = lung[seen] / 255 * 1200 - 1200
    hu_soft = soft[seen] / 255 * 350 - 125
    # Half a gray step is 2.4 HU in the wide window and 0.7 HU in the narrow one.
    assert seen.sum() > 1000
    assert np.abs(hu_lung - hu_soft).max() < 3.2


def test_neighboring_slices_are_nearly_alike_and_patients_differ(patients):
    """That is what makes a split by slice leak."""
    images = {
        (n, z): render_slice(patients[n, False], z).astype(float)
        for n in range(3)
        for z in (0.45, 0.47)
    }
    for n in range(3):
        same = correlation(images[n, 0.45], images[n, 0.47])
        others = [correlation(images[n, 0.45], images[m, 0.45]) for m in range(3) if m != n]
        assert same > 0.93
        assert same > max(others) + 0.02


def test_infection_adds_density_inside_the_lungs_and_nowhere_else(patients):
    for number in range(3):
        sick, well = patients[number, True], patients[number, False]
        added = []
        for z in (0.35, 0.5, 0.65):
            difference = hounsfield(sick, z) - hounsfield(well, z)
            inside = lung_mask(well, z, well.frame) > 0
            np.testing.assert_array_equal(difference[~inside], 0)
            assert difference.min() > -120  # an airway's dark inside may get hazy walls
            added.append(np.mean(difference[inside] > 80))
        assert max(added) > 0.02
    assert not patients[0, False].infections


def test_lesions_are_where_the_truth_says(patients):
    """The twin without them differs by what an eye can see nearly everywhere there, hardly elsewhere."""
    for number in range(3):
        sick, well = patients[number, True], patients[number, False]
        for z in (0.3, 0.45, 0.6):
            difference = hounsfield(sick, z) - hounsfield(well, z)
            lung, lesion = lesion_mask(sick, z)
            assert np.mean(difference[lesion] > VISIBLE_HU) > 0.8  # uneven inside
            assert np.mean(difference[lung & ~lesion] > VISIBLE_HU) < 0.05
            assert np.all(lung[lesion]) and not lesion_mask(well, z)[1].any()


def test_congestion_adds_density_and_is_no_lesion(patients):
    congested = make_patient(0, False, SEED, congested=True)
    lung, lesion = lesion_mask(congested, 0.45)
    more = hounsfield(congested, 0.45) - hounsfield(patients[0, False], 0.45)
    assert np.mean(more[lung]) > 10  # beside the little there is
    assert not lesion.any()


def test_infections_last_over_several_slices(patients):
    """An opacity has a depth: it does not vanish 3 mm further on."""
    sick, well = patients[0, True], patients[0, False]
    here, there = (hounsfield(sick, z) - hounsfield(well, z) for z in (0.50, 0.51))
    assert correlation(here, there) > 0.7


def test_body_does_not_depend_on_the_class():
    """Size, position, noise, table, brightness: drawn before the class plays any part."""
    for number in range(5):
        sick, well = draw_body(number, True, SEED), draw_body(number, False, SEED)
        assert sick.frame == well.frame
        for name in vars(sick).keys() - {"infected", "frame"}:
            np.testing.assert_array_equal(getattr(sick, name), getattr(well, name), err_msg=name)


def test_lungs_shrink_to_nothing_above_and_below(patients):
    patient = patients[0, False]
    frame = patient.frame.coarser(4)
    area = {z: lung_mask(patient, z, frame).mean() for z in (0.05, 0.15, 0.5, 1.0)}
    assert area[0.05] == 0
    assert 0 < area[0.15] < 0.4 * area[0.5]
    assert area[1.0] < 0.1 * area[0.5]


def test_one_of_each_pair_of_patients_is_infected_by_seed():
    for seed in range(3):
        assert sorted(number // 2 for number in infected_patients(41, seed)) == list(range(20))
    assert len(infected_patients(40, 0)) == 20
    assert len(infected_patients(7, 0)) == 3
    assert infected_patients(40, 0) == infected_patients(40, 0)
    assert infected_patients(40, 0) != infected_patients(40, 1)


def test_every_patient_gets_the_same_share_of_windows():
    for number in range(10):
        plan = slice_plan(number, 20, SEED)
        assert [window for _, window in plan].count("mediastinal") == 2
        heights = [z for z, _ in plan]
        assert heights == sorted(heights)
        assert 0 <= heights[0] < heights[-1] <= 1


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "synthetic"
    return folder, write_dataset(folder, patients=4, slices=4, seed=3, progress=False)


def test_written_files(written):
    folder, paths = written
    assert len(paths) == 16
    assert all(path.is_file() for path in paths)
    assert len(list((folder / "Infected").iterdir())) == 8
    assert len(list((folder / "Not_Infected").iterdir())) == 8
    groups: dict[str, set[str]] = {}
    for path in paths:
        assert re.fullmatch(r"synthetic-p\d{3}_s\d{2}_(lung|mediastinal)\.png", path.name)
        groups.setdefault(re.match(r"^[^_]+", path.name).group(), set()).add(path.parent.name)
    assert sorted(groups) == [f"synthetic-p{n:03d}" for n in range(4)]
    assert all(len(classes) == 1 for classes in groups.values())  # a patient has one class
    assert [p.name for p in folder.parent.iterdir()] == ["synthetic"]  # nothing temporary left
    text = (folder / "README.txt").read_text(encoding="utf-8")
    assert "SYNTHETIC" in text and "seed 3" in text


def test_the_truth_has_a_line_for_every_image(written):
    folder, paths = written
    rows = read_csv(folder / TRUTH)
    assert [folder / row["file"] for row in rows] == paths
    for row in rows[::3]:
        infected = row["infected"] == "1"
        assert row["file"].startswith("Infected/") == infected
        assert f"p{int(row['patient']):03d}_s{int(row['slice']):02d}_{row['window']}" in row["file"]
        patient = make_patient(int(row["patient"]), infected, 3, congested=not infected)
        lung, lesion = lesion_mask(patient, float(row["z"]))
        # z has 6 digits
        assert int(row["lung_pixels"]) == pytest.approx(lung.sum(), abs=5)
        assert int(row["lesion_pixels"]) == pytest.approx(lesion.sum(), abs=5)
        share = int(row["lesion_pixels"]) / int(row["lung_pixels"])
        assert float(row["lesion_share"]) == pytest.approx(share, abs=5e-5)
    assert any(row["lesion_pixels"] != "0" for row in rows)


def test_processes_write_what_threads_write(written, tmp_path):
    folder, _ = written
    write_dataset(tmp_path / "new", patients=4, slices=4, seed=3, progress=False, processes=True)
    names = sorted(path.relative_to(folder) for path in folder.rglob("*.*"))
    assert sorted(path.relative_to(tmp_path / "new") for path in tmp_path.rglob("*.*")) == names
    for name in names:
        assert (tmp_path / "new" / name).read_bytes() == (folder / name).read_bytes()


def test_written_pixels_are_those_rendered_alone(written):
    folder, paths = written
    number, index = 2, 1
    infected = number in infected_patients(4, 3)
    z, window = slice_plan(number, 4, 3)[index]
    [path] = [p for p in paths if p.name.startswith(f"synthetic-p{number:03d}_s{index:02d}")]
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    patient = make_patient(number, infected, 3, congested=not infected)
    np.testing.assert_array_equal(image, render_slice(patient, z, window))


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(UserError, match="empty folder"):
        write_dataset(tmp_path, patients=2, slices=1, progress=False)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "keep me"


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def fails(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr("covid.phantom.write.render", fails)
    threads = cv2.getNumThreads()
    with pytest.raises(OSError, match="disk full"):
        write_dataset(tmp_path / "new", patients=2, slices=1, progress=False)
    assert list(tmp_path.iterdir()) == []
    assert cv2.getNumThreads() == threads


@pytest.mark.parametrize("wrong", [{"patients": 1}, {"slices": 0}, {"seed": -1}])
def test_numbers_out_of_range_are_user_errors(tmp_path, wrong):
    with pytest.raises(UserError, match="synthetic data"):
        write_dataset(tmp_path / "new", progress=False, **wrong)


def test_wrong_arguments_are_named(patients):
    with pytest.raises(ValueError, match="z must lie"):
        render_slice(patients[0, True], 1.5)
    with pytest.raises(ValueError, match="window must be one of"):
        render_slice(patients[0, True], 0.5, "bone")
    with pytest.raises(ValueError, match="seed must be 0 or more"):
        make_patient(0, True, -1)
