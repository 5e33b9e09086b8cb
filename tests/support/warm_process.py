"""Imported by the parent of processes that tests start by the dozen: all is loaded beforehand.

It does the slow things that a process of `covid` begins with: imports, and the compiled kernels.
"""

import cv2
import numpy as np

from covid.pipeline import run  # noqa: F401 (with all that a run needs)
from covid.training.architectures import MODELS, build_model

cv2.setNumThreads(1)
for name in ("compact_cnn", "reduced_inception"):
    size = MODELS[name].image_size
    model = build_model(name, (size, size, 1), seed=0)
    model.compile("adam", "binary_crossentropy", ["acc"])
    model.train_on_batch(np.zeros((30, size, size, 1), np.float32), np.zeros(30, np.float32))
