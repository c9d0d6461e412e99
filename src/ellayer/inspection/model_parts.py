"""Unpack any supported model into its network, its parameters and its way of reading data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import numpy as np
from numpy.typing import ArrayLike

from ..core.network import Network
from ..engine.train import TrainingResult
from ..engine.validation import check_parameters, check_X, check_Y
from ..errors import EllayerError

Parameters = dict[str, np.ndarray]


class FittedEstimator(Protocol):
    """Estimator of ellayer after its fit."""

    network_: Network
    parameters_: Parameters


ParametersLike = Mapping[str, ArrayLike]
SupportedModel = TrainingResult | Network | tuple[Network, ParametersLike] | FittedEstimator


@dataclass(frozen=True)
class ModelParts:
    """A model's network and parameters, and the estimator that reads its data.

    Parameters
    ----------
    network : Network
    parameters : dict, optional
        In float64; None for a bare ``Network``.
    estimator : FittedEstimator, optional
        The fitted estimator it came from: its data are rows, its targets labels. The preparation of a
        table's estimator turns the rows of a table into the network's columns.
    """

    network: Network
    parameters: Parameters | None
    estimator: FittedEstimator | None = None

    def require_parameters(self) -> Parameters:
        """Return the parameters, or say how to give them."""
        if self.parameters is None:
            raise EllayerError(
                f"parameters: expected those of {self.network!r}, received none; give the pair (network, parameters), "
                f"a TrainingResult or a fitted estimator"
            )
        return self.parameters

    def inputs(self, X: ArrayLike | None) -> np.ndarray:
        """Return X as float64 columns (n_x, m)."""
        if X is None:
            raise EllayerError("X: expected examples, received none")
        if self.estimator is None:
            return check_X(self.network, X, "float64")
        rows = self._rows(X)
        n_x = self.network.layer_dims[0]
        if rows.ndim != 2 or rows.shape[1] != n_x:
            raise EllayerError(f"X: expected shape (m, {n_x}), one example per row, received {rows.shape}")
        return check_X(self.network, rows.T, "float64")

    def _rows(self, X: Any) -> np.ndarray:
        """Return an estimator's rows as numbers, a table's by its preparation."""
        if (preparation := getattr(self.estimator, "preparation_", None)) is not None:
            X = preparation.transform(X)
            return X if X.shape[1] else np.zeros((len(X), 1))  # no column of the table can be used
        return np.asarray(X.toarray() if hasattr(X, "toarray") else X)

    def targets(self, Y: ArrayLike | None, m: int, purpose: str) -> np.ndarray:
        """Return Y as float64 columns (n_L, m); ``purpose`` is what needs it, for the message."""
        if Y is None:
            raise EllayerError(
                f"Y: expected the labels of the {m} examples, received none; {purpose} needs them, for without labels "
                f"there is no cost and no gradient of it"
            )
        classes = getattr(self.estimator, "classes_", None)
        Y = np.asarray(Y)
        if classes is not None and Y.ndim == 1:
            Y = _class_numbers(Y, np.asarray(classes))
        elif self.estimator is not None and Y.ndim == 2:
            Y = Y.T
        if (target := getattr(self.estimator, "target_", None)) is not None:
            Y = (Y - target["center"]) / target["scale"]
        return check_Y(self.network, Y, m, "float64")


def is_model(candidate: object) -> TypeGuard[SupportedModel]:
    """Return True for what ``unpack_model`` may be given, whether fitted or not; a function is not one."""
    if isinstance(candidate, (Network, tuple)):
        return True
    return hasattr(candidate, "network") or hasattr(candidate, "network_")


def unpack_model(model: SupportedModel, parameters: ParametersLike | None = None) -> ModelParts:
    """Return the network and parameters of a model.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), Network, or a fitted estimator
        Of an ensemble the first member; another with ``parameters=model.members_[k]``.
    parameters : dict, optional
        Used instead of the model's own.

    Raises
    ------
    ValueError
        For anything else.
    """
    estimator = None
    own: ParametersLike | None
    if isinstance(model, TrainingResult):
        network, own = model.network, model.parameters
    elif isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], Network):
        network, own = model
    elif isinstance(model, Network):
        network, own = model, None
    elif isinstance(getattr(model, "network_", None), Network):
        network, estimator = model.network_, model
        own = model.members_[0] if hasattr(model, "members_") else model.parameters_
    else:
        raise EllayerError(_not_a_model(model))
    own = own if parameters is None else parameters
    if own is None:
        return ModelParts(network, None, estimator)
    return ModelParts(
        network,
        check_parameters(network, dict(own) if isinstance(own, Mapping) else own, "float64"),
        estimator,
    )


def _not_a_model(model: Any) -> str:
    what = type(model).__name__
    hint = ""
    if getattr(model, "stopped_by_", None) == "constant":
        hint = "; its target was constant, so that it has no network"
    elif hasattr(model, "steps"):
        hint = (
            "; of a pipeline give the last step and the X that reaches it: model[-1], model[:-1].transform(X)"
        )
    elif hasattr(model, "fit"):
        hint = "; fit the estimator first, or take one of ellayer's"
    return f"model: expected a TrainingResult, a pair (network, parameters) or a fitted estimator, received {what}{hint}"


def _class_numbers(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    numbers = np.searchsorted(classes, y).clip(0, len(classes) - 1)
    strange = y[classes[numbers] != y]
    if len(strange):
        raise EllayerError(
            f"y: expected labels among {classes.tolist()[:10]}, received {np.unique(strange).tolist()[:5]}"
        )
    return numbers
