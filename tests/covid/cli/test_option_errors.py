"""Which command answers for an option that cannot be read."""

import pytest

from covid.cli.parser import COMMANDS, parse


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "words", [["--sped", "3"], ["-x"], ["--see", "3"], ["--seed"], ["--json=1"]]
)
def test_the_command_itself(command, words, capsys):
    with pytest.raises(SystemExit) as caught:
        parse([command, *words])
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"covid {command}: ") and err.count("\n") == 1
    assert words[0].split("=")[0] in err and f"covid {command} --help" in err


@pytest.mark.parametrize(
    "words", [["--seed", "3", "run"], ["-q", "run", "slices"], ["--bogus", "run"], ["--", "run"]]
)
def test_options_in_front_of_the_command(words, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(words)
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("covid run: expected options behind the command, found " + words[0])


@pytest.mark.parametrize("words", [["--version", "run"], ["--help", "run"], ["-h", "run"]])
def test_help_and_version_in_front_of_a_command(words, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(words)
    assert caught.value.code == 0
