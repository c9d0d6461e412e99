"""TabularClassifier and TabularRegressor: from a raw table to a strong network, without tuning."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, _check_y, check_consistent_length, check_is_fitted

from ..core.losses import LOSSES
from ..core.network import Network
from ..engine.events import History
from . import checks
from .columns import Column, is_missing, read_table
from .members import (
    FEWEST_ROWS,
    Orders,
    Parameters,
    Rows,
    best_epoch,
    hold_out,
    make_network,
    outputs,
    table_of,
    train_members,
)
from .metrics import (
    CLASS_METRICS,
    NUMBER_METRICS,
    TableMetric,
    best_threshold,
    log_loss,
    quantile_metric,
    soften,
    temperature_for,
)
from .preparation import TablePreparation, match_columns, remember_features, take_rows
from .recipes import RECIPES, find_recipe
from .settings import hidden_sizes
from .storing import _labels_from_facts, _labels_to_facts
from .targets import class_numbers, class_weights

__all__ = ["TabularClassifier", "TabularRegressor"]
TIE = 1e-8  # log loss decides between epochs of equal accuracy
FAR_OUT = (
    1e3  # interquartile ranges from the median, with a gap of a factor 100, from which a target is a slip
)
HELD_TO = 5.0  # interquartile ranges

_count = Interval(Integral, 1, None, closed="left")
CONSTRAINTS: dict[str, list[Any]] = {
    "n_members": [_count],
    "epochs": [_count],
    "time_limit": [Interval(Real, 0, None, closed="neither"), None],
    "hidden_layer_sizes": ["array-like", _count],
    "recipe": [StrOptions(set(RECIPES))],
    "batch_size": [_count],
    "column_kinds": [dict, None],
    "dtype": [StrOptions({"float32", "float64"})],
    "random_state": ["random_state"],
}


class _BaseTabular(BaseEstimator, ABC):
    """What both estimators are: a preparation, members of one network, and their mean."""

    _task: ClassVar[str]
    network_: Network | None
    members_: list[Parameters]
    preparation_: TablePreparation
    history_: History

    # Fit

    def _fit(self, X: Any, y: Any, sample_weight: Any, eval_set: Any, callbacks: Any, progress: Any) -> Any:
        begin = time.perf_counter()
        hidden = hidden_sizes(self)
        table = read_table(X)
        remember_features(self, X, len(table))
        Y = self._learn_targets(self._checked_targets(X, y))
        weights, rows = self._weights(sample_weight, Y)
        self._metric = self._find_metric()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        if self._is_constant(Y[rows]):
            return self._settle_constant(take_rows(table, rows), len(Y))
        data_rows = np.flatnonzero(rows)
        table, Y, weights = take_rows(table, data_rows), Y[rows], None if weights is None else weights[rows]
        held = None
        if eval_set is None:
            held = hold_out(self._strata(Y), len(Y), self.n_members, np.random.RandomState(seed))
            self._warn_of_few(Y, held)
        recipe = find_recipe(self.recipe, self._task)
        self.preparation_ = self._prepare(table, recipe, held)
        data = Rows(self._matrix(table, new=False), Y.astype(self.dtype), weights)
        eval_rows = self._eval_rows(eval_set)
        self.network_ = make_network(
            recipe, hidden, data.X.shape[1], Y.shape[1], self._loss(recipe), self.preparation_.n_numbers_,
            self.preparation_.code_levels_,
        )  # fmt: skip
        orders = Orders(
            self.epochs, self.batch_size, seed, self.time_limit, begin, self._score_of_epoch, self._metric.maximize,
            tuple(callbacks or ()), progress, self,
        )  # fmt: skip
        results = train_members(self.network_, recipe, data, held, eval_rows, self.n_members, orders)
        self.members_ = [result.parameters for result in results]
        self.history_ = table_of(results)
        self.best_epochs_ = [best_epoch(result.history, self._metric.maximize) for result in results]
        self.stopped_by_ = results[0].stopped_by
        self.engine_ = results[0].engine
        self._judge(data, held, eval_rows, data_rows, len(rows))
        return self

    def _checked_targets(self, X: Any, y: Any) -> Any:
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            )
        y = _as_labels(y)
        check_consistent_length(X, y)
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"y: expected one target, shape ({len(y)},), received shape {y.shape}; fit one model per column, for "
                "example with sklearn.multioutput"
            )
        return column_or_1d(y, warn=True)

    def _weights(self, sample_weight: Any, Y: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
        """What each row weighs, and which rows weigh anything: those of weight 0 are as if they were not there."""
        if sample_weight is None:
            weights = None
        else:
            weights = _check_sample_weight(sample_weight, Y, dtype=np.float64, ensure_non_negative=True)
        by_class = self._class_weights(Y, weights)
        if by_class is not None:
            weights = by_class if weights is None else weights * by_class
        rows = np.ones(len(Y), bool) if weights is None else weights > 0
        if not rows.any():
            raise ValueError(
                "sample_weight: expected a weight above 0 for some row; received 0 for all of them"
            )
        return weights, rows

    def _prepare(self, table: list[Column], recipe: Any, held: list[np.ndarray] | None) -> TablePreparation:
        """Fit the preparation on what is learned from: of one member the rows not held out, else all."""
        preparation = TablePreparation(self.column_kinds, max_one_hot=recipe["embed_categories_above"])
        preparation.n_features_in_ = self.n_features_in_
        if hasattr(self, "feature_names_in_"):
            preparation.feature_names_in_ = self.feature_names_in_
        if held is not None and self.n_members == 1:
            table = take_rows(table, ~held[0])
        return preparation.fit_columns(table)

    def _matrix(self, table: list[Column], dtype: Any = None, new: bool = True) -> np.ndarray:
        """The prepared rows, new ones or those of the fit; a column of 0 where nothing in the table can be used."""
        dtype = np.dtype(dtype or self.dtype)
        X = self.preparation_.transform_columns(table, warn_of_levels=new, dtype=dtype)
        return X if X.shape[1] else np.zeros((len(X), 1), dtype)

    def _eval_rows(self, eval_set: Any) -> Rows | None:
        if eval_set is None:
            return None
        if not isinstance(eval_set, (tuple, list)) or len(eval_set) not in (2, 3):
            raise ValueError(
                f"eval_set: expected (X, y) or (X, y, sample_weight), received {type(eval_set).__name__}"
            )
        X, y = eval_set[:2]
        table = match_columns(
            read_table(X), X, getattr(self, "feature_names_in_", None), self.n_features_in_, type(self)
        )
        Y = self._targets(self._checked_targets(X, y)).astype(self.dtype)
        weights = None
        if len(eval_set) == 3 and eval_set[2] is not None:
            weights = _check_sample_weight(eval_set[2], Y, dtype=np.float64, ensure_non_negative=True)
        return Rows(self._matrix(table), Y, weights)

    def _warn_of_few(self, Y: np.ndarray, held: list[np.ndarray] | None) -> None:
        if held is None:
            checks.tell(
                f"{len(Y)} rows are too few to hold any out (at least {FEWEST_ROWS}, and classes of more than one): the "
                "last epoch is kept and there is no validation score",
            )

    def _settle_constant(self, table: list[Column], count: int) -> Any:
        """Nothing to learn: no network."""
        self._warn_of_constant()
        self.preparation_ = self._prepare(table, find_recipe(self.recipe, self._task), None)
        self.network_, self.members_, self.history_ = None, [], History()
        self.best_epochs_, self.stopped_by_, self.engine_ = [], "constant", "none"
        self.validation_score_ = math.nan
        self._settle_unjudged(count)
        return self

    # Outputs

    def _member_outputs(self, X: Any) -> np.ndarray:
        """Return Z^[L] of each member, (K, m, n_L), for raw rows."""
        check_is_fitted(self)
        table = match_columns(
            read_table(X), X, getattr(self, "feature_names_in_", None), self.n_features_in_, type(self)
        )
        prepared = self._matrix(table, np.float64)
        if self.network_ is None:
            return np.zeros((1, len(prepared), 1))
        return np.stack([outputs(self.network_, parameters, prepared) for parameters in self.members_])

    def _held_outputs(self, data: Rows, held: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return for each member the outputs of what it held out, nan elsewhere, and which rows have any."""
        assert self.network_ is not None
        Z = np.full((len(held), len(data.X), data.Y.shape[1]), np.nan)
        for k, mask in enumerate(held):
            Z[k, mask] = outputs(self.network_, self.members_[k], data.X[mask].astype(np.float64))
        return Z, np.any(held, axis=0)

    # Storage

    def _get_fitted(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, prepared = self.preparation_.get_state()
        arrays = {f"preparation/{name}": array for name, array in arrays.items()}
        for k, parameters in enumerate(self.members_):
            arrays |= {f"member {k}/{name}": theta for name, theta in parameters.items()}
        arrays |= {f"history/{name}": np.asarray(column, float) for name, column in self.history_.items()}
        arrays |= {name: np.asarray(getattr(self, name)) for name in self._arrays}
        facts = {
            "preparation": prepared,
            "network": None if self.network_ is None else self.network_.to_json(),
            "members": len(self.members_),
            "history": list(self.history_),
            "validation_score": None if math.isnan(self.validation_score_) else float(self.validation_score_),
            "best_epochs": [int(epoch) for epoch in self.best_epochs_],
            "stopped_by": self.stopped_by_,
            "engine": self.engine_,
            **self._target_facts(),
        }
        return arrays, facts

    def _set_fitted(self, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        under = lambda start: {n[len(start) :]: np.array(a) for n, a in arrays.items() if n.startswith(start)}  # noqa: E731
        self.preparation_ = TablePreparation.from_state(under("preparation/"), facts["preparation"])
        self.n_features_in_ = self.preparation_.n_features_in_
        if hasattr(self.preparation_, "feature_names_in_"):
            self.feature_names_in_ = self.preparation_.feature_names_in_
        self.network_ = None if facts["network"] is None else Network.from_json(facts["network"])
        self.members_ = [under(f"member {k}/") for k in range(facts["members"])]
        self.history_ = History({name: arrays[f"history/{name}"].tolist() for name in facts["history"]})
        if self.history_:
            self.history_["epoch"] = [int(epoch) for epoch in self.history_["epoch"]]
        score = facts["validation_score"]
        self.validation_score_ = math.nan if score is None else score
        self.best_epochs_, self.stopped_by_ = list(facts["best_epochs"]), facts["stopped_by"]
        self.engine_ = facts["engine"]
        for name in self._arrays:
            setattr(self, name, np.array(arrays[name]) if np.ndim(arrays[name]) else float(arrays[name]))
        self._set_target_facts(facts)
        self._metric = self._find_metric()

    _arrays: ClassVar[tuple[str, ...]]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    # What differs between classes and numbers

    @abstractmethod
    def _learn_targets(self, y: np.ndarray) -> np.ndarray:
        """Learn classes or scale; return Y (m, n_L)."""

    @abstractmethod
    def _targets(self, y: np.ndarray) -> np.ndarray:
        """Return Y (m, n_L) of further targets."""

    @abstractmethod
    def _class_weights(self, Y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """Return what a row weighs by its class."""

    @abstractmethod
    def _strata(self, Y: np.ndarray) -> np.ndarray | None:
        """Return what folds are stratified by."""

    @abstractmethod
    def _is_constant(self, Y: np.ndarray) -> bool:
        """Tell whether there is nothing to learn."""

    @abstractmethod
    def _warn_of_constant(self) -> None:
        """Say so."""

    @abstractmethod
    def _find_metric(self) -> TableMetric:
        """Return the row of the metric."""

    @abstractmethod
    def _loss(self, recipe: Any) -> str:
        """Return the loss to train with."""

    @abstractmethod
    def _score_of_epoch(self, AL: np.ndarray, Y: np.ndarray, weights: np.ndarray | None) -> float:
        """Return the metric of outputs on held-out examples, both as columns."""

    @abstractmethod
    def _judge(self, data: Rows, held: Any, eval_rows: Rows | None, rows: np.ndarray, count: int) -> None:
        """Predict the rows held out, calibrate on them, and score."""

    @abstractmethod
    def _settle_unjudged(self, count: int) -> None:
        """Set what ``_judge`` would have set."""

    @abstractmethod
    def _target_facts(self) -> dict[str, Any]:
        """Return classes or scale as JSON-able facts."""

    @abstractmethod
    def _set_target_facts(self, facts: dict[str, Any]) -> None:
        """Take them back."""


class TabularClassifier(ClassifierMixin, _BaseTabular):
    """A classifier for raw tables: mixed columns in, calibrated probabilities out, no tuning.

    Columns are told apart and prepared (see ``TablePreparation``), a network is trained by a recipe
    that is strong on tables (RealMLP, Holzmüller et al. 2024), a fifth of the rows decides which
    epoch is kept, and the probabilities are calibrated by a temperature.

    Parameters
    ----------
    n_members : int, default=1
        Networks whose probabilities are averaged. Each holds out another fold; they are trained at once.
    epochs : int, default=256
    time_limit : float or None, default=None
        Seconds for the fit; the learning-rate schedule is fitted into them.
    hidden_layer_sizes : int or array-like of int, default=(256, 256, 256)
    metric : str, default="log_loss"
        "log_loss", "brier", "auc", "accuracy", "balanced_accuracy" or "f1": decides which epoch is best,
        whether labels are smoothed, and how labels follow from probabilities.
    class_weight : dict, "balanced" or None, default=None
    recipe : str, default="simple"
        A name of ``ellayer.estimators.recipes.RECIPES``: "simple" or "full" (with embeddings, dropout
        and learned activations; slower).
    batch_size : int, default=256
    column_kinds : dict or None, default=None
        The kind of a column by name where it should not be guessed: "numeric", "categorical", "boolean",
        "date", "text", "identifier" or "ignore".
    dtype : {"float32", "float64"}, default="float32"
        Of the training; predictions are formed in float64.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    preparation_ : TablePreparation
        ``preparation_.describe()`` tells what each column was taken for.
    network_ : Network or None
        None where y has one class.
    members_ : list of dict
        Parameters of each network.
    history_ : History
        One row per epoch, means over the members.
    best_epochs_ : list of int
    oof_prediction_ : ndarray of shape (n_samples, n_classes)
        Probabilities of each row by the members that had not learned from it; nan where there is none
        (with fewer than 5 members, or an ``eval_set``).
    validation_score_ : float
        The metric of those, or of ``eval_set``.
    temperature_ : float
        The outputs are divided by it; 1 where that does not lower the log loss.
    decision_ : ndarray of shape (n_classes,)
        The label is the class of the largest p / decision.
    stopped_by_, engine_ : str
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> rows = [[x, "even" if x % 2 == 0 else "odd"] for x in range(40)]
    >>> y = ["yes" if row[1] == "odd" else "no" for row in rows]
    >>> model = TabularClassifier(epochs=20, hidden_layer_sizes=16, random_state=0).fit(rows, y)
    >>> model.predict([[7, "odd"], [8, "even"]]).tolist()
    ['yes', 'no']
    """

    _task = "classes"
    _arrays = ("oof_prediction_", "decision_", "temperature_")
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **CONSTRAINTS,
        "metric": [StrOptions(set(CLASS_METRICS))],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        n_members=1,
        *,
        epochs=256,
        time_limit=None,
        hidden_layer_sizes=(256, 256, 256),
        metric="log_loss",
        class_weight=None,
        recipe="simple",
        batch_size=256,
        column_kinds=None,
        dtype="float32",
        random_state=None,
    ):
        self.n_members = n_members
        self.epochs = epochs
        self.time_limit = time_limit
        self.hidden_layer_sizes = hidden_layer_sizes
        self.metric = metric
        self.class_weight = class_weight
        self.recipe = recipe
        self.batch_size = batch_size
        self.column_kinds = column_kinds
        self.dtype = dtype
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        eval_set: Sequence[Any] | None = None,
        callbacks: Sequence[Callable] = (),
        progress: Callable | None = None,
    ) -> TabularClassifier:
        """Fit to a table and its labels.

        Parameters
        ----------
        X : pandas or polars frame, or array-like of shape (n_samples, n_features)
            Numbers, text, categories, truth values, dates, with missing values.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
        eval_set : (X, y) or (X, y, sample_weight), default=None
            Rows to choose the best epoch and the temperature by, in place of held-out ones.
        callbacks : sequence of functions
            Called with an ``EpochInfo`` after each epoch, whose validation columns are those of before
            it; True stops.
        progress : function, default=None
            Called several times a second with ``info.iteration`` and ``info.total``.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, eval_set, callbacks, progress)

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the labels of rows.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
        return_std : bool, default=False
            Also return how far the members spread in the probability of that label.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        std : ndarray of shape (n_samples,), with ``return_std``
        """
        each = self._probabilities(X)
        P = each.mean(axis=0)
        best = (P / self.decision_).argmax(axis=1)
        labels = self.classes_[best]
        if not return_std:
            return labels
        _need_members(self)
        return labels, each[:, np.arange(len(best)), best].std(axis=0)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, in the order of ``classes_``.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
        """
        return self._probabilities(X).mean(axis=0)

    def _probabilities(self, X: Any) -> np.ndarray:
        """Probabilities of each member, (K, m, n_classes)."""
        return _softmax(self._member_outputs(X), getattr(self, "temperature_", 1.0))

    # Targets

    def _checked_targets(self, X: Any, y: Any) -> Any:
        y = super()._checked_targets(X, y)
        missing = sum(map(is_missing, y.tolist())) if y.dtype.kind in "Of" else 0
        if missing:
            raise ValueError(f"Input y contains NaN: {missing} labels are missing; drop these rows first")
        y = _check_y(y, y_numeric=False, estimator=self)
        check_classification_targets(y)
        return y

    def _learn_targets(self, y: np.ndarray) -> np.ndarray:
        self._labels = LabelBinarizer().fit(y)
        self.classes_ = self._labels.classes_
        return self._targets(y)

    def _targets(self, y: np.ndarray) -> np.ndarray:
        unknown = set(y.tolist()) - set(self.classes_.tolist())
        if unknown:
            raise ValueError(
                f"eval_set: expected labels among {self.classes_.tolist()[:10]}, received {sorted(map(str, unknown))[:5]}"
            )
        Y = self._labels.transform(y)
        return (np.concatenate([1 - Y, Y], axis=1) if len(self.classes_) == 2 else Y).astype(np.float64)

    def _class_weights(self, Y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        columns = Y[:, 1:] if len(self.classes_) == 2 else Y
        return class_weights(self.class_weight, columns, self._labels, weights)

    def _strata(self, Y: np.ndarray) -> np.ndarray | None:
        return class_numbers(Y)

    def _warn_of_few(self, Y: np.ndarray, held: Any) -> None:
        super()._warn_of_few(Y, held)
        single = np.flatnonzero(Y.sum(axis=0) == 1)
        if len(single) and held is not None:
            labels = ", ".join(map(repr, self.classes_[single].tolist()[:10]))
            checks.tell(f"y: one example only of {labels}; it is learned from and never held out")

    def _is_constant(self, Y: np.ndarray) -> bool:
        return len(self.classes_) == 1

    def _warn_of_constant(self) -> None:
        checks.warn_of_one_class(self)

    def _find_metric(self) -> TableMetric:
        return CLASS_METRICS[self.metric]

    def _loss(self, recipe: Any) -> str:
        smoothing = recipe["label_smoothing"]
        return (
            f"cross_entropy(smoothing={smoothing!r})"
            if self._metric.smooth and smoothing
            else "cross_entropy"
        )

    # Scores

    def _score_of_epoch(self, AL: np.ndarray, Y: np.ndarray, weights: np.ndarray | None) -> float:
        P, numbers = AL.T, Y.argmax(axis=0)
        mass = None if weights is None else weights[0]
        value = self._metric.value(P, numbers, mass)
        return value - TIE * min(log_loss(P, numbers, mass), 10.0) if self._metric.smooth else value

    def _judge(self, data: Rows, held: Any, eval_rows: Rows | None, rows: np.ndarray, count: int) -> None:
        self._settle_unjudged(count)
        self.validation_score_ = math.nan
        if self._metric.decision == "prior":
            share = np.average(data.Y, axis=0, weights=data.weights)
            self.decision_ = np.where(share > 0, share, 1.0)
        if eval_rows is not None:
            assert self.network_ is not None
            X = eval_rows.X.astype(np.float64)
            Z = np.stack([outputs(self.network_, parameters, X) for parameters in self.members_])
            self._calibrate(Z, eval_rows)
        elif held is not None:
            Z, known = self._held_outputs(data, held)
            P = self._calibrate(Z[:, known], data.take(known))
            self.oof_prediction_[rows[known]] = P

    def _calibrate(self, Z: np.ndarray, rows: Rows) -> np.ndarray:
        """Set temperature, threshold and score by outputs of rows not learned from; return their probabilities."""
        numbers = rows.Y.argmax(axis=1)
        log_P = np.log(np.maximum(np.nanmean(_softmax(Z, 1.0), axis=0), 1e-300))
        self.temperature_ = temperature_for(log_P, numbers, rows.weights)
        P = np.nanmean(_softmax(Z, self.temperature_), axis=0)
        metric = self._metric
        if metric.decision == "tuned" and P.shape[1] == 2:
            threshold = best_threshold(metric, P, numbers, rows.weights)
            self.decision_ = np.array([1.0 - threshold, threshold])
        cut = P / self.decision_ if metric.decision == "tuned" else P
        self.validation_score_ = metric.value(cut, numbers, rows.weights)
        return P

    def _settle_unjudged(self, count: int) -> None:
        self.oof_prediction_ = np.full((count, len(self.classes_)), np.nan)
        self.temperature_ = 1.0
        self.decision_ = np.ones(len(self.classes_))

    # Storage

    def _target_facts(self) -> dict[str, Any]:
        return {"labels": _labels_to_facts(self._labels)}

    def _set_target_facts(self, facts: dict[str, Any]) -> None:
        self._labels = _labels_from_facts(facts["labels"])
        self.classes_ = self._labels.classes_


class TabularRegressor(RegressorMixin, _BaseTabular):
    """A regressor for raw tables: mixed columns in, numbers out, no tuning.

    As ``TabularClassifier``; the target is standardised for the network, and predictions are held to
    the range of the training targets.

    Parameters
    ----------
    n_members : int, default=1
        Networks whose predictions are averaged. Each holds out another fold; they are trained at once.
    epochs : int, default=256
    time_limit : float or None, default=None
        Seconds for the fit; the learning-rate schedule is fitted into them.
    hidden_layer_sizes : int or array-like of int, default=(256, 256, 256)
    metric : str or None, default=None
        "rmse", "mae" or "r2": decides which epoch is best, and the loss ("mae" trains the absolute error).
        None is "rmse", or the loss itself where that is a quantile.
    loss : str or None, default=None
        "squared_error", "absolute_error", "huber(delta=1)" or "quantile(q=0.9)"; None is the metric's.
    recipe : str, default="simple"
        "simple" or "full" (with embeddings, dropout and learned activations; slower).
    batch_size : int, default=256
    column_kinds : dict or None, default=None
        The kind of a column by name where it should not be guessed.
    dtype : {"float32", "float64"}, default="float32"
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    preparation_, network_, members_, history_, best_epochs_, stopped_by_, engine_
        As of ``TabularClassifier``.
    oof_prediction_ : ndarray of shape (n_samples,)
    validation_score_ : float
    target_ : dict
        "center" and "scale" of the target, and the range "low" to "high" of predictions.

    Examples
    --------
    >>> rows = [[x / 10, "a" if x % 3 else "b"] for x in range(60)]
    >>> y = [2 * row[0] + (row[1] == "a") for row in rows]
    >>> model = TabularRegressor(epochs=60, hidden_layer_sizes=32, random_state=0).fit(rows, y)
    >>> model.score(rows, y) > 0.9
    True
    """

    _task = "numbers"
    _arrays = ("oof_prediction_",)
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **CONSTRAINTS,
        "metric": [StrOptions(set(NUMBER_METRICS)), None],
        "loss": [str, None],
    }

    def __init__(
        self,
        n_members=1,
        *,
        epochs=256,
        time_limit=None,
        hidden_layer_sizes=(256, 256, 256),
        metric=None,
        loss=None,
        recipe="simple",
        batch_size=256,
        column_kinds=None,
        dtype="float32",
        random_state=None,
    ):
        self.n_members = n_members
        self.epochs = epochs
        self.time_limit = time_limit
        self.hidden_layer_sizes = hidden_layer_sizes
        self.metric = metric
        self.loss = loss
        self.recipe = recipe
        self.batch_size = batch_size
        self.column_kinds = column_kinds
        self.dtype = dtype
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        eval_set: Sequence[Any] | None = None,
        callbacks: Sequence[Callable] = (),
        progress: Callable | None = None,
    ) -> TabularRegressor:
        """Fit to a table and its numbers.

        Parameters
        ----------
        X : pandas or polars frame, or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
        eval_set : (X, y) or (X, y, sample_weight), default=None
            Rows to choose the best epoch by, in place of held-out ones.
        callbacks : sequence of functions
            Called with an ``EpochInfo`` after each epoch; True stops.
        progress : function, default=None
            Called several times a second with ``info.iteration`` and ``info.total``.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, eval_set, callbacks, progress)

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the predicted numbers of rows.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
        return_std : bool, default=False
            Also return the standard deviation of the members' predictions.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        std : ndarray of shape (n_samples,), with ``return_std``
        """
        each = self._numbers(self._member_outputs(X)[:, :, 0])
        if not return_std:
            return each.mean(axis=0)
        _need_members(self)
        return each.mean(axis=0), each.std(axis=0)

    def _numbers(self, Z: np.ndarray) -> np.ndarray:
        """Outputs in the target's own unit, held to its range."""
        target = self.target_
        return np.clip(target["center"] + target["scale"] * Z, target["low"], target["high"])

    # Targets

    def _checked_targets(self, X: Any, y: Any) -> Any:
        y = super()._checked_targets(X, y)
        try:
            return np.asarray(_check_y(y, y_numeric=True, estimator=self), np.float64)
        except ValueError as error:
            if "convert string" not in str(error):
                raise
            raise ValueError(f"y: expected numbers, {error}; for labels take TabularClassifier") from None

    def _learn_targets(self, y: np.ndarray) -> np.ndarray:
        """Mean and spread of the target; slips far out are held to a range in which the others can be seen."""
        low, high = _range_without_slips(y)
        inside = np.clip(y, low, high)
        center, scale = float(inside.mean()), float(inside.std())
        if not scale > 1e-12 * max(abs(center), 1e-300):  # all the same but for rounding
            scale = 1.0
        self.target_ = {
            "center": center,
            "scale": scale,
            "low": float(inside.min()),
            "high": float(inside.max()),
        }
        slips = int(((y < low) | (y > high)).sum())
        if slips:
            checks.tell(
                f"y: {slips} values up to {np.abs(y).max():.3g} lie more than {FAR_OUT:g} interquartile ranges out, far from "
                f"all others; they are held to {low:.6g} ... {high:.6g}, or nothing could be learned of the rest. Drop them "
                "if they are slips",
            )
        return self._targets(y)

    def _targets(self, y: np.ndarray) -> np.ndarray:
        target = self.target_
        inside = np.clip(y, target["low"], target["high"])
        return ((inside - target["center"]) / target["scale"]).reshape(-1, 1)

    def _class_weights(self, Y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        return None

    def _strata(self, Y: np.ndarray) -> np.ndarray | None:
        return None

    def _is_constant(self, Y: np.ndarray) -> bool:
        return bool(np.ptp(Y) <= 1e-9)

    def _warn_of_constant(self) -> None:
        checks.tell(f"y is constant: every prediction will be {self.target_['center']:g}")

    def _find_metric(self) -> TableMetric:
        if self.loss is not None:
            try:
                row = LOSSES[self.loss]
            except ValueError as error:
                raise ValueError(f"loss: {error}") from None
            kind = row.name.split("(")[0]
            if kind not in ("squared_error", "absolute_error", "huber", "quantile"):
                raise ValueError(
                    "loss: expected 'squared_error', 'absolute_error', 'huber(delta=1)' or 'quantile(q=0.9)'; received "
                    f"{self.loss!r}"
                )
            if kind == "quantile":
                q = row.forward.keywords["q"]  # type: ignore[attr-defined]
                if not 0.0 < q < 1.0:
                    raise ValueError(f"loss: expected a quantile q between 0 and 1, received {self.loss!r}")
                if self.metric is None:
                    return quantile_metric(q, self.loss)
        return NUMBER_METRICS[self.metric or "rmse"]

    def _loss(self, recipe: Any) -> str:
        return self.loss or self._metric.loss

    # Scores

    def _score_of_epoch(self, AL: np.ndarray, Y: np.ndarray, weights: np.ndarray | None) -> float:
        return self._score_of(AL[0], Y[0], None if weights is None else weights[0])

    def _score_of(self, A: np.ndarray, Y: np.ndarray, weights: np.ndarray | None) -> float:
        target = self.target_
        y = target["center"] + target["scale"] * Y.astype(np.float64)
        return self._metric.value(self._numbers(A.astype(np.float64)), y, weights)

    def _judge(self, data: Rows, held: Any, eval_rows: Rows | None, rows: np.ndarray, count: int) -> None:
        self._settle_unjudged(count)
        self.validation_score_ = math.nan
        if eval_rows is not None:
            assert self.network_ is not None
            X = eval_rows.X.astype(np.float64)
            A = np.mean([outputs(self.network_, p, X)[:, 0] for p in self.members_], axis=0)
            self.validation_score_ = self._score_of(A, eval_rows.Y[:, 0], eval_rows.weights)
        elif held is not None:
            Z, known = self._held_outputs(data, held)
            inside = data.take(known)
            A = np.nanmean(Z[:, known, 0], axis=0)
            self.validation_score_ = self._score_of(A, inside.Y[:, 0], inside.weights)
            self.oof_prediction_[rows[known]] = self._numbers(A)

    def _settle_unjudged(self, count: int) -> None:
        self.oof_prediction_ = np.full(count, np.nan)

    # Storage

    def _target_facts(self) -> dict[str, Any]:
        return {"target": dict(self.target_)}

    def _set_target_facts(self, facts: dict[str, Any]) -> None:
        self.target_ = {name: float(value) for name, value in facts["target"].items()}


def _as_labels(y: Any) -> np.ndarray:
    y = np.asarray(y.to_numpy() if hasattr(y, "to_numpy") else y)  # frames and series of any kind
    kinds = set(map(type, y.ravel().tolist())) if y.dtype.kind == "O" else set()
    return np.array(y.tolist()) if len(kinds) == 1 and kinds <= {bool, int, float} else y


def _softmax(Z: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities of outputs (K, m, n_classes)."""
    K, m, classes = Z.shape
    return soften(Z.reshape(K * m, classes), temperature).reshape(K, m, classes)


def _need_members(estimator: Any) -> None:
    if len(estimator.members_) < 2:
        raise ValueError(
            f"return_std: expected several members to see their spread, received n_members={estimator.n_members}; fit "
            f"with {type(estimator).__name__}(n_members=8)"
        )


def _range_without_slips(y: np.ndarray) -> tuple[float, float]:
    """The range of y without a few values that are far out and far from all others."""
    low, high = float(y.min()), float(y.max())
    q25, median, q75 = np.quantile(y, [0.25, 0.5, 0.75])
    spread = q75 - q25
    away = np.sort(np.abs(y - median))
    if not spread > 0 or away[-1] <= FAR_OUT * spread:
        return low, high
    few = max(1, len(y) // 100)
    tail = away[-few - 1 :]
    gaps = np.flatnonzero((tail[1:] > FAR_OUT * spread) & (tail[1:] > 100.0 * tail[:-1]))
    if not len(gaps):
        return low, high
    near = y[np.abs(y - median) <= max(tail[gaps[0]], HELD_TO * spread)]
    reach = HELD_TO * spread
    return max(low, min(float(near.min()), median - reach)), min(high, max(float(near.max()), median + reach))
