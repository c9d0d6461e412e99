"""Warnings with a remedy: data that will cost the fit, and fits that came out badly."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._warn import warn_user
from ..core.inference import MOST_DEAD, SPARSE_NUMBERS_AT_ONCE, class_index, dead_share, outputs
from ..core.network import Network
from ..core.propagation import Cache, L_model_forward

NOTHING = 0.1
HUGE_INPUT = 1e4
HUGE_TARGET = 1e6
OVERFLOWS = 1e30
LOOKED_AT = 20_000
NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
    "preprocessed."
)


def where_not_finite(X: Any, names: Any) -> str:
    """Return how many values of X are nan or infinite and in which columns, as text; "" where unknown."""
    try:
        bad = ~np.isfinite(np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=float))
    except (TypeError, ValueError):
        return ""
    if bad.ndim != 2 or not bad.any():
        return ""
    counts = bad.sum(axis=0)
    columns = np.flatnonzero(counts)
    told = ", ".join(f"{_column(j, names)}: {counts[j]}" for j in columns[:10])
    more = f" and {len(columns) - 10} more columns" if len(columns) > 10 else ""
    return f"{int(counts.sum())} values that are nan or infinite, by column: {told}{more}."


def _extremes(X: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest and the smallest value of each column."""
    found = (X.max(axis=0), X.min(axis=0))
    return tuple(a.toarray().ravel() if hasattr(a, "toarray") else a for a in found)  # type: ignore[return-value]


def warn_of_data(estimator: Any, X: Any, y: np.ndarray | None) -> None:
    """Warn of constant columns, of columns of huge scale, and of targets of huge scale.

    A column constant around 0 is silent: it adds next to nothing to any unit.
    """
    names = getattr(estimator, "feature_names_in_", None)
    high, low = _extremes(X)
    scale = np.maximum(np.abs(high), np.abs(low))
    constant = np.flatnonzero((high == low) & (scale > NOTHING)) if X.shape[0] > 1 else np.array([], int)
    if len(constant):
        warn_user(
            f"X: {_columns(constant, names)} constant: nothing can be learned from it beyond a bias; drop it, for "
            "example with sklearn.feature_selection.VarianceThreshold()",
        )
    huge = np.flatnonzero(scale > HUGE_INPUT)
    if len(huge):
        warn_user(
            f"X: {_columns(huge, names)} of a scale up to {scale[huge].max():.3g}, where networks learn from inputs "
            "around 1: such columns drown the others and the fit suffers; put a scaler in front, "
            f"make_pipeline(StandardScaler(), {type(estimator).__name__}(...))",
        )
    if y is not None and (largest := float(np.abs(y).max())) > HUGE_TARGET:
        warn_user(
            f"y: values up to {largest:.3g}, where networks learn targets around 1; scale the target, "
            f"TransformedTargetRegressor({type(estimator).__name__}(...), transformer=StandardScaler())",
        )


def warn_of_one_class(estimator: Any) -> None:
    """Warn that there is nothing to tell apart."""
    warn_user(
        f"y holds one class only, {estimator.classes_.tolist()[0]!r}: every prediction will be it; give examples of "
        "another class too",
    )


def overflows_at_once(X: Any, Y: np.ndarray, parameters: dict[str, np.ndarray], network: Network) -> bool:
    """Tell whether even the first cost is no number; looked at only where the scale makes it likely."""
    if max(float(abs(X).max()), float(np.abs(Y).max())) < OVERFLOWS ** (
        0.5 if X.dtype == np.float32 else 1.0
    ):
        return False
    with np.errstate(all="ignore"):
        AL, _ = outputs(X.T, parameters, network)
        return not np.isfinite(network.loss_row.forward(AL, Y.T).sum())


def warn_of_fit(
    estimator: Any,
    X: Any,
    numbers: np.ndarray | None,
    network: Network,
    parameters: dict[str, np.ndarray],
) -> None:
    """Warn of layers of dead units and of classes that are never predicted.

    Parameters
    ----------
    X : array or csr matrix, shape (m, n_x)
        The examples of the fit; some of them are looked at.
    numbers : array, shape (m,), or None
        Their class numbers.
    """
    sparse = hasattr(X, "toarray")
    step = -(-X.shape[0] // (max(100, SPARSE_NUMBERS_AT_ONCE // X.shape[1]) if sparse else LOOKED_AT))
    X = X[::step].toarray() if sparse else X[::step]
    AL, caches = L_model_forward(X.T, parameters, network)
    _warn_of_dead_units(network, caches)
    if numbers is None or len(estimator.classes_) < 2:
        return
    predicted = class_index(AL)
    count = len(estimator.classes_)
    never = np.setdiff1d(np.unique(numbers[::step]), np.unique(predicted))
    if len(never) and count > 1:
        labels = ", ".join(repr(label) for label in estimator.classes_[never].tolist()[:10])
        warn_user(
            f"of the classes of y, {labels} {'is' if len(never) == 1 else 'are'} never predicted, even on the examples "
            "of the fit; try class_weight='balanced', scaled inputs, more iterations or another learning_rate_init",
        )


def _warn_of_dead_units(network: Network, caches: list[Cache]) -> None:
    for l in range(1, network.L):
        share, units = dead_share(network, caches, l), network.layer_dims[l]
        if share >= MOST_DEAD:
            warn_user(
                f"layer {l}: {round(share * units)} of {units} units are dead, 0 for every example of the fit, and learn "
                "no more; try activation='leaky_relu', a smaller learning_rate_init or scaled inputs",
            )


def _columns(numbers: np.ndarray, names: Any) -> str:
    told = ", ".join(_column(j, names) for j in numbers[:10])
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return f"column {told} is" if len(numbers) == 1 else f"columns {told}{more} are"


def _column(j: int, names: Any) -> str:
    return repr(str(names[j])) if names is not None else str(j)
