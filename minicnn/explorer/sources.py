"""The text of the naive kernels, as they are installed, for a page that steps through them."""

import inspect

from minicnn.kernels import naive

SHOWN = (
    *("conv2d_forward", "conv2d_grad_kernel", "conv2d_grad_input"),
    *("maxpool2d_forward", "maxpool2d_grad_input"),
    *("dense_forward", "dense_grad_kernel", "dense_grad_input"),
)


def kernel_sources() -> dict[str, str]:
    """By name: a kernel's code without its docstring."""
    found = {}
    for name in SHOWN:
        function = getattr(naive, name)
        text = inspect.getsource(function)
        found[name] = text.replace(f'    """{function.__doc__}"""\n', "").rstrip()
    return found
