"""Everything private to scikit-learn that this package uses, in one place; scikit-learn >= 1.7.

No other file imports a name of scikit-learn with a leading underscore, or reads such an attribute of one of
its objects; a test checks this.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from inspect import signature
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import metaestimators
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    make_constraint,
    validate_parameter_constraints,
)
from sklearn.utils.multiclass import _check_partial_fit_first_call as first_partial_fit
from sklearn.utils.validation import _check_feature_names_in as check_input_names
from sklearn.utils.validation import _check_sample_weight
from sklearn.utils.validation import _check_y as check_targets

from .errors import ParameterError, refuse_masked

try:
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback import with_callbacks as _with_callbacks
except ImportError:  # scikit-learn < 1.9
    _with_callbacks = None

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Placeholder: this version of scikit-learn has no callbacks."""


if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import ArrayLike, DTypeLike

__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
]  # and everything defined here
__all__ += ["check_input_names", "check_targets", "first_partial_fit"]

LabelKind = Literal["binary", "multiclass", "multilabel-indicator"]
Method = TypeVar("Method", bound=Callable[..., Any])


# Methods


def fit_context(method: Method) -> Method:
    """Decorate a method to validate the parameters of the estimator first."""
    return _fit_context(prefer_skip_nested_validation=True)(method)


def with_callbacks(method: Method) -> Method:
    """Decorate a method to run the callbacks of scikit-learn, in versions that have them."""
    return method if _with_callbacks is None else _with_callbacks(method)


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Decorate a method to exist only if ``check(estimator)`` returns True."""
    return metaestimators.available_if(check)


class NotebookDisplay:
    """The HTML of an estimator in a notebook, from ``_html``, unless scikit-learn's display is set to text."""

    @abstractmethod
    def _html(self) -> str:
        """Return the HTML of the estimator."""

    @property
    def _repr_html_(self) -> Callable[[], str]:
        if get_config()["display"] != "diagram":
            raise AttributeError("_repr_html_ is only defined when the option 'display' is set to 'diagram'")
        return self._html

    def _repr_mimebundle_(self, **options: object) -> dict[str, str]:
        text = {"text/plain": repr(self)}
        return text | {"text/html": self._html()} if get_config()["display"] == "diagram" else text


# Parameters


class InvalidParameter(ParameterError, InvalidParameterError):
    """An invalid parameter of an estimator: both an error of ellayer and of scikit-learn."""


def parameter_names(estimator_class: type[BaseEstimator]) -> list[str]:
    """Return the names of an estimator's constructor parameters."""
    return list(signature(estimator_class).parameters)


def store_parameters(estimator: BaseEstimator, arguments: dict[str, Any]) -> None:
    """Set the constructor's arguments, its ``locals()``, as attributes of the same names.

    A subclass may have further parameters, which its own constructor sets.
    """
    for name, value in arguments.items():
        if name != "self":
            setattr(estimator, name, value)


def validate_parameters(estimator: BaseEstimator) -> None:
    """Raise ``InvalidParameter`` for the first constructor parameter that violates its constraints."""
    constraints, name = estimator._parameter_constraints, type(estimator).__name__
    for parameter, value in estimator.get_params(deep=False).items():
        if parameter not in constraints:
            continue
        try:
            validate_parameter_constraints(
                {parameter: constraints[parameter]}, {parameter: value}, caller_name=name
            )
        except InvalidParameterError as error:
            expected = _expected_text(constraints[parameter])
            raise InvalidParameter(str(error), parameter, expected, value) from None


def _expected_text(constraints: Sequence[Any]) -> str:
    """Return the values that constraints allow, as text, without dicts."""
    texts: list[str] = []
    for constraint in constraints:
        if isinstance(constraint, StrOptions):
            texts += sorted(constraint.options)
        elif constraint is not dict:
            texts.append(str(make_constraint(constraint)))
    return " or ".join(texts)


# Input


def check_weights(
    sample_weight: ArrayLike | None, X: ArrayLike, dtype: DTypeLike = np.float64
) -> np.ndarray | None:
    """Return non-negative weights (m,) for the rows of X, or None if None is given."""
    if sample_weight is None:
        return None
    refuse_masked(sample_weight, "sample_weight")
    return _check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)


# Labels


def label_kind(labels: LabelBinarizer) -> LabelKind:
    """Return the kind of labels that a binarizer was fitted on."""
    kind: str = labels.y_type_
    return "multilabel-indicator" if kind.startswith("multilabel") else cast("LabelKind", kind)


def label_binarizer(classes: np.ndarray, kind: LabelKind, sparse: bool = False) -> LabelBinarizer:
    """Return a fitted binarizer for sorted classes; ``sparse`` as ``sparse_label_input`` returns it."""
    labels = LabelBinarizer()
    labels.classes_, labels.y_type_, labels.sparse_input_ = classes, kind, sparse
    return labels


def sparse_label_input(labels: LabelBinarizer) -> bool:
    """Return whether a binarizer was fitted on a sparse matrix."""
    return bool(labels.sparse_input_)


# The fitted state of scikit-learn's MLPs


@dataclass(frozen=True)
class MLPOptimizer:
    """The optimizer state of a fitted scikit-learn MLP.

    Attributes
    ----------
    slots : dict
        By the name of our slot ("v", "s") the arrays in scikit-learn's order: all coefs, then all intercepts.
    steps : int
        Updates done, as far as the optimizer counts them.
    rate_scale : float
        The learning rate as a multiple of its first value.
    """

    slots: dict[str, list[np.ndarray]]
    steps: int
    rate_scale: float


def mlp_optimizer(model: BaseEstimator) -> MLPOptimizer | None:
    """Return the optimizer state of a fitted ``sklearn.neural_network`` estimator; None for lbfgs."""
    optimizer = getattr(model, "_optimizer", None)
    if optimizer is None or model.solver == "lbfgs":
        return None
    if model.solver == "sgd":
        scale = 1.0
        if model.learning_rate == "adaptive":
            scale = optimizer.learning_rate / optimizer.learning_rate_init
        return MLPOptimizer({"v": optimizer.velocities}, 0, scale)
    return MLPOptimizer({"v": optimizer.ms, "s": optimizer.vs}, optimizer.t, 1.0)


def mlp_labels(model: BaseEstimator) -> LabelBinarizer:
    """Return the fitted labels of a ``sklearn.neural_network.MLPClassifier``."""
    return model._label_binarizer


def no_improvement_count(model: BaseEstimator) -> int:
    """Return the epochs without improvement that a fitted scikit-learn MLP has counted."""
    return getattr(model, "_no_improvement_count", 0)


def set_mlp_internals(
    model: BaseEstimator,
    random_state: np.random.RandomState,
    no_improvement: int,
    labels: LabelBinarizer | None,
) -> None:
    """Set the private attributes that scikit-learn's MLP has after a fit."""
    model._random_state, model._no_improvement_count = random_state, no_improvement
    if labels is not None:
        model._label_binarizer = labels


# Boosted trees

MANY_NUMBERS = 1 << 20  # from about here a second thread saves time


def threads_of_trees(numbers: int) -> AbstractContextManager[object]:
    """Return a context with one OpenMP thread for boosted trees on a small matrix, with the same result.

    A second thread then gains nothing, and on a machine that others use trees take up to ten times as long with it, because threads
    wait for each other in busy loops.

    Parameters
    ----------
    numbers : int
        In the matrix.
    """
    from threadpoolctl import threadpool_limits

    return nullcontext() if numbers > MANY_NUMBERS else threadpool_limits(1, user_api="openmp")


def boosted_trees(model: BaseEstimator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the trees of a fitted ``HistGradientBoosting`` model as arrays, and its first prediction.

    They are for rows of numbers without missing values; see ``estimators.tabular.trees``.
    """
    trees = [tree.nodes for trees in model._predictors for tree in trees]
    nodes = np.concatenate(trees)
    roots = np.cumsum([0, *map(len, trees[:-1])])
    base, at = np.repeat(roots, list(map(len, trees))), np.arange(len(nodes))
    leaf = nodes["is_leaf"].astype(bool)
    children = {side: np.where(leaf, at, base + nodes[side]).astype(np.int32) for side in ("left", "right")}
    arrays = {
        "roots": roots.astype(np.int32),
        "feature": np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        "threshold": np.where(leaf, 0.0, nodes["num_threshold"]),
        **children,
        "value": np.ascontiguousarray(nodes["value"]),
    }
    return arrays, np.ravel(model._baseline_prediction)


# Callbacks (sklearn.callback, from 1.9 on)


class SklearnCallbacks:
    """The tasks of one fit in scikit-learn's terms: the fit and its epochs.

    Parameters
    ----------
    estimator
    X, y, sample_weight
        As passed by the user.
    epochs : int or None
        Epochs at most.
    """

    def __init__(
        self, estimator: BaseEstimator, X: object, y: object, sample_weight: object, epochs: int | None
    ):
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._task = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._root = estimator._init_callback_context(max_subtasks=epochs)
        self._root.call_on_fit_task_begin(**self._task)
        self._epoch: Any = None

    @classmethod
    def of(
        cls, estimator: BaseEstimator, X: object, y: object, sample_weight: object, epochs: int | None
    ) -> SklearnCallbacks | None:
        """Return the tasks of a fit; None if no callback is registered on the estimator, as in a search without any."""
        if not registered_callbacks(estimator):
            return None
        return cls(estimator, X, y, sample_weight, epochs)

    def epoch_begins(self) -> None:
        """Begin an epoch."""
        self._epoch = self._root.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._task)

    def epoch_ended(self, attributes: Callable[[], dict[str, Any]]) -> bool:
        """End the epoch; return whether a callback wants to stop.

        Parameters
        ----------
        attributes : callable
            Returns the attributes with which the estimator can predict.
        """
        if self._epoch is None:
            self.epoch_begins()
        stop = self._epoch.call_on_fit_task_end(**self._task, reconstruction_attributes=attributes)
        self._epoch = None
        return bool(stop)

    def fit_ended(self) -> None:
        """End the fit."""
        self._root.call_on_fit_task_end(**self._task, reconstruction_attributes={})


def search_of(estimator: BaseEstimator) -> tuple[UUID, int] | None:
    """Return the identifier and the number of fits of the search that fits an estimator in this process, if any.

    scikit-learn states it from 1.9 on. The fits of a search in other processes are not counted.
    """
    context: Any = getattr(estimator, "_parent_callback_ctx", None)
    if context is None or parent_process() is not None:
        return None
    name, total = context.root_uuid, 1
    while context is not None:
        total, context = max(total, context.max_subtasks or 1), context.parent
    return name, total


def registered_callbacks(estimator: BaseEstimator) -> Sequence[object]:
    """Return the callbacks set by ``set_callbacks``."""
    return estimator.__dict__.get("_skl_callbacks") or []


@contextmanager
def temporary_callbacks(estimator: CallbackSupportMixin, callbacks: Sequence[object]) -> Iterator[None]:
    """Register callbacks for one fit, in addition to those of ``set_callbacks``."""
    registered = registered_callbacks(estimator)
    if callbacks:
        estimator.set_callbacks(*registered, *callbacks)
    try:
        yield
    finally:
        if callbacks:
            estimator.set_callbacks(*registered)


def without_callbacks(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return an estimator's ``__dict__`` without its registered callbacks."""
    return {name: value for name, value in attributes.items() if name != "_skl_callbacks"}
