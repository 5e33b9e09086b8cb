"""What run.json records of groups and folds, and what no run could have recorded."""

import json
from pathlib import Path

import pytest

from covid.cli.commands.resume import resumed
from covid.cli.parser import parse
from covid.common.errors import UserError
from covid.pipeline.options import Options
from covid.pipeline.run_record import read_run_info, write_run_info


def test_what_a_run_records_of_groups_and_folds(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path)
    given = {"group_csv": Path("a.csv"), "group_column": "who", "split": "group", "folds": 3}
    write_run_info(Options(Path("run"), **given))
    again = resumed(Path("run"), parse(["run", "--resume"]))
    assert {name: getattr(again, name) for name in given} == given
    monkeypatch.chdir("run")
    elsewhere = resumed(Path("."), parse(["run", "--resume"]))
    assert elsewhere.group_csv == tmp_path / "a.csv"
    for words, complaint in {
        ("--folds", "4"): "--folds: .* started with 3, so it cannot be resumed with 4",
        ("--group-csv", "b.csv"): "--group-csv: .* started with a.csv",
        ("--group-audit",): "started with nothing of the kind, so it cannot be resumed with it",
    }.items():
        with pytest.raises(UserError, match=complaint):
            resumed(Path("."), parse(["run", "--resume", *words]))
    same = ["--folds", "3", "--group-csv", "a.csv", "--group-column", "who", "--split", "group"]
    assert resumed(Path("."), parse(["run", "--resume", *same])).folds == 3


def test_what_is_repeated_in_another_form_is_the_same(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "s").mkdir()
    monkeypatch.chdir(tmp_path)
    write_run_info(Options(Path("run"), data=Path("s"), positive="Infect\xe9", group="\xe9p"))
    for words in (
        *(("--positive", "Infecte\u0301"), ("--positive", "INFECTE\u0301")),
        *(("--data", f"{tmp_path}/s/"), ("--data", "run/../s"), ("--group", "e\u0301p")),
    ):
        assert resumed(Path("run"), parse(["run", "--resume", *words])).data == Path("s")
    for words in (("--positive", "Infecte"), ("--data", "run"), ("--group", "\xe9P")):
        with pytest.raises(UserError, match=f"{words[0]}: .* cannot be resumed with {words[1]}"):
            resumed(Path("run"), parse(["run", "--resume", *words]))


@pytest.mark.parametrize(
    "changes",
    [{"folds": 1}, {"folds": "3"}, {"group_csv": "a\0b"}, {"group_audit": 1}, {"group_column": None},
     {"group": "x", "group_csv": "a.csv"}, {"group_csv": "a.csv", "group_audit": True}],
)  # fmt: skip
def test_what_no_run_could_have_recorded(tmp_path, changes):
    write_run_info(Options(tmp_path))
    path = tmp_path / "run.json"
    info = json.loads(path.read_text())
    info["options"].update(changes)
    path.write_text(json.dumps(info))
    with pytest.raises(
        UserError, match=f"damaged.*{'group_audit' if len(changes) > 1 else next(iter(changes))}"
    ):
        read_run_info(tmp_path)
