"""The operations of the course: arrays in, arrays out, checked, with messages that help.

Images are ``(batch, height, width, channels)``, filters ``(filter_height, filter_width,
in_channels, out_channels)``, results float32. Nothing is compiled or loaded before it is used.
"""

from __future__ import annotations

from cnnlab.functional.activation import (
    elu,
    elu_backward,
    leaky_relu,
    leaky_relu_backward,
    maxout,
    maxout_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)
from cnnlab.functional.convolution import conv2d, conv2d_backward, conv2d_relu
from cnnlab.functional.dense import dense, dense_backward
from cnnlab.functional.dropout import dropout_mask
from cnnlab.functional.loss import cross_entropy
from cnnlab.functional.optimization import adam_step, rmsprop_step, sgd_step
from cnnlab.functional.pooling import (
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from cnnlab.functional.threads import get_num_threads, set_num_threads, threads

__all__ = [
    "adam_step",
    "avg_pool2d",
    "avg_pool2d_backward",
    "conv2d",
    "conv2d_backward",
    "conv2d_relu",
    "cross_entropy",
    "dense",
    "dense_backward",
    "dropout_mask",
    "elu",
    "elu_backward",
    "get_num_threads",
    "leaky_relu",
    "leaky_relu_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "maxout",
    "maxout_backward",
    "relu",
    "relu_backward",
    "rmsprop_step",
    "set_num_threads",
    "sgd_step",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "tanh",
    "tanh_backward",
    "threads",
]
