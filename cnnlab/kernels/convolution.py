"""Convolution, forward and backward: which kernel is fastest for which sizes, and the calls.

`tile` computes every convolution; `few_channels`, `picture` and `winograd` compute some of them
faster. Axes as in the tile. Left out: groups, transposed convolution. Twin of
`cnnlab.naive.convolution`.
"""

from functools import lru_cache

import numpy as np

from cnnlab.buffers import empty
from cnnlab.kernels import picture, tile, winograd
from cnnlab.kernels._threads import launch
from cnnlab.kernels.few_channels import BANKS, PAIRS, RUN, to_filters_by_runs
from cnnlab.kernels.vector import HALF, NARROW, WIDE

__all__ = ["conv2d", "conv2d_backward", "fastest_way", "no_bias"]


@lru_cache(maxsize=1024)
def fastest_way(filters_shape, out_shape, stride, dilation):
    """Say which forward kernel is fastest: with `_fastest_gradient_way` the one place that decides.

    ``"picture"``: one filter, dense, stride 1; lanes along the row, so a row must fill a vector.
    ``"pairs"``: one channel, very few filters, dense, stride 1; two pixels in a vector.
    ``"bank"``: one channel, few filters; every weight in a register.
    ``"winograd"``: 3x3, dense, stride 1; mixing pays from 16 channels and 16 filters on.
    ``"tile"``: everything.
    """
    FH, FW, C, CO = filters_shape
    _, OH, OW, _ = out_shape
    sliding = stride == dilation == (1, 1)
    if sliding and CO == 1 and FH >= 3 and OH >= picture.ROWS and OW >= WIDE.lanes:
        return "picture"
    if sliding and C == 1 and CO <= HALF.lanes and (FH, FW) in PAIRS and min(OH, OW) > 1:
        return "pairs"
    in_a_bank = CO <= WIDE.lanes and (FH, FW, CO <= NARROW.lanes) in BANKS
    if C == 1 and dilation == (1, 1) and in_a_bank:
        return "bank"
    if sliding and FH == FW == 3 and min(C, CO) >= 16 and min(OH, OW) >= 4:
        return "winograd"
    return "tile"


@lru_cache(maxsize=1024)
def _fastest_gradient_way(filters_shape, out_shape, stride, dilation):
    """Say which kernel is fastest for the gradient to the filters.

    ``"winograd"``: where `fastest_way` says so, as long as the tiles are many beside the filters,
    whose 36 mixed numbers each are kept and mixed back.
    ``"pairs"``: where `fastest_way` says so, if the pixels of a row make pairs.
    ``"runs"``: dense, few filters; ten neighbouring weights at a time.
    ``"tile"``: everything.
    """
    _, FW, C, CO = filters_shape
    B, OH, OW, _ = out_shape
    way = fastest_way(filters_shape, out_shape, stride, dilation)
    if way == "pairs" and OW % 2 == 0:
        return "pairs"
    tiles = B * -(-OH // 4) * -(-OW // 4)
    few_filters = C * CO <= min(256 * 256, 256 * tiles) and tiles >= 64
    if few_filters and way == "winograd":
        return "winograd"
    if dilation[1] == 1 and CO <= NARROW.lanes and FW * C >= RUN:
        return "runs"
    return "tile"


@lru_cache(maxsize=64)
def no_bias(count):
    """Zeros to begin the sums with."""
    return np.zeros(count, np.float32)


def _framed(images, padding):
    """Copy the images into a frame of zeros."""
    (top, bottom), (left, right) = padding
    if not (top or bottom or left or right):
        return images
    B, H, W, C = images.shape
    frame = empty((B, H + top + bottom, W + left + right, C))
    frame.fill(0)
    frame[:, top : top + H, left : left + W] = images
    return frame


def conv2d(images, filters, bias, stride, padding, dilation, *, out, relu=False):
    """Slide every filter over every image; parameters as in `cnnlab.naive.convolution.conv2d`.

    What comes out is written to `out`, whose size `cnnlab.shapes` knows.
    """
    FH, FW, C, CO = filters.shape
    way = fastest_way(filters.shape, out.shape, stride, dilation)
    if way == "picture":
        picture.one_filter(images, filters, bias, padding, out, relu)
        return out
    start = no_bias(CO) if bias is None else bias
    if way == "winograd":
        winograd.conv2d(images, filters, start, padding[0][0], padding[1][0], out, relu)
        return out
    work = float(out.size) * FH * FW * C
    X = _framed(images, padding)
    F = filters.reshape(-1)
    if way == "pairs":
        twos = out.shape[0] * -(-out.shape[1] // 2)
        launch(PAIRS[FH, FW][0], -(-twos // 4), work, X, F, start, out, relu)
        return out
    if way == "bank":
        bank = BANKS[FH, FW, CO <= NARROW.lanes]
        launch(bank, -(-out.shape[0] * out.shape[1] // 8), work, X, F, start, out, stride, relu)
        return out
    narrow = CO <= NARROW.lanes
    blocks = -(-CO // (NARROW if narrow else WIDE).lanes)
    tiles = -(-out.size // (6 * CO))
    if tiles < 256 and blocks > 1:  # a small map: share out the filters
        groups, span = blocks, tiles
    else:
        groups, span = 1, min(64, max(8, -(-tiles // 16)))
    steps = tile.steps_along(filters.shape, X.shape[2] * C, dilation)
    if narrow:
        span = -(-span // 2)  # its tiles are twice as large
        jobs = -(-out.size // (12 * span * CO))
        launch(tile.forward_narrow, jobs, work, X, F, start, out, steps, stride, relu, span)
        return out
    launch(
        tile.forward_wide, -(-tiles // span) * groups, work,
        X, F, start, out, steps, stride, relu, groups, span,
    )  # fmt: skip
    return out


def conv2d_backward(
    grad_output, images, filters, stride, padding, dilation, *, images_gradient=True
):
    """Hand gradients back; parameters as in `cnnlab.naive.convolution.conv2d_backward`.

    Without `images_gradient` the first of the three results is None: the first layer of a network
    has nobody to hand it to.
    """
    grad_filters, grad_bias = _filters_gradient(
        grad_output, images, filters.shape, stride, padding, dilation
    )
    if not images_gradient:
        return None, grad_filters, grad_bias
    grad_images = _images_gradient(grad_output, images.shape, filters, stride, padding, dilation)
    return grad_images, grad_filters, grad_bias


def _filters_gradient(G, images, filters_shape, stride, padding, dilation):
    FH, FW, C, CO = filters_shape
    way = _fastest_gradient_way(filters_shape, G.shape, stride, dilation)
    if way == "winograd":
        gradients = winograd.filters_gradient(G, images, padding[0][0], padding[1][0])
        if gradients is not None:  # else NaN or infinity is about: directly, as the definition says
            return gradients
    X = _framed(images, padding)
    K = FH * FW * C
    # every part has sums of its own: as many as fit in 8 MB, so that the sums of a job stay near
    parts = max(1, min(8, G.shape[0] * G.shape[1], 2_000_000 // (K * CO)))
    groups = max(1, min(8 // parts, -(-K // 6)))
    D = np.zeros((parts, K * CO), np.float32)
    DB = np.zeros((parts, CO), np.float32)
    work = float(G.size) * K
    steps = tile.steps_along(filters_shape, X.shape[2] * C, dilation)
    visit = max(1, min(16, 1024 // G.shape[2]))
    if way == "pairs":
        launch(PAIRS[FH, FW][1], parts, work, X, G, D, DB)
    elif way == "runs":
        launch(to_filters_by_runs, parts, work, X, G, D, DB, steps, stride, visit)
    else:
        launch(
            tile.to_filters_narrow if CO <= NARROW.lanes else tile.to_filters_wide, parts * groups,
            work, X, G, D, DB, steps, stride, groups, visit,
        )  # fmt: skip
    total = D[0] if parts == 1 else D.sum(0)
    return total.reshape(filters_shape), DB.sum(0)


def _images_gradient(G, images_shape, filters, stride, padding, dilation):
    B, H, W, C = images_shape
    FH, FW, _, CO = filters.shape
    (top, bottom), (left, right) = padding
    frame = top, left, H + top + bottom, W + left + right
    D = empty(images_shape)
    if fastest_way((FH, FW, CO, C), images_shape, stride, dilation) == "winograd":
        winograd.images_gradient(G, filters, no_bias(C), top, left, D)
        return D
    steps = tile.steps_along(filters.shape, frame[3] * C, dilation)
    _, runs, length, _, _ = steps
    L = WIDE.lanes
    T = np.empty((FH * runs, -(-length // L), CO, L), np.float32)
    launch(tile.turn_filters, FH * runs, T.size, filters.reshape(FH * runs, length, CO), T)
    # the taller tile, unless more of it would be empty than the other one costs more
    OH = G.shape[1]
    by_five = 5 * -(-OH // 5) < 0.95 * 6 * -(-OH // 6)
    launch(
        tile.to_images_by_five if by_five else tile.to_images_by_six, B,
        float(G.size) * FH * FW * C, G, T, D, D.reshape(-1), steps, stride, frame,
    )  # fmt: skip
    return D
