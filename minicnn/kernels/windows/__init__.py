"""Every kernel in plain NumPy: a view of all windows, and one matrix product over them.

The step between the loops of `minicnn.kernels.naive` and the compiled twins of
`minicnn.kernels.compiled`: same files, names, signatures and results (sums are rounded in
another order). Read it beside the loops: what is a loop there is an axis here. Comments at a
change of axes give both shapes; in brackets are the axes that are summed over.

It needs no compiler. Where windows overlap, a gradient has to be added up pixel by pixel: the
only loops left are those over the taps of a window.

`views.py` has what convolution and pooling share.
"""

from minicnn.kernels.windows.convolution import (
    conv2d_forward,
    conv2d_grad_input,
    conv2d_grad_kernel,
)
from minicnn.kernels.windows.dense import (
    dense_forward,
    dense_grad_input,
    dense_grad_kernel,
    grad_bias,
)
from minicnn.kernels.windows.elementwise import (
    dropout_keep,
    masked_scale,
    relu_forward,
    relu_grad_input,
    sigmoid_forward,
    sigmoid_grad_input,
)
from minicnn.kernels.windows.pooling import (
    avgpool2d_forward,
    avgpool2d_grad_input,
    maxpool2d_forward,
    maxpool2d_grad_input,
)
from minicnn.kernels.windows.updates import adam_update, momentum_update, rmsprop_update
