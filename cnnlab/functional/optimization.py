"""One step of an optimiser on one array of parameters, checked. Everything comes back new."""

from __future__ import annotations

from numpy.typing import ArrayLike

from cnnlab.checks import as_float, flag, real, shown, whole
from cnnlab.errors import DataError, ShapeError
from cnnlab.functional._checks import Float32, as_float32
from cnnlab.functional._kernels import loaded

__all__ = ["adam_step", "rmsprop_step", "sgd_step"]

_MOST_STEPS = 1 << 53  # whole numbers that a float still tells apart


def sgd_step(
    parameters: ArrayLike,
    gradients: ArrayLike,
    velocity: ArrayLike | None = None,
    *,
    learning_rate: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> tuple[Float32, Float32 | None, float]:
    """Walk downhill; with momentum, the way a ball rolls rather than the way a hiker walks.

    ``velocity = momentum * velocity + gradient``, then ``parameter -= learning_rate * velocity``.

    Parameters
    ----------
    parameters, gradients : array_like of the same shape
    velocity : array_like of that shape, optional
        From the step before; zeros in the first. None: without momentum.
    learning_rate, momentum : float
    nesterov : bool
        Look one roll ahead.
    weight_decay : float
        ``weight_decay * parameter`` is added to the gradient.

    Returns
    -------
    new_parameters : ndarray of that shape, float32
    new_velocity : ndarray of that shape, float32, or None
    squared_norm : float
        Sum of the squares of `gradients`.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DataError
        If a setting is no number that makes sense.

    Notes
    -----
    Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*,
    section 2, with the learning rate outside the velocity.

    Examples
    --------
    >>> new, _, squared_norm = sgd_step([1.0], [2.0], learning_rate=0.1)
    >>> new, squared_norm
    (array([0.8], dtype=float32), 4.0)
    """
    parameters = as_float32(parameters, "parameters")
    gradients = _like(gradients, "gradients", parameters)
    if velocity is not None:
        velocity = _like(velocity, "velocity", parameters)
    result: tuple[Float32, Float32 | None, float] = loaded("optimization").sgd_step(
        parameters,
        gradients,
        velocity,
        learning_rate=real(learning_rate, "learning_rate", 0.05),
        momentum=real(momentum, "momentum", 0.9),
        nesterov=flag(nesterov, "nesterov"),
        weight_decay=real(weight_decay, "weight_decay", 0.0005),
    )
    return result


def rmsprop_step(
    parameters: ArrayLike,
    gradients: ArrayLike,
    square: ArrayLike,
    velocity: ArrayLike | None = None,
    *,
    learning_rate: float,
    beta: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Float32, Float32, Float32 | None, float]:
    """Divide every slope by its usual size, so that steep and flat directions step alike.

    A running average of the square of the slope says how large it usually is; then
    ``parameter -= learning_rate * slope / (sqrt(square) + epsilon)``. With momentum, these moves
    gather in a velocity as in `sgd_step`.

    Parameters
    ----------
    parameters, gradients, square : array_like of the same shape
        The running average from the step before; zeros in the first.
    velocity : array_like of that shape, optional
        Likewise. None: without momentum.
    learning_rate : float
    beta : float
        Share of the average that survives a step.
    momentum : float
    epsilon : float
        Added to the root of the average square, so that nothing is divided by zero.
    weight_decay : float
        ``weight_decay * parameter`` is added to the gradient.

    Returns
    -------
    new_parameters, new_square : ndarray of that shape, float32
    new_velocity : ndarray of that shape, float32, or None
    squared_norm : float
        Sum of the squares of `gradients`.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DataError
        If a setting is no number that makes sense.

    Notes
    -----
    Hinton, Srivastava and Swersky 2012, *Neural networks for machine learning*, lecture 6e.

    Examples
    --------
    >>> rmsprop_step([1.0], [7.0], [0.0], learning_rate=0.1, beta=0.75)[0]
    array([0.8], dtype=float32)
    """
    parameters = as_float32(parameters, "parameters")
    if velocity is not None:
        velocity = _like(velocity, "velocity", parameters)
    result: tuple[Float32, Float32, Float32 | None, float] = loaded("optimization").rmsprop_step(
        parameters,
        _like(gradients, "gradients", parameters),
        _like(square, "square", parameters),
        velocity,
        learning_rate=real(learning_rate, "learning_rate", 0.001),
        beta=_share(beta, "beta"),
        momentum=real(momentum, "momentum", 0.9),
        epsilon=real(epsilon, "epsilon", 1e-8, above=0),
        weight_decay=real(weight_decay, "weight_decay", 0.0005),
    )
    return result


def adam_step(
    parameters: ArrayLike,
    gradients: ArrayLike,
    mean: ArrayLike,
    square: ArrayLike,
    *,
    step: int,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> tuple[Float32, Float32, Float32, float]:
    """Give every parameter a step of its own size: steep or shaky slopes get shorter ones.

    Parameters
    ----------
    parameters, gradients, mean, square : array_like of the same shape
        Running averages of the gradient and of its square from the step before; zeros in the first.
    step : int
        Counted from 1.
    learning_rate : float
    beta1, beta2 : float
        Shares of the averages that survive a step.
    epsilon : float
        Added to the root of the average square, so that nothing is divided by zero.
    weight_decay : float
    decoupled : bool
        Whether weight decay shrinks the parameters themselves (AdamW), and not by way of the
        gradient.

    Returns
    -------
    new_parameters, new_mean, new_square : ndarray of that shape, float32
    squared_norm : float
        Sum of the squares of `gradients`.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DataError
        If a setting is no number that makes sense.

    Notes
    -----
    Kingma and Ba 2015, *Adam: a method for stochastic optimization*, algorithm 1; Loshchilov and
    Hutter 2019, *Decoupled weight decay regularization*, algorithm 2.

    Examples
    --------
    >>> adam_step([1.0], [7.0], [0.0], [0.0], step=1, learning_rate=0.1)[0]
    array([0.9], dtype=float32)
    """
    parameters = as_float32(parameters, "parameters")
    result: tuple[Float32, Float32, Float32, float] = loaded("optimization").adam_step(
        parameters,
        _like(gradients, "gradients", parameters),
        _like(mean, "mean", parameters),
        _like(square, "square", parameters),
        step=whole(step, "step", most=_MOST_STEPS),
        learning_rate=real(learning_rate, "learning_rate", 0.001),
        beta1=_share(beta1, "beta1"),
        beta2=_share(beta2, "beta2"),
        epsilon=real(epsilon, "epsilon", 1e-8, above=0),
        weight_decay=real(weight_decay, "weight_decay", 0.0005),
        decoupled=flag(decoupled, "decoupled"),
    )
    return result


def _share(value: float, name: str) -> float:
    number = as_float(value)
    if not 0 <= number < 1:
        raise DataError(
            f"{name} must be at least 0 and below 1, got {shown(value)}; try {name}=0.9"
        )
    return number


def _like(value: ArrayLike, name: str, parameters: Float32) -> Float32:
    array = as_float32(value, name)
    if array.shape != parameters.shape:
        raise ShapeError(
            f"{name} have shape {array.shape}, the parameters {parameters.shape}; "
            f"try one number for each parameter"
        )
    return array
