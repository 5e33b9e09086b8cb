"""The dense layer's product and its gradients, in NumPy: one matrix product each."""


def dense_forward(x, kernel, bias):
    """See naive.dense_forward."""
    return x @ kernel + bias  # (batch, [inputs]) . ([inputs], units) -> (batch, units)


def dense_grad_input(dy, kernel):
    """See naive.dense_grad_input."""
    return dy @ kernel.T  # (batch, [units]) . ([units], inputs) -> (batch, inputs)


def dense_grad_kernel(x, dy):
    """See naive.dense_grad_kernel."""
    return x.T @ dy  # (inputs, [batch]) . ([batch], units) -> (inputs, units)


def grad_bias(dy):
    """See naive.grad_bias."""
    return dy.sum(axis=0)  # ([rows], features) -> (features,)
