"""Loss functions L(a, y): one row each, with the loss and its derivative dA next to each other.

A row gives the loss of each output unit and example (n_L, m); the cost J is the weighted mean over
the examples of its column sums. Some rows have a fused form with their output activation: the loss from
Z^[L] and dZ^[L] = A^[L] - Y, which needs no division and no logarithm of 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from .activations import softplus_forward
from .arrays import Array, Targets, Units, array_namespace, exp_limit, largest, smallest
from .registry import Registry


class FusedPair(NamedTuple):
    """A loss and its output activation in one: ``forward(ZL, Y)``, the loss, and ``dZL = backward(AL, Y)``."""

    forward: Callable[[Units, Targets], Units]
    backward: Callable[[Units, Targets], Units]


@dataclass(frozen=True)
class Loss:
    """One loss function and its derivative.

    Parameters
    ----------
    name : str
    forward : callable
        ``forward(AL, Y)``: the loss of each output and example, (n_L, m).
    backward : callable
        ``dAL = backward(AL, Y)``: its derivative by AL, (n_L, m), without the 1/m.
    output : str
        The default output activation of a network with this loss.
    targets : str
        Allowed values of Y: "binary" ([0, 1]), "one_hot" (columns that sum to 1), "count" (>= 0), "real".
    fused : FusedPair, optional
        For the pair of ``output`` and this loss.
    kinks : tuple of float
        The a - y where L has no derivative.
    latex, latex_prime : str
        L(a, y) and dL/da.
    """

    name: str
    forward: Callable[[Units, Targets], Units]
    backward: Callable[[Units, Targets], Units]
    output: str
    targets: str
    fused: FusedPair | None = None
    kinks: tuple[float, ...] = ()
    latex: str = "L(a, y)"
    latex_prime: str = r"\partial L/\partial a"

    def fuses_with(self, activation: str) -> bool:
        """Return whether this loss has the fused form with an output activation."""
        return self.fused is not None and activation == self.output


def _positive(A: Array) -> Array:
    """Return A clipped to values above 0, so that its logarithm and its reciprocal are finite."""
    return array_namespace(A).maximum(A, smallest(A))


def binary_cross_entropy_forward(A: Units, Y: Targets, smoothing: float = 0.0) -> Units:
    """L = -(y log a + (1 - y) log(1 - a))."""
    xp = array_namespace(A)
    Y = _smooth(Y, smoothing, 2)
    return -(Y * xp.log(_positive(A)) + (1.0 - Y) * xp.log(_positive(1.0 - A)))


def binary_cross_entropy_backward(A: Units, Y: Targets, smoothing: float = 0.0) -> Units:
    """dA = -(y / a - (1 - y) / (1 - a))."""
    Y = _smooth(Y, smoothing, 2)
    return -(Y / _positive(A) - (1.0 - Y) / _positive(1.0 - A))


def sigmoid_binary_cross_entropy_forward(Z: Units, Y: Targets, smoothing: float = 0.0) -> Units:
    """L = log(1 + exp(z)) - y z, equal to the loss of a = sigmoid(z)."""
    xp = array_namespace(Z)
    Z = xp.clip(Z, -largest(Z), largest(Z))  # inf - inf would be nan where the loss is 0
    return softplus_forward(Z) - _smooth(Y, smoothing, 2) * Z


def sigmoid_binary_cross_entropy_backward(A: Units, Y: Targets, smoothing: float = 0.0) -> Units:
    """dZ = a - y."""
    return A - _smooth(Y, smoothing, 2)


def cross_entropy_forward(A: Units, Y: Targets, smoothing: float = 0.0) -> Units:
    """L_k = -y_k log a_k."""
    xp = array_namespace(A)
    return -(_smooth(Y, smoothing, A.shape[0]) * xp.log(_positive(A)))


def cross_entropy_backward(A: Units, Y: Targets, smoothing: float = 0.0) -> Units:
    """dA_k = -y_k / a_k."""
    return -(_smooth(Y, smoothing, A.shape[0]) / _positive(A))


def softmax_cross_entropy_forward(Z: Units, Y: Targets, smoothing: float = 0.0) -> Units:
    """L_k = y_k (log sum_j exp(z_j) - z_k), equal to the loss of a = softmax(z)."""
    xp = array_namespace(Z)
    half = 0.5 * largest(Z)
    Z = xp.clip(Z, -half, half)
    Z = Z - xp.max(Z, axis=0, keepdims=True)
    log_A = Z - xp.log(xp.sum(xp.exp(Z), axis=0, keepdims=True))
    return -(_smooth(Y, smoothing, Z.shape[0]) * log_A)


def softmax_cross_entropy_backward(A: Units, Y: Targets, smoothing: float = 0.0) -> Units:
    """dZ = a - y (columns of y sum to 1)."""
    return A - _smooth(Y, smoothing, A.shape[0])


def _smooth(Y: Array, smoothing: float, classes: int) -> Array:
    """Label smoothing: y (1 - s) + s / K; the labels themselves for s = 0."""
    return Y if smoothing == 0 else Y * (1.0 - smoothing) + smoothing / classes


def squared_error_forward(A: Units, Y: Targets) -> Units:
    """L = (a - y)^2 / 2."""
    return 0.5 * (A - Y) * (A - Y)


def squared_error_backward(A: Units, Y: Targets) -> Units:
    """dA = a - y; with the identity as output also dZ."""
    return A - Y


def absolute_error_forward(A: Units, Y: Targets) -> Units:
    """L = |a - y|."""
    return array_namespace(A).abs(A - Y)


def absolute_error_backward(A: Units, Y: Targets) -> Units:
    """dA = sign(a - y), 0 at a = y."""
    return array_namespace(A).sign(A - Y)


def huber_forward(A: Units, Y: Targets, delta: float) -> Units:
    """L = (a - y)^2 / 2 where |a - y| <= delta, else delta (|a - y| - delta / 2)."""
    xp = array_namespace(A)
    R = xp.abs(A - Y)
    near = xp.minimum(R, delta)
    return near * (R - 0.5 * near)


def huber_backward(A: Units, Y: Targets, delta: float) -> Units:
    """dA = a - y, clipped to [-delta, delta]."""
    return array_namespace(A).clip(A - Y, -delta, delta)


def quantile_forward(A: Units, Y: Targets, q: float) -> Units:
    """L = q (y - a) where y > a, else (1 - q)(a - y): the pinball loss."""
    return array_namespace(A).maximum(q * (Y - A), (q - 1.0) * (Y - A))


def quantile_backward(A: Units, Y: Targets, q: float) -> Units:
    """dA = -q where y > a, 1 - q where y < a, 0 at y = a."""
    xp = array_namespace(A)
    return 0.5 * xp.sign(A - Y) + (0.5 - q) * xp.abs(xp.sign(A - Y))


def poisson_forward(A: Units, Y: Targets) -> Units:
    """L = a - y + y log(y / a), half the Poisson deviance: 0 at a = y."""
    xp = array_namespace(A)
    A = xp.minimum(A, largest(A))  # 0 * inf and inf - inf would be nan where the loss is large
    return A - Y + Y * (xp.log(_positive(Y)) - xp.log(_positive(A)))


def poisson_backward(A: Units, Y: Targets) -> Units:
    """dA = 1 - y / a."""
    return 1.0 - Y / _positive(A)


def exp_poisson_forward(Z: Units, Y: Targets) -> Units:
    """L = exp(z) - y + y (log y - z), equal to the loss of a = exp(z)."""
    xp = array_namespace(Z)
    Z = xp.clip(Z, -largest(Z), exp_limit(Z))
    return xp.exp(Z) - Y + Y * (xp.log(_positive(Y)) - Z)


def exp_poisson_backward(A: Units, Y: Targets) -> Units:
    """dZ = a - y."""
    return A - Y


def focal_forward(A: Units, Y: Targets, gamma: float) -> Units:
    """L_k = -y_k (1 - a_k)^gamma log a_k."""
    xp = array_namespace(A)
    return -(Y * (1.0 - A) ** gamma * xp.log(_positive(A)))


def focal_backward(A: Units, Y: Targets, gamma: float) -> Units:
    """dA_k = y_k (1 - a_k)^(gamma - 1) (gamma log a_k - (1 - a_k) / a_k)."""
    xp = array_namespace(A)
    B = _positive(1.0 - A)
    A = _positive(A)
    return Y * B ** (gamma - 1.0) * (gamma * xp.log(A) - B / A)


def binary_focal_forward(A: Units, Y: Targets, gamma: float) -> Units:
    """L = -y (1 - a)^gamma log a - (1 - y) a^gamma log(1 - a)."""
    return focal_forward(A, Y, gamma) + focal_forward(1.0 - A, 1.0 - Y, gamma)


def binary_focal_backward(A: Units, Y: Targets, gamma: float) -> Units:
    """dA: that of the focal loss for y, minus that for 1 - y at 1 - a."""
    return focal_backward(A, Y, gamma) - focal_backward(1.0 - A, 1.0 - Y, gamma)


LOSSES: Registry[Loss] = Registry(
    "loss",
    aliases={
        "log_loss": "binary_cross_entropy",
        "categorical_cross_entropy": "cross_entropy",
        "mse": "squared_error",
        "mae": "absolute_error",
        "pinball": "quantile",
    },
)


Function = Callable[..., Units]


def _row(
    name: str, forward: Function, backward: Function, numbers: dict[str, float] | None = None, *,
    output: str, targets: str, latex: str, latex_prime: str, fused: FusedPair | None = None,
    kinks: tuple[float, ...] | Callable[..., tuple[float, ...]] = (),
) -> None:  # fmt: skip
    def make(name: str, **values: float) -> Loss:
        def bind(f: Function) -> Function:
            return partial(f, **values) if values else f

        pair = None if fused is None else FusedPair(bind(fused.forward), bind(fused.backward))
        at = kinks(**values) if callable(kinks) else kinks
        return Loss(name, bind(forward), bind(backward), output, targets, pair, at, latex, latex_prime)

    LOSSES.add(name, make, **(numbers or {}))


_row("binary_cross_entropy", binary_cross_entropy_forward, binary_cross_entropy_backward,
     {"smoothing": 0.0}, output="sigmoid", targets="binary",
     fused=FusedPair(sigmoid_binary_cross_entropy_forward, sigmoid_binary_cross_entropy_backward),
     latex=r"-(y\log a+(1-y)\log(1-a))", latex_prime=r"-\frac{y}{a}+\frac{1-y}{1-a}")  # fmt: skip
_row("cross_entropy", cross_entropy_forward, cross_entropy_backward, {"smoothing": 0.0},
     output="softmax", targets="one_hot", fused=FusedPair(softmax_cross_entropy_forward, softmax_cross_entropy_backward),
     latex=r"-\sum_k y_k\log a_k", latex_prime=r"-y_k/a_k")  # fmt: skip
_row("squared_error", squared_error_forward, squared_error_backward, output="identity", targets="real",
     fused=FusedPair(squared_error_forward, squared_error_backward),
     latex=r"\tfrac12(a-y)^2", latex_prime="a-y")  # fmt: skip
_row("absolute_error", absolute_error_forward, absolute_error_backward, output="identity", targets="real",
     kinks=(0.0,), latex="|a-y|", latex_prime=r"\mathrm{sign}(a-y)")  # fmt: skip
_row("huber", huber_forward, huber_backward, {"delta": 1.0}, output="identity", targets="real",
     kinks=lambda delta: (-delta, delta),
     latex=r"\tfrac12 r^2\text{ or }\delta(|r|-\tfrac12\delta),\ r=a-y",
     latex_prime=r"\mathrm{clip}(a-y,-\delta,\delta)")  # fmt: skip
_row("quantile", quantile_forward, quantile_backward, {"q": 0.5}, output="identity", targets="real",
     kinks=(0.0,), latex=r"\max(q(y-a),(q-1)(y-a))", latex_prime=r"[a>y]-q")  # fmt: skip
_row("poisson", poisson_forward, poisson_backward, output="exp", targets="count",
     fused=FusedPair(exp_poisson_forward, exp_poisson_backward),
     latex=r"a-y+y\log(y/a)", latex_prime="1-y/a")  # fmt: skip
_row("focal", focal_forward, focal_backward, {"gamma": 2.0}, output="softmax", targets="one_hot",
     latex=r"-\sum_k y_k(1-a_k)^\gamma\log a_k",
     latex_prime=r"y_k(1-a_k)^{\gamma-1}(\gamma\log a_k-\tfrac{1-a_k}{a_k})")  # fmt: skip
_row("binary_focal", binary_focal_forward, binary_focal_backward, {"gamma": 2.0}, output="sigmoid",
     targets="binary", latex=r"-y(1-a)^\gamma\log a-(1-y)a^\gamma\log(1-a)",
     latex_prime=r"\ell'_\gamma(a,y)-\ell'_\gamma(1-a,1-y)")  # fmt: skip
