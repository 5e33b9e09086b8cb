"""What is removed: what the program has made, and nothing else, however it ends."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from subprocesses import SECONDS, start
from tiny_runs import finished_run, slices

from covid.cli.main import main
from covid.common import made_files
from covid.common.errors import UserError
from covid.common.made_files import (
    UNFINISHED,
    atomic_write,
    is_whole,
    listed,
    make_folder,
    remove_made,
    write_new,
)
from covid.common.output_files import check_new_folder, new_folder, scratch_folder, write_csv
from covid.data.class_folders import scan
from covid.data.link_images import link
from covid.figures.draw_process import draw, drawn_or_dropped, helper
from covid.phantom import write_dataset


def paths_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def make_some(out: Path) -> None:
    """A few files, by each of the ways there are."""
    make_folder(out / "a/b")
    write_new(out / "a/b/image.png", b"image")
    link(out / "a/b/image.png", out / "a/linked.png")
    with atomic_write(out / "a/text.txt") as temporary:
        temporary.write_text("text")
    write_csv(out / "table.csv", ["x"], [[1]])
    with new_folder(out / "inner"):
        write_new(out / "inner/x.png", b"x")


def fail_after(out: Path, theirs) -> None:
    """Make some files in `out`, let `theirs()` happen, fail."""
    with pytest.raises(RuntimeError), new_folder(out):
        make_some(out)
        theirs()
        raise RuntimeError


def test_all_that_was_made_is_removed(tmp_path):
    fail_after(tmp_path / "new/out", lambda: None)
    assert paths_in(tmp_path) == []
    out = tmp_path / "out"
    with new_folder(out):
        make_some(out)
        assert not is_whole(out, "table.csv") and is_whole(out / "inner", "x.png")
    assert (
        is_whole(out, "table.csv")
        and not is_whole(out, "other.csv")
        and not (out / UNFINISHED).exists()
    )


@pytest.mark.parametrize("name", ["mine/notes.txt", "a/notes.txt", "inner/notes.txt", "notes.txt"])
def test_what_somebody_put_there_stays(name, tmp_path):
    out = tmp_path / "out"

    def theirs():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("theirs")
        (out / "empty").mkdir()
        (out / "dangling").symlink_to("nowhere")

    fail_after(out, theirs)
    left = [path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()]
    assert sorted(left) == sorted(["dangling", name]) and (out / "empty").is_dir()
    assert (out / name).read_text() == "theirs"


def test_a_file_in_the_place_of_one_of_ours_stays(tmp_path):
    out, other = tmp_path / "out", tmp_path / "other.txt"

    def theirs():
        other.write_text("replaced")
        other.replace(out / "table.csv")
        (out / "a/text.txt").write_text("written into")  # the same inode
        (out / "a/b/image.png").unlink()
        (out / "a/b/image.png").mkdir()

    fail_after(out, theirs)
    left = ["a", "a/b", "a/b/image.png", "a/text.txt", "table.csv"]
    assert paths_in(out) == left
    assert (out / "table.csv").read_text() == "replaced"


def test_links_are_not_followed_out_of_the_folder(tmp_path):
    out, kept = tmp_path / "out", tmp_path / "kept"

    def theirs():
        (out / "a").rename(kept)  # taken away to keep them, and a link to them in their place
        (out / "a").symlink_to(kept)

    fail_after(out, theirs)
    assert paths_in(out) == ["a"] and (out / "a").is_symlink()
    assert paths_in(kept) == ["b", "b/image.png", "linked.png", "text.txt"]


@pytest.mark.parametrize("name", ["../victim.txt", "{absolute}", "a/../../victim.txt", 3, "a\0b"])
def test_a_list_that_somebody_else_wrote_does_no_harm(name, tmp_path):
    victim, out = tmp_path / "victim.txt", tmp_path / "out"
    victim.write_text("theirs")
    (out / "a").mkdir(parents=True)
    name = str(victim) if name == "{absolute}" else name
    found = victim.stat()
    line = json.dumps([name, found.st_ino, found.st_mtime_ns])
    (out / UNFINISHED).write_text(f"{line}\n[]\n7\nhalf a li")
    remove_made(out)
    assert victim.exists() and (out / "a").is_dir()


def test_a_note_in_a_folder_of_a_run_is_no_obstacle(tmp_path):
    out = tmp_path / "audit"
    out.mkdir()
    (out / "note.txt").write_text("theirs")
    for _ in range(2):
        with pytest.raises(RuntimeError), new_folder(out, empty=False):
            make_some(out)
            raise RuntimeError
        assert paths_in(out) == ["note.txt"]
    with new_folder(out, empty=False):
        make_some(out)
    with pytest.raises(UserError, match="exists and is not empty"), new_folder(out):
        pass


def test_scratch_goes_when_it_is_not_needed_any_more(tmp_path):
    out = tmp_path / "out"
    with new_folder(out):
        with scratch_folder(out / "images") as folder:
            write_new(folder / "x.png", b"x")
        assert paths_in(out) == [UNFINISHED]
        with scratch_folder(out / "images") as folder:
            write_new(folder / "x.png", b"x")
            (folder / "theirs.txt").write_text("theirs")
    assert paths_in(out) == ["images", "images/theirs.txt"]


def test_what_the_drawing_process_made_is_removed_too(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), helper(), new_folder(out), drawn_or_dropped():
        draw("most_wrong", {}, out / "figures/errors.png", "title")
        while not (out / "figures/errors.png").exists():
            time.sleep(0.01)
        (out / "theirs.txt").write_text("theirs")
        raise KeyboardInterrupt
    assert paths_in(out) == ["theirs.txt"]


# Processes that are killed


@pytest.fixture
def killed(tmp_path) -> Path:
    """A folder whose process was killed while it wrote thousands of files."""
    out = tmp_path / "out"
    process = start(
        "from pathlib import Path\n"
        "from covid.common.made_files import make_folder, write_new\n"
        "from covid.common.output_files import new_folder, write_csv\n"
        f"out = Path({str(out)!r})\n"
        "with new_folder(out):\n"
        "    make_folder(out / 'a/b')\n"
        "    for number in range(10 ** 9):\n"
        "        write_new(out / f'a/b/{number}.png', bytes(100))\n"
        "        write_csv(out / 'a/table.csv', ['x'], [[number]])\n"
    )
    try:
        end = time.monotonic() + SECONDS
        while not (out / "a/b/50.png").exists():
            assert process.poll() is None and time.monotonic() < end
        with pytest.raises(UserError, match="another process"):
            check_new_folder(out)
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)
    return out


@pytest.mark.skipif(os.name != "posix", reason="there are no locks")
def test_the_next_process_clears_up_and_goes_on(killed):
    assert not is_whole(killed, "a/table.csv") and len(listed(killed)) > 50
    with new_folder(killed):
        assert paths_in(killed) == [UNFINISHED]
        write_new(killed / "x.png", b"x")
    assert paths_in(killed) == ["x.png"]


@pytest.mark.skipif(os.name != "posix", reason="there are no locks")
@pytest.mark.parametrize("name", ["a/b/theirs.png", "run.json"])
def test_leftovers_among_the_files_of_others_stay_as_they_are(name, killed):
    (killed / name).write_text("theirs")
    before = paths_in(killed)
    with pytest.raises(UserError, match="exists and is not empty"):
        check_new_folder(killed)
    assert paths_in(killed) == before


def test_what_systems_leave_in_a_folder_does_not_fill_it(tmp_path):
    for name in (".DS_Store", "Thumbs.db", "._out"):
        (tmp_path / name).touch()
    with new_folder(tmp_path):
        write_new(tmp_path / "x.png", b"x")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "lost+found").mkdir()
    write_dataset(empty, 2, 1, progress=False)
    (empty / "lost+found").rmdir()
    with pytest.raises(UserError, match="exists and is not empty"):
        check_new_folder(tmp_path)


def test_class_folders_that_are_not_complete_are_refused(tmp_path):
    out = tmp_path / "s"
    with pytest.raises(KeyboardInterrupt), new_folder(out, keep=lambda: True):
        for name in ("Infected", "Not_Infected"):
            make_folder(out / name)
            write_new(out / name / "x.png", b"x")
        raise KeyboardInterrupt
    with pytest.raises(UserError, match="s is not complete.*write it again"):
        scan(out)


# Every command


def commands() -> dict[str, list]:
    data, model = str(slices()), str(finished_run()[0] / "random/tiny_cnn/model.npz")
    image = str(next(slices().glob("Infected/*.png")))
    quick = ["--recipe", "practice", "--epochs", "1", "--seed", "1", "--data", data]
    return {
        "run": ["run", *quick, "--models", "tiny_cnn"],
        "train": ["train", *quick, "--model", "tiny_cnn"],
        "controls": ["controls", *quick, "--model", "tiny_cnn"],
        "audit": ["audit", data],
        "figures": ["figures", data, "--model", model],
        "evaluate": ["evaluate", model, data],
        "look": ["look", model, image],
        "preprocess": ["preprocess", data],
        "split": ["split", data],
        "synth": ["synth", "--patients", "4"],
        "story": ["story", "--patients", "4"],
    }


NAMES = ("run", "train", "controls", "audit", "figures", "evaluate", "look")
NAMES = (*NAMES, "preprocess", "split", "synth", "story")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("moment", [1, 3])
def test_ctrl_c_leaves_what_is_not_the_command_s(name, moment, tmp_path, monkeypatch):
    out, came, command = tmp_path / "new/out", [], commands()[name]
    real = made_files.os.write

    def write(descriptor, line):
        """The list grows by a line."""
        came.append(line)
        if len(came) == moment:
            (out / "figs_other").mkdir()
            (out / "figs_other/mine.txt").write_text("mine")
            raise KeyboardInterrupt
        return real(descriptor, line)

    monkeypatch.setattr(made_files.os, "write", write)
    option = "--figures" if name == "evaluate" else "--out"
    assert main([*command, option, str(out)]) == 130
    monkeypatch.undo()
    assert paths_in(tmp_path) == [
        "new",
        "new/out",
        "new/out/figs_other",
        "new/out/figs_other/mine.txt",
    ]


@pytest.fixture
def mount_point(tmp_path):
    """An empty folder that can be written in, a mount point, in one that cannot be written in."""
    around, inside = tmp_path / "around", tmp_path / "around/out"

    def run(*words) -> bool:
        return subprocess.run(words, capture_output=True).returncode == 0

    around.mkdir()
    if os.name != "posix" or not run("mount", "-t", "tmpfs", "tmpfs", around):
        pytest.skip("may not mount a file system here")
    try:
        inside.mkdir()
        assert run("mount", "-t", "tmpfs", "tmpfs", inside)
        assert run("mount", "-o", "remount,ro", around)
        yield inside
    finally:
        run("umount", inside)
        run("umount", around)


def test_the_output_folder_may_be_a_mount_point_in_a_folder_that_is_read_only(mount_point):
    with pytest.raises(OSError):
        (mount_point.parent / "file").touch()
    assert main(["split", str(slices()), "--out", str(mount_point)]) == 0
    assert {"split.json", "train"} <= set(paths_in(mount_point))
