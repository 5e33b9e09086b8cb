"""What `fit`, `evaluate` and `predict` do: `step.py` is one step on one batch, `loop.py` all else."""
