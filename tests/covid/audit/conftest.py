"""The set of neighboring slices that several test files audit."""

import pytest
from textures import save

from covid.data.class_folders import scan
from covid.phantom import make_patient, render_slice


@pytest.fixture(scope="module")
def phantom():
    """Slices of three synthetic patients, 1 mm apart, in both windows."""
    return {
        (number, height, step, window): render_slice(
            make_patient(number, number % 2 == 0, 5), height + step / 300, window
        )
        for number in range(3)
        for height in (0.5,)
        for step in (0, 1)
        for window in ("lung", "mediastinal")
    }


@pytest.fixture(scope="module")
def neighboring(phantom, tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    for (number, height, step, window), image in phantom.items():
        name = f"synthetic-p{number}_{int(10 * height)}_{step}_{window}"
        save(folder, int(number % 2 == 0), name, image)
    return scan(folder)
