"""What happens between two epochs: scores, scikit-learn's stopping rule, its printed lines, callbacks."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, get_scorer, r2_score

from ...core.inference import outputs
from ...core.objective import objective
from ...core.schedules import Schedule
from ...engine.events import Info, wants_to_stop
from ...engine.history import History
from ...errors import EllayerError
from ..epoch_info import EpochInfo
from ..labels import decode
from ..sklearn_compat import without_callbacks

SMALLEST_RATE = 1e-6
FOREVER = 1 << 30  # epochs


@dataclass(frozen=True)
class HeldOut:
    """Examples to score on: rows X (m, n_x), targets Y (m, n_L), the labels or numbers y, weights."""

    X: Any  # an array or a csr matrix
    Y: np.ndarray
    y: Any
    weights: np.ndarray | None


@dataclass
class Memory:
    """What the rule remembers from one call of ``fit`` or ``partial_fit`` to the next."""

    no_improvement: int = 0
    rate_scale: float = 1.0
    best: float = -math.inf
    best_parameters: dict[str, np.ndarray] | None = None


class EpochRule:
    """The engine's callback: after each epoch it scores, judges, prints and asks others.

    Where the loss alone decides, the engine may run several epochs before it calls: never more than
    must pass before waiting is over, so that a fit ends at the same epoch with the same bits.

    Parameters
    ----------
    estimator
        Its ``loss_curve_``, ``validation_scores_``, ``best_loss_``, ``best_validation_score_``, ``t_``,
        ``n_iter_`` and ``_memory`` are kept up to date here.
    network : Network
    m : int
        Examples in an epoch.
    held_out : HeldOut or None
    train : HeldOut
        The examples of the fit, for a scorer where nothing is held out.
    incremental : bool
        For ``partial_fit``, whose one epoch is all there is.
    adaptive : bool
        Take a smaller learning rate before giving up.
    context : SklearnCallbacks or None
    """

    def __init__(self, estimator: Any, network: Any, *, m: int, held_out: HeldOut | None, train: HeldOut,
                 incremental: bool, adaptive: bool, context: Any = None):  # fmt: skip
        self.estimator, self.network, self.m = estimator, network, m
        self.held_out, self.train = held_out, train
        self.incremental, self.adaptive, self.context = incremental, adaptive, context
        self.memory = estimator._memory
        self.watched = watched(estimator, held_out is not None)
        self.scorer = self._scorer()
        self.restores = restores_best(estimator) and self.watched != "loss"
        self.callbacks = [f for f in estimator.callbacks or () if not is_sklearn_callback(f)]
        self.columns: dict[str, list[float]] = {"validation_loss": [], "validation_score": []}
        self.converged = False
        self._parameters: dict[str, np.ndarray] | None = None
        self._told = 0
        self.by_loss_alone = (
            self.watched == "loss" and held_out is None and context is None and not self.callbacks
            and not adaptive and not restores_best(estimator)
        )  # fmt: skip
        limit = estimator.n_iter_no_change
        self.limit = math.inf if limit is None else limit

    def __call__(self, info: Info) -> bool:
        """Take in what ended since the last call; return whether to stop."""
        self._parameters, self._info = None, info
        stop = self.take_in(info.history)
        return any([stop, *self._call(info)])

    def records_ahead(self) -> int:
        """Return how many epochs may end before this has to be called."""
        if not self.by_loss_alone:
            return 1
        return FOREVER if self.limit == math.inf else int(self.limit) + 1 - self.memory.no_improvement

    def take_in(self, history: History, epochs: int | None = None) -> bool:
        """Take in the rows of the history not seen yet, those of the first ``epochs`` only where given."""
        stop = False
        for loss in history.losses[self._told : epochs]:
            stop = self._epoch_ended(loss)
            self._told += 1
        return stop

    def _epoch_ended(self, loss: float) -> bool:
        estimator = self.estimator
        estimator.n_iter_ += 1
        estimator.t_ += self.m
        estimator.loss_ = loss
        estimator.loss_curve_.append(loss)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
        self._judge(self._score())
        return self.memory.no_improvement > self.limit and self._give_up()

    # Values

    def _now(self) -> dict[str, np.ndarray]:
        if self._parameters is None:
            self._parameters = self._info.parameters
        return self._parameters

    def _score(self) -> float:
        """Return the watched value of this epoch, larger is better, and keep the others."""
        estimator = self.estimator
        if self.held_out is None and self.watched == "loss":
            return -estimator.loss_
        place = self.held_out or self.train
        AL, ZL = outputs(place.X.T, self._now(), self.network)
        if self.held_out is not None:
            weights = None if place.weights is None else place.weights.reshape(1, -1)
            J = objective(self.network, AL.shape[1], weights)
            loss = float(J.cost(AL, ZL, place.Y.T, {}))
            self.columns["validation_loss"].append(loss)
        score = self.scorer(place, AL.T)
        if self.held_out is None:
            return score
        self.columns["validation_score"].append(score)
        if estimator.validation_scores_ is not None:
            estimator.validation_scores_.append(score)
            if estimator.verbose:
                print(f"Validation score: {score:f}")
        return {"loss": -estimator.loss_, "validation_loss": -loss}.get(self.watched, score)

    def _scorer(self) -> Callable[[HeldOut, np.ndarray], float]:
        estimator, monitor = self.estimator, self.estimator.monitor
        if monitor is None or monitor == "loss":
            return self._accuracy if hasattr(estimator, "classes_") else _r2
        scorer = get_scorer(monitor)

        def score(place: HeldOut, A: np.ndarray) -> float:
            model = copy.copy(estimator)
            model.__dict__ = without_callbacks(model.__dict__)
            model.__dict__.pop("feature_names_in_", None)  # rows without names are scored here
            model._set_parameters(self._now())
            extra = {} if place.weights is None else {"sample_weight": place.weights}
            return float(scorer(model, place.X, place.y, **extra))

        return score

    def _accuracy(self, place: HeldOut, A: np.ndarray) -> float:
        if not np.isfinite(A).all():
            return math.nan
        return float(
            accuracy_score(place.y, decode(self.estimator._label_binarizer, A), sample_weight=place.weights)
        )

    # Decisions

    def _judge(self, value: float) -> None:
        estimator, memory = self.estimator, self.memory
        if estimator.best_loss_ is not None:
            estimator.best_loss_ = min(estimator.best_loss_, estimator.loss_)
        memory.no_improvement = memory.no_improvement + 1 if value < memory.best + estimator.tol else 0
        if value > memory.best:
            memory.best = value
            if self.restores:
                memory.best_parameters = {name: theta.copy() for name, theta in self._now().items()}
            if estimator.validation_scores_:
                estimator.best_validation_score_ = estimator.validation_scores_[-1]

    def _give_up(self) -> bool:
        """Say so, and stop or take a smaller learning rate."""
        estimator = self.estimator
        what = {"loss": "Training loss", "validation_loss": "Validation loss", "score": "Training score"}
        text = (
            f"{what.get(self.watched, 'Validation score')} did not improve more than tol={estimator.tol:f} for "
            f"{self.limit} consecutive epochs."
        )
        rate = estimator.learning_rate_init * self.memory.rate_scale
        if self.adaptive and rate > SMALLEST_RATE:
            self.memory.rate_scale /= 5.0
            self.memory.no_improvement = 0
            self._print(f"{text} Setting learning rate to {rate / 5.0:f}")
            return False
        self._print(f"{text}{' Learning rate too small.' if self.adaptive else ''} Stopping.")
        self.converged = True
        return True

    def _print(self, text: str) -> None:
        if self.estimator.verbose:
            print(text)

    def _call(self, info: Info) -> list[bool]:
        answers = []
        if self.callbacks:
            estimator = self.estimator
            last: dict[str, Any] = {name: column[-1] for name, column in self.columns.items() if column}
            epoch = EpochInfo(
                **vars(info), epoch=estimator.n_iter_, max_epochs=1 if self.incremental else estimator.max_iter,
                loss=estimator.loss_, estimator=estimator, **last,
            )  # fmt: skip
            answers = [wants_to_stop(callback(epoch)) for callback in self.callbacks]
        if self.context is not None:
            answers.append(self.context.epoch_ended(lambda: self.estimator._attributes_of(self._now())))
        return answers

    def schedule(self) -> Schedule:
        """Return scikit-learn's adaptive rule: the rate follows ``rate_scale``."""
        return Schedule(
            "adaptive by epochs", lambda step, total: np.full(np.shape(step), self.memory.rate_scale)
        )


class IterationCalls:
    """The callbacks of lbfgs, after each of its iterations."""

    def __init__(self, estimator: Any, context: Any):
        self.estimator, self.context = estimator, context
        self.callbacks = [f for f in estimator.callbacks or () if not is_sklearn_callback(f)]

    def __bool__(self) -> bool:
        return bool(self.callbacks or self.context)

    def __call__(self, info: Info) -> bool:
        """Call all of them; return whether one wants to stop."""
        if not info.iteration:
            return False
        column = info.history.get("validation_loss")
        epoch = EpochInfo(
            **vars(info), epoch=info.iteration, max_epochs=info.total, loss=info.cost, estimator=self.estimator,
            validation_loss=column[-1] if column else None,
        )  # fmt: skip
        answers = [wants_to_stop(callback(epoch)) for callback in self.callbacks]
        if self.context is not None:
            answers.append(self.context.epoch_ended(lambda: self.estimator._attributes_of(info.parameters)))
        return any(answers)


def watched(estimator: Any, has_validation: bool) -> str:
    """Return what stopping looks at: "loss", "validation_loss", "validation_score" or "score"."""
    monitor = estimator.monitor
    if monitor is None and estimator.early_stopping and getattr(estimator, "class_weight", None) is not None:
        monitor = "loss"  # who weighs the classes does not mean the accuracy
    if monitor is None:
        return "validation_score" if estimator.early_stopping and has_validation else "loss"
    if monitor == "loss":
        return "validation_loss" if has_validation else "loss"
    return "validation_score" if has_validation else "score"


def restores_best(estimator: Any) -> bool:
    """Tell whether the best parameters are to come back; by default with early stopping."""
    return bool(estimator.early_stopping if estimator.restore_best is None else estimator.restore_best)


def is_sklearn_callback(callback: Any) -> bool:
    """Tell whether an object follows scikit-learn's callback protocol."""
    return hasattr(callback, "on_fit_task_end") and hasattr(callback, "setup")


def sklearn_callbacks(callbacks: Any) -> list[Any]:
    """Return those that follow scikit-learn's protocol; the others have to be functions."""
    theirs = [c for c in callbacks or () if is_sklearn_callback(c)]
    for callback in callbacks or ():
        if not (is_sklearn_callback(callback) or callable(callback)):
            raise EllayerError(
                f"expected functions of an EpochInfo, or scikit-learn's callbacks; received {type(callback).__name__}"
            )
    return theirs


def _r2(place: HeldOut, A: np.ndarray) -> float:
    """The coefficient of determination, nan where a prediction is no number."""
    if not np.isfinite(A).all():
        return math.nan
    return float(r2_score(place.Y, A, sample_weight=place.weights))
