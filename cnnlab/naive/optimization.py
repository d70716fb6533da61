"""One step of an optimiser on one array of parameters. Element by element.

NumPy only, any float type: the yardstick of `cnnlab.kernels.optimization`, which has the same
functions. Everything comes back new; nothing is written over.
"""

import numpy as np

__all__ = ["adam_step", "rmsprop_step", "sgd_step"]


def sgd_step(
    parameters,
    gradients,
    velocity=None,
    *,
    learning_rate,
    momentum=0.0,
    nesterov=False,
    weight_decay=0.0,
):
    """Walk downhill; with momentum, the way a ball rolls rather than the way a hiker walks.

    ``velocity = momentum * velocity + gradient``, then ``parameter -= learning_rate * velocity``.
    Nesterov's variant looks one roll ahead. Weight decay adds ``weight_decay * parameter`` to the
    gradient.

    Parameters
    ----------
    parameters, gradients : ndarray of the same shape
    velocity : ndarray of that shape, optional
        From the step before; zeros in the first. None without momentum.
    learning_rate, momentum, weight_decay : float
    nesterov : bool

    Returns
    -------
    new_parameters : ndarray of that shape
    new_velocity : ndarray of that shape, or None
    squared_norm : float
        Sum of the squares of `gradients`.

    Notes
    -----
    Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*,
    section 2, with the learning rate outside the velocity.

    Examples
    --------
    >>> new, _, squared_norm = sgd_step(np.array([1.0]), np.array([2.0]), learning_rate=0.1)
    >>> new.tolist(), squared_norm
    ([0.8], 4.0)
    """
    slope = gradients + weight_decay * parameters
    squared_norm = float(np.square(gradients, dtype=np.float64).sum())
    if velocity is None:
        return parameters - learning_rate * slope, None, squared_norm
    new_velocity = momentum * velocity + slope
    move = slope + momentum * new_velocity if nesterov else new_velocity
    return parameters - learning_rate * move, new_velocity, squared_norm


def rmsprop_step(
    parameters,
    gradients,
    square,
    velocity=None,
    *,
    learning_rate,
    beta=0.9,
    momentum=0.0,
    epsilon=1e-8,
    weight_decay=0.0,
):
    """Divide every slope by its usual size, so that steep and flat directions step alike.

    A running average of the square of the slope says how large it usually is; then
    ``parameter -= learning_rate * slope / (sqrt(square) + epsilon)``. With momentum, these moves
    gather in a velocity as in `sgd_step`.

    Parameters
    ----------
    parameters, gradients, square : ndarray of the same shape
        The average from the step before; zeros in the first.
    velocity : ndarray of that shape, optional
        Likewise. None without momentum.
    learning_rate, beta, momentum, epsilon, weight_decay : float
        Beta is the share of the average that survives a step.

    Returns
    -------
    new_parameters, new_square : ndarray of that shape
    new_velocity : ndarray of that shape, or None
    squared_norm : float
        Sum of the squares of `gradients`.

    Notes
    -----
    Hinton, Srivastava and Swersky 2012, *Neural networks for machine learning*, lecture 6e.

    Examples
    --------
    >>> new = rmsprop_step(np.ones(1), np.array([7.0]), np.zeros(1), learning_rate=0.1, beta=0.75)
    >>> new[0].round(6), new[1]
    (array([0.8]), array([12.25]))
    """
    slope = gradients + weight_decay * parameters
    new_square = beta * square + (1 - beta) * slope * slope
    move = slope / (np.sqrt(new_square) + epsilon)
    squared_norm = float(np.square(gradients, dtype=np.float64).sum())
    if velocity is None:
        return parameters - learning_rate * move, new_square, None, squared_norm
    new_velocity = momentum * velocity + move
    return parameters - learning_rate * new_velocity, new_square, new_velocity, squared_norm


def adam_step(
    parameters,
    gradients,
    mean,
    square,
    *,
    step,
    learning_rate,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    weight_decay=0.0,
    decoupled=False,
):
    """Give every parameter a step of its own size: steep or shaky slopes get shorter ones.

    Running averages of the slope and of its square, both corrected for having begun at zero; then
    ``parameter -= learning_rate * mean / (sqrt(square) + epsilon)``.

    Parameters
    ----------
    parameters, gradients, mean, square : ndarray of the same shape
        The averages from the step before; zeros in the first.
    step : int
        Counted from 1.
    learning_rate, beta1, beta2, epsilon, weight_decay : float
        The betas are the shares of the averages that survive a step.
    decoupled : bool
        Whether weight decay shrinks the parameters themselves (AdamW), and not by way of the slope.

    Returns
    -------
    new_parameters, new_mean, new_square : ndarray of that shape
    squared_norm : float
        Sum of the squares of `gradients`.

    Notes
    -----
    Kingma and Ba 2015, *Adam: a method for stochastic optimization*, algorithm 1; Loshchilov and
    Hutter 2019, *Decoupled weight decay regularization*, algorithm 2.

    Examples
    --------
    >>> zero = np.zeros(1)
    >>> adam_step(np.ones(1), np.array([7.0]), zero, zero, step=1, learning_rate=0.1)[0].round(6)
    array([0.9])
    """
    slope = gradients if decoupled else gradients + weight_decay * parameters
    kept = 1 - learning_rate * weight_decay if decoupled else 1.0
    new_mean = beta1 * mean + (1 - beta1) * slope
    new_square = beta2 * square + (1 - beta2) * slope * slope
    deviation = np.sqrt(new_square) / np.sqrt(1 - beta2**step) + epsilon
    new_parameters = kept * parameters - learning_rate / (1 - beta1**step) * new_mean / deviation
    squared_norm = float(np.square(gradients, dtype=np.float64).sum())
    return new_parameters, new_mean, new_square, squared_norm
