"""The ``Model`` protocol: what inspection, export, storage and runs need of any trained model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from ..core.inference import class_index
from ..core.network import Network
from ..errors import EllayerError
from .history import History
from .state import Parameters
from .validation import check_X, check_Y

TargetKind = Literal["numbers", "binary", "classes", "one class", "multilabel"]


class TargetScale(NamedTuple):
    """From an output a to a number: center + scale * a, held to the range from low to high."""

    center: float = 0.0
    scale: float = 1.0
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class ModelParts:
    """The parts of a trained model, in the terms of its network: examples are columns, everything is float64.

    Attributes
    ----------
    network : Network or None
        None for a constant target, which needs no network.
    member_parameters : sequence of dict
        One per ensemble member; a single network is an ensemble of one.
    prepare : callable
        ``prepare(X)`` returns the network's input (n_x, m) for examples in the form of the model: rows
        for an estimator, the raw table for a table estimator, columns for a ``TrainingResult``.
    encode : callable
        ``encode(y, m)`` returns the network's targets (n_L, m) for m labels or numbers.
    decode : callable
        ``decode(AL)`` returns the labels or numbers for the outputs (n_L, m) of one network.
    target_kind : str
        "numbers", "binary", "classes" (several), "one class" or "multilabel".
    classes : ndarray or None
        The labels in the order of the outputs; None for numbers, and for labels that are 0, 1, ...
    feature_names : sequence of str
        Empty if the model was fitted without names.
    history : History
        Empty for a bare pair (network, parameters).
    stopped_by, engine : str
    restored_best : bool
        Whether the parameters belong to the best epoch, not to the last one.
    input_columns : sequence of int, optional
        For each input of the network the column of the user's table that it is made of; None if inputs are columns.
    column_names : sequence of str
        Of the user's table; empty if unknown.
    average_inputs : sequence of ndarray, shape (widths[0],)
        For each member the mean of A^[0] over training rows; empty if unknown.
    temperature : float
        The outputs Z^[L] are divided by it before they become probabilities.
    positive : int
        Of two classes the one that scores such as F1, thresholds and explanations speak of: 0 or 1.
    target_scale : TargetScale
        From the outputs to numbers in the unit of the target.
    outputs : callable, optional
        For a model without a network: ``outputs(X)`` returns Z^[L] (n_L, m) for prepared columns (n_x, m).
    """

    network: Network | None
    member_parameters: Sequence[Parameters]
    prepare: Callable[[Any], np.ndarray]
    encode: Callable[[Any, int], np.ndarray]
    decode: Callable[[np.ndarray], np.ndarray]
    target_kind: TargetKind
    classes: np.ndarray | None = None
    feature_names: Sequence[str] = ()
    history: History = field(default_factory=History)
    stopped_by: str = ""
    engine: str = ""
    restored_best: bool = False
    input_columns: Sequence[int] | None = None
    column_names: Sequence[str] = ()
    average_inputs: Sequence[np.ndarray] = ()
    temperature: float = 1.0
    positive: int = 1
    target_scale: TargetScale = field(default_factory=TargetScale)
    outputs: Callable[[np.ndarray], np.ndarray] | None = None


@runtime_checkable
class Model(Protocol):
    """A trained model: ``TrainingResult``, and the fitted estimators."""

    def model_parts(self) -> ModelParts:
        """Return the network, its parameters, and functions that convert a user's examples and labels."""


def unpack_model(model: Model | tuple[Network, Mapping[str, Any]]) -> ModelParts:
    """Return the parts of any supported model.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), or a fitted estimator

    Returns
    -------
    ModelParts

    Raises
    ------
    EllayerError
        For anything else, and for an estimator that is not fitted (scikit-learn's ``NotFittedError``).

    Examples
    --------
    >>> network = Network([2, 1])
    >>> unpack_model((network, {"W1": np.ones((1, 2)), "b1": np.zeros((1, 1))})).target_kind
    'binary'
    """
    if isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], Network):
        return parts_of_network(model[0], dict(model[1]))
    if isinstance(model, Model) and not isinstance(model, type):
        return model.model_parts()
    hint = ""
    if hasattr(model, "steps"):
        hint = "; for a pipeline pass its last step and the transformed X: model[-1], model[:-1].transform(X)"
    elif hasattr(model, "fit"):
        hint = "; try an estimator of ellayer"
    raise EllayerError(
        "model: expected a TrainingResult, a pair (network, parameters) or a fitted estimator, received "
        f"{type(model).__name__}{hint}"
    )


def parts_of_network(network: Network, parameters: Parameters) -> ModelParts:
    """Return the parts of a network whose examples are columns already and whose classes are 0, 1, ...

    Parameters
    ----------
    network : Network
    parameters : dict

    Returns
    -------
    ModelParts
    """
    targets = network.loss_row.targets
    kind: TargetKind = "numbers"
    if targets == "one_hot":
        kind = "classes"
    elif targets == "binary":
        kind = "binary" if network.layer_dims[-1] == 1 else "multilabel"
    return ModelParts(
        network=network,
        member_parameters=[parameters],
        prepare=lambda X: check_X(network, X, "float64"),
        encode=lambda Y, m: check_Y(network, Y, m, "float64"),
        decode=lambda AL: _decode(AL, kind),
        target_kind=kind,
    )


def rows_as_columns(network: Network, X: object) -> np.ndarray:
    """Return examples given as rows (m, n_x), dense or sparse, as float64 columns (n_x, m)."""
    X, n_x = np.asarray(X.toarray() if hasattr(X, "toarray") else X), network.layer_dims[0]
    if X.ndim != 2 or X.shape[1] != n_x:
        raise EllayerError(f"X: expected shape (m, {n_x}), one example per row, received {X.shape}")
    return check_X(network, X.T, "float64")


def labels_as_columns(network: Network, y: ArrayLike, m: int, classes: np.ndarray | None) -> np.ndarray:
    """Return targets given as labels (m,) or as rows (m, n_L) as float64 columns (n_L, m)."""
    y = np.asarray(y)
    if classes is not None and y.ndim == 1:
        y = _class_numbers(y, np.asarray(classes))
    elif y.ndim == 2:
        y = y.T
    return check_Y(network, y, m, "float64")


def _class_numbers(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    numbers = np.searchsorted(classes, y).clip(0, len(classes) - 1)
    unknown = y[classes[numbers] != y]
    if len(unknown):
        raise EllayerError(
            f"y: expected labels among {classes.tolist()[:10]}, received {np.unique(unknown).tolist()[:5]}"
        )
    return numbers


def _decode(AL: np.ndarray, kind: TargetKind) -> np.ndarray:
    """Return class indices (m,), several 0/1 labels (m, n_L), or numbers (m,) or (m, n_L)."""
    if kind in ("classes", "binary"):
        return np.asarray(class_index(AL))
    A = AL if kind == "numbers" else (AL > 0.5).astype(int)
    return np.asarray(A[0] if len(A) == 1 else A.T)
