"""covid.audit: what is planted is found, what is clean stays clean, numbers as by hand."""

import csv
import json
import re

import cv2
import numpy as np
import pytest
from tiny_runs import slices

from covid.audit import run_audit, write_audit
from covid.audit.alignment import align, summit
from covid.audit.confounders import auc_interval, find_confounders, rate, rate_category
from covid.audit.fingerprints import Fingerprints, fingerprint
from covid.audit.hashing import SIDE, look
from covid.audit.headers import pixel_mode
from covid.audit.lookalikes import Pairs, equal_files, find_candidates, inferred_groups, windows_of
from covid.audit.measures import NUMBERS, brightest_corner, tissue_level
from covid.audit.neighbours import nearest
from covid.audit.verdict import percent
from covid.cli import main
from covid.dataset import ImageFile, plan_split, scan, write_split
from covid.groups import groups_by_pattern, groups_from_names
from covid.phantom import make_patient, render_slice
from covid.splits import Split
from minicnn.kernels.threads import get_threads, set_threads

NOTE = "Synthetic images. A teaching tool, not for diagnosis. Positive class: Infected."
CLASSES = ("Not_Infected", "Infected")


def texture(seed, size=96, smooth=2.0):
    """A synthetic image like no other."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.standard_normal((size, size)), (0, 0), smooth)
    return np.clip(128 + 60 * field / field.std(), 0, 255).astype(np.uint8)


def save(folder, label, name, image, suffix=".png"):
    path = folder / CLASSES[label] / f"{name}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(suffix, image)[1].tobytes())
    return path


def textures(folder, per_class=20, change=lambda image, label: image, suffixes=(".png", ".png")):
    """Two class folders of images that have nothing in common."""
    for number in range(2 * per_class):
        label = number % 2
        image = change(texture(number), label)
        save(folder, label, f"synthetic-{number:03d}", image, suffixes[label])
    return scan(folder)


def split_of(dataset, test):
    """A split whose test images are those for which `test` says so, by their names."""
    parts = {"train": [], "validate": [], "test": []}
    for image in dataset:
        parts["test" if test(image.path.stem) else "train"].append(image)
    return Split(parts, (0.5, 0.1, 0.4), 0)


def brute_force(hashes, sides, same_side, most, farthest):
    """The nearest of every image from the whole table of distances."""
    bits = np.unpackbits(hashes.view(np.uint8), axis=1).astype(int)
    table = (bits[:, None] != bits[None]).sum(axis=2)
    allowed = (sides[:, None] == sides[None]) == same_side
    np.fill_diagonal(allowed, False)
    found = []
    for query in range(len(hashes)):
        others = [
            (table[query, other], other)
            for other in range(len(hashes))
            if allowed[query, other] and table[query, other] <= farthest
        ]
        found.append(sorted(others)[:most])
    return found


# Hashes and neighbours


def some_hashes(count=250):
    """Random, with near copies, and forty equal ones."""
    rng = np.random.default_rng(3)
    hashes = rng.integers(0, 2**64, (count, 4), dtype=np.uint64)
    for copy in range(0, 100, 2):
        hashes[copy + 1] = hashes[copy]
        hashes[copy + 1, copy % 4] ^= np.uint64(2**copy % (2**60) + 1)
    hashes[150:190] = hashes[150]
    return hashes, rng.integers(0, 2, count)


@pytest.mark.parametrize("same_side", [True, False])
def test_neighbours_are_those_of_the_whole_table(same_side):
    hashes, sides = some_hashes()
    found, bits = nearest(hashes, sides, same_side, 5, 110)
    expected = brute_force(hashes, sides, same_side, 5, 110)
    assert sum(map(len, expected)) > 300
    for query, neighbours in enumerate(expected):
        kept = found[query] >= 0
        assert list(zip(bits[query][kept], found[query][kept], strict=True)) == neighbours


def test_neighbours_on_any_number_of_threads():
    hashes, sides = some_hashes()
    before, results = get_threads(), []
    try:
        for threads in (1, 3):
            set_threads(threads)
            results.append(nearest(hashes, sides, True, 5, 110))
    finally:
        set_threads(before)
    assert all(np.array_equal(*both) for both in zip(*results, strict=True))


def test_equal_hashes_do_not_blow_up():
    """Two thousand equal hashes: sixteen neighbours each, not two million pairs."""
    hashes = np.zeros((2000, 4), np.uint64)
    found, bits = nearest(hashes, np.zeros(2000, np.int64), True, 16, 51)
    assert found.shape == (2000, 16) and (bits == 0).all()
    assert found[5].tolist() == [0, 1, 2, 3, 4, *range(6, 17)]


def test_the_hash_is_that_of_the_signs_by_hand():
    """Only the gray wave across the columns is there: its sign is the only bit that can be set."""
    wave = np.cos(np.pi * 3 * (np.arange(SIDE) + 0.5) / SIDE)
    image = np.tile(128 + 100 * wave, (SIDE, 1)).round().astype(np.uint8)
    bits = np.unpackbits(look(image).bits.view(np.uint8))
    assert bits[2] == 1  # frequency 3 across, 0 down; frequency (0, 0) has no bit
    assert np.unpackbits(look(255 - image).bits.view(np.uint8))[2] == 0
    assert bits[255] == 0


def test_flat_images_have_no_detail():
    assert not look(np.full((30, 50), 77, np.uint8)).detail.any()
    assert np.sqrt(np.mean(np.square(look(texture(0)).detail, dtype=float))) == pytest.approx(
        16, 0.02
    )


# Alignment


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


# Look-alikes


def pairs_of(images, correlation, other_window=False):
    count = len(images)
    return Pairs(
        np.array(images),
        np.zeros(count, np.int64),
        np.array(correlation, np.float32),
        np.zeros((count, 2), np.float32),
        np.zeros(count, bool),
        np.full(count, other_window),
    )


def test_groups_are_chains_of_sure_pairs():
    pairs = pairs_of([(0, 3), (3, 5), (1, 2), (2, 4)], [0.9, 0.88, 0.99, 0.85])
    assert pairs.alike.all()
    # 2 and 4 are near-duplicates, but not sure enough to join groups
    assert inferred_groups(7, pairs).tolist() == [0, 1, 1, 0, 2, 0, 3]
    between = pairs_of([(0, 1), (1, 2)], [0.6, 0.4], other_window=True)
    assert between.alike.tolist() == [True, False]
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


@pytest.fixture(scope="module")
def phantom():
    """Slices of three synthetic patients, 1 mm apart, in both windows."""
    return {
        (number, height, step, window): render_slice(
            make_patient(number, number % 2 == 0, 5), height + step / 300, window
        )
        for number in range(3)
        for height in (0.5,)
        for step in (0, 1)
        for window in ("lung", "mediastinal")
    }


@pytest.fixture(scope="module")
def neighbouring(phantom, tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    for (number, height, step, window), image in phantom.items():
        name = f"synthetic-p{number}_{int(10 * height)}_{step}_{window}"
        save(folder, int(number % 2 == 0), name, image)
    return scan(folder)


def test_neighbouring_slices_are_found_and_patients_are_not_joined(neighbouring):
    audit = run_audit(neighbouring, split_of(neighbouring, lambda name: "_1_" in name))
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
    assert audit.leaks and audit.verdict.startswith(
        "The random split leaks: as the images alone show, 6 of 6 test images (100 %) have a near-duplicate"
    )


def test_slices_kept_apart_by_patient_do_not_leak(neighbouring):
    names = {image: image.path.stem.split("_")[0][-2:] for image in neighbouring}
    split = split_of(neighbouring, lambda name: "p0" in name)
    audit = run_audit(neighbouring, split, names)
    assert not audit.leaks and audit.summary()["near_duplicates"]["pairs"] > 0
    assert audit.patients_on_both_sides == {"count": 0, "of": 3, "examples": []}
    assert (
        "No leak was found" in audit.verdict
        and "3 independent patients are too few to find" in audit.verdict
    )


def test_patients_on_both_sides_are_named(neighbouring):
    names = {image: image.path.stem.split("_")[0][-2:] for image in neighbouring}
    split = split_of(neighbouring, lambda name: "p0" in name or "p1_5_0" in name)
    audit = run_audit(neighbouring, split, names)
    assert audit.patients_on_both_sides == {"count": 1, "of": 3, "examples": ["p1"]}
    assert "1 of 3 patients stands on both sides" in audit.verdict


def test_same_on_any_number_of_threads(neighbouring, monkeypatch):
    results = []
    for cores in (1, 4):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        audit = run_audit(neighbouring, split_of(neighbouring, lambda name: "_1_" in name))
        results.append((audit.summary(), audit.candidates.correlation.tobytes()))
    assert results[0] == results[1]


def test_the_original_and_its_brighter_smaller_jpg_are_near_duplicates(tmp_path):
    dataset = textures(tmp_path, 3)
    original = texture(0)
    brighter = cv2.resize(cv2.add(original, 20), (64, 64), interpolation=cv2.INTER_AREA)
    save(tmp_path, 0, "copy", brighter, ".jpg")
    dataset = scan(tmp_path)
    audit = run_audit(dataset, split_of(dataset, lambda name: name == "copy"))
    assert audit.test_images_with_one == 1 and len(audit.pairs) == 1


# Confounders


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
    assert audit.shortcuts and "can be separated without the lungs, by" in audit.verdict


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_clean_set_is_clean(seed, tmp_path):
    for number in range(40):
        save(tmp_path, number % 2, f"{number}", texture(1000 * seed + number))
    audit = run_audit(scan(tmp_path), seed=seed)
    assert not audit.leaks and not audit.shortcuts
    strongest = audit.confounders[0]
    assert audit.verdict == (
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
        (".pgm", np.zeros((9, 9), np.uint8), "gray"),
    ],
)
def test_pixel_mode(suffix, image, expected):
    kind = {".pgm": "pnm"}.get(suffix, suffix[1:])
    assert pixel_mode(cv2.imencode(suffix, image)[1].tobytes(), kind) == expected


# Odd sets


def test_two_images(tmp_path):
    for label in (0, 1):
        save(tmp_path, label, "only", texture(label))
    dataset = scan(tmp_path)
    images = {image.label: image for image in dataset}
    audit = run_audit(
        dataset,
        Split({"train": [images[0]], "validate": [], "test": [images[1]]}, (0.5, 0.1, 0.4), 0),
    )
    assert not audit.leaks and not audit.shortcuts
    write_audit(audit, tmp_path / "out", NOTE)


def test_all_images_equal(tmp_path):
    for number in range(30):
        save(tmp_path, number % 2, f"{number}", texture(0))
    audit = run_audit(scan(tmp_path))
    summary = audit.summary()
    assert summary["identical"] == {
        "groups": 1,
        "files": 30,
        "in_both_classes": 1,
        "pairs_across": summary["identical"]["pairs_across"],
    }
    assert audit.test_images_with_one == audit.test_images == 12
    assert summary["inferred_groups"]["count"] == 1
    assert not audit.shortcuts


def test_flat_images_are_no_near_duplicates(tmp_path):
    for number in range(20):
        save(tmp_path, number % 2, f"{number}", np.full((40, 40), 10 * number, np.uint8))
    audit = run_audit(scan(tmp_path))
    assert not audit.leaks and audit.summary()["flat"] == 20
    write_audit(audit, tmp_path / "out", NOTE)
    assert not (tmp_path / "out/pairs.png").exists()


def test_a_tiny_class(tmp_path):
    for number in range(40):
        save(tmp_path, int(number < 6), f"{number}", texture(number))
    audit = run_audit(scan(tmp_path))
    assert audit.confounders[0].units == (34, 6) and not audit.leaks


def test_unreadable_files_are_named_and_do_not_stop_it(tmp_path):
    textures(tmp_path, 6)
    bad = tmp_path / "Infected/bad.png"
    bad.write_bytes(b"no image")
    audit = run_audit(scan(tmp_path))
    assert [path for path, _ in audit.prints.unreadable] == [bad]
    assert audit.summary()["unreadable"] == 1 and len(audit.prints) == 12
    for path in (tmp_path / "Infected").iterdir():
        path.write_bytes(b"no image")
    audit = run_audit(scan(tmp_path))
    assert audit.confounders == [] and "one class has no readable image" in audit.verdict


def test_no_image_at_all():
    empty = fingerprint([])
    assert len(find_candidates(empty, np.zeros(0, np.int64))) == 0
    assert find_confounders(empty, np.zeros(0, np.int64)) == []
    assert (
        isinstance(empty, Fingerprints)
        and len(inferred_groups(0, pairs_of(np.zeros((0, 2), int), []))) == 0
    )


def test_percent():
    found = [percent(*counts) for counts in ((0, 9), (1, 9), (1, 900), (899, 900), (9, 9))]
    assert found == ["0 %", "11 %", "under 1 %", "over 99 %", "100 %"]


# What is written, and the command


def test_files(neighbouring, tmp_path):
    split = split_of(neighbouring, lambda name: "_1_" in name)
    audit = run_audit(neighbouring, split)
    write_audit(audit, tmp_path, NOTE)
    summary = json.loads((tmp_path / "audit.json").read_text())
    assert summary["verdict"] == audit.verdict and summary["note"] == NOTE and summary["leaks"]
    with open(tmp_path / "pairs.csv", newline="") as file:
        pairs = list(csv.DictReader(file))
    assert len(pairs) == summary["near_duplicates"]["pairs"]
    assert sum(int(row["across"]) for row in pairs) == summary["near_duplicates"]["pairs_across"]
    with open(tmp_path / "images.csv", newline="") as file:
        images = list(csv.DictReader(file))
    assert len(images) == 12 and set(NUMBERS) < set(images[0])
    assert {row["look_alikes"] for row in images} == set(audit.group_names.values())
    assert all(row["nearest_across"] for row in images)
    for name in ("pairs.png", "confounders.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_the_command_on_class_folders(tmp_path, capsys):
    out = tmp_path / "audit"
    options = ["--group", r"p\d+", "--json", "--seed", "3"]
    assert main(["audit", str(slices()), "--out", str(out), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["synthetic"] and found["seed"] == 3
    assert found["patients_on_both_sides"]["of"] == 6
    assert found["verdict"] == json.loads((out / "audit.json").read_text())["verdict"]
    planned = plan_split(scan(slices()), seed=3)
    with open(out / "images.csv", newline="") as file:
        parts = {row["file"]: row["part"] for row in csv.DictReader(file)}
    assert parts == {
        str(image.path): part for part, images in planned.parts.items() for image in images
    }
    grouped = ["audit", str(slices()), "--out", str(tmp_path / "g"), "--split", "group"]
    assert main([*grouped, "--group", r"p\d+"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"no patient stands on both sides.*\n.*Positive class: Infected", said)


def test_the_command_on_a_split_folder(tmp_path, capsys):
    options = ["--out", str(tmp_path / "split"), "--group", r"p\d+"]
    assert main(["split", str(slices()), *options]) == 0
    capsys.readouterr()
    out = str(tmp_path / "audit")
    assert main(["audit", str(tmp_path / "split"), "--out", out, "--json", "--group", r"p\d+"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["split"] == r"p\d+" and found["images"] == 12 and found["synthetic"]
    assert found["patients_on_both_sides"]["count"] == 0


def test_a_split_by_look_alikes_speaks_of_no_patients(tmp_path, capsys):
    dataset = scan(slices())
    groups = groups_by_pattern(dataset, r"p\d+")
    groups = groups_from_names(dataset, groups.names, "the audit's look-alikes", "audit")
    write_split(dataset, plan_split(dataset, groups=groups), tmp_path / "split", progress=False)
    assert main(["audit", str(tmp_path / "split"), "--out", str(tmp_path / "audit")]) == 0
    said = capsys.readouterr().out
    assert "no group stands on both sides; 6 independent groups of look-alikes are too few" in said
    assert "patient" not in said


def test_a_patient_of_both_classes_counts_once(tmp_path):
    dataset = textures(tmp_path, 6)
    names = {image: f"p{int(image.path.stem[-3:]) // 6}" for image in dataset}
    assert "; 2 independent patients are too few" in run_audit(dataset, names=names).verdict


def test_images_in_no_part_are_not_looked_at(tmp_path):
    dataset = textures(tmp_path, 4)
    images = list(dataset)
    split = Split({"train": images[:2], "validate": [], "test": images[4:6]}, (0.5, 0.1, 0.4), 0)
    assert run_audit(dataset, split).prints.images == images[:2] + images[4:6]
    assert isinstance(images[0], ImageFile)
