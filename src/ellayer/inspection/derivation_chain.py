"""The chain rule from the loss of one example to one parameter, factor by factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..core.network import Network
from ..core.parameter_names import kind_of, layer_of
from ..core.propagation import Cache
from .chain_notation import Factor, cell, entry, sub
from .derivation_inputs import InputPath
from .model_parts import Parameters

_MOST_UNITS = 4  # shown of a layer
_MOST_TERMS = 3  # terms of a sum written out


class Chain(NamedTuple):
    """The forward and backward pass, and the example whose chain is shown."""

    network: Network
    caches: list[Cache]
    grads: Parameters
    example: int

    def to_parameter(
        self, name: str, index: tuple[int, ...], local: float, contribution: float
    ) -> list[Factor]:
        """Return the factors from the loss to a parameter of a layer."""
        l, j = layer_of(name), index[0]
        factors = self._down_to(l)
        factors += self._to_activations(l, (j,)) if kind_of(name) == "a" else self._through(l, (j,))
        kind = f"dA{l}" if kind_of(name) == "a" else f"dZ{l}"
        where = cell(name, index)
        text = f"dL/d{where} = {kind}[{j},{self.example}] * the factor above"
        return [*factors, self._local(name, index, local), _last(where, text, contribution)]

    def to_input_parameter(self, where: str, path: InputPath, contribution: float) -> list[Factor]:
        """Return the factors from the loss to a parameter before layer 1, through the rows of A^[0]."""
        i = self.example
        factors = self._down_to(0)
        factors += [self._to_activation(0, r, self.caches[0].W) for r in path.rows]
        factors += [
            Factor(
                f"dA0[{r},{i}]/d{where}",
                rf"\frac{{\partial {sub('A0', r, i)}}}{{\partial {entry(where)}}}",
                float(slope) + 0.0,
            )
            for r, slope in zip(path.rows, path.slopes[:, i], strict=True)
        ]
        terms = [f"dL/dA0[{r},{i}] * dA0[{r},{i}]/d{where}" for r in path.rows[:_MOST_TERMS]]
        more = " + ..." if len(path.rows) > _MOST_TERMS else ""
        return [*factors, _last(where, f"dL/d{where} = {' + '.join(terms)}{more}", contribution)]

    def _down_to(self, l: int) -> list[Factor]:
        """Return the factors to A and Z of all layers above layer l."""
        factors: list[Factor] = []
        for layer in range(self.network.L, l, -1):
            factors += self._through(layer, range(self.network.layer_dims[layer]))
        return factors

    def _through(self, layer: int, units: Sequence[int]) -> list[Factor]:
        """Return the factors to A and Z of the units of a layer with the largest contributions."""
        elementwise = self.network.layer_activations[layer - 1].elementwise
        above = units if elementwise else range(self.network.layer_dims[layer])  # each dZ may need every dA
        factors = self._to_activations(layer, above)
        return factors + [self._to_Z(layer, k) for k in self._strongest(layer, units)]

    def _strongest(self, layer: int, units: Sequence[int]) -> list[int]:
        """Return the units of a layer with the largest contributions to the derivative, in order."""
        dZ = self.grads[f"dZ{layer}"][:, self.example]
        return sorted(sorted(units, key=lambda k: -abs(dZ[k]))[:_MOST_UNITS])

    def _to_activations(self, layer: int, units: Sequence[int]) -> list[Factor]:
        strongest = self._strongest(layer, units)
        if layer < self.network.L:
            return [self._to_activation(layer, k, self.caches[layer].W) for k in strongest]
        i = self.example
        return [
            Factor(
                f"dL/dA{layer}[{k},{i}]",
                rf"\frac{{\partial L}}{{\partial {sub(f'A{layer}', k, i)}}}",
                float(self.grads[f"dA{layer}"][k, i]) + 0.0,
            )
            for k in strongest
        ]

    def _to_activation(self, layer: int, k: int, W: np.ndarray) -> Factor:
        i = self.example
        dZ = self.grads[f"dZ{layer + 1}"][:, i]
        largest = [int(u) for u in np.argsort(-np.abs(W[:, k] * dZ))[:_MOST_TERMS]]
        terms = " + ".join(f"{W[u, k]:.4g} * {dZ[u]:.4g}" for u in largest)
        terms += " + ..." if len(W) > _MOST_TERMS else ""
        return Factor(
            f"dL/dA{layer}[{k},{i}] = sum_u W{layer + 1}[u,{k}] dZ{layer + 1}[u,{i}] = {terms}",
            rf"\frac{{\partial L}}{{\partial {sub(f'A{layer}', k, i)}}} = \sum_u "
            rf"{sub(f'W{layer + 1}', 'u', k)}\, {sub(f'dZ{layer + 1}', 'u', i)} = "
            + terms.replace("*", r"\cdot").replace("...", r"\cdots"),
            float(self.grads[f"dA{layer}"][k, i]),
        )

    def _to_Z(self, layer: int, k: int) -> Factor:
        i, cache, row = self.example, self.caches[layer - 1], self.network.layer_activations[layer - 1]
        value = float(self.grads[f"dZ{layer}"][k, i])
        derivative = rf"\frac{{\partial L}}{{\partial {sub(f'Z{layer}', k, i)}}}"
        if not row.elementwise:
            return Factor(
                f"dL/dZ{layer}[{k},{i}] = sum_u dL/dA{layer}[u,{i}] dA[u]/dZ[{k}]   ({row.name})",
                rf"{derivative} = \sum_u \frac{{\partial L}}{{\partial a_u}} \frac{{\partial a_u}}{{\partial z_{{{k}}}}}",
                value,
            )
        slope = float(row.derivative(np.array([[cache.Z[k, i]]]))[0, 0])
        if cache.alpha is not None:
            slope = float(1 - cache.alpha[k, 0] + cache.alpha[k, 0] * slope)
        return Factor(
            f"dL/dZ{layer}[{k},{i}] = dL/dA{layer}[{k},{i}] * g'({cache.Z[k, i]:.4g}), g' = {slope:.6g}",
            rf"{derivative} = \frac{{\partial L}}{{\partial {sub(f'A{layer}', k, i)}}} \cdot g'({cache.Z[k, i]:.4g}),"
            rf"\quad g' = {slope:.6g}",
            value,
        )

    def _local(self, name: str, index: tuple[int, ...], value: float) -> Factor:
        """Return the factor from Z (or A, for a parametric activation) of a unit to a parameter of it."""
        l, j, i, where = layer_of(name), index[0], self.example, cell(name, index)
        if kind_of(name) == "a":
            by, plain, latex = f"A{l}", f"g(Z{l}[{j},{i}]) - Z{l}[{j},{i}]", "g(z) - z"
        elif kind_of(name) == "W":
            k = index[1]
            by, plain, latex = f"Z{l}", f"A{l - 1}[{k},{i}]", sub(f"A{l - 1}", k, i)
        else:
            by, plain, latex = f"Z{l}", "1", "1"
        return Factor(
            f"d{by}[{j},{i}]/d{where} = {plain}",
            rf"\frac{{\partial {sub(by, j, i)}}}{{\partial {entry(where)}}} = {latex}",
            value,
        )


def _last(where: str, text: str, value: float) -> Factor:
    return Factor(text, rf"\frac{{\partial L}}{{\partial {entry(where)}}}", value)
