"""The numba twins of `minicnn.kernels.naive`: same files, names, signatures and results.

`rows.py` and its `row_taps.py` are another order of the convolution's loops, for few filters. Kernels that do several
layers at once, or one in a cleverer way, are in `minicnn.kernels.fused`.

Rules they all keep:
- the work is shared among threads (`minicnn.kernels.runtime.thread_pool`) along an axis along
  which the writes do not overlap, and sums across such an axis are kept as partial sums and added
  in a fixed order afterwards: a result does not depend on the number of threads;
- a loop that is to use vector instructions begins at 0, in an array that was cut to size before:
  of an index that begins elsewhere the compiler thinks that it may count from the end; where it
  thinks so all the same, because the loop is long, `range(np.uint64(size))` tells it better;
- sums may be reordered (`summing_kernel`), but NaN and infinity keep their meaning; a function
  that such a kernel calls is a `part` of it, so that its sums are in one order only;
- nothing is compiled at import, only at the first call for each dtype; numba keeps the result
  on disk.
"""

from minicnn.kernels.compiled.convolution import (
    conv2d_forward,
    conv2d_grad_input,
    conv2d_grad_kernel,
)
from minicnn.kernels.compiled.dense import (
    dense_forward,
    dense_grad_input,
    dense_grad_kernel,
    grad_bias,
)
from minicnn.kernels.compiled.elementwise import (
    dropout_keep,
    masked_scale,
    relu_forward,
    relu_grad_input,
    sigmoid_forward,
    sigmoid_grad_input,
)
from minicnn.kernels.compiled.pooling import (
    avgpool2d_forward,
    avgpool2d_grad_input,
    maxpool2d_forward,
    maxpool2d_grad_input,
)
from minicnn.kernels.compiled.updates import adam_update, momentum_update, rmsprop_update
