"""derive: the chain rule from J to one weight, each factor with its number, and the finite difference beside it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.propagation import L_model_backward, L_model_forward
from ..errors import EllayerError
from .chain_notation import Factor, cell, entry, sub
from .cost_function import CostFunction
from .derivation_inputs import Way, way_of
from .mathml import to_mathml
from .model_parts import unpack_for_inspection
from .trace_render import STYLE

_EXAMPLES = 5  # of a batch, so many contributions are shown


@dataclass(frozen=True, eq=False, repr=False)
class Derivation:
    """The derivative of J by one parameter, derived; ``print`` it or show it in Jupyter.

    Attributes
    ----------
    name : str
        "W2[0,3]".
    example : int
        The example whose chain is shown.
    factors : tuple of Factor
        From the loss of that example down to the parameter, through the (at most four) units of each layer
        that most of it flows through; the last is the example's own derivative.
    contributions : array, shape (m,)
        That derivative for every example (with its weight).
    penalty : float
        What L2 and L1 add.
    gradient : float
        1/m times the sum of the contributions, plus the penalty: as the backward pass computes it.
    finite_difference : float or None
        (J(w + h) - J(w - h)) / 2h; None where a kink lies closer than a hundredth of the step.
    step : float
        h.
    """

    name: str
    example: int
    factors: tuple[Factor, ...]
    contributions: np.ndarray
    penalty: float
    gradient: float
    finite_difference: float | None
    step: float

    @property
    def relative_error(self) -> float:
        """|numeric - analytic| / (|numeric| + |analytic|); nan without a finite difference, 0 where both are 0."""
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
            told = ", ".join(f"example {i}: {self.contributions[i]:.6g}" for i in order[:_EXAMPLES])
            more = f", and {m - _EXAMPLES} smaller" if m > _EXAMPLES else ""
            lines.append((f"each example's dL/d{name}", rf"\frac{{\partial L^{{(i)}}}}{{{w}}}", told + more))
        if self.penalty:
            lines.append(("the penalty's derivative", r"\text{penalty}", f"{self.penalty:.10g}"))
        plus, plus_latex = (" + penalty", r" + \text{penalty}") if self.penalty else ("", "")
        lines.append(
            (
                f"dJ/d{name} = 1/{m} sum_i dL(i)/d{name}{plus}",
                rf"\frac{{\partial J}}{{{w}}} = \frac{{1}}{{{m}}} \sum_{{i=1}}^{{{m}}} "
                rf"\frac{{\partial L^{{(i)}}}}{{{w}}}{plus_latex}",
                f"{self.gradient:.10g}",
            )
        )
        lines.append(
            (
                "(J(w + h) - J(w - h)) / 2h",
                r"\frac{J(w + h) - J(w - h)}{2h}",
                "none: a kink lies within the step" if self.finite_difference is None
                else f"{self.finite_difference:.10g}   (h = {self.step:g}, relative error {self.relative_error:.1e})",
            )
        )  # fmt: skip
        return lines

    def __str__(self) -> str:
        head = f"dJ/d{self.name} by the chain rule, for example {self.example}"
        lines = [(f.plain, f"{f.value:.10g}") for f in self.factors]
        lines += [(plain, number) for plain, _, number in self._closing()]
        width = max(len(plain) for plain, _ in lines)
        return "\n".join([head, *(f"  {plain.ljust(width)}  =  {number}" for plain, number in lines)])

    def __repr__(self) -> str:
        return f"Derivation(dJ/d{self.name} = {self.gradient:.6g})"

    def _repr_html_(self) -> str:
        rows = [(f.latex, f"{f.value:.10g}") for f in self.factors]
        rows += [(latex, number) for _, latex, number in self._closing()]
        cells = "".join(f"<tr><td>{to_mathml(a)}</td><td>{html.escape(b)}</td></tr>" for a, b in rows)
        head = f"The chain rule from J to {self.name}, for example {self.example}"
        return (
            f'{STYLE}<div class="ellayer-trace"><table><caption>{html.escape(head)}</caption>'
            f"<tr><th>factor</th><th>number</th></tr>{cells}</table></div>"
        )


def derive(
    model: Any,
    X: Any,
    Y: Any,
    parameter: tuple[Any, ...],
    *,
    example: int | None = None,
    parameters: Any = None,
    l2: float = 0.0,
    l1: float = 0.0,
    epsilon: float = 1e-5,
) -> Derivation:
    """Derive the derivative of J by one parameter with the numbers of your network and data, factor by factor.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), or a fitted estimator
    X : array, shape (n_x, m)
    Y : array, shape (n_L, m)
    parameter : tuple
        Name and index, e.g. ("W2", 0, 3) or ("b1", 2); also what stands before layer 1, ("s0", 4) of the
        scaling, ("V0", 1, 0, 3) of a number's embedding, ("E1", 2, 5) of a category's.
    example : int, optional
        The example whose chain is shown; by default the one that contributes most.
    parameters : dict, optional
    l2, l1 : float
        Penalties of the cost.
    epsilon : float
        The step of the finite difference; smaller where a kink lies near.

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
    if example is not None and not 0 <= example < m:
        raise EllayerError(f"example: expected a number from 0 to {m - 1}, received {example}")
    name, index = _check_parameter(parameter, network.shapes)
    AL, caches = L_model_forward(X, theta, network)
    grads = L_model_backward(AL, Y, caches, network)
    grads.setdefault(f"dA{network.L}", network.loss_row.backward(AL, Y))
    way = None
    local = np.ones(m)
    if name[0] in "Wba":
        before, local = _inside(caches[int(name[1:]) - 1], grads, name, index)
        contributions = before * local + 0.0  # no -0
    else:
        way = way_of(name, index, network.inputs, caches[0].inputs, grads["dA0"])  # type: ignore[arg-type]
        contributions = way.contributions + 0.0
    i = int(np.argmax(np.abs(contributions))) if example is None else int(example)
    function = CostFunction.of(network, X, Y, l2=l2, l1=l1)
    gradient = float(function.gradients(theta)[f"d{name}"][index])
    v = np.zeros_like(theta[name])
    v[index] = 1.0
    numeric, step = None, epsilon
    for step in (epsilon, epsilon / 10, epsilon / 100):
        numeric = function.slope(theta, name, v, step, 2)
        if numeric is not None:
            break
    if way is None:
        factors = _chain(network, caches, grads, name, index, i, float(local[i]), float(contributions[i]))
    else:
        factors = _chain_before(network, caches, grads, cell(name, index), way, i, float(contributions[i]))
    penalty = gradient - float(contributions.mean()) if name[0] == "W" and (l2 or l1) else 0.0
    return Derivation(
        cell(name, index), i, tuple(factors), contributions, penalty, gradient,
        None if numeric is None else float(numeric), step,
    )  # fmt: skip


def _inside(cache: Any, grads: dict, name: str, index: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The derivative of each example's loss by what the parameter makes, and of that by the parameter."""
    l, j = name[1:], index[0]
    if name[0] == "W":
        return grads[f"dZ{l}"][j], cache.A_prev[index[1]]
    if name[0] == "b":
        return grads[f"dZ{l}"][j], np.ones(cache.Z.shape[1])
    return grads[f"dA{l}"][j], cache.A[j] - cache.Z[j]


def _check_parameter(parameter: Any, shapes: dict[str, tuple[int, ...]]) -> tuple[str, tuple[int, ...]]:
    if not isinstance(parameter, tuple) or not parameter or parameter[0] not in shapes:
        raise EllayerError(
            f'parameter: expected a name and its index like ("W1", 0, 3), of {", ".join(shapes)}; received {parameter!r}'
        )
    name, index = parameter[0], tuple(parameter[1:])
    shape = shapes[name]
    if len(index) == len(shape) - 1 and name[0] in "bafpcst":  # columns: the last 0 may be left out
        index = (*index, 0)
    whole = all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in index)
    if (
        len(index) != len(shape)
        or not whole
        or not all(-n <= i < n for i, n in zip(index, shape, strict=True))
    ):
        raise EllayerError(f"parameter: expected an index inside {name} of shape {shape}, received {index}")
    return name, tuple(int(i) % n for i, n in zip(index, shape, strict=True))


def _chain(
    network: Any,
    caches: list,
    grads: dict,
    name: str,
    index: tuple[int, ...],
    i: int,
    local: float,
    whole: float,
) -> list[Factor]:
    """The factors from the loss of example i to a parameter of layer l."""
    l, j = int(name[1:]), index[0]
    factors = []
    for layer in range(network.L, l, -1):
        factors += _through(network, caches, grads, layer, range(network.layer_dims[layer]), i)
    if name[0] == "a":
        factors += _to_activations(network, caches, grads, l, (j,), i)
    else:
        factors += _through(network, caches, grads, l, (j,), i)
    kind = f"dA{l}" if name[0] == "a" else f"dZ{l}"
    told = f"dL/d{cell(name, index)} = {kind}[{j},{i}] * the factor above"
    return [*factors, _local(name, index, l, i, local), _last(cell(name, index), told, whole)]


def _chain_before(
    network: Any, caches: list, grads: dict, where: str, way: Way, i: int, whole: float
) -> list[Factor]:
    """The factors from the loss of example i to a parameter before layer 1."""
    factors = []
    for layer in range(network.L, 0, -1):
        factors += _through(network, caches, grads, layer, range(network.layer_dims[layer]), i)
    factors += [_to_activation(grads, 0, r, i, caches[0].W) for r in way.rows]
    factors += [step.at(i) for step in (*way.steps, *way.locals)]
    return [*factors, _last(where, way.last(where, i), whole)]


def _last(where: str, told: str, value: float) -> Factor:
    return Factor(told, rf"\frac{{\partial L}}{{\partial {entry(where)}}}", value)


def _through(network: Any, caches: list, grads: dict, layer: int, units: Any, i: int) -> list[Factor]:
    """The factors to A and Z of a layer's units, those that most flows through."""
    above = units if network.rows[layer - 1].elementwise else range(network.layer_dims[layer])
    factors = _to_activations(network, caches, grads, layer, above, i)  # each dZ may need every dA
    return factors + [
        _to_Z(network, caches[layer - 1], grads, layer, k, i) for k in _strongest(grads, layer, units, i)
    ]


def _to_activations(network: Any, caches: list, grads: dict, layer: int, units: Any, i: int) -> list[Factor]:
    if layer < network.L:
        W = caches[layer].W
        return [_to_activation(grads, layer, k, i, W) for k in _strongest(grads, layer, units, i)]
    return [
        Factor(f"dL/dA{layer}[{k},{i}]", rf"\frac{{\partial L}}{{\partial {sub(f'A{layer}', k, i)}}}",
               float(grads[f"dA{layer}"][k, i]) + 0.0)
        for k in _strongest(grads, layer, units, i)
    ]  # fmt: skip


def _strongest(grads: dict, layer: int, units: Any, i: int, most: int = 4) -> list[int]:
    """The units of a layer through which most of the derivative flows, in order."""
    order = sorted(units, key=lambda k: -abs(grads[f"dZ{layer}"][k, i]))
    return sorted(order[:most])


def _to_activation(grads: dict, layer: int, k: int, i: int, W: np.ndarray) -> Factor:
    dZ = grads[f"dZ{layer + 1}"][:, i]
    products = W[:, k] * dZ
    order = [int(u) for u in np.argsort(-np.abs(products))[:3]]
    told = " + ".join(f"{W[u, k]:.4g} * {dZ[u]:.4g}" for u in order) + (" + ..." if len(W) > 3 else "")
    return Factor(
        f"dL/dA{layer}[{k},{i}] = sum_u W{layer + 1}[u,{k}] dZ{layer + 1}[u,{i}] = {told}",
        rf"\frac{{\partial L}}{{\partial {sub(f'A{layer}', k, i)}}} = \sum_u "
        rf"{sub(f'W{layer + 1}', 'u', k)}\, {sub(f'dZ{layer + 1}', 'u', i)} = "
        + told.replace("*", r"\cdot").replace("...", r"\cdots"),
        float(grads[f"dA{layer}"][k, i]),
    )


def _to_Z(network: Any, cache: Any, grads: dict, layer: int, k: int, i: int) -> Factor:
    row, value = network.rows[layer - 1], float(grads[f"dZ{layer}"][k, i])
    left = rf"\frac{{\partial L}}{{\partial {sub(f'Z{layer}', k, i)}}}"
    if not row.elementwise:
        return Factor(f"dL/dZ{layer}[{k},{i}] = sum_u dL/dA{layer}[u,{i}] dA[u]/dZ[{k}]   ({row.name})",
                      rf"{left} = \sum_u \frac{{\partial L}}{{\partial a_u}} \frac{{\partial a_u}}{{\partial z_{{{k}}}}}", value)  # fmt: skip
    Z = np.array([[cache.Z[k, i]]])
    slope = float(row.derivative(Z)[0, 0])
    if cache.alpha is not None:
        slope = float(1 - cache.alpha[k, 0] + cache.alpha[k, 0] * slope)
    return Factor(
        f"dL/dZ{layer}[{k},{i}] = dL/dA{layer}[{k},{i}] * g'({cache.Z[k, i]:.4g}), g' = {slope:.6g}",
        rf"{left} = \frac{{\partial L}}{{\partial {sub(f'A{layer}', k, i)}}} \cdot g'({cache.Z[k, i]:.4g}),"
        rf"\quad g' = {slope:.6g}",
        value,
    )


def _local(name: str, index: tuple[int, ...], l: int, i: int, value: float) -> Factor:
    j, where = index[0], entry(cell(name, index))
    if name[0] == "W":
        k = index[1]
        return Factor(f"dZ{l}[{j},{i}]/d{cell(name, index)} = A{l - 1}[{k},{i}]",
                      rf"\frac{{\partial {sub(f'Z{l}', j, i)}}}{{\partial {where}}} = {sub(f'A{l - 1}', k, i)}", value)  # fmt: skip
    if name[0] == "b":
        return Factor(f"dZ{l}[{j},{i}]/d{cell(name, index)} = 1",
                      rf"\frac{{\partial {sub(f'Z{l}', j, i)}}}{{\partial {where}}} = 1", value)  # fmt: skip
    return Factor(f"dA{l}[{j},{i}]/d{cell(name, index)} = g(Z{l}[{j},{i}]) - Z{l}[{j},{i}]",
                  rf"\frac{{\partial {sub(f'A{l}', j, i)}}}{{\partial {where}}} = g(z) - z", value)  # fmt: skip
