"""Names in one Unicode form or the other, in one case or another."""

import unicodedata

import pytest

from covid.data.same_names import meant

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
