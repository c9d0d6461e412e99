"""The cost as a function of the parameters only: its value, gradients, rounding and finite differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..core.inputs import ramp_sides
from ..core.network import Network
from ..core.objective import Objective, objective
from ..core.parameter_names import kind_of
from ..core.propagation import L_model_forward
from ..errors import EllayerError

Parameters = dict[str, np.ndarray]


@dataclass(frozen=True)
class CostFunction:
    """The cost as a function of the parameters, with its gradients and finite differences.

    Parameters
    ----------
    network : Network
    X : array, shape (n_x, m)
    Y : array, shape (n_L, m)
    objective : Objective
    masks : dict
        Dropout's masks by layer.
    """

    network: Network
    X: np.ndarray
    Y: np.ndarray
    objective: Objective
    masks: dict[int, np.ndarray]

    @classmethod
    def of(
        cls,
        network: Network,
        X: ArrayLike,
        Y: ArrayLike,
        weights: ArrayLike | None = None,
        l2: float = 0.0,
        l1: float = 0.0,
        masks: Mapping[int, ArrayLike] | None = None,
    ) -> CostFunction:
        """Check the arguments of a caller and convert them to float64."""
        dims = network.layer_dims
        m = np.shape(X)[-1] if np.ndim(X) == 2 else 0
        X = as_float64("X", X, (dims[0], m), "examples are columns; transpose?")
        if m == 0:
            raise EllayerError("X: expected at least one example, received none")
        Y = as_float64("Y", np.reshape(Y, (1, -1)) if np.ndim(Y) == 1 else Y, (dims[-1], m))
        if weights is not None:
            weights = as_float64("weights", np.reshape(weights, (1, -1)), (1, m))
            if weights.min() < 0 or weights.max() == 0:
                raise EllayerError(
                    f"weights: expected numbers of at least 0, not all 0; received {weights.min():g} to "
                    f"{weights.max():g}"
                )
        if wrong := [l for l in masks or {} if l not in range(network.L)]:
            raise EllayerError(f"masks: expected layers 0 to {network.L - 1}, received {wrong[0]!r}")
        checked_masks = {
            l: as_float64(f"masks[{l}]", D, (network.widths[l], m)) for l, D in (masks or {}).items()
        }
        J = objective(network, m, weights, float(l2) or None, float(l1) or None)
        return cls(network, X, Y, J, checked_masks)

    def cost(self, theta: Parameters) -> tuple[float, list[np.ndarray]]:
        """Return J, and for everything with a kink the side on which it is."""
        AL, caches = L_model_forward(self.X, theta, self.network, self.masks)
        rows = self.network.layer_activations
        sides = [k < cache.Z for cache, row in zip(caches, rows, strict=True) for k in row.kinks]
        sides += [k < AL - self.Y for k in self.network.loss_row.kinks]
        sides += ramp_sides(caches[0].inputs)
        if self.objective.l1:
            sides += [W > 0 for name, W in theta.items() if kind_of(name) == "W"]
        return float(self.objective.cost(AL, caches[-1].Z, self.Y, theta)), sides

    def gradients(self, theta: Parameters) -> Parameters:
        """Return the gradients of ``core``."""
        AL, caches = L_model_forward(self.X, theta, self.network, self.masks)
        return self.objective.gradients(AL, caches, self.Y, theta)

    def rounding(self, theta: Parameters, J: float) -> float:
        """Estimate the rounding error of J from its variation over steps far below epsilon.

        A cost computed from Z is a difference of numbers of the size of Z, even if it is small.
        """
        random = np.random.default_rng(1)
        size = abs(J)
        if self.network.fused:
            _, caches = L_model_forward(self.X, theta, self.network, self.masks)
            size = max(size, float(np.mean(np.max(np.abs(caches[-1].Z), axis=0))))
        rough = 4.0 * float(np.finfo(np.float64).eps) * size
        for _ in range(8):
            v = {name: 1e-9 * random.choice((-1.0, 1.0), W.shape) for name, W in theta.items()}
            J_plus, plus = self.cost({name: W + v[name] for name, W in theta.items()})
            J_minus, minus = self.cost({name: W - v[name] for name, W in theta.items()})
            if same_sides(plus, minus):
                rough = max(rough, abs((J_plus - J) + (J_minus - J)))
        return rough

    def slope(self, theta: Parameters, name: str, v: np.ndarray, step: float, points: int) -> float | None:
        """Return the derivative along v by central differences; None if there is a kink between them."""
        differences = []
        for h in (step, 2.0 * step)[: points // 2]:
            J_plus, plus = self.cost(theta | {name: theta[name] + h * v})
            J_minus, minus = self.cost(theta | {name: theta[name] - h * v})
            if not same_sides(plus, minus):
                return None
            differences.append((J_plus - J_minus) / (2.0 * h))
        return differences[0] if points == 2 else (4.0 * differences[0] - differences[1]) / 3.0


def same_sides(sides: list[np.ndarray], others: list[np.ndarray]) -> bool:
    """Return True if there is no kink between two points."""
    return all(np.array_equal(a, b) for a, b in zip(sides, others, strict=True))


def as_float64(name: str, value: ArrayLike | None, shape: tuple[int, ...], hint: str = "") -> np.ndarray:
    """Return a value as a float64 array of a shape, or raise an error."""
    if value is None:
        raise EllayerError(f"{name}: expected an array of shape {shape}, received none")
    array = np.asarray(value, dtype=np.float64)
    if array.shape != shape:
        raise EllayerError(
            f"{name}: expected shape {shape}, received {array.shape}" + (f"; {hint}" if hint else "")
        )
    if not np.isfinite(array).all():
        raise EllayerError(
            f"{name}: expected finite numbers, received {int((~np.isfinite(array)).sum())} NaN or inf"
        )
    return array
