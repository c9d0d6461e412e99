"""The base of the table estimators: a preparation, members of one network, and their mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from numbers import Integral, Real
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import numpy as np
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from ..._progress import check_progress, progress_phase, show_progress
from ..._sklearn_compat import Interval, StrOptions, check_weights, fit_context, validate_parameters
from ..._warn import ValidationWarning, warn_user
from ...core.metrics import Metric
from ...engine.history import History, best_epoch, mean_epochs
from ...engine.model import ModelParts
from ...engine.result import TrainingResult
from ...errors import EllayerError
from ...tables.columns import Column, check_missing_targets, read_table, take_rows
from ...tables.preparation import TablePreparation, remember_features
from ...tables.target_statistics import RowTargets
from ..examples import Examples
from ..group_rows import same_random, shared_group
from ..hold_out import FEWEST_ROWS, Splitter
from ..stored import Arrays, Facts, history_arrays
from ..versioned import VersionedEstimator
from .average_inputs import average_inputs
from .fit_stream import is_stream, shared_request, stream_data
from .fitted import FittedTable
from .presets import AUTO, PRESETS, Size, plan_folds, plan_of
from .recipes import RECIPES, TITLES, Recipe, find_recipe
from .second_fit import fit_again
from .selection import chosen_members
from .short_fit import trained_members
from .simple_fit import fit_simple_models
from .targets import as_labels, check_request, row_targets
from .training import ConstantTarget, FitRequest, RawRows, TableData, network_for, train_recipes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ...engine.events import Info
    from ...engine.state import TrainState
    from ..epoch_info import EpochInfo
    from ..examples import RowStream, TableLike


_count = Interval(Integral, 1, None, closed="left")
_from_zero = Interval(Real, 0, None, closed="left")
CONSTRAINTS: dict[str, list[Any]] = {
    "n_members": [_count, StrOptions({AUTO})],
    "preset": [StrOptions(set(PRESETS))],
    "epochs": [_count, None],
    "time_limit": [Interval(Real, 0, None, closed="neither"), None],
    "hidden_layer_sizes": ["array-like", _count, None],
    "recipe": [StrOptions(set(RECIPES))],
    "model": [StrOptions(set(TITLES))],
    "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
    "batch_size": [_count, None],
    "activation": [str, list, tuple, None],
    "optimizer": [str, None],
    "dropout": [Interval(Real, 0, 1, closed="left"), None],
    "weight_decay": [_from_zero, None],
    "l2": [_from_zero, None],
    "patience": [_count, None],
    "column_kinds": [dict, None],
    "dtype": [StrOptions({"float32", "float64"})],
    "device": [str, None],
    "random_state": ["random_state"],
    "n_jobs": [_count, Interval(Integral, None, -1, closed="right"), None],
}


class BaseTabular(VersionedEstimator, FittedTable):
    """Base of ``TabularClassifier`` and ``TabularRegressor``, which define what differs between classification and regression.

    They implement these methods: ``_learn_targets(y)`` and ``_targets(y)`` return Y (m, n_L), of the fit and of
    further targets; ``_is_constant(Y)``, ``_warn_of_constant()``; ``_find_metric()``, ``_loss(recipe)`` and
    ``_score_of_epoch(AL, Y, weights)``; ``_start_evaluation(count, Y, weights)`` sets the attributes of a fit
    without validation rows, and ``_evaluate(Z, examples)`` those of one with them, from outputs (K, m, n_L) that
    are nan for training rows, and returns the predictions; ``_target_facts()`` are saved. Prediction is in ``fitted``.
    """

    best_epochs_: list[int]
    stopped_by_: str
    engine_: str
    preparation_: TablePreparation

    _task: ClassVar[str]
    _preparation_type = TablePreparation

    @property
    def _metric(self) -> Metric:
        """The row of the metric; looked up, for its functions do not belong into a pickle."""
        return self._find_metric()

    @fit_context
    def fit(
        self,
        X: TableLike | RowStream,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
        eval_set: Sequence[Any] | None = None,
        callbacks: Sequence[Callable[[EpochInfo], object]] = (),
        progress: Callable[[Info], object] | bool | None = None,
        states: Sequence[TrainState] | None = None,
    ) -> Self:
        """Fit to a table and its labels or numbers.

        Parameters
        ----------
        X : pandas or polars frame, array-like or sparse matrix of shape (n_samples, n_features), or stream
            Numbers, text, categories, Booleans, dates, with missing values. A ``data.TableStream``
            replaces X and y for a table larger than memory: the preparation is fitted on a random
            sample of 100,000 rows, and mini-batches are read from a scratch file of the prepared rows.
        y : array-like of shape (n_samples,)
            None with a stream.
        sample_weight : array-like of shape (n_samples,), default=None
        groups, time : array-like of shape (n_samples,), default=None
            At most one of them: validation rows are whole groups, or the latest rows (dates or numbers),
            instead of random ones. For a stream one value for each of its rows.
        eval_set : (X, y) or (X, y, sample_weight), default=None
            Validation rows to select the best epoch and, for labels, the temperature, instead of held-out ones.
        callbacks : sequence of functions
            Called with an ``EpochInfo`` after each epoch, whose validation columns are those before
            it; returning True stops the fit.
        progress : bool or function, default=None
            True shows a bar for each phase, with the time left, in a terminal or a notebook; a function is called
            several times a second with ``info.iteration`` and ``info.total``.
        states : sequence of TrainState, default=None
            ``info.states`` of a callback, or read by ``storage.load_checkpoint``: continue from there as if the
            fit had never stopped; with the same data, settings and ``random_state``.

        Returns
        -------
        self
        """
        check_progress(progress)
        report = None if isinstance(progress, bool) else progress
        with show_progress(progress):
            return self._fit(
                FitRequest(X, y, sample_weight, eval_set, callbacks, report, states, groups, time)
            )

    def _validate_params(self) -> None:
        validate_parameters(self)

    def _fit(self, request: FitRequest, others: Sequence[BaseTabular] = ()) -> Self:
        """Fit this model, and others that differ only in their learning rate, to one prepared table."""
        check_request(self, request)
        self.__dict__.pop("held_out_", None)  # from an earlier fit on a stream
        models: list[BaseTabular] = [self, *others]
        recipes = [find_recipe(model.recipe, model._task, model.get_params(deep=False)) for model in models]
        self._find_metric()  # refuses a loss that does not fit
        if self.model != "network":
            self._fit_simple(request)
            return self
        seed = self._seed()
        request = shared_request(request)
        with TemporaryFile(prefix="ellayer-") if is_stream(request.X) else nullcontext() as scratch:
            with progress_phase(None, "preparing the table"):
                if scratch is None:
                    data = self._table_data(request, recipes[0], seed, self.dtype)
                else:
                    data = stream_data(self, request, recipes[0], seed, scratch)
            results: list[list[TrainingResult]] = [[] for _ in models]
            if isinstance(data, ConstantTarget):
                self._settle_constant(data, recipes[0])
            else:
                network = self.network_ = network_for(self, recipes[0], data)
                results = train_recipes(self, network, recipes, data, request, seed)
        own = set(self._get_param_names())  # of the signature, which takes a while to read
        shared = {name: value for name, value in vars(self).items() if name not in own}
        for model, result, recipe in zip(models, results, recipes, strict=True):
            model.__dict__.update(shared)
            if isinstance(data, TableData):
                with progress_phase(None, "evaluating"):
                    part, chosen = chosen_members(model, data, result)
                    model._settle(part, chosen)
                fit_again(model, part, recipe, request, seed)
        return self

    @property
    def partial_fit(self) -> NoReturn:
        """Absent: the preparation, the best epoch and the calibration are those of all rows."""
        network = "MLPClassifier" if self._task == "classes" else "MLPRegressor"
        raise AttributeError(
            f"{type(self).__name__} has no partial_fit, for it prepares, validates and calibrates on all rows; for more "
            f"rows than fit into memory try fit(data.TableStream(...)), for rows that arrive later {network}.partial_fit "
            "on the matrix of a TablePreparation"
        )

    def _seed(self) -> int:
        return int(same_random(check_random_state(self.random_state)).randint(2**31 - 1))

    def _fit_simple(self, request: FitRequest) -> None:
        """Fit scikit-learn's model instead of a network."""
        if (has_stream := is_stream(request.X)) or shared_group() is not None:
            where = "for a stream" if has_stream else "in a group of processes"
            raise EllayerError(
                f"model: expected 'network' {where}, received {self.model!r}, which needs the rows in memory; fit it on a sample"
            )
        recipe = find_recipe("simple", self._task)  # has no embeddings
        data = self._table_data(request, recipe, self._seed(), "float64")
        if isinstance(data, ConstantTarget):
            self._settle_constant(data, recipe)
        else:
            self._start_evaluation(data.count, data.Y, data.weights)
            fit_simple_models(self, data, recipe)

    def _table_data(
        self, request: FitRequest, recipe: Recipe, seed: int, dtype: str
    ) -> TableData | ConstantTarget:
        """Return the prepared rows of a table in memory."""
        table = read_table(request.X)
        remember_features(self, request.X, len(table))
        Y = self._learn_targets(self._checked_targets(table[0].values, request.y))
        weights, count = self._weights(request.sample_weight, Y), len(Y)
        numbers = np.arange(count) if weights is None else np.flatnonzero(weights > 0)
        if weights is not None:
            table, Y, weights = take_rows(table, numbers), Y[numbers], weights[numbers]
        if self._is_constant(Y):
            return ConstantTarget(table, count)
        plan = plan_of(self, recipe, Size(len(Y), len(table), Y.shape[1]))
        held_out, inside = None, None
        splitter = Splitter.by(count, time=request.time, groups=request.groups).take(numbers)
        if request.eval_set is None:
            random = np.random.RandomState(seed)
            held_out = plan_folds(plan, self._strata(Y), len(Y), random, splitter)
            self._warn_of_few(Y, held_out is not None)
        if held_out is not None and all(rows is held_out[0] for rows in held_out):
            inside = np.flatnonzero(np.isin(np.arange(len(Y)), held_out[0], invert=True, kind="table"))
        targets = row_targets(Y, self._target_names(), weights, splitter, seed, inside)
        self._prepare(table, recipe, targets, inside)
        examples = Examples(self._matrix(table, dtype, new=False, targets=targets), Y.astype(dtype), weights)
        if request.eval_set is None:
            parts = {id(rows): examples.take(rows) for rows in held_out or ()}
            validation = [parts[id(rows)] for rows in held_out or ()]
        else:
            validation = [self._eval_rows(request.eval_set)] * plan.members
        rows = examples if inside is None else examples.keep_only(inside)
        raw = None
        if request.time is not None or self.model != "network":
            raw = RawRows(table, row_targets(Y, self._target_names(), weights, splitter, seed))
        return TableData(
            rows, validation, held_out, rows.X, examples.Y, weights, numbers, count, plan, raw=raw
        )

    def _settle(self, data: TableData, results: Sequence[TrainingResult]) -> None:
        """Set the fitted attributes after training: members, history, evaluation."""
        self.members_ = trained_members(self, data, results)
        self.history_ = mean_epochs([result.history for result in results])
        self.best_epochs_ = [best_epoch(result.history, self._metric.maximize) for result in results]
        self.stopped_by_, self.engine_ = results[0].stopped_by, results[0].engine
        assert self.network_ is not None
        self.average_inputs_ = average_inputs(self.network_, self.members_, data.start)
        if data.raw_held_out is not None:
            self.held_out_: tuple[Any, np.ndarray] = data.raw_held_out
        self._start_evaluation(data.count, data.Y, data.weights)
        if data.validation:
            self._evaluate_held_out(data)

    def _evaluate_held_out(self, data: TableData) -> None:
        """Set score, decision and out-of-fold predictions, from the outputs of each member for its validation rows."""
        if data.held_out is None:
            self._evaluate(self._outputs(data.validation[0].X.astype(np.float64)), data.validation[0])
            return
        Z = np.full((len(self.members_), *data.Y.shape), np.nan)
        for k, (rows, examples) in enumerate(zip(data.held_out, data.validation, strict=True)):
            Z[k, rows] = self._outputs(examples.X.astype(np.float64), [self.members_[k]])[0]
        rows = data.held_out_rows
        weights = None if data.weights is None else data.weights[rows]
        prediction = self._evaluate(Z[:, rows], Examples(data.Y[:0], data.Y[rows], weights))
        self.oof_prediction_[data.numbers[rows]] = prediction

    def _checked_targets(self, X: object, y: ArrayLike | None) -> np.ndarray:
        if y is None:
            raise EllayerError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            )
        labels = as_labels(y)
        check_consistent_length(X, labels)
        labels = column_or_1d(labels, warn=True)
        check_missing_targets(labels)
        return labels

    def _weights(self, sample_weight: ArrayLike | None, Y: np.ndarray) -> np.ndarray | None:
        """Return the weight of each row, including that of its class; rows of weight 0 are excluded from the fit."""
        weights = check_weights(sample_weight, Y)
        by_class = self._class_weights(Y, weights)
        if by_class is not None:
            weights = by_class if weights is None else weights * by_class
        if weights is not None and not (weights > 0).any():
            raise EllayerError(
                "sample_weight: expected a weight above 0 for some row; received 0 for all of them"
            )
        return weights

    def _prepare(
        self,
        table: list[Column],
        recipe: Recipe,
        targets: RowTargets | None = None,
        rows: np.ndarray | None = None,
    ) -> None:
        """Fit the preparation on the training rows; None for all rows."""
        preparation = TablePreparation(self.column_kinds, max_one_hot=recipe["embed_categories_above"])
        preparation.n_features_in_ = self.n_features_in_
        if hasattr(self, "feature_names_in_"):
            preparation.feature_names_in_ = self.feature_names_in_
        self.preparation_ = preparation.fit_columns(table, targets, rows)

    def _eval_rows(self, eval_set: Sequence[Any]) -> Examples:
        X, y, *weights = eval_set
        table = self._read(X)
        Y = self._eval_targets(self._checked_targets(table[0].values, y)).astype(self.dtype)
        return Examples(self._matrix(table), Y, check_weights(weights[0] if weights else None, Y))

    def _warn_of_few(self, Y: np.ndarray, holds_out: bool) -> None:
        if not holds_out:
            warn_user(
                f"too few rows to hold out a validation set: expected at least {FEWEST_ROWS}, and two of each class, received "
                f"{len(Y)}; the last epoch is kept and there is no validation score",
                ValidationWarning,
            )

    def _settle_constant(self, data: ConstantTarget, recipe: Recipe) -> None:
        """Set the fitted attributes for a constant target: there is no network."""
        self._warn_of_constant()
        self._prepare(data.table, recipe)
        self.network_, self.members_, self.history_, self.average_inputs_ = None, [], History(), []
        self.best_epochs_, self.stopped_by_, self.engine_ = [], "constant", "none"
        self._start_evaluation(data.count)

    def _eval_targets(self, y: np.ndarray) -> np.ndarray:
        """Return Y (m, n_L) of an ``eval_set``."""
        return self._targets(y)

    def _target_names(self) -> list[str]:
        """Return the names of the targets in statistics of levels, of the last columns of Y."""
        return ["target"]

    def _class_weights(self, Y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """Return the weight of each row by its class."""
        return None

    def _strata(self, Y: np.ndarray) -> np.ndarray | None:
        """Return the class indices to stratify folds by."""
        return None

    def _read(self, X: object) -> list[Column]:
        check_is_fitted(self)
        return super()._read(X)

    def model_parts(self) -> ModelParts:
        """Return the network, the parameters of the members, and the conversion of a table to columns."""
        check_is_fitted(self)
        return super().model_parts()

    def _get_fitted(self) -> tuple[Arrays, Facts]:
        arrays, prepared = self.preparation_.get_state()
        arrays = {f"preparation/{name}": array for name, array in arrays.items()}
        for k, parameters in enumerate(self.members_):
            arrays |= {f"member {k}/{name}": theta for name, theta in parameters.items()}
        arrays |= {f"average inputs/{k}": average for k, average in enumerate(self.average_inputs_)}
        arrays |= history_arrays(self.history_)
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

    def _set_fitted(self, arrays: Arrays, facts: Facts) -> None:
        super()._set_fitted(arrays, facts)
        self._find_metric()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        return tags
