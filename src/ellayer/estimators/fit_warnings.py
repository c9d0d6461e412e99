"""Warnings with a remedy: problematic data, and fits with problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._warn import ScaleWarning, TargetWarning, UnderfitWarning, warn_user
from ..core.arrays import dense, has_few_nonzeros, is_sparse, sparse_columns
from ..core.inference import MOST_DEAD, SPARSE_NUMBERS_AT_ONCE, class_index, dead_share, outputs
from ..core.network import Network
from ..core.propagation import Cache, L_model_forward
from ..engine.numpy_loop import blas_threads
from .group_rows import join_examples, shared_group

if TYPE_CHECKING:
    from ..engine.state import Parameters
    from .examples import Examples, Rows

HUGE_INPUT = 1e4
HUGE_TARGET = 1e6
OVERFLOWS = 1e30
ROWS_EXAMINED = 20_000
NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
    "preprocessed."
)


# Before a fit


def where_not_finite(X: Rows, names: Sequence[str] | None) -> str:
    """Return how many values of X are nan or infinite and in which columns, as text; "" if X is not numeric."""
    try:
        stored = sparse_columns(X) if is_sparse(X) else None
        bad = ~np.isfinite(np.asarray(X if stored is None else stored.data, dtype=float))
    except (TypeError, ValueError):
        return ""
    if bad.ndim != (2 if stored is None else 1) or not bad.any():
        return ""
    if stored is None:
        counts = bad.sum(axis=0)
    else:
        columns = np.repeat(np.arange(stored.shape[1]), np.diff(stored.indptr))
        counts = np.bincount(columns[bad], minlength=stored.shape[1])
    columns = np.flatnonzero(counts)
    listed = _name_list([f"{_column(j, names)}: {counts[j]}" for j in columns.tolist()], " columns")
    return f"{int(counts.sum())} values that are nan or infinite, by column: {listed}."


def warn_of_data(examples: Examples, targets: bool, names: Sequence[str] | None, estimator: str) -> None:
    """Warn about columns or targets of a very large scale.

    Parameters
    ----------
    examples : Examples
    targets : bool
        Whether the targets are numbers, and not labels.
    names : sequence of str or None
        Of the columns.
    estimator : str
        The name of the class, for the remedy.
    """
    if not examples.bound <= HUGE_INPUT and len(huge := np.flatnonzero(examples.scale > HUGE_INPUT)):
        scale = examples.scale
        warn_user(
            f"X: {_columns(huge, names)} of a scale up to {scale[huge].max():.3g}, but networks learn best from inputs "
            "around 1: such columns dominate the others; put a scaler in front, "
            f"make_pipeline(StandardScaler(), {estimator}(...))",
            ScaleWarning,
        )
    if targets and (largest := float(np.abs(examples.Y).max(initial=0.0))) > HUGE_TARGET:
        warn_user(
            f"y: values up to {largest:.3g}, but networks learn best with targets around 1; scale the target, "
            f"TransformedTargetRegressor({estimator}(...), transformer=StandardScaler())",
            ScaleWarning,
        )


def warn_of_one_class(classes: np.ndarray) -> None:
    """Warn that ``y`` has a single class."""
    warn_user(
        f"y has one class only, {classes.tolist()[0]!r}: every prediction will be this class; add examples of another class",
        TargetWarning,
    )


def overflows_at_once(examples: Examples, parameters: Parameters, network: Network) -> bool:
    """Return whether even the first loss is not finite; computed only if the scale makes it likely."""
    X, Y = examples.X, examples.Y
    large = OVERFLOWS ** (0.5 if X.dtype == np.float32 else 1.0)
    largest = examples.bound if examples.bound < large else float(examples.scale.max())
    if max(largest, float(np.abs(Y).max(initial=0.0))) < large:
        return False
    with np.errstate(all="ignore"):
        AL, _ = outputs(X.T, parameters, network)
        return not np.isfinite(network.loss_row.forward(AL, Y.T).sum())


# After a fit


def warn_of_limit(max_iter: int) -> None:
    """Warn that the fit did not converge, with the message of scikit-learn."""
    warn_user(
        f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached and the optimization hasn't converged yet.",
        ConvergenceWarning,
    )


def warn_of_lbfgs(iterations: int, max_iter: int) -> None:
    """Warn that lbfgs did not converge, with the message of scikit-learn."""
    reason, remedy, status = "NO LOWER COST FOUND, OR max_fun REACHED", "", 2
    if iterations >= max_iter:
        reason, status = "TOTAL NO. OF ITERATIONS REACHED LIMIT", 1
        remedy = f"\nIncrease the number of iterations to improve the convergence (max_iter={max_iter})."
    warn_user(
        f"lbfgs failed to converge after {iterations} iteration(s) (status={status}):\nSTOP: {reason}\n{remedy}\n"
        "You might also want to scale the data as shown in:\n"
        "    https://scikit-learn.org/stable/modules/preprocessing.html",
        ConvergenceWarning,
    )


def examined_rows(examples: Examples, m: int) -> Examples:
    """Return the examples for ``warn_of_fit``: in a group of processes, an evenly spaced part of the m of all."""
    if shared_group() is None:
        return examples
    return join_examples(examples.take(slice(None, None, -(-m // ROWS_EXAMINED))))


def warn_of_fit(
    X: Rows,
    network: Network,
    parameters: Parameters,
    numbers: np.ndarray | None = None,
    classes: np.ndarray | None = None,
) -> None:
    """Warn about layers of dead units and classes that are never predicted.

    Parameters
    ----------
    X : array or csr matrix, shape (m, n_x)
        The examples of the fit, of which a part is examined.
    network : Network
    parameters : dict
    numbers : ndarray, shape (m,), or None
        Their class indices.
    classes : ndarray or None
        The labels of these numbers.
    """
    few = is_sparse(X) and has_few_nonzeros(X)
    most = ROWS_EXAMINED if few or not is_sparse(X) else max(100, SPARSE_NUMBERS_AT_ONCE // X.shape[1])
    step = -(-X.shape[0] // most)
    columns = X[::step].T
    columns = sparse_columns(columns) if few else dense(columns)
    with blas_threads(
        network.widths, columns.shape[1]
    ):  # a second thread would spin for long after a small product
        AL, caches = L_model_forward(columns, parameters, network)
    _warn_of_dead_units(network, caches)
    if numbers is None or classes is None or len(classes) < 2:
        return
    never = np.setdiff1d(np.unique(numbers[::step]), np.unique(class_index(AL)))
    if len(never):
        labels = ", ".join(repr(label) for label in classes[never].tolist()[:10])
        warn_user(
            f"of the classes of y, {labels} {'is' if len(never) == 1 else 'are'} never predicted, even on the examples "
            "of the fit; try class_weight='balanced', scaled inputs, more iterations or another learning_rate_init",
            UnderfitWarning,
        )


def _warn_of_dead_units(network: Network, caches: list[Cache]) -> None:
    for l in range(1, network.L):
        share, units = dead_share(network, caches, l), network.layer_dims[l]
        if share >= MOST_DEAD:
            warn_user(
                f"layer {l}: {round(share * units)} of {units} units are dead: 0 for all training examples, and learn "
                "no more; try activation='leaky_relu', a smaller learning_rate_init or scaled inputs",
                UnderfitWarning,
            )


def _columns(numbers: np.ndarray, names: Sequence[str] | None) -> str:
    listed = _name_list([_column(j, names) for j in numbers.tolist()])
    return f"column {listed} is" if len(numbers) == 1 else f"columns {listed} are"


def _name_list(items: list[str], ending: str = "") -> str:
    return ", ".join(items[:10]) + (f" and {len(items) - 10} more{ending}" if len(items) > 10 else "")


def _column(j: int, names: Sequence[str] | None) -> str:
    return repr(str(names[j])) if names is not None else str(j)
