"""Looking inside a model: forward and backward, every layer, and one value taken apart.

    for name, output in trace(model, x).items(): ...
    print(explain(model, x, "conv2d", (10, 20, 0)))
    print(explain_gradient(model, x, y, "conv2d", "kernel", (1, 2, 0, 3)))

or, for a saved model and an image file:

    python -m minicnn.inspection model.npz image.png
    python -m minicnn.inspection model.npz image.png --layer conv2d --position 10,20,0
    python -m minicnn.inspection model.npz image.png --layer conv2d --backward --label 1

Forward: `outputs.py`, then `dissection.py`. Backward: `gradients.py`, then `passes.py` (both passes,
everything kept), `parameter_parts.py`, `input_parts.py`, `activation_parts.py` (what is behind a gradient),
`nudge.py` (the slope of the loss) and `next_step.py` (the optimizer's).
"""

from minicnn.inspection.explanations import Explanation
from minicnn.inspection.gradient_explanation import GradientExplanation
from minicnn.inspection.gradient_trace import gradient_summary, gradient_table, trace_gradients
from minicnn.inspection.gradients import explain_gradient, gradients_of
from minicnn.inspection.outputs import explain, trace, trace_table

__all__ = [
    "Explanation",
    "GradientExplanation",
    "explain",
    "explain_gradient",
    "gradient_summary",
    "gradient_table",
    "gradients_of",
    "trace",
    "trace_gradients",
    "trace_table",
]
