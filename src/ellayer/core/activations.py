"""Activation functions g: one row each, with g(Z) and dZ = dA * g'(Z) next to each other.

Every function is finite wherever the mathematics is, without warnings, in any float dtype, and keeps the
dtype of its input. At a kink the derivative is the left derivative: ReLU'(0) = 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .arrays import (
    Biases,
    Units,
    array_namespace,
    erfc,
    exp_limit,
    keep_where,
    largest,
    select,
    sum_over_examples,
)
from .registry import Registry

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@dataclass(frozen=True)
class Activation:
    """One activation function g and its derivative.

    Parameters
    ----------
    name : str
    forward : callable
        ``A = g(Z)``, Z and A of shape (n_l, m).
    backward : callable
        ``dZ = backward(dA, Z, A)``: dA * g'(Z) if g is elementwise, else the product with its Jacobian.
    gain : float
        Factor on the standard deviation of the weights that keeps the signal's from layer to layer.
    kinks : tuple of float
        The z where g has no derivative; a gradient check avoids them.
    latex, latex_prime : str
        g(z) and g'(z), for the trace and the docs.
    onnx : str
        The ONNX operator.
    elementwise : bool
        False for softmax, whose units depend on each other.
    numbers : tuple of (str, float)
        The row's numbers (a slope, an alpha), as ONNX attributes.
    """

    name: str
    forward: Callable[[Units], Units]
    backward: Callable[[Units, Units, Units], Units]
    gain: float = 1.0
    kinks: tuple[float, ...] = ()
    latex: str = "g(z)"
    latex_prime: str = "g'(z)"
    onnx: str = ""
    elementwise: bool = True
    numbers: tuple[tuple[str, float], ...] = ()

    def derivative(self, Z: Units) -> Units:
        """Return g'(Z), of the shape of Z (for elementwise rows)."""
        xp = array_namespace(Z)
        return self.backward(xp.ones_like(Z), Z, self.forward(Z))


# Each pair: g(Z), then dZ from dA.


def identity_forward(Z: Units) -> Units:
    """g(z) = z."""
    return Z


def identity_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA."""
    return dA


def sigmoid_forward(Z: Units) -> Units:
    """g(z) = 1 / (1 + exp(-z)).

    Clipped where exp(-z) would overflow, so the result is tiny there and never exactly 0.
    """
    xp = array_namespace(Z)
    return 1.0 / (1.0 + xp.exp(-xp.maximum(Z, -exp_limit(Z))))


def sigmoid_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA * a (1 - a)."""
    return dA * A * (1.0 - A)


def tanh_forward(Z: Units) -> Units:
    """g(z) = tanh(z)."""
    return array_namespace(Z).tanh(Z)


def tanh_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA * (1 - a^2)."""
    return dA * (1.0 - A * A)


def relu_forward(Z: Units) -> Units:
    """g(z) = max(0, z)."""
    return array_namespace(Z).maximum(Z, 0.0)


def relu_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA where z > 0, else 0."""
    return keep_where(Z > 0.0, dA)


def leaky_relu_forward(Z: Units, slope: float) -> Units:
    """g(z) = z where z > 0, else slope * z."""
    return select(Z > 0.0, Z, slope * Z)


def leaky_relu_backward(dA: Units, Z: Units, A: Units, slope: float) -> Units:
    """dZ = dA where z > 0, else slope * dA."""
    return select(Z > 0.0, dA, slope * dA)


def elu_forward(Z: Units, alpha: float) -> Units:
    """g(z) = z where z > 0, else alpha (exp(z) - 1)."""
    xp = array_namespace(Z)
    A = xp.expm1(xp.minimum(Z, 0.0))
    A *= alpha
    A += xp.maximum(Z, 0.0)  # one of the two is 0
    return A


def elu_backward(dA: Units, Z: Units, A: Units, alpha: float) -> Units:
    """dZ = dA where z > 0, else dA (a + alpha)."""
    xp = array_namespace(Z)
    return dA * select(Z > 0.0, 1.0, xp.minimum(A, 0.0) + alpha)


def selu_forward(Z: Units) -> Units:
    """g(z) = scale * elu(z, alpha), with the constants that keep mean 0 and variance 1."""
    A = elu_forward(Z, SELU_ALPHA)
    A *= SELU_SCALE
    return A


def selu_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA * scale where z > 0, else dA (a + scale * alpha)."""
    xp = array_namespace(Z)
    return dA * select(Z > 0.0, SELU_SCALE, xp.minimum(A, 0.0) + SELU_SCALE * SELU_ALPHA)


def gelu_forward(Z: Units) -> Units:
    """g(z) = z Phi(z), Phi the normal distribution function (the exact form)."""
    Z = array_namespace(Z).maximum(Z, -40.0)  # Phi(-40) = 0 to all digits: -inf gives 0, not nan
    return Z * (0.5 * erfc(-Z * math.sqrt(0.5)))


def gelu_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA (Phi(z) + z phi(z))."""
    xp = array_namespace(Z)
    Z = xp.clip(Z, -40.0, 40.0)
    density = xp.exp(-0.5 * Z * Z) * (1.0 / math.sqrt(2.0 * math.pi))
    return dA * (0.5 * erfc(-Z * math.sqrt(0.5)) + Z * density)


def silu_forward(Z: Units) -> Units:
    """g(z) = z sigmoid(z)."""
    Z = array_namespace(Z).maximum(Z, -exp_limit(Z))
    return Z * sigmoid_forward(Z)


def silu_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA * s (1 + z (1 - s)), s = sigmoid(z)."""
    Z = array_namespace(Z).clip(Z, -exp_limit(Z), exp_limit(Z))
    S = sigmoid_forward(Z)
    return dA * (S * (1.0 + Z * (1.0 - S)))


def softplus_forward(Z: Units) -> Units:
    """g(z) = log(1 + exp(z)), and z itself beyond the largest exponent.

    Smooth where it matters: max(z, 0) + log(1 + exp(-|z|)) would differentiate wrongly at z = 0.
    """
    xp = array_namespace(Z)
    limit = exp_limit(Z)
    return xp.log1p(xp.exp(xp.minimum(Z, limit))) + xp.maximum(Z - limit, 0.0)


def softplus_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA * sigmoid(z)."""
    return dA * sigmoid_forward(Z)


def mish_limit(Z: Units) -> float:
    """Return a z beyond which tanh(softplus(z)) is 1 to all digits of the dtype of Z, and up to which z e (e + 1) is finite."""
    return min(20.0, exp_limit(Z) / 2.0 - 1.5)


def mish_forward(Z: Units) -> Units:
    """g(z) = z tanh(softplus(z)), with tanh(log(1 + e)) = n / (n + 2), n = e (e + 2), e = exp(z)."""
    xp = array_namespace(Z)
    Z = xp.maximum(Z, -exp_limit(Z))
    E = xp.exp(xp.minimum(Z, mish_limit(Z)))
    N = E + 2.0
    N *= E  # in the memory of its own arrays, as in the functions below
    N /= N + 2.0
    N *= Z
    return N


def mish_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA (t + z s (1 - t^2)), t = tanh(softplus(z)), s = sigmoid(z); s (1 - t^2) = 4 e (1 + e) / (n + 2)^2."""
    xp = array_namespace(Z)
    Z = xp.clip(Z, -exp_limit(Z), mish_limit(Z))
    E = xp.exp(Z)
    N = E + 2.0
    N *= E
    D = 1.0 / (N + 2.0)
    S = 4.0 * E
    E += 1.0
    S *= E
    S *= Z
    N *= D
    D *= D
    S *= D
    N += S
    return dA * N


def exp_forward(Z: Units) -> Units:
    """g(z) = exp(z), clipped to the largest finite value; the output of a Poisson network."""
    xp = array_namespace(Z)
    return xp.exp(xp.minimum(Z, exp_limit(Z)))


def exp_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = dA * a."""
    return dA * A


def softmax_forward(Z: Units) -> Units:
    """g(z)_k = exp(z_k) / sum_j exp(z_j), column by column."""
    xp = array_namespace(Z)
    half = 0.5 * largest(Z)
    Z = xp.clip(Z, -half, half)
    E = xp.exp(Z - xp.max(Z, axis=0, keepdims=True))
    return E / xp.sum(E, axis=0, keepdims=True)


def softmax_backward(dA: Units, Z: Units, A: Units) -> Units:
    """dZ = a (dA - sum_k dA_k a_k), the product with softmax's Jacobian."""
    xp = array_namespace(A)
    return A * (dA - xp.sum(dA * A, axis=0, keepdims=True))


def blend_forward(Z: Units, G: Units, alpha: Biases) -> Units:
    """a = z + alpha (g(z) - z), one learned alpha per unit (RealMLP's parametric activation).

    Parameters
    ----------
    Z, G : array, shape (n, m)
        G = g(Z).
    alpha : array, shape (n, 1)
        0 gives the identity, 1 gives g.
    """
    A = alpha * (G - Z)
    A += Z
    return A


def blend_backward(
    dA: Units, Z: Units, G: Units, alpha: Biases, backward: Callable[[Units, Units, Units], Units]
) -> tuple[Units, Biases]:
    """dZ = (1 - alpha) dA + alpha dA g'(z), and dalpha = 1/m sum_i dA (g(z) - z)."""
    dZ = (1.0 - alpha) * dA
    dZ += backward(alpha * dA, Z, G)
    dG = G - Z
    dG *= dA
    return dZ, (1.0 / dA.shape[1]) * sum_over_examples(dG)


ACTIVATIONS: Registry[Activation] = Registry(
    "activation",
    aliases={"logistic": "sigmoid", "linear": "identity", "swish": "silu", "leakyrelu": "leaky_relu"},
)


Function = Callable[..., Units]


def _row(
    name: str, forward: Function, backward: Function, numbers: dict[str, float] | None = None, *, latex: str,
    latex_prime: str, gain: float | Callable[..., float] = 1.0, kinks: tuple[float, ...] = (), onnx: str = "",
    elementwise: bool = True,
) -> None:  # fmt: skip
    def make(name: str, **values: float) -> Activation:
        g = partial(forward, **values) if values else forward
        dg = partial(backward, **values) if values else backward
        factor = gain(**values) if callable(gain) else gain
        return Activation(
            name, g, dg, factor, kinks, latex, latex_prime, onnx, elementwise, tuple(values.items())
        )

    ACTIVATIONS.add(name, make, **(numbers or {}))


_row("identity", identity_forward, identity_backward, latex="z", latex_prime="1", onnx="Identity")
_row("sigmoid", sigmoid_forward, sigmoid_backward, latex=r"\frac{1}{1+e^{-z}}", latex_prime="a(1-a)",
     onnx="Sigmoid")  # fmt: skip
_row("tanh", tanh_forward, tanh_backward, gain=5 / 3, latex=r"\tanh z", latex_prime="1-a^2", onnx="Tanh")
_row("relu", relu_forward, relu_backward, gain=math.sqrt(2), kinks=(0.0,), latex=r"\max(0, z)",
     latex_prime=r"[z>0]", onnx="Relu")  # fmt: skip
_row("leaky_relu", leaky_relu_forward, leaky_relu_backward, {"slope": 0.01}, kinks=(0.0,),
     gain=lambda slope: math.sqrt(2 / (1 + slope * slope)), latex=r"\max(\lambda z, z)",
     latex_prime=r"[z>0]+\lambda[z\le 0]", onnx="LeakyRelu")  # fmt: skip
_row("elu", elu_forward, elu_backward, {"alpha": 1.0}, kinks=(0.0,), gain=math.sqrt(1.55),
     latex=r"\max(0,z)+\min(0,\alpha(e^z-1))", latex_prime=r"[z>0]+(a+\alpha)[z\le 0]", onnx="Elu")  # fmt: skip
_row("selu", selu_forward, selu_backward, kinks=(0.0,), latex=r"s\,\mathrm{elu}_\alpha(z)",
     latex_prime=r"s[z>0]+(a+s\alpha)[z\le 0]", onnx="Selu")  # fmt: skip
_row("gelu", gelu_forward, gelu_backward, gain=math.sqrt(2), latex=r"z\,\Phi(z)",
     latex_prime=r"\Phi(z)+z\,\varphi(z)", onnx="Gelu")  # fmt: skip
_row("silu", silu_forward, silu_backward, gain=math.sqrt(2), latex=r"z\,\sigma(z)",
     latex_prime=r"\sigma(z)(1+z(1-\sigma(z)))", onnx="Sigmoid,Mul")  # fmt: skip
_row("mish", mish_forward, mish_backward, gain=math.sqrt(2), latex=r"z\tanh(\log(1+e^z))",
     latex_prime=r"t+z\,\sigma(z)(1-t^2),\ t=\tanh(\log(1+e^z))", onnx="Mish")  # fmt: skip
_row("softplus", softplus_forward, softplus_backward, latex=r"\log(1+e^z)", latex_prime=r"\sigma(z)",
     onnx="Softplus")  # fmt: skip
_row("exp", exp_forward, exp_backward, latex="e^z", latex_prime="a", onnx="Exp")
_row("softmax", softmax_forward, softmax_backward, latex=r"e^{z_k}/\sum_j e^{z_j}",
     latex_prime=r"a_k([k=j]-a_j)", onnx="Softmax", elementwise=False)  # fmt: skip
