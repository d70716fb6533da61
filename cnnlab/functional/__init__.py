"""The operations of the course: arrays in, arrays out, checked, with messages that help.

Images are ``(batch, height, width, channels)``, filters ``(filter_height, filter_width,
in_channels, out_channels)``, results float32. Nothing is compiled or loaded before it is used.
"""

from cnnlab.functional.convolution import conv2d, conv2d_relu
from cnnlab.functional.threads import get_num_threads, set_num_threads, threads

__all__ = [
    "conv2d",
    "conv2d_relu",
    "get_num_threads",
    "set_num_threads",
    "threads",
]
