"""Losses by the names of an estimator's ``loss``, for each kind of target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

from ...core.arrays import Array
from ...core.losses import LOSSES, FusedPair, Loss
from ...errors import EllayerError

_ONE_OUTPUT = {"cross_entropy": "binary_cross_entropy", "focal": "binary_focal"}
_MANY_OUTPUTS = {binary: many for many, binary in _ONE_OUTPUT.items()}


def classifier_loss(loss: str, multiclass: bool) -> str:
    """Return the loss for labels; binary and multiclass forms of cross-entropy and focal loss are interchangeable.

    Examples
    --------
    >>> classifier_loss("log_loss", multiclass=True)
    'cross_entropy'
    >>> classifier_loss("focal(gamma=1)", multiclass=False)
    'binary_focal(gamma=1)'
    """
    spec = LOSSES.canonical(loss)
    name, bracket, numbers = spec.partition("(")
    spec = (_MANY_OUTPUTS if multiclass else _ONE_OUTPUT).get(name, name) + bracket + numbers
    if LOSSES[spec].targets == "count":
        raise EllayerError(
            f"loss: expected a loss for classification such as 'log_loss' or 'focal', received {loss!r}"
        )
    return spec


def regressor_loss(loss: str) -> str:
    """Return the loss for regression."""
    spec = LOSSES.canonical(loss)
    if LOSSES[spec].targets not in ("real", "count"):
        fit = ", ".join(name for name in LOSSES if LOSSES[name].targets in ("real", "count"))
        raise EllayerError(f"loss: expected a loss for regression ({fit}), received {loss!r}")
    return spec


@lru_cache
def reported_as_mean(spec: str, n_outputs: int) -> Loss:
    """Return a loss whose value is the mean over the outputs and whose gradient is the sum's.

    scikit-learn reports and monitors this mean for the squared error of several outputs.
    """
    row = LOSSES[spec]
    fused = row.fused and FusedPair(partial(_mean, row.fused.forward, n_outputs), row.fused.backward)
    name = f"{row.name} as the mean of {n_outputs}"
    return replace(row, name=name, forward=partial(_mean, row.forward, n_outputs), fused=fused)


def _mean(forward: Callable[[Array, Array], Array], n_outputs: int, A: Array, Y: Array) -> Array:
    return (1.0 / n_outputs) * forward(A, Y)
