"""Every kernel as the most literal loops: one line per idea, plain Python over NumPy arrays.

For reading, for stepping through with a debugger, and as the reference that the compiled
twins in `minicnn.kernels.compiled` (same files, names and signatures) are tested against. It
is slow, and meant to be: a small model on a few images is what it can train.

Arrays are C-contiguous; images are (batch, height, width, channels), convolution kernels
(kernel_height, kernel_width, channels, filters). Shapes are checked by the layers, not here.
"""

from minicnn.kernels.naive.convolution import conv2d_forward, conv2d_grad_input, conv2d_grad_kernel
from minicnn.kernels.naive.dense import (
    dense_forward,
    dense_grad_input,
    dense_grad_kernel,
    grad_bias,
)
from minicnn.kernels.naive.elementwise import (
    dropout_keep,
    masked_scale,
    relu_forward,
    relu_grad_input,
    sigmoid_forward,
    sigmoid_grad_input,
)
from minicnn.kernels.naive.pooling import (
    avgpool2d_forward,
    avgpool2d_grad_input,
    maxpool2d_forward,
    maxpool2d_grad_input,
)
from minicnn.kernels.naive.updates import adam_update, momentum_update, rmsprop_update
