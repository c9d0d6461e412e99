"""Predictions of any fitted model, of this or another library, and tables with one column replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike

from .._lost_threads import check_threads
from ..core.inference import class_index, class_probabilities, outputs
from ..core.network import Network
from ..engine.model import Model, unpack_model
from ..engine.result import TrainingResult
from ..errors import EllayerError
from .calls import takes_columns
from .model_parts import ParametersLike


class Estimator(Protocol):
    """A fitted estimator with scikit-learn's interface."""

    def predict(self, X: object, /) -> ArrayLike:
        """Return the labels or numbers of rows."""


OurModel = Model | tuple[Network, ParametersLike]
AnyModel = Estimator | OurModel


@dataclass(frozen=True, eq=False)
class Prediction:
    """The prediction of a model for m examples.

    Attributes
    ----------
    values : array, shape (m,)
        Labels or numbers; (m, n_L) for several targets.
    P : array, shape (m, K), or None
        Probabilities, if the model has them.
    classes : list of K labels
        Empty for numbers.
    """

    values: np.ndarray
    P: np.ndarray | None
    classes: list[Any]


def is_ours(model: object) -> TypeGuard[OurModel]:
    """Return whether a model has the parts that our own inspection uses."""
    return isinstance(model, (Model, tuple))


def predict_any(model: AnyModel, X: object) -> Prediction:
    """Return the prediction of any fitted model.

    Parameters
    ----------
    model : estimator, TrainingResult, or (Network, parameters)
    X : table or array
        Rows for an estimator; columns, shape (n_x, m), for a network.
    """
    if isinstance(model, (TrainingResult, tuple)):
        return _predict_network(model, np.asarray(X))
    if not hasattr(model, "predict"):
        raise EllayerError(
            "model: expected a fitted estimator, a TrainingResult or a pair (network, parameters); received "
            f"{type(model).__name__}"
        )
    estimator: Any = model
    classes = getattr(model, "classes_", None)
    P = estimator.predict_proba(X) if classes is not None and hasattr(model, "predict_proba") else None
    labels = [] if classes is None else np.asarray(classes).tolist() if not isinstance(classes, list) else []
    P = None if P is None or isinstance(P, list) else np.asarray(P)
    # Labels of a table estimator follow from P without a second pass over the rows.
    if P is not None and hasattr(model, "preparation_"):
        return Prediction(unpack_model(estimator).decode(P.T), P, labels)
    return Prediction(np.asarray(estimator.predict(X)), P, labels)


def _predict_network(model: TrainingResult | tuple[Network, ParametersLike], X: ArrayLike) -> Prediction:
    """Return the prediction of a network, in the dtype of its training if that is known."""
    if isinstance(model, TrainingResult):
        AL = model.predict_proba(X)
    else:
        network, parameters = model
        AL = np.asarray(outputs(unpack_model(model).prepare(X), dict(parameters), network)[0])
    if unpack_model(model).target_kind not in ("binary", "classes"):
        return Prediction(AL[0] if len(AL) == 1 else AL.T, None, [])
    P = class_probabilities(AL).T
    return Prediction(class_index(AL), P, list(range(P.shape[1])))


def flat_targets(model: object, y: ArrayLike, has_classes: bool) -> np.ndarray:
    """Return targets as labels or numbers (m,): those of a network may be (n_L, m), one-hot for several classes."""
    truth = np.asarray(y)
    if takes_columns(model) and truth.ndim == 2:
        return class_index(truth) if has_classes else np.asarray(truth[0])
    return truth


def true_values(model: object, y: ArrayLike, prediction: Prediction) -> np.ndarray:
    """Return the true labels or numbers (m,) of a target in the form of the model.

    Parameters
    ----------
    model : as for ``predict_any``
    y : array
        (m,) for an estimator; (n_L, m), one-hot for several classes, for a network.
    prediction : Prediction
        For the same examples.
    """
    truth = flat_targets(model, y, bool(prediction.classes))
    if truth.ndim == 2 and truth.shape[1] == 1:
        truth = truth[:, 0]
    if truth.shape != prediction.values.shape or truth.ndim != 1:
        raise EllayerError(
            f"y: expected one true value for each of {len(prediction.values)} predictions, received shape "
            f"{truth.shape}; pass X and y of the same rows and one target"
        )
    return truth


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a table of any kind, of which one column can be replaced.

    Attributes
    ----------
    names : list of str
        x0, x1, ... for an array.
    take : callable
        ``take(rows, column, other)`` returns these rows as the kind of table they came in, the column (if not
        None) with its values in the ``other`` rows.
    """

    names: list[str]
    values: Callable[[int], np.ndarray]
    take: Callable[[np.ndarray, int | None, np.ndarray | None], Any]

    def place(self, column: str | int) -> int:
        """Return the position of a column given by name or position."""
        places = {name: j for j, name in enumerate(self.names)}
        place = places.get(column) if isinstance(column, str) else int(column)
        if place is None or not -len(places) <= place < len(places):
            raise EllayerError(
                f"column: expected one of {', '.join(map(repr, self.names[:10]))}, received {column!r}"
            )
        return place % len(places)


def rows_of(X: object) -> Rows:
    """Return access to the rows of a frame or an array (m, n).

    Examples
    --------
    >>> rows_of(np.arange(6).reshape(3, 2)).take(np.array([0, 1]), 1, np.array([2, 2])).tolist()
    [[0, 5], [2, 5]]
    """
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        return _rows_of_array(np.asarray(X.toarray() if hasattr(X, "toarray") else X))
    names = frame.columns

    def take(rows: np.ndarray, column: int | None, other: np.ndarray | None) -> Any:
        if frame.implementation.is_polars():
            check_threads("polars", "X")
        some = frame[rows.tolist(), :]
        if column is not None and other is not None:
            some = some.with_columns(frame[names[column]][other.tolist()])
        return some.to_native()

    return Rows(list(names), lambda column: frame[names[column]].to_numpy(), take)


def _rows_of_array(array: np.ndarray) -> Rows:
    if array.ndim != 2:
        raise EllayerError(f"X: expected a table or an array of shape (m, n), received shape {array.shape}")

    def take(rows: np.ndarray, column: int | None, other: np.ndarray | None) -> np.ndarray:
        some = array[rows]
        if column is not None and other is not None:
            some[:, column] = array[other, column]
        return some

    return Rows([f"x{j}" for j in range(array.shape[1])], lambda column: array[:, column], take)
