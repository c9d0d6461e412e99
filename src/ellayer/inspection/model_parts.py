"""What is looked at: a network, its parameters and its data, from whatever a user has in hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.network import Network
from ..engine.train import TrainingResult
from ..engine.validation import check_parameters, check_X, check_Y
from ..errors import EllayerError

Parameters = dict[str, np.ndarray]


@dataclass(frozen=True)
class Subject:
    """A model taken apart.

    Parameters
    ----------
    network : Network
    parameters : dict, optional
        In float64; None for a bare ``Network``.
    estimator : object, optional
        The fitted estimator it came from: its data are rows, its targets labels; of a table's estimator
        the rows are the table's, and its preparation makes the network's columns of them.
    """

    network: Network
    parameters: Parameters | None
    estimator: Any = None

    @property
    def start(self) -> Parameters:
        """The parameters, which must be there."""
        if self.parameters is None:
            raise EllayerError(
                f"parameters: expected those of {self.network!r}, received none; give the pair (network, parameters), "
                f"a TrainingResult or a fitted estimator"
            )
        return self.parameters

    def inputs(self, X: Any) -> np.ndarray:
        """Return X as float64 columns (n_x, m)."""
        if X is None:
            raise EllayerError("X: expected the examples to look at, received none")
        if self.estimator is None:
            return check_X(self.network, X, "float64")
        n_x = self.network.layer_dims[0]
        if (preparation := getattr(self.estimator, "preparation_", None)) is not None:
            X = preparation.transform(X)
            X = X if X.shape[1] else np.zeros((len(X), 1))  # no column of the table can be used
        X = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
        if X.ndim != 2 or X.shape[1] != n_x:
            raise EllayerError(f"X: expected shape (m, {n_x}), one example per row, received {X.shape}")
        return check_X(self.network, X.T, "float64")

    def targets(self, Y: Any, m: int, need: str) -> np.ndarray:
        """Return Y as float64 columns (n_L, m); ``need`` says what it is wanted for."""
        if Y is None:
            raise EllayerError(
                f"Y: expected the labels of the {m} examples, received none; {need} needs them, for without labels "
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


def take_apart(model: Any, parameters: Any = None) -> Subject:
    """Return the network and parameters of a model.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), Network, or a fitted estimator
        Of several members the first; another with ``parameters=model.members_[k]``.
    parameters : dict, optional
        Taken instead of the model's own.

    Raises
    ------
    ValueError
        For anything else.
    """
    estimator = None
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
    if own is not None:
        own = check_parameters(network, dict(own) if hasattr(own, "items") else own, "float64")
    return Subject(network, own, estimator)


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
