"""Class folders: which classes and files are found, which is positive, what cannot be scanned."""

import unicodedata

import pytest
from class_folders import put, two_classes

from covid.common.errors import UserError
from covid.data.class_folders import scan


def test_scan_finds_classes_and_labels(tmp_path):
    dataset = scan(two_classes(tmp_path, 3))
    assert (dataset.positive, dataset.negative) == ("Infected", "Not_Infected")
    assert [image.label for image in dataset] == [1, 1, 1, 0, 0, 0] and len(dataset) == 6
    assert dataset.skipped == []
    assert dataset.images == sorted(dataset.images, key=lambda image: image.path.as_posix())


def test_scan_sees_nested_files_and_lists_what_is_no_image(tmp_path):
    two_classes(tmp_path, 2)
    put(tmp_path / "Infected" / "deep" / "deeper" / "肺 1.JPG", b"")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", ".cache/x.png", "notes.txt", "noend"):
        put(tmp_path / "Infected" / name, b"x")
    put(tmp_path / ".git" / "x.png", b"x")
    put(tmp_path / "__MACOSX" / "x.png", b"x")
    put(tmp_path / "slices.csv", b"x")
    dataset = scan(tmp_path)
    assert sum(image.label for image in dataset) == 3
    assert [(path.name, reason) for path, reason in dataset.skipped] == [
        (".DS_Store", "it is a hidden or system file"),
        (".cache", "it is a hidden or system folder"),
        ("Thumbs.db", "it is a hidden or system file"),
        ("desktop.ini", "it is a hidden or system file"),
        ("noend", "its extension (none) is not that of an image"),
        ("notes.txt", "its extension .txt is not that of an image"),
    ]


def test_the_positive_class(tmp_path):
    two_classes(tmp_path, 2, ("CT_COVID", "CT_NonCOVID"))
    with pytest.raises(UserError, match="CT_COVID and CT_NonCOVID.*--positive NAME"):
        scan(tmp_path)
    with pytest.raises(UserError, match="no 'Covid' among.*CT_COVID and CT_NonCOVID"):
        scan(tmp_path, "Covid")
    dataset = scan(tmp_path, "CT_NonCOVID")
    assert dataset.negative == "CT_COVID"
    assert {image.class_name for image in dataset if image.label} == {"CT_NonCOVID"}


def test_the_positive_class_in_another_form_or_case(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "Infecté") for form in ("NFC", "NFD"))
    two_classes(tmp_path, 2, (decomposed, "Sain"))
    for name in (composed, decomposed, "INFECTÉ"):
        dataset = scan(tmp_path, name)
        assert (dataset.positive, dataset.negative) == (decomposed, "Sain")
        assert [image.label for image in dataset] == [1, 1, 0, 0]


def test_infected_is_positive_in_any_case(tmp_path):
    two_classes(tmp_path, 2, ("INFECTED", "not_infected"))
    assert scan(tmp_path).positive == "INFECTED"


@pytest.mark.parametrize("names", [("COVID", "covid"), ("Infecte\u0301", "Infect\xe9")])
def test_classes_that_some_systems_cannot_tell_apart(tmp_path, names):
    two_classes(tmp_path, 1, names)
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this system cannot tell them apart")
    with pytest.raises(UserError, match="one folder on Windows and macOS; rename"):
        scan(tmp_path, names[0])


def test_folders_that_cannot_be_scanned(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        scan(tmp_path / "gone")
    with pytest.raises(UserError, match="is a file"):
        scan(put(tmp_path / "file.png"))
    with pytest.raises(UserError, match="found none"):
        scan(tmp_path)
    two_classes(tmp_path, 1, ("one",))
    with pytest.raises(UserError, match=r"found 1 \(one\)"):
        scan(tmp_path)
    (tmp_path / "Infected").mkdir()
    put(tmp_path / "Infected" / "list.txt", b"x")
    with pytest.raises(UserError, match="Infected holds no images"):
        scan(tmp_path)
    two_classes(tmp_path, 1, ("three",))
    with pytest.raises(UserError, match=r"found 3 \(Infected, one, three\)"):
        scan(tmp_path)
