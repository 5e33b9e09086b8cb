"""The healthy twin of a synthetic slice: the same slice of the same patient, without infections."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from covid.common.errors import UserError
from covid.data.images import read_gray
from covid.phantom.scan import make_patient
from covid.phantom.shortcuts import Switches, render
from covid.phantom.write import CLASS_FOLDERS, INFO, infected_patients, named_slices
from minicnn.files import ordinary_file

NAME = re.compile(r"synthetic-p(\d+)_s")


def healthy_twin(path: Path) -> np.ndarray | None:
    """The slice in `path` as it would be without infections, (384, 384) uint8.

    It has the same body, noise and congestion, so that the two differ by the lesions, and by a trace
    of noise, which is stronger behind dense tissue. None unless the file is an infected patient's
    slice in a folder that `write_dataset` made, and this program draws it as it is there.
    """
    path = path.absolute()
    try:
        number = int(NAME.match(path.name)[1])
        info = json.loads(ordinary_file(path.parent.parent / INFO).read_text("utf-8"))
        seed, slices, switches = info["seed"], info["slices"], Switches(**info["switches"])
        infected = number in infected_patients(info["patients"], seed)
    except (OSError, ValueError, KeyError, TypeError, UserError):
        return None  # another name, no such file, or somebody else's
    patient = make_patient(number, infected, seed, congested=not infected)
    for name, _, z, window in named_slices(patient, slices, switches.near_duplicates):
        if infected and name == path.name:
            shortcuts = switches.shortcuts if path.parent.name == CLASS_FOLDERS[True] else ()
            same = np.array_equal(read_gray(path), render(patient, z, window, shortcuts))
            healthy = replace(patient, infections=())
            return render(healthy, z, window, shortcuts) if same else None
    return None
