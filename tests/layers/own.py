"""A layer of a learner's own, which nothing in the package knows."""

from cnnlab.layers import Layer


class Own(Layer):
    """Gives what it is given."""

    def forward(self, parameters, x, *, training=False, rng=None):
        return x, None

    def backward(self, parameters, cache, grad_output):
        return grad_output, {}
