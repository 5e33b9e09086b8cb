"""Behind `fit`, `evaluate` and `predict`: `step.py` is one step on one batch, `loop.py` the rest."""
