"""Looking inside a model: every layer's output for an image, and one value taken apart.

    for name, output in trace(model, x).items(): ...
    print(explain(model, x, "conv2d", (10, 20, 0)))

or, for a saved model and an image file:

    python -m minicnn.inspection model.npz image.png
    python -m minicnn.inspection model.npz image.png --layer conv2d --position 10,20,0
"""

from minicnn.inspection.explanations import Explanation
from minicnn.inspection.outputs import explain, trace, trace_table

__all__ = ["Explanation", "explain", "trace", "trace_table"]
