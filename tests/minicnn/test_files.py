"""Files are whole or as they were before; links are followed, and permissions stay."""

import os
import stat
from pathlib import Path

import pytest
from subprocesses import noise, tiny_model

from minicnn.callbacks import BackupAndRestore, CSVLogger, ModelCheckpoint
from minicnn.files import atomic_write, sweep
from minicnn.models import load_model
from minicnn.utils import plot_model

pytestmark = pytest.mark.skipif(os.name != "posix", reason="has links and permissions")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("permissions", [0o600, 0o644, 0o440, 0o666])
def test_a_file_keeps_its_permissions(permissions, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("before")
    path.chmod(permissions)
    with atomic_write(path) as temporary:
        temporary.write_text("after")
        assert mode(temporary) & ~stat.S_IWUSR & ~permissions == 0  # from the start
    assert (path.read_text(), mode(path)) == ("after", permissions)
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("not to be")
        raise RuntimeError
    assert (path.read_text(), mode(path), os.listdir(tmp_path)) == ("after", permissions, ["x.txt"])


def test_a_new_file_has_the_permissions_of_all_new_files(tmp_path):
    (tmp_path / "usual.txt").write_text("usual")
    with atomic_write(tmp_path / "x.txt") as temporary:
        temporary.write_text("x")
    assert mode(tmp_path / "x.txt") == mode(tmp_path / "usual.txt")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_is_followed(is_there, tmp_path):
    (tmp_path / "there").mkdir()
    link, target = tmp_path / "link.txt", tmp_path / "there/target.txt"
    if is_there:
        target.write_text("before")
        target.chmod(0o600)
    link.symlink_to("there/target.txt")
    with atomic_write(link) as temporary:
        temporary.write_text("after")
    assert link.is_symlink() and target.read_text() == "after"
    assert os.listdir(tmp_path / "there") == ["target.txt"]
    if is_there:
        assert mode(target) == 0o600
    link.unlink()
    link.symlink_to("nowhere/target.txt")
    with pytest.raises(OSError) as caught, atomic_write(link) as temporary:
        temporary.write_text("after")
    assert caught.value.filename == str(link)


def test_models_and_tables_too(tmp_path):
    """What the callbacks and `save` write into files of mode 0600 that are reached by a link."""
    names = ("saved.npz", "best.npz", "log.csv", "graph.png", "checkpoint.npz")
    (tmp_path / "private").mkdir()
    for name in names:
        (tmp_path / "private" / name).touch(0o600)
        (tmp_path / name).symlink_to(tmp_path / "private" / name)
    (tmp_path / "private/checkpoint.npz").unlink()  # an empty one could not be resumed
    model = tiny_model()
    x, y = noise()
    callbacks = [ModelCheckpoint(tmp_path / "best.npz"), CSVLogger(tmp_path / "log.csv")]
    callbacks.append(BackupAndRestore(tmp_path, delete_checkpoint=False))
    model.fit(x, y, epochs=1, verbose=0, validation_data=(x, y), callbacks=callbacks)
    model.save(tmp_path / "saved.npz")
    plot_model(model, tmp_path / "graph.png")
    for name in names:
        target = tmp_path / "private" / name
        assert (tmp_path / name).is_symlink() and target.stat().st_size > 0
        assert mode(target) == (0o644 if name == "checkpoint.npz" else 0o600), name
    assert load_model(tmp_path / "saved.npz").predict(x).shape == (24, 1)


def test_only_temporary_files_of_the_folder_itself_are_swept(tmp_path):
    name, others = ".minicnn-0123456789ab.tmp", ["inner", "notes.tmp", ".minicnn-folder.tmp"]
    (tmp_path / "inner").mkdir()
    (tmp_path / ".minicnn-folder.tmp").mkdir()
    for path in (name, f"inner/{name}", "notes.tmp", ".minicnn-folder.tmp/theirs.txt"):
        (tmp_path / path).write_text("x")
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(others)
    assert (tmp_path / "inner" / name).exists()
    assert (tmp_path / ".minicnn-folder.tmp/theirs.txt").exists()
