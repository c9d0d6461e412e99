"""saliency: contributions of the inputs to a prediction, by input gradients and by integrated gradients.

    input gradient         d a_k / d x_j
    integrated gradient    (x_j - x'_j) * integral from 0 to 1 of d a_k / d x_j at x' + t (x - x') dt

The second sums to a_k(x) - a_k(x'), which is checked (Sundararajan, Taly and Yan 2017).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from .._views import contributions, html_table, shorten_rows
from .._wording import pluralize
from ..core.network import Network
from ..core.propagation import L_model_backward, L_model_forward
from ..engine.validation import check_count
from ..errors import EllayerError
from .calls import either_form
from .model_parts import Parameters, ParametersLike, SupportedModel, output_probe, unpack_for_inspection
from .path_integral import integrate_path

_MOST_STEPS = 1024


@dataclass(frozen=True, eq=False, repr=False)
class Saliency:
    """Contributions of the inputs to predictions.

    Attributes
    ----------
    gradients : array, shape (n_x, m)
        d a_k / d x_j.
    integrated : array, shape (n_x, m)
        Integrated gradients: contributions that add up to ``output - baseline_output``.
    output, baseline_output : array, shape (m,)
        a_k of the examples and of their baselines.
    units : array of int, shape (m,)
        The output k that is explained.
    gap : array, shape (m,)
        |sum of the contributions - (output - baseline_output)|: the error of the quadrature.
    steps : int
        Points on the path.
    names : list of str
        Names of the inputs; x0, x1, ... if they have none.
    """

    gradients: np.ndarray
    integrated: np.ndarray
    output: np.ndarray
    baseline_output: np.ndarray
    units: np.ndarray
    gap: np.ndarray
    steps: int
    names: list[str] = field(default_factory=list)

    def top(self, example: int = 0, count: int = 10) -> list[tuple[int, float]]:
        """Return the inputs with the largest contributions to an example, as (input, contribution)."""
        column = self.integrated[:, example]
        return [(int(j), float(column[j])) for j in np.argsort(-np.abs(column))[:count]]

    def __repr__(self) -> str:
        n_x, m = self.gradients.shape
        return f"Saliency({pluralize(m, 'example')} of {pluralize(n_x, 'input')}, completeness gap at most {self.gap.max():.1e})"

    def _repr_html_(self) -> str:
        rows = [
            (
                str(i),
                str(unit),
                f"{output:.4g}",
                contributions([(self.names[j], value) for j, value in self.top(i, 3)]),
            )
            for i, (unit, output) in enumerate(zip(self.units, self.output, strict=True))
        ]
        return html_table(
            ("example", "output", "value", "largest contributions"), shorten_rows(rows), repr(self)
        )


@overload
def saliency(
    model: SupportedModel,
    X: object,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    *,
    y: ArrayLike | None = None,
    unit: int | None = None,
    baseline: ArrayLike = 0.0,
    of: str = "output",
    steps: int | None = None,
) -> Saliency: ...


@overload
def saliency(
    network: Network,
    parameters: ParametersLike,
    X: ArrayLike,
    Y: ArrayLike | None = None,
    *,
    unit: int | None = None,
    baseline: ArrayLike = 0.0,
    of: str = "output",
    steps: int | None = None,
) -> Saliency: ...


@either_form
def saliency(
    model: SupportedModel,
    X: ArrayLike,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    *,
    unit: int | None = None,
    baseline: ArrayLike = 0.0,
    of: str = "output",
    steps: int | None = None,
) -> Saliency:
    """Return input gradients and integrated gradients of predictions.

    ``saliency(model, X)``, ``saliency(model, X, y)``, or ``saliency(network, parameters, X, Y)``.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters) or a fitted estimator
    X : array, shape (n_x, m)
        Examples as columns, or as rows for an estimator, as for ``trace``.
    Y : array, shape (n_L, m), optional
        Labels: for a softmax output the class of each example is explained instead of the predicted one.
    parameters : dict, optional
        Parameters to use instead of the model's.
    unit : int, optional
        The output to explain; by default the class of Y or the predicted one, or output 0.
    baseline : float or array, shape (n_x,)
        Start of the path: a value without information, such as 0 or the mean example.
    of : "output" or "Z"
        Explain A^[L] or, before the output activation, Z^[L].
    steps : int, optional
        Points on the path; by default doubled from 32 until the contributions add up to 1e-4 of the
        difference (or 1024).

    Returns
    -------
    Saliency

    Examples
    --------
    >>> from ellayer.core import Network, initialize_parameters
    >>> network = Network([3, 4, 1], "tanh")
    >>> s = saliency((network, initialize_parameters(network, seed=1)), [[1.0], [2.0], [-1.0]])
    >>> bool(abs(s.integrated.sum() - (s.output - s.baseline_output).item()) < 1e-4)
    True
    """
    inspected = unpack_for_inspection(model, parameters)
    network, theta = inspected.network, inspected.require_parameters()
    X = inspected.inputs(X)
    if of not in ("output", "Z"):
        raise EllayerError(f"of: expected 'output' or 'Z', received {of!r}")
    step_count = 32 if steps is None else check_count(steps, "steps")
    start = _baseline(network, X, baseline)
    probe = output_probe(network, of == "Z")
    AL, _ = L_model_forward(X, theta, probe)
    labels = AL if Y is None else inspected.targets(Y, X.shape[1], "saliency")
    units = _units(network, labels, unit)
    gradients = _input_gradient(probe, theta, X, units)

    def slopes(path: np.ndarray, examples: np.ndarray) -> np.ndarray:
        return _input_gradient(probe, theta, path, units[examples])

    numbers = np.arange(X.shape[1])
    output, before = AL[units, numbers], L_model_forward(start, theta, probe)[0][units, numbers]
    while True:
        integrated = integrate_path(slopes, start, X, step_count)
        gap = np.abs(integrated.sum(axis=0) - (output - before))
        if (
            steps is not None
            or step_count >= _MOST_STEPS
            or (gap <= 1e-4 * np.abs(output - before) + 1e-12).all()
        ):
            names = inspected.input_names or [f"x{j}" for j in range(len(X))]
            return Saliency(gradients, integrated, output, before, units, gap, step_count, names)
        step_count *= 2


def _baseline(network: Network, X: np.ndarray, baseline: ArrayLike) -> np.ndarray:
    value = np.asarray(baseline, dtype=np.float64)
    if value.ndim and value.size != len(X):
        raise EllayerError(f"baseline: expected a number or shape ({len(X)},), received shape {value.shape}")
    if not np.isfinite(value).all():
        raise EllayerError("baseline: expected finite numbers, received NaN or inf")
    start = np.broadcast_to(value.reshape(-1, 1) if value.ndim else value, X.shape).copy()
    if network.inputs is not None and network.inputs.categories:
        codes = len(network.inputs.categories)
        start[-codes:] = X[-codes:]  # between two categories there is no path
    return start


def _units(network: Network, AL: np.ndarray, unit: int | None) -> np.ndarray:
    n_L, m = AL.shape
    if unit is None:
        return AL.argmax(axis=0) if network.loss_row.targets == "one_hot" else np.zeros(m, dtype=int)
    if isinstance(unit, bool) or not isinstance(unit, (int, np.integer)) or not 0 <= unit < n_L:
        raise EllayerError(f"unit: expected an output from 0 to {n_L - 1}, received {unit!r}")
    return np.full(m, int(unit))


def _input_gradient(probe: Network, parameters: Parameters, X: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return d a_k / d x of each column for its own k: the backward pass from a 1 at that output."""
    AL, caches = L_model_forward(X, parameters, probe)
    chosen = np.zeros_like(AL)
    chosen[units, np.arange(len(units))] = 1.0
    grads = L_model_backward(AL, chosen, caches, probe)
    return grads["dX"] if "dX" in grads else grads["dA0"]
