"""derive: the chain rule from J to one parameter, each factor with its number, and the finite difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from .._views import Markup, html_table
from ..core.network import Network
from ..core.parameter_names import kind_of, layer_of
from ..core.propagation import Cache, L_model_backward, L_model_forward
from ..errors import EllayerError
from .calls import either_form
from .chain_notation import Factor, cell, entry
from .cost_function import CostFunction
from .derivation_chain import Chain
from .derivation_inputs import input_path
from .mathml import to_mathml
from .model_parts import (
    InspectedModel,
    Parameters,
    ParametersLike,
    SupportedModel,
    check_example,
    unpack_for_inspection,
)

_EXAMPLES = 5  # contributions shown for a batch


@dataclass(frozen=True, eq=False, repr=False)
class Derivation:
    """The derivation of the derivative of J by one parameter; ``print`` it or display it in Jupyter.

    Attributes
    ----------
    name : str
        "W2[0,3]".
    example : int
        The example whose chain is shown.
    factors : tuple of Factor
        From the loss of that example to the parameter, through the at most four units of each layer with the
        largest contributions; the last is the derivative for the example.
    contributions : array, shape (m,)
        That derivative for every example (with its weight).
    penalty : float
        The derivative of L2 and L1.
    gradient : float
        1/m times the sum of the contributions, plus the penalty, as in the backward pass.
    finite_difference : float or None
        (J(w + h) - J(w - h)) / 2h; None if a kink is closer than a hundredth of the step.
    step : float
        h.
    input_name : str
        The column that is multiplied by a weight of layer 1; empty for other parameters, and without names.
    """

    name: str
    example: int
    factors: tuple[Factor, ...]
    contributions: np.ndarray
    penalty: float
    gradient: float
    finite_difference: float | None
    step: float
    input_name: str = ""

    @property
    def relative_error(self) -> float:
        """|numeric - analytic| / (|numeric| + |analytic|); nan without a finite difference, 0 if both are 0."""
        if self.finite_difference is None:
            return float("nan")
        size = abs(self.gradient) + abs(self.finite_difference)
        return abs(self.gradient - self.finite_difference) / size if size else 0.0

    def _closing(self) -> list[tuple[str, str, str]]:
        """The lines after the chain, as (plain, latex, number)."""
        m, name = len(self.contributions), self.name
        w = rf"\partial {entry(name)}"
        lines = []
        if m > 1:
            order = np.argsort(-np.abs(self.contributions))
            largest = ", ".join(f"example {i}: {self.contributions[i]:.6g}" for i in order[:_EXAMPLES])
            more = f", and {m - _EXAMPLES} smaller" if m > _EXAMPLES else ""
            examples_line = (
                f"each example's dL/d{name}",
                rf"\frac{{\partial L^{{(i)}}}}{{{w}}}",
                largest + more,
            )
            lines.append(examples_line)
        if self.penalty:
            lines.append(("the penalty's derivative", r"\text{penalty}", f"{self.penalty:.10g}"))
        plus, plus_latex = (" + penalty", r" + \text{penalty}") if self.penalty else ("", "")
        mean = (
            rf"\frac{{\partial J}}{{{w}}} = \frac{{1}}{{{m}}} \sum_{{i=1}}^{{{m}}} "
            rf"\frac{{\partial L^{{(i)}}}}{{{w}}}{plus_latex}"
        )
        lines.append((f"dJ/d{name} = 1/{m} sum_i dL(i)/d{name}{plus}", mean, f"{self.gradient:.10g}"))
        difference = "none: there is a kink within the step"
        if (value := self.finite_difference) is not None:
            difference = f"{value:.10g}   (h = {self.step:g}, relative error {self.relative_error:.1e})"
        return [*lines, ("(J(w + h) - J(w - h)) / 2h", r"\frac{J(w + h) - J(w - h)}{2h}", difference)]

    def __str__(self) -> str:
        head = f"dJ/d{self.name} by the chain rule, for example {self.example}{self._column()}"
        lines = [(f.plain, f"{f.value:.10g}") for f in self.factors]
        lines += [(plain, number) for plain, _, number in self._closing()]
        width = max(len(plain) for plain, _ in lines)
        return "\n".join([head, *(f"  {plain.ljust(width)}  =  {number}" for plain, number in lines)])

    def __repr__(self) -> str:
        return f"Derivation(dJ/d{self.name} = {self.gradient:.6g})"

    def lines(self) -> list[tuple[str, str]]:
        """Return every factor and the lines after the chain, as LaTeX and number."""
        rows = [(factor.latex, f"{factor.value:.10g}") for factor in self.factors]
        return [*rows, *((latex, number) for _, latex, number in self._closing())]

    def _repr_html_(self) -> str:
        cells = [(Markup(to_mathml(latex)), number) for latex, number in self.lines()]
        return html_table(
            ("factor", "number"),
            cells,
            f"The chain rule from J to {self.name}, for example {self.example}{self._column()}",
        )

    def _column(self) -> str:
        return f" (the weight of {self.input_name})" if self.input_name else ""


@overload
def derive(
    model: SupportedModel,
    X: object,
    Y: ArrayLike = ...,
    parameter: tuple[str | int, ...] = ...,
    *,
    y: ArrayLike = ...,
    example: int | None = None,
    parameters: ParametersLike | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    epsilon: float = 1e-5,
) -> Derivation: ...


@overload
def derive(
    network: Network,
    parameters: ParametersLike,
    X: ArrayLike,
    Y: ArrayLike,
    parameter: tuple[str | int, ...],
    *,
    example: int | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    epsilon: float = 1e-5,
) -> Derivation: ...


@either_form
def derive(
    model: SupportedModel,
    X: ArrayLike,
    Y: ArrayLike,
    parameter: tuple[str | int, ...],
    *,
    example: int | None = None,
    parameters: ParametersLike | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    epsilon: float = 1e-5,
) -> Derivation:
    """Derive the derivative of J by one parameter, factor by factor, with its numbers.

    ``derive(model, X, y, ("W2", 0, 3))``, or ``derive(network, parameters, X, Y, ("W2", 0, 3))``.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), or a fitted estimator
    X : array, shape (n_x, m)
        Examples as columns, or as rows for an estimator, as for ``trace``.
    Y : array, shape (n_L, m)
    parameter : tuple
        Name and index, e.g. ("W2", 0, 3) or ("b1", 2); also a parameter before layer 1: ("s0", 4) of the
        scaling, ("V0", 1, 0, 3) of the embedding of a number, ("E1", 2, 5) of a category.
    example : int, optional
        The example whose chain is shown; by default the one that contributes most.
    parameters : dict, optional
    l2, l1 : float
        Penalties of the cost.
    epsilon : float
        The step of the finite difference; smaller near a kink.

    Returns
    -------
    Derivation

    Examples
    --------
    >>> from ellayer.core import Network, initialize_parameters
    >>> network = Network([2, 4, 1], "tanh")
    >>> X, Y = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]]), np.array([1, 0, 1])
    >>> d = derive((network, initialize_parameters(network, seed=1)), X, Y, ("W2", 0, 3))
    >>> d.relative_error < 1e-7
    True
    """
    inspected = unpack_for_inspection(model, parameters)
    network, theta = inspected.network, inspected.require_parameters()
    X = inspected.inputs(X)
    Y = inspected.targets(Y, X.shape[1], "the chain rule")
    m = X.shape[1]
    name, index = _check_parameter(parameter, network.shapes)
    AL, caches = L_model_forward(X, theta, network)
    grads = L_model_backward(AL, Y, caches, network)
    grads.setdefault(f"dA{network.L}", network.loss_row.backward(AL, Y))
    path, local = None, np.ones(m)
    if layer_of(name):
        before, local = _in_layer(caches[layer_of(name) - 1], grads, name, index)
        contributions = before * local + 0.0  # no -0
    else:
        assert network.inputs is not None
        assert caches[0].inputs is not None
        path = input_path(name, index, network.inputs, caches[0].inputs, grads["dA0"].shape)
        contributions = path.contributions(grads["dA0"]) + 0.0
    i = int(np.argmax(np.abs(contributions))) if example is None else check_example(example, m)
    chain = Chain(network, caches, grads, i)
    if path is None:
        factors = chain.to_parameter(name, index, float(local[i]), float(contributions[i]))
    else:
        factors = chain.to_input_parameter(cell(name, index), path, float(contributions[i]))
    function = CostFunction.of(network, X, Y, l2=l2, l1=l1)
    gradient = float(function.gradients(theta)[f"d{name}"][index])
    difference, step = _finite_difference(function, theta, name, index, epsilon)
    penalty = gradient - float(contributions.mean()) if kind_of(name) == "W" and (l2 or l1) else 0.0
    return Derivation(
        cell(name, index), i, tuple(factors), contributions, penalty, gradient, difference, step,
        inspected.input_names[index[1]] if name == "W1" and _multiplies_inputs(inspected) else "",
    )  # fmt: skip


def _multiplies_inputs(inspected: InspectedModel) -> bool:
    """Return whether the columns of W1 belong to columns with names: there are names and no embeddings."""
    return bool(inspected.input_names) and inspected.network.inputs is None


def _finite_difference(
    function: CostFunction, theta: Parameters, name: str, index: tuple[int, ...], epsilon: float
) -> tuple[float | None, float]:
    """Return the central difference by one parameter and its step, the first that crosses no kink."""
    direction = np.zeros_like(theta[name])
    direction[index] = 1.0
    for step in (epsilon, epsilon / 10, epsilon / 100):
        difference = function.slope(theta, name, direction, step, 2)
        if difference is not None:
            return float(difference), step
    return None, step


def _in_layer(
    cache: Cache, grads: Parameters, name: str, index: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the derivative of each example's loss by the unit's Z (or A), and of that by the parameter."""
    l, j = name[1:], index[0]
    if kind_of(name) == "W":
        return grads[f"dZ{l}"][j], cache.A_prev[index[1]]
    if kind_of(name) == "b":
        return grads[f"dZ{l}"][j], np.ones(cache.Z.shape[1])
    return grads[f"dA{l}"][j], cache.A[j] - cache.Z[j]


def _check_parameter(parameter: object, shapes: dict[str, tuple[int, ...]]) -> tuple[str, tuple[int, ...]]:
    if not isinstance(parameter, tuple) or not parameter or parameter[0] not in shapes:
        raise EllayerError(
            f'parameter: expected a name and its index like ("W1", 0, 3), of {", ".join(shapes)}; received {parameter!r}'
        )
    name, index = parameter[0], tuple(parameter[1:])
    shape = shapes[name]
    if len(index) == len(shape) - 1 and kind_of(name) in "bafpcst":  # columns: the last 0 may be omitted
        index = (*index, 0)
    whole = all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in index)
    fits = whole and len(index) == len(shape)
    if not fits or not all(-n <= i < n for i, n in zip(index, shape, strict=True)):
        raise EllayerError(f"parameter: expected an index inside {name} of shape {shape}, received {index}")
    return name, tuple(int(i) % n for i, n in zip(index, shape, strict=True))
