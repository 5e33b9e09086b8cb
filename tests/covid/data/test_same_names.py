"""Names in one Unicode form or the other, in one case or another."""

import unicodedata

import pytest

from covid.data import same_names
from covid.data.same_names import distinct, meant

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Infecté") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    "name, names, expected",
    [
        ("COVID", ("COVID", "Normal"), "COVID"),
        ("covid", ("COVID", "Normal"), "COVID"),
        ("covid", ("COVID", "covid"), "covid"),
        ("Covid", ("COVID", "covid"), None),
        ("ill", ("COVID", "Normal"), None),
        (COMPOSED, (DECOMPOSED, "x"), DECOMPOSED),
        (DECOMPOSED, (COMPOSED, "x"), COMPOSED),
        (DECOMPOSED, (COMPOSED, DECOMPOSED), DECOMPOSED),
        (COMPOSED.upper(), (DECOMPOSED, "x"), DECOMPOSED),
        ("a", ("a", "a"), None),
    ],
)
def test_the_name_that_is_meant(name, names, expected):
    assert meant(name, names) == expected


def test_names_that_differ_on_every_system():
    names = ["a", "A", "a_2", COMPOSED, "a", DECOMPOSED]
    assert distinct(names) == ["a", "A_3", "a_2", COMPOSED, "a_4", f"{DECOMPOSED}_2"]


def test_many_equal_names_take_a_few_steps_each(monkeypatch):
    """Each candidate for a name is folded once, so calls count candidates."""
    calls = []
    monkeypatch.setattr(same_names, "folded", lambda name: calls.append(name) or name)
    found = distinct(["1"] * 1000 + ["1_500"])
    assert sorted(found) == sorted(["1", *(f"1_{n}" for n in range(2, 1002))])
    assert found[-1] == "1_500"
    assert len(calls) < 4 * 1000
