"""precision_audit: the loss of precision of a step in float32 and bfloat16."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from .._lost_threads import check_threads
from .._views import html_table, text_table
from ..core.network import Network
from ..core.propagation import L_model_backward, L_model_forward, compute_cost, update_parameters
from ..errors import EllayerError
from .calls import either_form
from .model_parts import Parameters, ParametersLike, SupportedModel, unpack_for_inspection

DTYPES = ("float32", "bfloat16")


@dataclass(frozen=True)
class PrecisionRow:
    """One quantity in several precisions.

    Parameters
    ----------
    name : str
        "Z1", "J", "dW1", "new W1", ...
    size : float
        Its norm in float64.
    error : dict of str to float
        By dtype: ||x - x64|| / ||x64||; inf where something is not finite.
    lost : dict of str to float
        For an update: the share of the parameters that should change and do not, because the step is below
        half a unit in the last place.
    """

    name: str
    size: float
    error: dict[str, float]
    lost: dict[str, float]

    def digits(self, dtype: str) -> float:
        """Return the number of correct decimal digits."""
        error = self.error[dtype]
        return 16.0 if error == 0 else max(0.0, -math.log10(error)) if math.isfinite(error) else 0.0


@dataclass(frozen=True, eq=False, repr=False)
class PrecisionAudit:
    """The table of ``precision_audit``: ``print`` it or show it in Jupyter.

    Attributes
    ----------
    rows : tuple of PrecisionRow
    learning_rate : float
    """

    rows: tuple[PrecisionRow, ...]
    learning_rate: float

    def __getitem__(self, name: str) -> PrecisionRow:
        """Return the row of a quantity."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"expected one of {', '.join(r.name for r in self.rows)}; received {name!r}")

    def worst(self, dtype: str) -> PrecisionRow:
        """Return the quantity with the largest relative error in a dtype."""
        return max(self.rows, key=lambda row: row.error[dtype])

    def findings(self) -> list[str]:
        """Return the quantity with the largest error and the lost updates of each dtype, as sentences."""
        sentences = []
        for dtype in DTYPES:
            worst = self.worst(dtype)
            sentences.append(
                f"{dtype}: {worst.name} is the worst, with {worst.digits(dtype):.1f} correct decimal digits"
            )
            lost = [r for r in self.rows if r.lost.get(dtype, 0.0) >= 0.01]
            sentences += [
                f"{dtype}: {100 * r.lost[dtype]:.0f} % of {r.name.removeprefix('new ')} is unchanged, because the step is "
                f"lost in rounding" for r in lost
            ]  # fmt: skip
        return sentences

    def _rows(self) -> list[tuple[str, ...]]:
        heads = (
            "quantity",
            "norm in float64",
            *(f"{d}: {column}" for column in ("error", "digits") for d in DTYPES),
        )
        return [heads] + [
            (row.name, f"{row.size:.6g}", *(f"{row.error[d]:.1e}" for d in DTYPES),
             *(f"{row.digits(d):.1f}" for d in DTYPES))
            for row in self.rows
        ]  # fmt: skip

    def __str__(self) -> str:
        return "\n".join([text_table(self._rows()), *self.findings()])

    def __repr__(self) -> str:
        return f"PrecisionAudit({len(self.rows)} quantities in float64, {', '.join(DTYPES)})"

    def _repr_html_(self) -> str:
        heads, *rows = self._rows()
        items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.findings())
        return html_table(heads, rows, below=f"<ul>{items}</ul>")


@overload
def precision_audit(
    model: SupportedModel,
    X: object,
    Y: ArrayLike = ...,
    parameters: ParametersLike | None = None,
    *,
    y: ArrayLike = ...,
    learning_rate: float = 0.1,
) -> PrecisionAudit: ...


@overload
def precision_audit(
    network: Network, parameters: ParametersLike, X: ArrayLike, Y: ArrayLike, *, learning_rate: float = 0.1
) -> PrecisionAudit: ...


@either_form
def precision_audit(
    model: SupportedModel,
    X: ArrayLike,
    Y: ArrayLike,
    parameters: ParametersLike | None = None,
    *,
    learning_rate: float = 0.1,
) -> PrecisionAudit:
    """Compare one step of gradient descent in float32 and bfloat16 with float64, quantity by quantity.

    ``precision_audit(model, X, y)``, or ``precision_audit(network, parameters, X, Y)``. The step is the hand-written one, run in each precision on the parameters and data rounded to it
    (bfloat16 by jax, which NumPy does not have).

    Parameters
    ----------
    model : TrainingResult, (Network, parameters) or a fitted estimator
    X : array, shape (n_x, m)
        Examples as columns, or as rows for an estimator, as for ``trace``.
    Y : array, shape (n_L, m)
    parameters : dict, optional
        Parameters to use instead of the model's.
    learning_rate : float
        Of the update.

    Returns
    -------
    PrecisionAudit

    Examples
    --------
    >>> from ellayer.core import Network, initialize_parameters
    >>> network = Network([2, 3, 1], "tanh")
    >>> audit = precision_audit((network, initialize_parameters(network, seed=1)), [[1.0, 0.5], [0.3, -1.0]], [1, 0])
    >>> audit["dW1"].digits("float32") > audit["dW1"].digits("bfloat16")
    True
    """
    if not 0 < learning_rate < math.inf:
        raise EllayerError(f"learning_rate: expected a number above 0, received {learning_rate!r}")
    inspected = unpack_for_inspection(model, parameters)
    X = inspected.inputs(X)
    Y = inspected.targets(Y, X.shape[1], "a step")
    step = partial(_step, inspected.network, inspected.require_parameters(), X, Y, learning_rate)
    (exact, _), others = step("float64"), {dtype: step(dtype) for dtype in DTYPES}
    rows = []
    for name, value in exact.items():
        size = float(np.linalg.norm(value))
        errors = {dtype: _error(values[name], value, size) for dtype, (values, _) in others.items()}
        shares = {dtype: lost[name] for dtype, (_, lost) in others.items() if name in lost}
        rows.append(PrecisionRow(name, size, errors, shares))
    return PrecisionAudit(tuple(rows), learning_rate)


def _step(
    network: Network, parameters: Parameters, X: np.ndarray, Y: np.ndarray, rate: float, dtype: str
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return every quantity of one step in a dtype, as float64, and the share of each update that is lost."""
    library: ModuleType = np
    if dtype == "bfloat16":  # which NumPy does not have
        check_threads("jax", "precision_audit")
        import jax

        # Not compiled as a whole: fused operations would round once instead of after each operation.
        library = jax.numpy
    cast = partial(library.asarray, dtype=dtype)
    with np.errstate(all="ignore"):
        theta, X, Y = {name: cast(value) for name, value in parameters.items()}, cast(X), cast(Y)
        AL, caches = L_model_forward(X, theta, network)
        J = compute_cost(AL, Y, network, None, caches[-1].Z)
        grads = L_model_backward(AL, Y, caches, network)
        new = update_parameters(theta, grads, rate)
    quantities: dict[str, np.ndarray] = {}
    for l, cache in enumerate(caches, start=1):
        quantities |= {f"Z{l}": cache.Z, f"A{l}": cache.A}
    quantities |= {"J": J, **grads, **{f"new {name}": new[name] for name in theta}}
    exact = {name: np.asarray(value).astype(np.float64) for name, value in quantities.items()}
    lost = {}
    for name in theta:
        is_nonzero = exact[f"d{name}"] != 0
        still = (exact[f"new {name}"] == np.asarray(theta[name]).astype(np.float64)) & is_nonzero
        lost[f"new {name}"] = float(still.sum() / max(is_nonzero.sum(), 1))
    return exact, lost


def _error(value: np.ndarray, exact: np.ndarray, size: float) -> float:
    if not np.isfinite(value).all():
        return 0.0 if np.array_equal(value, exact, equal_nan=True) else math.inf
    off = float(np.linalg.norm(value - exact))
    return off / size if size else (math.inf if off else 0.0)
