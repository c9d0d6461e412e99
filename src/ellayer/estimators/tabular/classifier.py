"""TabularClassifier: from a raw table and its labels to calibrated probabilities, without tuning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import check_classification_targets

from ..._sklearn_compat import StrOptions, check_targets, store_parameters
from ..._warn import ValidationWarning, warn_user
from ...core.inference import class_index
from ...core.metrics import METRICS, Metric, metric_names, surprisal
from ...engine.result import TrainingResult
from ...errors import EllayerError
from .. import fit_warnings as checks
from ..examples import Examples
from ..labels import ProbabilisticClassifier, class_weights, labels_from_facts, labels_to_facts
from ..stored import Arrays, Facts
from .base import CONSTRAINTS, BaseTabular
from .calibration import (
    best_threshold,
    cheapest_threshold,
    mean_probabilities,
    outputs_per_row,
    prior,
    score,
    temperature_for,
    temperature_of_more,
)
from .decision_options import costs_of, positive_place
from .fitted import FittedTableClassifier
from .recipes import Recipe
from .simple_fit import ModelKind
from .training import TableData

if TYPE_CHECKING:
    from ..examples import RandomState

__all__ = ["TabularClassifier"]
ROWS_OF_SPREAD = 500  # for the spread of the members
PROBABLE = 1e-30  # at least, for a logarithm in float32
TIE = 1e-8  # the log loss breaks ties between epochs of equal accuracy


class TabularClassifier(ProbabilisticClassifier, BaseTabular, FittedTableClassifier):
    """A classifier for raw tables with mixed columns: calibrated probabilities without tuning.

    Column types are detected and columns prepared (see ``TablePreparation``), a network is trained by a
    recipe for tables (after RealMLP, Holzmüller et al. 2024), the best epoch is selected on a fifth of
    the rows, and the probabilities are calibrated by a temperature.

    Parameters
    ----------
    n_members : int or "auto", default="auto"
        Number of networks whose probabilities are averaged. Each holds out another fold; they are trained together.
        "auto" is chosen by the preset and the size of the table, never by measured time.
    preset : {"fast", "default", "best"}, default="default"
        "fast" trains one member in about three times LightGBM's time, with fewer epochs and, for many rows, fewer
        units. "default" trains up to eight members within about the time of CatBoost's default (about seven seconds
        of one core for 5,000 rows). "best" trains up to 32 members of two recipes and averages as many of each as
        score best on held-out rows. Other parameters take precedence.
    epochs : int or None, default=None
        None uses the recipe's number of epochs for the number of rows, or fewer if the preset's budget requires it.
    time_limit : float or None, default=None
        Maximum duration of the fit in seconds; the learning-rate schedule is shortened to fit.
    hidden_layer_sizes : int, array-like of int or None, default=None
        None is the recipe's choice for the number of rows.
    metric : str, default="log_loss"
        A row of ``core.metrics.METRICS`` for classes: "log_loss", "brier", "roc_auc" (or "auc"), "accuracy",
        "balanced_accuracy", "f1" or "calibration_error". Determines the best epoch, whether labels are
        smoothed (for metrics of labels), and the decision rule from probabilities to labels.
    class_weight : dict, "balanced" or None, default=None
    positive : label or None, default=None
        Of two classes the one that F1 and costs speak of; None is the second.
    cost : dict or None, default=None
        Of two classes: ``{"fp": 1, "fn": 5}`` for a false positive and a false negative. Labels follow from the
        threshold of the probability that costs least on rows held out in training.
    recipe : str, default="ramps"
        A name of ``ellayer.estimators.tabular.recipes.RECIPES``: "ramps", or RealMLP's "simple" and "full".
    learning_rate : float or None, default=None
        None is the recipe's.
    batch_size : int or None, default=None
        None is the recipe's for the number of rows.
    model : {"network", "linear", "boosting"}, default="network"
        "linear" is logistic regression, kept as a network without hidden layers, "boosting" scikit-learn's
        ``HistGradientBoostingClassifier``, kept as plain arrays. They are scored on the same held-out rows as a network,
        and then fitted to all rows; the parameters of the network's shape and training have no effect.
    activation : str, list of str or None, default=None
        Activation of the hidden layers: one, or one per layer. None is the recipe's, as for the next five.
    optimizer : str or None, default=None
        A name of ``ellayer.core.optimizers.OPTIMIZERS``; the recipe's learning rate is one for Adam.
    dropout : float or None, default=None
        Share of the units of each hidden layer that are 0 in an update.
    weight_decay : float or None, default=None
        W = W - learning rate * weight_decay * W at each update, in the parametrisation of the recipe.
    l2 : float or None, default=None
        Strength of the penalty l2 / 2m * sum of W².
    patience : int or None, default=None
        Stop after this number of epochs without a better validation score; None trains all epochs.
    column_kinds : dict or None, default=None
        The kind of a column by name, to override detection: "numeric", "categorical", "boolean",
        "date", "text", "identifier" or "ignore".
    dtype : {"float32", "float64"}, default="float32"
        Type for training; predictions are computed in float64.
    device : str or None, default=None
        "cpu", "gpu", "gpu:0", ...; others than the CPU always run compiled. Predictions are computed on the CPU.
    random_state : int, RandomState or None, default=None
    n_jobs : int or None, default=None
        Members, or folds of another model, that are trained at once, each in a process of its own or on a worker of
        ``joblib.parallel_config``; -1 uses all cores. The result is the same. Members that are compiled into one
        program, and those of a stream or with a time limit, are trained together in this process.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    preparation_ : TablePreparation
        ``preparation_.describe()`` lists the detected kind of each column.
    network_ : Network or None
        None if y has one class.
    members_ : list of dict
        Parameters of each network.
    history_ : History
        One row per epoch, means over the members.
    best_epochs_ : list of int
    average_inputs_ : list of ndarray
        For each member the average training row after the embeddings, the baseline of explanations.
    oof_prediction_ : ndarray of shape (n_samples, n_classes)
        Out-of-fold probabilities: of each row by the members not trained on it; nan for rows without such a
        member (with fewer than 5 members, or an ``eval_set``); empty after a stream.
    held_out_ : (frame, ndarray)
        Only after a stream, and not saved: held-out rows and their targets.
    validation_score_ : float
        The metric of those, or of ``eval_set``.
    temperature_ : float
        The divisor of the outputs for the mean of the members; 1 if that does not lower the log loss.
    decision_ : ndarray of shape (n_classes,)
        The label is the class of the largest p / decision; of two classes 1 - threshold and threshold.
    positive_ : label or None
        The positive one of two classes.
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
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "metric": [StrOptions(set(metric_names("classes")))],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "cost": [dict, None],
        "positive": [str, Real, np.generic, None],
    }

    def __init__(
        self,
        n_members: int | Literal["auto"] = "auto",
        *,
        preset: Literal["fast", "default", "best"] = "default",
        epochs: int | None = None,
        time_limit: float | None = None,
        hidden_layer_sizes: int | Sequence[int] | np.ndarray | None = None,
        metric: str = "log_loss",
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        positive: object = None,
        cost: Mapping[str, float] | None = None,
        recipe: str = "ramps",
        learning_rate: float | None = None,
        batch_size: int | None = None,
        model: ModelKind = "network",
        activation: str | Sequence[str] | None = None,
        optimizer: str | None = None,
        dropout: float | None = None,
        weight_decay: float | None = None,
        l2: float | None = None,
        patience: int | None = None,
        column_kinds: Mapping[Any, str] | None = None,
        dtype: Literal["float32", "float64"] = "float32",
        device: str | None = None,
        random_state: RandomState = None,
        n_jobs: int | None = None,
    ) -> None:
        store_parameters(self, locals())

    # Targets

    def _checked_targets(self, X: object, y: ArrayLike | None) -> np.ndarray:
        labels = super()._checked_targets(X, y)
        labels = check_targets(labels, y_numeric=False, estimator=self)
        check_classification_targets(labels)
        return labels

    def _learn_targets(self, y: np.ndarray) -> np.ndarray:
        self._labels = LabelBinarizer().fit(y)
        self.classes_ = self._labels.classes_
        self._set_positive(positive_place(self.positive, self.cost, self.classes_))
        return self._targets(y)

    def _targets(self, y: np.ndarray) -> np.ndarray:
        unknown = set(y.tolist()) - set(self.classes_.tolist())
        if unknown:
            raise EllayerError(
                f"eval_set: expected labels among {self.classes_.tolist()[:10]}, received {sorted(map(str, unknown))[:5]}"
            )
        Y = self._labels.transform(y)
        return (np.concatenate([1 - Y, Y], axis=1) if len(self.classes_) == 2 else Y).astype(np.float64)

    def _target_names(self) -> list[str]:
        if len(self.classes_) == 2:
            return super()._target_names()
        return [f"target = {label}" for label in self.classes_.tolist()]

    def _class_weights(self, Y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        columns = Y[:, 1:] if len(self.classes_) == 2 else Y
        return class_weights(self.class_weight, columns, self._labels, weights)

    def _strata(self, Y: np.ndarray) -> np.ndarray | None:
        return class_index(Y.T)

    def _warn_of_few(self, Y: np.ndarray, holds_out: bool) -> None:
        super()._warn_of_few(Y, holds_out)
        single = np.flatnonzero(Y.sum(axis=0) == 1)
        if len(single) and holds_out:
            labels = ", ".join(map(repr, self.classes_[single].tolist()[:10]))
            message = f"y: only one example of {labels}; it is used for training and never held out"
            warn_user(message, ValidationWarning)

    def _is_constant(self, Y: np.ndarray) -> bool:
        return len(self.classes_) == 1

    def _warn_of_constant(self) -> None:
        checks.warn_of_one_class(self.classes_)

    def _find_metric(self) -> Metric:
        return METRICS[self.metric]

    def _loss(self, recipe: Recipe) -> str:
        smoothing = recipe["label_smoothing"] if self._metric.takes == "labels" else 0.0
        return f"cross_entropy(smoothing={smoothing!r})" if smoothing else "cross_entropy"

    # Scores

    def _score_of_epoch(self, AL: np.ndarray, Y: np.ndarray, weights: np.ndarray | None) -> float:
        P, numbers = self._positive_last(AL.T, Y.argmax(axis=0))
        mass = None if weights is None else weights[0]
        metric = self._metric
        if metric.takes != "labels":  # as it will be once it is calibrated
            Z = np.log(np.maximum(P, PROBABLE))[None]
            P = mean_probabilities(Z, temperature_for(Z, numbers, mass))
        decision = prior(numbers, mass, P.shape[1]) if metric.decision == "prior" else 1.0
        value = score(metric, P, numbers, mass, decision)
        if metric.takes != "labels":
            return value
        return value - TIE * min(float(np.average(surprisal(P, numbers), weights=mass)), 10.0)

    def _start_evaluation(
        self, count: int, Y: np.ndarray | None = None, weights: np.ndarray | None = None
    ) -> None:
        K = len(self.classes_)
        self.oof_prediction_: np.ndarray = np.full((count, K), np.nan)
        self.validation_score_, self.temperature_, self.decision_ = math.nan, 1.0, np.ones(K)
        if Y is not None and self._metric.decision == "prior":
            share = np.average(Y, axis=0, weights=weights)
            self.decision_ = np.where(share > 0, share, 1.0)
        if self.cost is not None and K == 2:
            fp, fn = costs_of(self.cost)
            self._set_threshold(fp / (fp + fn))

    def _positive_last(self, P: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities (m, K) and class indices with the positive one of two classes as the second."""
        return (P[:, ::-1], 1 - numbers) if self._positive_place() == 0 else (P, numbers)

    def _set_threshold(self, threshold: float) -> None:
        """Set the decision of two classes by the probability of the positive one."""
        pair = [1.0 - threshold, threshold]
        self.decision_ = np.array(pair if self._positive_place() == 1 else pair[::-1])

    def _evaluate(self, Z: np.ndarray, examples: Examples) -> np.ndarray:
        """Set temperature, decision and score; return the probabilities."""
        numbers, weights, metric = examples.Y.argmax(axis=1), examples.weights, self._metric
        Z = outputs_per_row(Z)
        if self.model == "network":
            self.temperature_ = temperature_for(Z, numbers, weights)
        P = mean_probabilities(Z, self.temperature_)
        ordered, truth = self._positive_last(P, numbers)
        if self.cost is not None:
            # Rows cost the same, whatever they weigh in the fit.
            by_class = self._class_weights(examples.Y, None)
            mass = weights if by_class is None or weights is None else weights / by_class
            self._set_threshold(cheapest_threshold(ordered[:, 1], truth == 1, mass, *costs_of(self.cost)))
        elif metric.decision == "tuned" and P.shape[1] == 2:
            self._set_threshold(best_threshold(metric, ordered, truth, weights))
        decision = self.decision_ if self._positive_place() == 1 else self.decision_[::-1]
        self.validation_score_: float = score(metric, ordered, truth, weights, decision)
        return P

    def _settle(self, data: TableData, results: Sequence[TrainingResult]) -> None:
        super()._settle(data, results)
        fewer = data.members_of_a_row
        if fewer and fewer < len(self.members_):
            Z = self._outputs(data.some_validation(ROWS_OF_SPREAD))
            self.temperature_ = temperature_of_more(self.temperature_, Z, fewer)

    # Storage

    def _target_facts(self) -> dict[str, Any]:
        return {"labels": labels_to_facts(self._labels), "positive": self._positive_place()}

    def _set_targets(self, arrays: Arrays, facts: Facts) -> None:
        self._labels = labels_from_facts(facts.get("labels"))
        super()._set_targets(arrays, facts)
