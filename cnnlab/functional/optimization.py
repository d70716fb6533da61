"""One step of an optimiser on one array of parameters, checked. Everything comes back new."""

from functools import cache
from types import ModuleType

from numpy.typing import ArrayLike

from cnnlab.errors import ShapeError
from cnnlab.functional._checks import Float32, as_float32

__all__ = ["adam_step", "sgd_step"]


@cache
def _kernels() -> ModuleType:
    """Load the compiled kernels when they are first needed: Numba takes a moment to import."""
    from cnnlab.kernels import optimization

    return optimization


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
    result: tuple[Float32, Float32 | None, float] = _kernels().sgd_step(
        parameters,
        gradients,
        velocity,
        learning_rate=learning_rate,
        momentum=momentum,
        nesterov=nesterov,
        weight_decay=weight_decay,
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
    result: tuple[Float32, Float32, Float32, float] = _kernels().adam_step(
        parameters,
        _like(gradients, "gradients", parameters),
        _like(mean, "mean", parameters),
        _like(square, "square", parameters),
        step=step,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        weight_decay=weight_decay,
        decoupled=decoupled,
    )
    return result


def _like(value: ArrayLike, name: str, parameters: Float32) -> Float32:
    array = as_float32(value, name)
    if array.shape != parameters.shape:
        raise ShapeError(
            f"{name} have shape {array.shape}, the parameters {parameters.shape}; "
            f"try one number for each parameter"
        )
    return array
