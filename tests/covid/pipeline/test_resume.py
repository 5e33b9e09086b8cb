"""Runs that are killed, stopped, starved of disk and robbed of their folder, and resumed.

Every test starts real processes. What they leave is compared, byte for byte, with a run that
nobody disturbed.
"""

import csv
import fcntl
import json
import multiprocessing
import multiprocessing.forkserver
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from places import PYTHONPATH, ROOT, SUPPORT
from tiny_runs import quick, temporary_folder

from covid.cli.commands import ending
from covid.cli.commands.resume import flag, resumed
from covid.cli.main import main
from covid.cli.parser import parse
from covid.common import output_files
from covid.common.errors import UserError
from covid.common.signals import ending_as_ctrl_c, finishing_the_step
from covid.phantom import write_dataset
from covid.pipeline import run
from covid.pipeline.options import Options
from covid.pipeline.output_folder import checkpoints, output_folder, require_files
from covid.pipeline.run_record import OPTION_TYPES, write_run_info
from minicnn.callbacks import BackupAndRestore
from minicnn.models import load_model

ANY_RUN = ("run", "--recipe", "practice", "--seed", "3", "--checkpoint-steps", "1")
MODELS = ("compact_cnn", "reduced_inception")
ANY_RUN = (*ANY_RUN, "--split", "random", "--no-controls", "--models", ",".join(MODELS))
RUN, LONG_RUN = ((*ANY_RUN, "--epochs", epochs) for epochs in ("12", "25"))


@pytest.fixture(scope="module")
def images() -> Path:
    folder = temporary_folder() / "to-resume"
    write_dataset(folder, patients=20, slices=4, seed=4, progress=False)
    return folder


@pytest.fixture(scope="module")
def undisturbed(images) -> Path:
    """The run that all others must end like."""
    return through(RUN, images, temporary_folder() / "undisturbed")


def through(command: tuple[str, ...], images: Path, out: Path) -> Path:
    """The output folder of a run that nobody disturbs."""
    assert finish(begin(*command, "--data", images, "--out", out))[0] == 0
    return out


def begin(*arguments, figures: bool = False, **options) -> subprocess.Popen:
    """Start `covid` in a process of its own; what it says comes in lines."""
    program = ["-m", "covid"] if figures else [str(SUPPORT / "without_figures.py")]
    return subprocess.Popen(
        [sys.executable, "-u", *program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **options,
    )


def finish(process: subprocess.Popen, timeout: float = 120) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    try:
        said, complained = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, said, complained


def results(out: Path) -> dict[str, bytes]:
    """All that a run has computed, without the seconds it took."""
    summary = json.loads((out / "summary.json").read_text())
    del summary["seconds"], summary["examples"]  # some are made without figures
    for split in summary["splits"].values():
        for row in split["models"].values():
            del row["seconds"]
    files = {"summary": json.dumps(summary).encode()}
    for path in sorted(out.glob("*/*_*/*")):
        files[path.relative_to(out).as_posix()] = path.read_bytes()
    return files


def assert_same_results(out: Path, expected: Path) -> None:
    found, wanted = results(out), results(expected)
    assert list(found) == list(wanted)
    assert [name for name in wanted if found[name] != wanted[name]] == []


def wait_for(condition, process: subprocess.Popen, timeout: float = 60) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert process.poll() is None, finish(process)
        assert time.monotonic() < end
        time.sleep(0.002)


def written(out: Path, name: str) -> float:
    """When the model's checkpoint was written; 0 where there is none."""
    path = out / "random" / name / "checkpoint.npz"
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def steps_done(out: Path) -> int:
    """Optimizer steps in the checkpoints, which must all be readable."""
    return sum(load_model(path).optimizer.iterations for path in out.glob("*/*/checkpoint.npz"))


def life(arguments: list[str], output: Path) -> None:
    """What a process of `lives` does: run `covid`, as the command line would."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os._exit(main(arguments))


@pytest.fixture(scope="module")
def lives():
    """Starts processes that need not import and load everything first: their parent has."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm_process"])
    with pytest.MonkeyPatch.context() as patch:  # until Python 3.12 it knows no other path
        patch.setenv("PYTHONPATH", PYTHONPATH)
        multiprocessing.forkserver.ensure_running()
    return lambda arguments, output: context.Process(
        target=life, args=([str(argument) for argument in arguments], output)
    )


@pytest.mark.slow
def test_killed_at_10_moments_and_resumed_each_time(images, undisturbed, lives, tmp_path):
    out = killed_and_resumed(10, RUN, images, lives, tmp_path)
    assert_same_results(out, undisturbed)


@pytest.mark.slow
def test_killed_at_25_moments_and_resumed_each_time(images, lives, tmp_path):
    out = killed_and_resumed(25, LONG_RUN, images, lives, tmp_path)
    assert_same_results(out, through(LONG_RUN, images, tmp_path / "undisturbed"))


def killed_and_resumed(kills: int, command, images: Path, lives, folder: Path) -> Path:
    """The output folder of a run that was killed so many times and resumed after each."""
    out, rng, output = folder / "out", np.random.default_rng(25), folder / "said.txt"
    arguments, reached = [*command, "--data", images, "--out", out], [0]

    def checkpoints_written() -> list[float]:
        return [written(out, name) for name in MODELS]

    for number in range(kills):
        before = checkpoints_written()
        process = lives(arguments, output)
        process.start()
        if number % 4 == 0:  # at any moment: while it prepares, draws, evaluates, ...
            time.sleep(rng.uniform(0, 0.6))
        else:  # while it trains, which is in part while it writes
            end = time.monotonic() + 60
            while checkpoints_written() == before and process.is_alive():
                assert time.monotonic() < end
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.03))  # a step with its checkpoint takes half of that
        assert process.is_alive(), f"through after {number} kills: {output.read_text()}"
        process.kill()
        process.join()
        if (out / "run.json").exists():
            arguments = ["run", "--resume", out]
        elif out.exists():
            shutil.rmtree(out)  # killed before it had made more than the folder
        reached.append(steps_done(out))
        assert reached == sorted(reached)  # nothing that was done is lost
    assert len(set(reached)) > kills // 4  # the kills fell into the training
    code, said, complained = finish(begin(*arguments, figures=True))
    assert code == 0, complained
    assert "resumed from" in said
    assert list(out.rglob("*.tmp")) == list(out.rglob("checkpoint.npz")) == []
    return out


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    ids=["ctrl-c", "sigterm", "sighup"],
)
def test_a_signal_ends_the_step_and_says_how_to_resume(number, images, undisturbed, tmp_path):
    out = tmp_path / "out put"
    process = begin(*RUN, "--data", images, "--out", out)
    wait_for(lambda: written(out, "compact_cnn"), process)
    time.sleep(0.1)
    process.send_signal(number)
    code, said, complained = finish(process)
    assert code == 130
    assert re.fullmatch(r"covid run: stopped after .*epoch \d+", complained.splitlines()[-1])
    assert said.endswith(f"covid run --resume '{out}'\n")
    model = load_model(out / "random/compact_cnn/checkpoint.npz")
    epoch = int(complained.split()[-1])
    assert epoch - 1 <= model.epochs_done <= epoch
    if number == signal.SIGINT:  # the checkpoints of the others are of the same kind
        assert finish(begin("run", "--resume", out))[0] == 0
        assert_same_results(out, undisturbed)


@pytest.mark.slow
def test_the_terminal_is_closed(images, tmp_path):
    out, (ours, theirs) = tmp_path / "out", os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "covid", *RUN, "--data", images, "--out", out],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    while not written(out, "compact_cnn"):
        assert os.read(ours, 1000)  # OSError where it has ended
    time.sleep(0.1)
    os.close(ours)
    assert finish(process)[0] == 130  # though nothing can be said
    assert steps_done(out) > 0


def test_a_request_after_the_last_step_is_followed(tmp_path):
    backup = BackupAndRestore(tmp_path)
    with pytest.raises(KeyboardInterrupt), finishing_the_step(backup):
        os.kill(os.getpid(), signal.SIGTERM)
        assert backup.stop_requested  # and nobody looks at it any more


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does
    backup = BackupAndRestore(tmp_path)
    try:
        with ending_as_ctrl_c(), finishing_the_step(backup):
            os.kill(os.getpid(), signal.SIGHUP)
        assert not backup.stop_requested
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_checkpoint_for_every_epoch_is_the_default(images, tmp_path):
    out = tmp_path / "out"
    process = begin("train", "--data", images, "--out", out)
    wait_for(lambda: written(out, "compact_cnn"), process)
    process.kill()
    finish(process)
    model = load_model(out / "random/compact_cnn/checkpoint.npz")
    assert model.optimizer.iterations == 2 * model.epochs_done > 0


@pytest.mark.parametrize("stage", ["while preparing", "before the first step"])
def test_ctrl_c_before_there_is_a_checkpoint_leaves_nothing(stage, images, tmp_path):
    out = tmp_path / "out"
    process = begin("train", "--data", images, "--out", out, figures=True)
    wanted = out / "run.json" if stage == "while preparing" else out / "figures"
    wait_for(wanted.exists, process)
    process.send_signal(signal.SIGINT)
    code, _, complained = finish(process)
    if code == 130 and not (out / "random/compact_cnn").exists():
        assert complained.splitlines()[-1] == "covid train: stopped"
        assert list(tmp_path.iterdir()) == []
    else:
        pytest.fail(f"it had begun to train already: {complained}")


# No room, no folder


def limit_file_size(size: int):
    """For a process to be started: no file it writes may grow beyond `size` bytes."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.fixture(scope="module")
def killed(images) -> Path:
    """A run that was killed while it trained its second model; that one's checkpoints are larger."""
    out = temporary_folder() / "killed"
    process = begin(*RUN, "--data", images, "--out", out)
    wait_for(lambda: written(out, "reduced_inception"), process)
    process.kill()
    finish(process)
    return out


@pytest.fixture
def begun(killed, tmp_path) -> Path:
    """A copy of it."""
    return shutil.copytree(killed, tmp_path / "out")


@pytest.mark.slow
def test_a_full_disk_while_a_checkpoint_is_written(begun, undisturbed):
    checkpoint = begun / "random/reduced_inception/checkpoint.npz"
    before = checkpoint.read_bytes()
    room = len(before) - 1000  # more than all other files need
    process = begin("run", "--resume", begun, preexec_fn=limit_file_size(room))
    code, said, complained = finish(process)
    assert code == 2
    (sentence,) = [line for line in complained.splitlines() if "covid run:" in line]
    assert "checkpoint.npz: File too large (a checkpoint could not be written; the one before" in (
        sentence
    )
    assert "--resume" in said
    assert "Traceback" not in complained
    assert list(begun.rglob("*.tmp")) == []
    assert load_model(checkpoint).optimizer.iterations > 0
    assert finish(begin("run", "--resume", begun))[0] == 0
    assert_same_results(begun, undisturbed)


@pytest.fixture
def mount(tmp_path):
    """Mounts a file system of so many kilobytes, or changes its size; gives its folder."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def size(kilobytes: int, *options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", ",".join([*options, f"size={kilobytes}k"])]
        if subprocess.run([*command, "tmpfs", disk], capture_output=True).returncode != 0:
            pytest.skip("may not mount a file system here")
        return disk

    yield size
    subprocess.run(["umount", disk], capture_output=True)


@pytest.mark.slow
def test_a_file_system_without_room_for_the_next_checkpoint(begun, undisturbed, mount):
    used = sum(path.stat().st_size // 4096 + 1 for path in begun.rglob("*")) * 4
    out = mount(used + 1000) / "out"
    shutil.copytree(begun, out)
    steps = steps_done(out)
    code, said, complained = finish(begin("run", "--resume", out))
    assert code == 2
    assert "checkpoint.npz: No space left on device (a checkpoint could" in complained
    assert "Traceback" not in complained
    assert "--resume" in said
    assert list(out.rglob("*.tmp")) == []
    assert steps_done(out) >= steps > 0
    mount(used + 60_000, "remount")
    assert finish(begin("run", "--resume", out))[0] == 0
    assert_same_results(out, undisturbed)


def test_a_file_system_without_room_for_the_images(images, mount):
    disk = mount(1000)
    earlier = disk / "earlier.txt"
    earlier.write_text("from another run")
    code, _, complained = finish(begin(*RUN, "--data", images, "--out", disk / "out"))
    assert code == 2
    assert "No space left on device" in complained.splitlines()[-1]
    assert "Traceback" not in complained
    assert earlier.read_text() == "from another run"
    assert list(disk.iterdir()) == [earlier]


def test_the_output_folder_disappears(images, tmp_path):
    out = tmp_path / "out"
    process = begin(*RUN, "--data", images, "--out", out)
    wait_for(lambda: written(out, "compact_cnn"), process)
    out.rename(tmp_path / "elsewhere")  # at once, which deleting file by file is not
    code, _, complained = finish(process)
    assert code == 2
    sentence = f"covid run: {out}: this output folder has been taken away during the run"
    assert sentence in complained
    assert "Traceback" not in complained


def test_the_output_folder_disappears_before_the_last_files(tmp_path):
    (tmp_path / "out/figures").mkdir(parents=True)  # made again by the figures
    with pytest.raises(UserError, match=r"model.npz has been taken away"):
        require_files([tmp_path / "out/random/compact_cnn/model.npz"])


def test_images_that_disappear_are_named_in_a_sentence(images, tmp_path):
    split, out = tmp_path / "split", tmp_path / "out"
    assert main(["split", str(images), "--out", str(split)]) == 0
    process = begin("train", "--data", split, "--out", out, "--epochs", 1, figures=True)
    wait_for((out / "figures").exists, process)
    shutil.rmtree(split)
    code, _, complained = finish(process)
    assert code == 2
    assert str(split) in complained.splitlines()[-1]
    assert "Traceback" not in complained


# What must not be deleted, and what must


def test_ctrl_c_when_all_is_done_deletes_nothing(tmp_path):
    options = Options(tmp_path / "out")
    with pytest.raises(KeyboardInterrupt), output_folder(options):
        (options.out / "summary.json").write_text("{}")
        raise KeyboardInterrupt  # the checkpoints are deleted by now
    assert (options.out / "summary.json").exists()


def test_a_folder_that_another_process_has_just_begun_is_left_alone(tmp_path, monkeypatch):
    options = Options(tmp_path / "out")

    @contextmanager
    def too_late(folder):
        (folder / "run.json").write_text("theirs")  # between our look and our lock
        raise UserError("another process is writing in this folder")
        yield

    monkeypatch.setattr(output_files, "folder_lock", too_late)
    with pytest.raises(UserError, match="another process"), output_folder(options):
        pass
    assert (options.out / "run.json").read_text() == "theirs"


def test_another_s_checkpoint_in_the_folder_is_no_checkpoint_of_the_run(tmp_path):
    """It neither keeps the folder nor is deleted when all is done."""
    options = quick(tmp_path / "out")
    theirs = options.out / "figs_other/theirs/checkpoint.npz"
    with pytest.raises(KeyboardInterrupt), output_folder(options):
        theirs.parent.mkdir(parents=True)
        theirs.write_bytes(b"theirs")
        raise KeyboardInterrupt
    assert [path for path in options.out.rglob("*") if path.is_file()] == [theirs]
    assert checkpoints(options) == []


# What --resume refuses, and what it leaves alone


def complaint(capsys, *arguments) -> str:
    """The sentence for a command that cannot be carried out."""
    assert main([str(argument) for argument in arguments]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    return sentence


def test_a_finished_run_is_not_done_again(undisturbed, capsys):
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*")}
    assert main(["run", "--resume", str(undisturbed)]) == 0
    assert "is already complete" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*")} == before


def test_a_second_process_is_kept_away(begun, capsys):
    process = begin("run", "--resume", begun)
    at = written(begun, "reduced_inception")
    wait_for(lambda: written(begun, "reduced_inception") != at, process)
    process.send_signal(signal.SIGSTOP)
    try:
        assert "another process is writing in this folder" in complaint(
            capsys, "run", "--resume", begun
        )
    finally:
        process.kill()
        finish(process)


def test_other_options_than_the_run_s_are_refused(begun, capsys):
    for option, words in {
        ("--seed", "4"): "was started with 3, so it cannot be resumed with 4",
        ("--epochs", "7"): "was started with 12",
        ("--models", "compact_cnn"): "was started with compact_cnn,reduced_inception",
        ("--group", "^.."): "was started with nothing of the kind",
        ("--ratios", "60/20/20"): "was started with nothing of the kind",
    }.items():
        sentence = complaint(capsys, "run", "--resume", begun, *option)
        assert words in sentence
        assert option[0] in sentence
        assert "leave the option out" in sentence


@pytest.mark.parametrize("command", ["run", "train"])
def test_every_option_of_a_run_is_a_field_of_options_and_recorded(command):
    of_the_call = {"command", "json", "open", "out", "resume", "verbose"}
    declared = set(vars(parse([command]))) - of_the_call
    assert declared == set(OPTION_TYPES) - ({"folds"} if command == "train" else set())
    assert declared <= {field.name for field in fields(Options)}


@pytest.mark.parametrize("command", ["run", "train"])
def test_an_option_is_repeated_as_it_is_typed(command, capsys):
    with pytest.raises(SystemExit):
        parse([command, "--help"])
    typed = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
    unasked = {"controls"} if command == "train" else set()  # always the default
    for name in (OPTION_TYPES.keys() - unasked) & vars(parse([command])).keys():
        assert {flag(name, None, command), flag(name, False, command)} & typed, name


def test_other_versions_are_mentioned(begun, capsys, monkeypatch):
    monkeypatch.setattr(run, "run_all", lambda options: {})
    monkeypatch.setattr(ending, "end_run", lambda *arguments: None)
    assert main(["run", "--resume", str(begun)]) == 0
    assert "note" not in capsys.readouterr().out
    info = begun / "run.json"
    info.write_text(info.read_text().replace(np.__version__, "1.0.0"))
    assert main(["run", "--resume", str(begun)]) == 0
    assert f"numpy: 1.0.0 there, {np.__version__} here" in capsys.readouterr().out


def test_a_relative_folder_is_found_from_elsewhere(images, tmp_path, monkeypatch):
    monkeypatch.chdir(images.parent)
    options = Options(tmp_path, Path(images.name))
    write_run_info(options)
    given = parse(["run", "--resume"])
    assert resumed(tmp_path, given).data == Path(images.name)
    monkeypatch.chdir(tmp_path)
    assert resumed(tmp_path, given).data == images


def test_folders_that_cannot_be_resumed(begun, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert "no folder" in complaint(capsys, "run", "--resume", tmp_path / "none")
    assert "has no run.json" in complaint(capsys, "run", "--resume", tmp_path / "empty")
    assert "expected one folder" in complaint(capsys, "run", "--resume")
    info = begun / "run.json"
    text = info.read_text()
    negative = text.replace('"checkpoint_steps": 1', '"checkpoint_steps": -1')
    for damaged in ("", "[]", "{}", text[:-30], text.replace('"seed": 3', '"sed": 3'), negative):
        info.write_text(damaged)
        assert "run.json" in complaint(capsys, "run", "--resume", begun)
    info.write_text(text)
    assert "is not empty" in complaint(capsys, "run", "--out", begun)
    checkpoint = begun / "random/reduced_inception/checkpoint.npz"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2])
    code, _, complained = finish(begin("run", "--resume", begun))
    assert code == 2
    assert re.fullmatch(r"covid run: .*checkpoint.npz: .*delete it.*", complained.splitlines()[-1])
    assert "Traceback" not in complained
    assert checkpoint.read_bytes() == whole[: len(whole) // 2]  # it is the user's to throw away


def test_a_checkpoint_of_another_seed_or_model_is_refused(begun, capsys):
    info = begun / "run.json"
    text = info.read_text()
    info.write_text(text.replace('"seed": 3', '"seed": 4'))
    assert main(["run", "--resume", str(begun)]) == 2
    assert "seed: 3 there, 4 here); delete it" in capsys.readouterr().err
    info.write_text(text)
    shutil.copy(begun / "random/compact_cnn/checkpoint.npz", begun / "random/reduced_inception")
    assert main(["run", "--resume", str(begun)]) == 2
    assert "model: compact_cnn there, reduced_inception here" in capsys.readouterr().err


@pytest.mark.parametrize("content", ['{"a":', "[]", "{}", '{"splits": {"random": 1}}'])
def test_a_damaged_summary_is_refused_in_a_sentence(content, begun, capsys):
    (begun / "summary.json").write_text(content)
    assert "summary.json is damaged" in complaint(capsys, "run", "--resume", begun)
    assert list(begun.glob("*/*/checkpoint.npz"))  # still needed


def test_history_has_every_epoch_once(undisturbed):
    with open(undisturbed / "random/compact_cnn/history.csv", newline="") as file:
        epochs = [int(row["epoch"]) for row in csv.DictReader(file)]
    assert epochs == list(range(1, len(epochs) + 1))
