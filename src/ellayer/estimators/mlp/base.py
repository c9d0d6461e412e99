"""The base of the MLP estimators: the interface of scikit-learn for a network and the state of its fit."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.metrics import get_scorer
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ..._progress import report_progress
from ..._sklearn_compat import (
    CallbackSupportMixin,
    Method,
    SklearnCallbacks,
    available_if,
    fit_context,
    label_kind,
    temporary_callbacks,
    validate_parameters,
    with_callbacks,
    without_callbacks,
)
from ..._warn import warn_user
from ...core.inference import class_index, outputs
from ...core.network import Network
from ...engine.history import History
from ...engine.model import ModelParts, labels_as_columns, rows_as_columns
from ...engine.numpy_loop import keep_freed_memory
from ...engine.state import Parameters
from ...errors import EllayerError, refuse_masked
from .. import fit_warnings as checks
from ..examples import Examples
from ..group_rows import check_same, count_rows, join_examples, same_random
from ..parameters import CONSTRAINTS, hidden_sizes, name_parameter
from ..versioned import VersionedEstimator
from .callbacks import EpochCallbacks, split_callbacks
from .epoch_rule import FitData, Score
from .fit import fit
from .fit_state import FitState, Progress, coefficients
from .network import make_network, starting_parameters
from .rows import is_plain, prepare_rows, split_off_validation
from .settings import FitSettings, is_lbfgs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, DTypeLike
    from sklearn.preprocessing import LabelBinarizer

    from ...engine.events import Info
    from ..examples import Rows, TableLike

FEW_EPOCHS = 20  # with fewer epochs, a fit that did not converge may not have learned every class


def _is_stochastic(estimator: BaseEstimator) -> bool:
    if is_lbfgs(estimator):
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


def partial_fit_available(method: Method) -> Method:
    """Let an estimator have a method only if its optimizer goes by mini-batches."""
    return available_if(_is_stochastic)(method)


class BaseMLP(ClassNamePrefixFeaturesOutMixin, TransformerMixin, CallbackSupportMixin, VersionedEstimator):
    """Base of ``MLPClassifier`` and ``MLPRegressor``, which define what differs between classification and regression.

    They implement these methods: ``_encode(X, y, incremental, reset)`` validates and returns rows and targets
    (n_samples, n_outputs); ``_loss_name()`` returns the row of the loss, once the targets are known;
    ``_default_score(examples)`` a ``Score``, accuracy or R^2; ``_decode(A)`` the labels or numbers of outputs
    (m, n_L); ``_target_kind()`` that of ``ModelParts``.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    network_: Network
    history_: History
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    _fit_state: FitState

    @property
    def parameters_(self) -> Parameters:
        """The parameters as in the notes, W^[l] (n_l, n_{l-1}) and b^[l] (n_l, 1): views of ``coefs_`` and ``intercepts_``."""
        parameters = {}
        for l, (coef, intercept) in enumerate(zip(self.coefs_, self.intercepts_, strict=True), start=1):
            parameters[f"W{l}"] = coef.T
            parameters[f"b{l}"] = intercept.reshape(-1, 1)
        return parameters

    @property
    def _no_improvement_count(self) -> int:
        """Epochs without improvement, under scikit-learn's name: its own tests read it."""
        return self._fit_state.memory.no_improvement

    # Fitted attributes

    def _publish(self, state: FitState) -> None:
        """Set the fitted attributes from a state; no other method sets them."""
        self._publish_progress(state)
        for name, value in coefficients(state.parameters).items():
            setattr(self, name, value)
        self._fit_state = state

    def _publish_progress(self, state: FitState) -> None:
        """Set the attributes of the progress of a fit, during or after it, and remove those of an earlier fit."""
        for name in Progress.__annotations__:
            self.__dict__.pop(name, None)
        for name, value in state.attributes().items():
            setattr(self, name, value)

    def _current_state(self) -> FitState:
        """Return the fitted state, with ``coefs_`` and ``intercepts_`` as they are now."""
        return replace(self._fit_state, parameters=self.parameters_)

    @property
    def _labels(self) -> LabelBinarizer | None:
        """The fitted labels of a classifier."""
        return self.__dict__.get("_label_binarizer")

    # Input

    def _validate_params(self) -> None:
        validate_parameters(self)

    def _validate(self, X: TableLike, **rules: object) -> Any:
        """Validate by scikit-learn; the error for nan or infinity includes their number and columns."""
        if rules == {"reset": False} and is_plain(X, self):
            return X
        refuse_masked(X, "X")
        refuse_masked(rules.get("y"), "y")
        try:
            return validate_data(self, X, accept_sparse=["csr", "csc"], **rules)
        except ValueError as error:
            if "Input X contains" not in (text := str(error)):
                raise EllayerError(text) from None
            names = getattr(X, "columns", getattr(self, "feature_names_in_", None))
            raise EllayerError(f"{text}\nX holds {checks.where_not_finite(X, names)}") from None

    # Output

    def _forward(self, X: Rows, layer: int | None = None) -> np.ndarray:
        """Return A^[layer] of validated rows as rows, by default the last layer's."""
        keep_freed_memory()
        return outputs(X.T, self.parameters_, self.network_, layer=layer)[0].T

    def _outputs(self, X: TableLike) -> np.ndarray:
        check_is_fitted(self, "coefs_")  # named, for one row waits while all attributes are looked through
        return self._forward(self._validate(X, reset=False))

    def predict(self, X: TableLike) -> np.ndarray:
        """Return the labels or numbers of examples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._decode(self._outputs(X))

    def transform(self, X: TableLike, layer: int = -2) -> np.ndarray:
        """Return the activations A^[l] of a layer, one row per example.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        layer : int, default=-2
            0 is the input, 1 the first hidden layer, L the output; negative numbers count from the
            output, -1, so that -2 is the last hidden layer.

        Returns
        -------
        A : ndarray of shape (n_samples, n_l)
        """
        check_is_fitted(self)
        L = self.network_.L
        if isinstance(layer, bool) or not hasattr(layer, "__index__") or not -L - 1 <= layer <= L:
            raise EllayerError(f"layer: expected an integer from {-L - 1} to {L}, received {layer!r}")
        self._named_layer = layer % (L + 1)
        return np.ascontiguousarray(self._forward(self._validate(X, reset=False), self._named_layer))

    @property
    def _n_features_out(self) -> int:
        """Number of columns of ``transform``: those of the layer of the last call, at first the last hidden layer."""
        return self.network_.layer_dims[self._named_layer]

    # Fit

    @with_callbacks
    @fit_context
    def fit(
        self,
        X: TableLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        progress: Callable[[Info], object] | bool | None = None,
    ) -> Self:
        """Fit the network to examples and their labels or numbers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Sparse rows with at least 1000 columns of which at most 1 in 32 numbers is not 0 stay sparse: the first layer is
            computed by their non-zeros. Others are converted to dense: at once if that takes less than 256 MB, else by
            mini-batches.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels, a 0/1 matrix for multilabel classification, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0.
        progress : bool or function, default=None
            True shows a bar with the time left, in a terminal or a notebook; a function is called several times a
            second with ``info.iteration`` and ``info.total``, in updates.

        Returns
        -------
        self
        """
        with report_progress(progress):
            return self._fit(X, y, sample_weight, incremental=False)

    def _class_weights(self, Y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """Return weights (m,) by class."""
        return None

    def _strata(self, Y: np.ndarray, incremental: bool) -> np.ndarray | None:
        """Return the class indices to stratify the validation split by."""
        return None

    def _fit(self, X: TableLike, y: ArrayLike, sample_weight: ArrayLike | None, incremental: bool) -> Self:
        functions, protocol = name_parameter(self, "callbacks", lambda: split_callbacks(self.callbacks))
        with temporary_callbacks(self, protocol):
            max_epochs = 1 if incremental else self.max_iter
            tasks = SklearnCallbacks.of(self, X, y, sample_weight, max_epochs)
            hidden_sizes(self.hidden_layer_sizes)
            first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
            rows, Y = self._encode(X, y, incremental, reset=first)
            check_same(self, lambda: self._facts(rows, Y, sample_weight, first))
            examples = self._examples(rows, Y, sample_weight)
            begin = self._begin(examples) if first else self._continue(examples)
            data = self._fit_data(examples, begin, incremental)
            settings = FitSettings.of(self, begin.network, incremental, data.validation is not None)
            if tasks is not None:
                tasks.epoch_begins()
            callbacks = EpochCallbacks(
                self, functions, tasks, self._publish_progress, begin.predictor_attributes
            )
            self._publish(fit(settings, data, begin, callbacks))
            if first:
                self._named_layer = begin.network.L - 1
            self._warn_of_end(settings, data)
            if tasks is not None:
                tasks.fit_ended()
        return self

    def _examples(self, X: Rows, Y: np.ndarray, sample_weight: ArrayLike | None) -> Examples:
        """Return validated rows in memory order and the dtype of the fit, and warn about problematic data."""
        dtype = X.dtype if self.dtype is None else np.dtype(self.dtype)
        X, weights = prepare_rows(X, sample_weight, dtype)
        by_class = name_parameter(self, "class_weight", lambda: self._class_weights(Y, weights))
        if by_class is not None:
            weights = (by_class if weights is None else weights * by_class).astype(dtype)
        labels, names = self._labels, getattr(self, "feature_names_in_", None)
        examples = Examples(X, np.ascontiguousarray(Y, dtype=dtype), weights)
        checks.warn_of_data(examples, labels is None, names, type(self).__name__)
        if labels is not None and len(labels.classes_) == 1:
            checks.warn_of_one_class(labels.classes_)
        return examples

    def _facts(self, X: Rows, Y: np.ndarray, weights: object, first: bool) -> list[tuple[str, object]]:
        """Return what has to be the same in every process of a group, besides the parameters."""
        names, labels, held_out = getattr(self, "feature_names_in_", None), self._labels, self.validation_data
        return [
            ("columns of X", X.shape[1] if names is None else names.tolist()), ("dtype of X", str(X.dtype)),
            ("outputs", Y.shape[1]), ("classes", None if labels is None else labels.classes_.tolist()),
            ("sample_weight", weights is not None), ("a new fit", first),
            ("validation_data", None if held_out is None else len(held_out)),
        ]  # fmt: skip

    def _network(self, examples: Examples) -> Network:
        loss = name_parameter(self, "loss", self._loss_name)
        shape = examples.X.shape[1], examples.Y.shape[1]
        return name_parameter(self, "activation", lambda: make_network(self, *shape, loss))

    def _begin(self, examples: Examples) -> FitState:
        """Return a new state: parameters, split and seed are drawn in the order of scikit-learn."""
        random = same_random(check_random_state(self.random_state))
        network = self._network(examples)
        parameters = starting_parameters(self, network, random, examples.X.dtype)
        split_state: Any = random.get_state()
        seed = int(np.random.RandomState(random.randint(2**31 - 1)).randint(2**31 - 1))
        return FitState(network, parameters, seed, split_state)

    def _continue(self, examples: Examples) -> FitState:
        """Return the fitted state, if its layers match the constructor parameters."""
        network, state = self._network(examples), self._current_state()
        if network.layer_dims != state.network.layer_dims:
            raise EllayerError(
                f"warm start: expected the layers of the fitted network, {list(state.network.layer_dims)}; the "
                f"parameters now ask for {list(network.layer_dims)}. Set warm_start=False to start again"
            )
        return replace(state, network=network)

    def _fit_data(self, examples: Examples, begin: FitState, incremental: bool) -> FitData:
        """Return the training and the validation examples: passed by the user or held out."""
        train, validation = examples, None
        if self.validation_data is not None:
            validation = self._validation_examples(examples.X.dtype)
        elif self.early_stopping and not is_lbfgs(self):
            random = np.random.RandomState()
            random.set_state(begin.split_state)
            strata = self._strata(examples.Y, incremental)
            train, validation = split_off_validation(examples, self.validation_fraction, random, strata)
        scored = train if validation is None else validation
        return FitData(train, validation, self._score_function(begin, scored), count_rows(len(train)))

    def _validation_examples(self, dtype: DTypeLike) -> Examples:
        data = self.validation_data
        if len(data) not in (2, 3):
            raise EllayerError(
                f"validation_data: expected (X, y) or (X, y, sample_weight), received {len(data)} items"
            )
        X, Y = self._encode(data[0], data[1], incremental=True, reset=False)
        X, weights = prepare_rows(X, data[2] if len(data) == 3 else None, dtype)
        return join_examples(Examples(X, np.ascontiguousarray(Y, dtype=dtype), weights))

    def _score_function(self, begin: FitState, examples: Examples) -> Score:
        """Return the score of outputs, or the scikit-learn scorer ``monitor``."""
        if self.monitor is None or self.monitor == "loss":
            return self._default_score(examples)
        scorer, y = get_scorer(self.monitor), self._decode(examples.Y)
        extra = {} if examples.weights is None else {"sample_weight": examples.weights}

        def score(parameters: Parameters, A: np.ndarray) -> float:
            model = copy.copy(self)
            model.__dict__ = without_callbacks(model.__dict__) | begin.predictor_attributes(parameters)
            model.__dict__.pop("feature_names_in_", None)  # the rows have no column names here
            return float(scorer(model, examples.X, y, **extra))

        return score

    def _warn_of_end(self, settings: FitSettings, data: FitData) -> None:
        """Warn if the fit did not converge, about dead layers, and about classes never predicted after enough epochs."""
        state, labels, reason = self._fit_state, self._labels, self.stopped_by_
        if reason == "interrupted":
            warn_user("Training interrupted by user.", UserWarning)
        elif reason == "iterations" and settings.lbfgs:
            checks.warn_of_lbfgs(self.n_iter_, self.max_iter)
        elif reason == "iterations" and settings.warns_of_limit:
            checks.warn_of_limit(self.max_iter)
        long = settings.lbfgs or len(self.loss_curve_) >= FEW_EPOCHS
        if settings.incremental or not (long or reason == "convergence"):
            return
        rows, numbers, classes = checks.examined_rows(data.train, data.m), None, None
        if long and labels is not None and label_kind(labels) != "multilabel-indicator":
            numbers, classes = class_index(rows.Y.T), labels.classes_
        checks.warn_of_fit(rows.X, state.network, self.parameters_, numbers, classes)

    # Other packages

    def model_parts(self) -> ModelParts:
        """Return the network, its parameters and the conversion of rows to columns, for inspection and export."""
        check_is_fitted(self)
        network, classes = self.network_, getattr(self, "classes_", None)
        return ModelParts(
            network=network,
            member_parameters=[self.parameters_],
            prepare=lambda X: rows_as_columns(network, X),
            encode=lambda y, m: labels_as_columns(network, y, m, classes),
            decode=lambda AL: self._decode(AL.T),
            target_kind=self._target_kind(),
            classes=classes,
            feature_names=list(getattr(self, "feature_names_in_", [])),
            history=self.history_,
            stopped_by=getattr(self, "stopped_by_", ""),
            engine=getattr(self, "engine_", ""),
            restored_best=self._fit_state.restored,
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64"] + ["float32"] * (self.dtype != "float64")
        return tags
