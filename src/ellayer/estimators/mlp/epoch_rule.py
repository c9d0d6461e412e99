"""The engine's callback between two epochs: scores, and scikit-learn's stopping rule and output."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...core.inference import outputs
from ...core.objective import objective
from ...core.schedules import Schedule
from ...engine.events import Info
from ...engine.history import History
from ...engine.state import Parameters
from ..examples import Examples
from ..group_rows import agree
from .callbacks import EpochCallbacks
from .fit_state import FitState, Progress
from .settings import FitSettings

SMALLEST_RATE = 1e-6
FOREVER = 1 << 30  # epochs

Score = Callable[[Parameters, np.ndarray], float]


@dataclass(frozen=True)
class FitData:
    """The examples of one call of ``fit``.

    Attributes
    ----------
    train : Examples
    validation : Examples or None
    score : callable
        ``score(parameters, A)`` of outputs A (m, n_L) for the validation examples, or for ``train`` if there
        are none; higher is better.
    m : int
        The number of training examples: of all processes, in a group, where ``train`` are those of this one.
    """

    train: Examples
    validation: Examples | None
    score: Score
    m: int


class EpochRule:
    """The rule applied after each epoch: record its values, stop or lower the learning rate, call callbacks.

    If only the loss is monitored, the engine may run several epochs before a call, but never so many that
    patience could run out, so that a fit ends at the same epoch with the same bits.

    Parameters
    ----------
    settings : FitSettings
    data : FitData
    state : FitState
        Its epochs, losses, curves and memory are updated.
    callbacks : EpochCallbacks
    """

    settings: FitSettings
    data: FitData
    state: FitState
    callbacks: EpochCallbacks
    progress: Progress

    def __init__(self, settings: FitSettings, data: FitData, state: FitState, callbacks: EpochCallbacks):
        self.settings, self.data, self.state, self.callbacks = settings, data, state, callbacks
        self.columns: dict[str, list[float]] = {"validation_loss": [], "validation_score": []}
        self.converged: bool = False
        self.adaptive: bool = settings.rate_rule == "adaptive"
        self.restores: bool = settings.restore_best and settings.monitored != "loss"
        self.by_loss_alone: bool = (
            settings.monitored == "loss" and data.validation is None and not callbacks
            and not self.adaptive and not settings.restore_best
        )  # fmt: skip
        self._records = 0
        self._parameters: Parameters | None = None
        self.progress = state.progress
        if "loss_curve_" not in self.progress:
            scored = data.validation is not None
            self.progress |= {
                "loss_curve_": [],
                "best_loss_": None if settings.early_stopping else math.inf,
                "validation_scores_": [] if scored else None,
                "best_validation_score_": -math.inf if scored else None,
            }

    def __call__(self, info: Info) -> bool:
        """Record the epochs since the last call; return whether to stop."""
        self._parameters, self._info = None, info
        stop = self.record(info.history)
        return self._call_back(info) or stop

    def records_ahead(self) -> int:
        """Return the number of epochs that may end before this has to be called."""
        if not self.by_loss_alone:
            return 1
        patience = self.settings.patience
        return FOREVER if patience == math.inf else int(patience) + 1 - self.state.memory.no_improvement

    def record(self, history: History, epochs: int | None = None) -> bool:
        """Record the new rows among the first ``epochs`` rows of a history; return whether to stop."""
        stop = False
        for loss in history.losses[self._records : epochs]:
            stop = self._record_epoch(loss)
            self._records += 1
        return stop

    def _record_epoch(self, loss: float) -> bool:
        progress = self.progress
        progress["n_iter_"] += 1
        progress["t_"] += self.data.m
        progress["loss_"] = loss
        progress["loss_curve_"].append(loss)
        self._print(f"Iteration {progress['n_iter_']}, loss = {loss:.8f}")
        self._compare(self._value(loss))
        return self.state.memory.no_improvement > self.settings.patience and self._give_up()

    # Values

    def _current(self) -> Parameters:
        if self._parameters is None:
            self._parameters = self._info.parameters
        return self._parameters

    def _value(self, loss: float) -> float:
        """Return the monitored value of this epoch, higher is better, and record the others."""
        validation = self.data.validation
        if validation is None and self.settings.monitored == "loss":
            return -loss
        score, validation_loss = agree(lambda: self._evaluate(self._current()))
        if validation is None:
            return score
        self.columns["validation_loss"].append(validation_loss)
        self.columns["validation_score"].append(score)
        if (scores := self.progress["validation_scores_"]) is not None:
            scores.append(score)
            self._print(f"Validation score: {score:f}")
        return {"loss": -loss, "validation_loss": -validation_loss}.get(self.settings.monitored, score)

    def _evaluate(self, parameters: Parameters) -> tuple[float, float]:
        """Return the score, and the loss of the validation examples, nan without them."""
        validation, network = self.data.validation, self.state.network
        examples = self.data.train if validation is None else validation
        AL, ZL = outputs(examples.X.T, parameters, network)
        score = self.data.score(parameters, AL.T)
        if validation is None:
            return score, math.nan
        weights = None if validation.weights is None else validation.weights.reshape(1, -1)
        J = objective(network, AL.shape[1], weights)
        return score, float(J.cost(AL, ZL, validation.Y.T, {}))

    # Decisions

    def _compare(self, value: float) -> None:
        """Compare a value with the best so far."""
        progress, memory = self.progress, self.state.memory
        if (best_loss := progress["best_loss_"]) is not None:
            progress["best_loss_"] = min(best_loss, progress["loss_"])
        memory.no_improvement = (
            memory.no_improvement + 1 if value < memory.best + self.settings.tolerance else 0
        )
        if value > memory.best:
            memory.best = value
            if self.restores:
                memory.best_parameters = {name: theta.copy() for name, theta in self._current().items()}
            if scores := progress["validation_scores_"]:
                progress["best_validation_score_"] = scores[-1]

    def _give_up(self) -> bool:
        """Stop, or lower the learning rate; return whether to stop."""
        settings, memory = self.settings, self.state.memory
        values = {"loss": "Training loss", "validation_loss": "Validation loss", "score": "Training score"}
        message = (
            f"{values.get(settings.monitored, 'Validation score')} did not improve more than "
            f"tol={settings.tolerance:f} for {settings.patience} consecutive epochs."
        )
        rate = settings.first_rate * memory.rate_scale
        if self.adaptive and rate > SMALLEST_RATE:
            memory.rate_scale /= 5.0
            memory.no_improvement = 0
            self._print(f"{message} Setting learning rate to {rate / 5.0:f}")
            return False
        self._print(f"{message}{' Learning rate too small.' if self.adaptive else ''} Stopping.")
        self.converged = True
        return True

    def _print(self, text: str) -> None:
        if self.settings.verbose:
            print(text)

    def _call_back(self, info: Info) -> bool:
        if not self.callbacks:
            return False
        progress = self.progress
        return self.callbacks(
            info, self.state, self._current, epoch=progress["n_iter_"], max_epochs=self.settings.max_epochs,
            loss=progress["loss_"],
            **{name: column[-1] for name, column in self.columns.items() if column},
        )  # fmt: skip

    def schedule(self) -> Schedule:
        """Return scikit-learn's adaptive rule: the rate follows ``rate_scale`` of the memory."""
        memory = self.state.memory
        return Schedule("adaptive by epochs", lambda step, total: np.full(np.shape(step), memory.rate_scale))
