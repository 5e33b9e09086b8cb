"""What a folder holds instead of images: said with what can be done about it."""

import pytest
from class_folders import put, two_classes

from covid.common.errors import UserError
from covid.data.class_folders import scan
from covid.data.no_images import what_is_there


@pytest.mark.parametrize(
    "names, found, advice",
    [
        (["1.dcm", "2.DCM", "a.zip"], "2 DICOM files", "DICOM is not read: export .* --window"),
        (["a.ima"], "1 DICOM file", "1024"),
        (["a.nii", "b.nii.gz"], "2 volume files", "volumes are not read: export"),
        (["a.npy", "b.npz"], "2 array files", "export each slice as 16-bit png or tif"),
        (["a.zip"], "1 packed file", "unpack"),
        (["a.tar.gz", "b.gz"], "2 packed files", "unpack"),
        (["a.HEIC"], "1 HEIC file", "png or jpg"),
    ],
)
def test_files_of_other_kinds(tmp_path, names, found, advice):
    for folder in ("Infected", "Not_Infected"):
        for name in names:
            put(tmp_path / folder / name, b"x")
    with pytest.raises(UserError, match=f"Infected holds no images but {found}; .*{advice}"):
        scan(tmp_path)
    with pytest.raises(UserError, match=f"found none, but {found}; .*{advice}"):
        scan(tmp_path / "Infected")


def test_dicom_without_an_extension(tmp_path):
    dicom = put(tmp_path / "IM0001", bytes(128) + b"DICM" + bytes(9))
    other = put(tmp_path / "IM0002", b"x")
    assert what_is_there([dicom, other])[0] == "1 DICOM file"
    assert what_is_there([other, tmp_path / "gone", tmp_path]) is None


def test_images_of_both_classes_in_one_folder(tmp_path):
    put(tmp_path / "1.png")
    put(tmp_path / ".2.png")
    with pytest.raises(UserError, match="found none, but 1 images; put .* --labels FILE.csv"):
        scan(tmp_path)


@pytest.mark.parametrize("names", [("Infected", "Not_Infected"), ("train", "val", "test")])
def test_class_folders_one_level_deeper(tmp_path, names):
    two_classes(tmp_path / "archive", 1, names)
    (tmp_path / "__MACOSX").mkdir()
    with pytest.raises(UserError, match="archive.*name .*archive, which holds"):
        scan(tmp_path)


def test_webp_is_an_image(tmp_path):
    for folder in ("Infected", "Not_Infected"):
        put(tmp_path / folder / "a.webp")
    assert len(scan(tmp_path)) == 2
