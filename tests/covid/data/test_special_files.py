"""What is no ordinary file is refused by whatever reads tables and descriptions, before it waits for it."""

import os
import signal
from pathlib import Path

import pytest
from tiny_runs import slices

from covid.cli.main import main
from covid.common.choices import MANIFEST, RUN_INFO, SPLIT_INFO, SUMMARY
from covid.common.errors import UserError
from covid.data.class_folders import scan
from covid.data.groups import groups_from_csv
from covid.data.manifest import read_manifest
from covid.data.split_folder import is_enhanced, read_split
from covid.figures.examples import read_truth
from covid.phantom.twin import healthy_twin
from covid.phantom.write import INFO, TRUTH
from covid.pipeline.run_record import read_run_info
from covid.pipeline.summary import finished_results
from covid.report.model_run import read_csv
from covid.report.read_run import read_run
from minicnn.callbacks import CSVLogger
from minicnn.files import LARGEST_TEXT, ordinary_file

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")


@pytest.fixture(autouse=True)
def not_for_ever():
    """A test that waits for a pipe ends by an error."""

    def give_up(number, frame):
        raise TimeoutError("it waits for a pipe")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


READERS = {
    SPLIT_INFO: lambda path: read_split(path.parent),
    MANIFEST: lambda path: read_manifest(path.parent),
    SUMMARY: lambda path: read_run(path.parent),
    "finished.json": finished_results,
    RUN_INFO: lambda path: read_run_info(path.parent),
    "p.csv": lambda path: groups_from_csv(scan(slices()), path, "patient"),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("target", ["pipe", "device", "large"])
def test_refused_in_a_sentence(name, target, tmp_path):
    path = tmp_path / name
    if target == "pipe":
        os.mkfifo(path)
    elif target == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_text("")
        os.truncate(path, LARGEST_TEXT + 1)  # a file of zeros that takes no room
    with pytest.raises(UserError, match=name):
        READERS[name](path)


def test_left_out_where_it_may_be_missing(tmp_path):
    for name in (MANIFEST, INFO, TRUTH, "predictions.csv"):
        os.mkfifo(tmp_path / name)
    assert read_csv(tmp_path / "predictions.csv") == []
    assert read_truth(tmp_path / TRUTH) == {}
    image = tmp_path / "Infected" / "synthetic-p001_s00_lung.png"
    assert healthy_twin(image) is None
    for name in ("Infected", "Not_Infected"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()
    assert not is_enhanced(scan(tmp_path))


def test_a_log_that_is_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "log.csv")
    with pytest.raises(OSError, match="it is a pipe or a device, not a file.*log.csv"):
        CSVLogger(tmp_path / "log.csv", append=True).on_train_begin()


def test_the_commands_sentence(tmp_path, capsys):
    os.mkfifo(tmp_path / "p.csv")
    arguments = ["split", str(slices()), "--group-csv", str(tmp_path / "p.csv")]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == (
        f"covid split: --group-csv: {tmp_path}/p.csv cannot be read (it is a pipe or a device, not "
        "a file); name a csv file\n"
    )
    assert not (tmp_path / "out").exists()


def test_what_can_be_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a")
    (tmp_path / "link.csv").symlink_to("a.csv")
    assert ordinary_file(path) == path
    assert ordinary_file(str(tmp_path / "link.csv")) == tmp_path / "link.csv"
    for missing in ("b.csv", "a.csv/b.csv"):
        with pytest.raises(OSError, match=missing):
            ordinary_file(Path(tmp_path, missing))
    with pytest.raises(IsADirectoryError):
        ordinary_file(tmp_path)
