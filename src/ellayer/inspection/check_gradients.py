"""check_gradients: the gradient check of a model, and of a custom activation or loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypedDict, Unpack, overload

import numpy as np
from numpy.typing import ArrayLike

from ..core.activations import ACTIVATIONS, Activation
from ..core.losses import LOSSES, Loss
from ..core.network import Network
from ..errors import CallError, EllayerError
from .calls import either_form
from .gradient_check import GradientCheck, check_network
from .model_parts import ParametersLike, SupportedModel, unpack_for_inspection

_M = 200  # examples drawn for the check of an activation or a loss


# Label, network, and a function that draws its targets.
Case = tuple[str, Network, Callable[[Network, np.random.Generator], np.ndarray]]


class CheckOptions(TypedDict, total=False):
    """Settings of a gradient check, as for ``check_network``."""

    weights: ArrayLike | None
    l2: float
    l1: float
    masks: Mapping[int, ArrayLike] | None
    epsilon: float
    threshold: float
    directions: int | None


@overload
def check_gradients(model: Activation | Loss | str, **options: Unpack[CheckOptions]) -> GradientCheck: ...


@overload
def check_gradients(
    model: SupportedModel,
    X: object,
    Y: ArrayLike = ...,
    parameters: ParametersLike | None = None,
    *,
    y: ArrayLike = ...,
    **options: Unpack[CheckOptions],
) -> GradientCheck: ...


@overload
def check_gradients(
    network: Network, parameters: ParametersLike, X: ArrayLike, Y: ArrayLike, **options: Unpack[CheckOptions]
) -> GradientCheck: ...


@either_form
def check_gradients(
    model: SupportedModel | Activation | Loss | str,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    **options: Unpack[CheckOptions],
) -> GradientCheck:
    """Compare each gradient of the cost with central differences in float64.

    ``check_gradients(model, X, y)`` for a model, ``check_gradients(network, parameters, X, Y)`` for a
    network and its parameters, ``check_gradients(row)`` for a custom activation or loss.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), fitted estimator, Network, Activation or Loss
    X : array, shape (n_x, m)
        Examples as columns, or as rows for an estimator, as for ``trace``.
    Y : array, shape (n_L, m)
    parameters : dict, optional
        Parameters to use instead of the model's.
    **options
        weights, l2, l1, masks, epsilon, threshold, directions: as ``inspection.check_network``.

    Returns
    -------
    GradientCheck
        Printed as a table with the worst entries and a verdict.

    Examples
    --------
    >>> check_gradients("gelu").passed
    True
    """
    if isinstance(model, (str, Activation, Loss)):
        if X is not None or Y is not None:
            raise CallError(
                "check_gradients: expected only an activation or a loss, received data too; they are drawn at random"
            )
        return _check_row(model, options)
    inspected = unpack_for_inspection(model, parameters)
    if X is None:
        raise CallError(
            "check_gradients: expected (model, X, y) or (network, parameters, X, Y), received a model without examples"
        )
    theta, X = inspected.require_parameters(), inspected.inputs(X)
    Y = inspected.targets(Y, X.shape[1], "a gradient check")
    return check_network(inspected.network, theta, X, Y, **options)


def _check_row(row: str | Activation | Loss, options: CheckOptions) -> GradientCheck:
    if isinstance(row, str):
        row = _row_of(row)
    cases = _activation_cases(row) if isinstance(row, Activation) else _loss_cases(row)
    checks = []
    for label, network, Y in cases:
        random = np.random.default_rng(0)
        X = random.standard_normal((network.layer_dims[0], _M))
        parameters = {k: random.standard_normal(s) for k, s in network.shapes.items()}
        if isinstance(row, Activation):
            parameters["W1"] = 3.0 * parameters["W1"]  # z well into both tails
        checks.append((label, check_network(network, parameters, X, Y(network, random), **options)))
    rows = tuple(replace(r, name=f"{r.name}{label}") for label, check in checks for r in check.rows)
    first = checks[0][1]
    return GradientCheck(rows, first.cost, first.epsilon, first.threshold, first.directions)


def _row_of(name: str) -> Activation | Loss:
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    if name in LOSSES:
        return LOSSES[name]
    raise EllayerError(
        f"expected a model, or the name of an activation ({', '.join(ACTIVATIONS)}) or a loss ({', '.join(LOSSES)}); "
        f"received {name!r}"
    )


def _activation_cases(row: Activation) -> list[Case]:
    """Return a network with a hidden layer of the activation, and one with an output of it."""
    _check_shape(row)
    hidden = Network([4, 5, 2], [row, "identity"], "squared_error")
    output = Network([4, 3], [row], "squared_error")
    real = lambda network, random: random.standard_normal((network.layer_dims[-1], _M))  # noqa: E731
    return [(" (hidden)", hidden, real), (" (output)", output, real)]


def _check_shape(row: Activation) -> None:
    Z = np.linspace(-3.0, 3.0, 12).reshape(3, 4)
    A = np.asarray(row.forward(Z))
    dZ = np.asarray(row.backward(np.ones_like(Z), Z, A))
    for call, array in (("forward(Z)", A), ("backward(dA, Z, A)", dZ)):
        if array.shape != Z.shape:
            raise EllayerError(
                f"activation {row.name!r}: expected {call} of the shape of Z, {Z.shape}; received {array.shape}"
            )


def _loss_cases(row: Loss) -> list[Case]:
    """Return networks with the fused pair of the loss and its output, and without fusion, through dA."""
    n_L = 3 if row.targets == "one_hot" else 1
    draw = {
        "binary": lambda network, random: random.integers(0, 2, (1, _M)),
        "one_hot": lambda network, random: np.eye(3)[:, random.integers(0, 3, _M)],
        "count": lambda network, random: random.poisson(2.0, (1, _M)),
    }.get(row.targets, lambda network, random: random.standard_normal((1, _M)))
    pair = Network([4, n_L], [row.output], row)
    if not pair.fused:
        return [("", pair, draw)]
    unpaired = replace(row, name=f"{row.name} through dA", fused=None)
    return [(" (pair)", pair, draw), (" (through dA)", Network([4, n_L], [row.output], unpaired), draw)]
