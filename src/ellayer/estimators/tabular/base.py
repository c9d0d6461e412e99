"""What the two estimators for tables share: a preparation, members of one network, and their mean."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from ..._warn import warn_user
from ...core.metrics import Metric
from ...core.network import Network
from ...engine.history import History, mean_epochs
from ...engine.model import ModelParts, TargetKind, rows_as_columns
from ...errors import EllayerError
from ...tables.columns import Column, read_table
from ...tables.preparation import TablePreparation, match_columns, remember_features, take_rows
from ..parameters import hidden_sizes
from ..sklearn_compat import Interval, StrOptions, check_weights, validate_parameters
from .ensemble import (
    FEWEST_ROWS,
    Asides,
    Orders,
    Parameters,
    Rows,
    best_epoch,
    epochs_for,
    hold_out,
    make_network,
    outputs,
    train_members,
)
from .fit_stream import fit_stream, is_stream
from .recipes import RECIPES, find_recipe

__all__ = ["CONSTRAINTS", "BaseTabular", "need_members"]

_count = Interval(Integral, 1, None, closed="left")
CONSTRAINTS: dict[str, list[Any]] = {
    "n_members": [_count],
    "epochs": [_count, None],
    "time_limit": [Interval(Real, 0, None, closed="neither"), None],
    "hidden_layer_sizes": ["array-like", _count, None],
    "recipe": [StrOptions(set(RECIPES))],
    "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
    "batch_size": [_count],
    "column_kinds": [dict, None],
    "dtype": [StrOptions({"float32", "float64"})],
    "random_state": ["random_state"],
}


class BaseTabular(BaseEstimator, ABC):
    """What both estimators are: a preparation, members of one network, and their mean."""

    _task: ClassVar[str]
    network_: Network | None
    members_: list[Parameters]
    preparation_: TablePreparation
    history_: History

    # Fit

    def _validate_params(self) -> None:
        validate_parameters(self)

    def _fit(self, X: Any, y: Any, sample_weight: Any, asides: Asides) -> Any:
        self.__dict__.pop("held_out_", None)  # of an earlier stream
        if is_stream(X):
            return fit_stream(self, X, y, sample_weight, asides)
        begin = time.perf_counter()
        hidden = None if self.hidden_layer_sizes is None else hidden_sizes(self.hidden_layer_sizes)
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
        if asides.eval_set is None:
            held = hold_out(self._strata(Y), len(Y), self.n_members, np.random.RandomState(seed))
            self._warn_of_few(Y, held)
        recipe = find_recipe(self.recipe, self._task, self.learning_rate)
        self.preparation_ = self._prepare(table, recipe, held)
        data = Rows(self._matrix(table, new=False), Y.astype(self.dtype), weights)
        eval_rows = self._eval_rows(asides.eval_set)
        learned = len(data.X) if held is None or self.n_members > 1 else int((~held[0]).sum())
        self.network_ = make_network(
            recipe, hidden, data.X.shape[1], Y.shape[1],
            self._loss(recipe), self.preparation_.n_numbers_, self.preparation_.code_levels_, learned,
        )  # fmt: skip
        orders = Orders(
            epochs_for(self.epochs, recipe, learned, self.batch_size), self.batch_size, seed, self.time_limit, begin,
            self._score_of_epoch, self._metric.maximize, tuple(asides.callbacks or ()), asides.progress, self,
            asides.states,
        )  # fmt: skip
        train = asides.train or train_members
        results = train(self.network_, recipe, data, held, eval_rows, self.n_members, orders)
        self.members_ = [result.parameters for result in results]
        self.history_ = mean_epochs([result.history for result in results])
        self.best_epochs_ = [best_epoch(result.history, self._metric.maximize) for result in results]
        self.stopped_by_ = results[0].stopped_by
        self.engine_ = results[0].engine
        self._judge(data, held, eval_rows, data_rows, len(rows))
        return self

    def _checked_targets(self, X: Any, y: Any) -> Any:
        if y is None:
            raise EllayerError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            )
        y = _as_labels(y)
        check_consistent_length(X, y)
        if y.ndim == 2 and y.shape[1] > 1:
            raise EllayerError(
                f"y: expected one target, shape ({len(y)},), received shape {y.shape}; fit one model per column, for "
                "example with sklearn.multioutput"
            )
        return column_or_1d(y, warn=True)

    def _weights(self, sample_weight: Any, Y: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
        """What each row weighs, and which rows weigh anything: those of weight 0 are as if they were not there."""
        weights = check_weights(sample_weight, Y)
        by_class = self._class_weights(Y, weights)
        if by_class is not None:
            weights = by_class if weights is None else weights * by_class
        rows = np.ones(len(Y), bool) if weights is None else weights > 0
        if not rows.any():
            raise EllayerError(
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

    def _matrix(
        self, table: list[Column], dtype: Any = None, new: bool = True, warn: bool = True
    ) -> np.ndarray:
        """The prepared rows, new ones or those of the fit; a column of 0 where nothing in the table can be used."""
        dtype = np.dtype(dtype or self.dtype)
        X = self.preparation_.transform_columns(table, warn, warn_of_levels=new, dtype=dtype)
        return X if X.shape[1] else np.zeros((len(X), 1), dtype)

    def _eval_rows(self, eval_set: Any) -> Rows | None:
        if eval_set is None:
            return None
        if not isinstance(eval_set, (tuple, list)) or len(eval_set) not in (2, 3):
            raise EllayerError(
                f"eval_set: expected (X, y) or (X, y, sample_weight), received {type(eval_set).__name__}"
            )
        X, y = eval_set[:2]
        table = match_columns(
            read_table(X), X, getattr(self, "feature_names_in_", None), self.n_features_in_, type(self)
        )
        Y = self._targets(self._checked_targets(X, y)).astype(self.dtype)
        weights = check_weights(eval_set[2] if len(eval_set) == 3 else None, Y)
        return Rows(self._matrix(table), Y, weights)

    def _warn_of_few(self, Y: np.ndarray, held: list[np.ndarray] | None) -> None:
        if held is None:
            warn_user(
                f"{len(Y)} rows are too few to hold any out (at least {FEWEST_ROWS}, and classes of more than one): the "
                "last epoch is kept and there is no validation score",
            )

    def _settle_constant(self, table: list[Column], count: int) -> Any:
        """Nothing to learn: no network."""
        self._warn_of_constant()
        self.preparation_ = self._prepare(
            table, find_recipe(self.recipe, self._task, self.learning_rate), None
        )
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

    # Other packages

    def model_parts(self) -> ModelParts:
        """Return the network, the members' parameters and the way from the table to its columns."""
        check_is_fitted(self)
        return ModelParts(
            network=self.network_,
            member_parameters=self.members_,
            prepare=self._prepared_columns,
            encode=self._encode_targets,
            decode=self._decode,
            target_kind=self._target_kind(),
            classes=getattr(self, "classes_", None),
            feature_names=list(getattr(self, "feature_names_in_", [])),
            history=self.history_,
            stopped_by=self.stopped_by_,
            engine=self.engine_,
            restored_best=True,
        )

    def _prepared_columns(self, X: object) -> np.ndarray:
        X = self.preparation_.transform(X)
        X = X if X.shape[1] else np.zeros((len(X), 1))  # no column of the table can be used
        assert self.network_ is not None
        return rows_as_columns(self.network_, X)

    @abstractmethod
    def _encode_targets(self, y: ArrayLike, m: int) -> np.ndarray:
        """Return the network's targets (n_L, m) for labels or numbers."""

    @abstractmethod
    def _decode(self, AL: np.ndarray) -> np.ndarray:
        """Return the labels or numbers of the outputs (n_L, m) of one member."""

    @abstractmethod
    def _target_kind(self) -> TargetKind:
        """Return what the outputs stand for."""

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
    def _find_metric(self) -> Metric:
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


def _as_labels(y: Any) -> np.ndarray:
    frame = hasattr(y, "to_numpy") and not hasattr(y, "__arrow_c_array__")  # pyarrow's arrays would not copy
    y = np.asarray(y.to_numpy() if frame else y)
    kinds = set(map(type, y.ravel().tolist())) if y.dtype.kind == "O" else set()
    return np.array(y.tolist()) if len(kinds) == 1 and kinds <= {bool, int, float} else y


def need_members(estimator: Any) -> None:
    """Raise where there are no two members whose spread could be told."""
    if len(estimator.members_) < 2:
        raise EllayerError(
            f"return_std: expected several members to see their spread, received n_members={estimator.n_members}; fit "
            f"with {type(estimator).__name__}(n_members=8)"
        )
