"""Bad input never wins: odd and broken files are read, or left out with their name and a reason.

The corpus is made by `bad_images` and `bad_places`; `image_mutants` reads damaged images in other
processes, which a decoder may take down with it.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from bad_images import GRAY, READ, SMOOTH, bombs, contents, encoded
from bad_places import NEGATIVE, POSITIVE, make
from mutator import mutations
from places import PYTHONPATH, SUPPORT
from tiny_runs import finished_run

from covid.common.errors import UserError, shown
from covid.data.class_folders import scan
from covid.data.duplicates import duplicate_notes, find_duplicates
from covid.data.images import UnreadableImage, check_image, read_gray
from covid.data.manifest import count_statuses, read_manifest
from covid.data.preprocess import enhance_and_crop
from covid.data.split import Split, plan_split
from covid.data.write_split import unique_names, write_folder, write_split
from minicnn.preprocessing.image import ImageDataGenerator, load_img
from minicnn.preprocessing.image_header import LIMIT_VARIABLE

MUTANTS, WORKERS = 3500, 2
# The notice of the first start, and what libtiff prints of itself.
NOT_OURS = re.compile(r"(minicnn: compiling kernels|LZWDecode: |tempfile.tif: |TIFF).*\n")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of bad files, and what must become of each."""
    folder = tmp_path_factory.mktemp("corpus") / "images"
    return folder, make(folder)


def process(*arguments, **options) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    command = [sys.executable, "-X", "faulthandler", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment, timeout=300, **options)


# The corpus


def test_the_corpus_is_large(corpus):
    assert sum(becomes != READ for becomes in corpus[1].values()) >= 60
    assert sum(becomes == READ for becomes in corpus[1].values()) >= 40


@pytest.mark.parametrize("transform", [None, enhance_and_crop])
def test_each_file_is_written_or_left_out_with_a_reason(corpus, tmp_path, capfd, transform):
    folder, expected = corpus
    dataset = scan(folder)
    split = plan_split(dataset, "50/25/25", seed=1)
    rows = write_split(dataset, split, tmp_path / "out", transform, progress=False)
    assert NOT_OURS.sub("", capfd.readouterr().err) == ""

    by_source = {Path(row["source"]): row for row in rows}
    assert len(by_source) == len(rows) and by_source.keys() == expected.keys()
    for path, becomes in expected.items():
        row = by_source[path]
        if becomes == READ:
            assert row["status"] in ("kept", "no_contour_kept"), (path, row["reason"])
            assert read_gray(tmp_path / "out" / row["file"]).size > 0
        else:
            assert row["status"] in ("unreadable", "skipped") and row["file"] == "", path
            assert re.search(becomes, row["reason"]), (path, row["reason"])
    counts = count_statuses(rows)
    assert sum(counts.values()) == 2 * counts["total"] == 2 * len(expected)
    assert read_manifest(tmp_path / "out") == rows
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) == sum(becomes == READ for becomes in expected.values()) + 3
    assert not [path for path in written if path.suffix == ".tmp"]


def test_checking_and_loading_agree_with_reading(corpus):
    """`load_img` and `check_image` take and refuse the same files."""
    for path in corpus[1]:
        refused = []
        for read in (read_gray, load_img, check_image):
            try:
                read(path)
                refused.append(False)
            except UnreadableImage as error:
                assert shown(path) in str(error) and "\n" not in str(error)
                refused.append(True)
            except ValueError as error:
                assert str(error).startswith(f"{path}: expected an image file")
                refused.append(True)
        assert refused[0] == refused[1], path
        if path.suffix != ".png":  # one with right check sums is not decoded by `check_image`
            assert refused[2] == refused[0], path


def test_a_damaged_jpg_is_drawn_as_far_as_it_can_be(tmp_path):
    """It has no check sums; this is what README says of it."""
    whole = encoded(".jpg", SMOOTH)
    path = tmp_path / "slice.jpg"
    for damaged in (whole[: len(whole) // 2] + b"\xff\xd9", whole[:900] + whole[950:]):
        path.write_bytes(damaged)
        assert read_gray(path).shape == SMOOTH.shape[:2]


def test_the_command_line_names_every_file(corpus, tmp_path):
    folder, expected = corpus
    done = process("-m", "covid", "preprocess", folder, "--out", tmp_path / "out")
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 0, err
    assert NOT_OURS.sub("", err) == ""
    for path, becomes in expected.items():
        name = shown(path).encode(errors="backslashreplace").decode()
        assert (f"not used: {name}: " in out) == (becomes != READ), name
    assert out.count("not used: ") == sum(becomes != READ for becomes in expected.values())
    assert f"{len(expected)} total" in out and "note: 1 image is in both classes" in out


def test_predict_answers_or_complains_about_every_file(corpus):
    named = [path for path in corpus[1] if not path.name.startswith("-")]
    paths = [path for path in named if not path.is_dir()]  # of a folder all images are asked for
    done = process(
        "-m", "covid", "predict", finished_run()[0] / "random/tiny_cnn/model.npz", *paths
    )
    out, err = done.stdout.decode(), NOT_OURS.sub("", done.stderr.decode())
    assert done.returncode == 2
    complaints = err.splitlines()
    assert all(line.startswith("covid predict: ") for line in complaints), err
    answers = out.splitlines()[:-3]  # behind them: counts, the threshold, the small print
    assert all(": p(Infected) = " in line for line in answers)
    assert len(answers) + len(complaints) == len(paths)


# Size


@pytest.mark.skipif(os.name == "nt", reason="needs to know the most memory used")
def test_bombs_are_refused_without_the_memory_for_them(corpus):
    names = [str(path) for path in corpus[1] if path.name in bombs()]
    assert len(names) == len(bombs()) >= 10
    code = (
        "import sys\nimport cv2\nfrom covid.data.images import read_gray\n"
        "from benchmarks.streaming import peak_memory\n"
        "before = peak_memory()\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n        read_gray(path)\n        print('read', path)\n"
        "    except ValueError:\n        pass\n"
        "print(peak_memory() - before)"
    )
    done = process("-c", code, *names)
    # The png alone has 900 million pixels.
    assert float(done.stdout) < 200 and done.stderr == b"", done


def test_the_limit_can_be_changed(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(".png"))
    monkeypatch.setenv(LIMIT_VARIABLE, str(GRAY.size - 1))
    said = rf"is 31 x 24 pixels.*limit of 0.000743 million.*set the .*{LIMIT_VARIABLE} to 744"
    for read in (read_gray, check_image, load_img):
        with pytest.raises(ValueError, match=said):
            read(path)
    monkeypatch.setenv(LIMIT_VARIABLE, str(GRAY.size))
    np.testing.assert_array_equal(read_gray(path), GRAY)
    for wrong in ("many", "-5", "0", "1e9"):
        monkeypatch.setenv(LIMIT_VARIABLE, wrong)
        with pytest.raises(UnreadableImage, match="must be a number of pixels"):
            read_gray(path)


# Folders


def fill(folder, *names):
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "a.png").write_bytes(encoded(".png"))
    return folder


def test_one_class_and_a_class_without_an_image(tmp_path):
    with pytest.raises(UserError, match=r"exactly two class folders.*found 1 \(Infected\)"):
        scan(fill(tmp_path, POSITIVE))
    (tmp_path / NEGATIVE).mkdir()
    with pytest.raises(UserError, match="Not_Infected holds no images: put the images"):
        scan(tmp_path)
    (tmp_path / NEGATIVE / ".DS_Store").write_bytes(b"x")
    with pytest.raises(UserError, match=r"no images \(.DS_Store: it is a hidden or system file\)"):
        scan(tmp_path)


@contextmanager
def as_somebody_else():
    """Without the rights of root, whom no permission stops."""
    if os.name != "posix":
        pytest.skip("permissions of this kind are Unix's")
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)  # nobody
    try:
        yield
    finally:
        os.seteuid(0)


def test_without_permission():
    with as_somebody_else(), tempfile.TemporaryDirectory() as temporary:
        folder = fill(Path(temporary) / "in", POSITIVE, NEGATIVE, f"{POSITIVE}/closed")
        secret = folder / POSITIVE / "secret.png"
        secret.write_bytes(encoded(".png"))
        secret.chmod(0)
        closed = folder / POSITIVE / "closed"
        closed.chmod(0)
        try:
            dataset = scan(folder)
            assert dataset.skipped == [(closed, "the folder cannot be read: Permission denied")]
            rows = write_folder(dataset, Path(temporary) / "out", progress=False)
            assert count_statuses(rows) == {"kept": 2, "unreadable": 1, "skipped": 1, "total": 4}
            (row,) = [row for row in rows if row["source"] == str(secret)]
            assert row["reason"].startswith("permission to read it is denied")
            with pytest.raises(ValueError, match="closed: expected a folder that can be read"):
                ImageDataGenerator().flow_from_directory(folder)
            (folder / NEGATIVE).chmod(0)
            with pytest.raises(UserError, match="Not_Infected cannot be read .Permission denied"):
                scan(folder)
        finally:
            closed.chmod(0o700)
            (folder / NEGATIVE).chmod(0o700)


def test_equal_files_are_noted(tmp_path):
    fill(tmp_path, POSITIVE)
    for number in range(4):
        image = encoded(".png", np.full((9, 9), number, np.uint8))
        for name in (f"{POSITIVE}/{number}.png", f"{POSITIVE}/again/{number}.png"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(image)
    fill(tmp_path, NEGATIVE)
    for name in ("empty.png", "empty too.png"):
        (tmp_path / NEGATIVE / name).write_bytes(b"")
    dataset = scan(tmp_path)
    groups = [[image.path.name for image in group] for group in find_duplicates(dataset)]
    assert sorted(groups) == [[f"{n}.png"] * 2 for n in range(4)] + [["a.png"] * 2]
    both, one = duplicate_notes(dataset)
    assert both.startswith("1 image is in both classes") and both.count("a.png") == 2
    assert one.startswith("4 images are there more than once") and "and 1 more;" in one
    assert len(write_folder(dataset, tmp_path / "out", progress=False)) == len(dataset)


def test_long_names_leave_room_for_a_number(tmp_path):
    for suffix in (".png", ".bmp"):
        for name in (POSITIVE, NEGATIVE):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / f"{'肺' * 80}{suffix}").write_bytes(encoded(suffix))
    dataset = scan(tmp_path)
    assert max(len(name.encode()) for name in unique_names(dataset).values()) < 220
    split = Split({"train": list(dataset)}, (1.0, 0.0, 0.0), 0)
    rows = write_split(dataset, split, tmp_path / "out", progress=False)
    assert len({row["file"] for row in rows if row["file"]}) == 4


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
def test_a_generator_neither_hangs_nor_walks_in_circles(tmp_path):
    fill(tmp_path, "one", "two/deep")
    (tmp_path / "one" / "up").symlink_to("..")
    (tmp_path / "two" / "deep" / "here").symlink_to(".")
    (tmp_path / "one" / "other").symlink_to("../two/deep")
    batches = ImageDataGenerator().flow_from_directory(tmp_path, follow_links=True)
    assert batches.filenames == ["one/a.png", "one/other/a.png", "two/deep/a.png"]
    os.mkfifo(tmp_path / "one" / "pipe.png")
    batches = ImageDataGenerator().flow_from_directory(tmp_path, target_size=(5, 5))
    with pytest.raises(ValueError, match="pipe.png: expected an image file.*a pipe"):
        next(batches)


# Mutants


@pytest.mark.slow
def test_damaged_images_are_read_or_refused(tmp_path):
    """In two processes with a time-out: no crash, no hang, no noise, nothing but UnreadableImage."""
    share = MUTANTS // WORKERS
    workers = []
    for number in range(WORKERS):
        folder = tmp_path / str(number)
        folder.mkdir()
        workers.append((folder, start_worker(number * share, (number + 1) * share, folder)))
    for folder, worker in workers:
        try:
            out, _ = worker.communicate(timeout=200)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.communicate()
            pytest.fail(f"mutant {(folder / 'current').read_text()} hangs")
        trace = (folder / "stderr").read_text(errors="replace")
        at = (folder / "current").read_text()
        assert worker.returncode == 0, f"mutant {at} ended the process:\n{trace}"
        *wrong, counts = out.splitlines()
        assert not wrong, "\n".join(wrong[:20])
        counts = ast.literal_eval(counts)
        assert counts["read_gray: read"] + counts["read_gray: refused"] == share
        assert min(counts.values()) > share / 20  # damaged enough, and not too much


def start_worker(first: int, last: int, folder: Path) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    command = [sys.executable, "-X", "faulthandler", SUPPORT / "image_mutants.py"]
    return subprocess.Popen(
        [*map(str, command), str(first), str(last), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_the_mutator_is_seeded_and_takes_any_bytes():
    for data in (b"", b"x", bytes(3), contents()["gray.png"][0]):
        made = [mutations(data, np.random.default_rng(seed)) for seed in range(200)]
        assert made == [mutations(data, np.random.default_rng(seed)) for seed in range(200)]
        assert data not in made and all(isinstance(mutant, bytes) for mutant in made)
        assert len(set(made)) > 100
