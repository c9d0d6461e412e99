"""L-BFGS for small full-batch work: scipy's, over the same cost and gradients."""

from __future__ import annotations

import math
import time
from typing import Protocol

import numpy as np

from ..core.network import Network
from ..core.optimizers import OPTIMIZERS
from .events import Info, Observers
from .lbfgs_options import LbfgsOptions
from .loop import LoopState, Records
from .numpy_loop import blas_threads
from .run import CHUNK_SECONDS
from .state import Parameters, TrainState
from .step import Batch, Evaluation, cost, evaluate, gradient_norm
from .track import Chunk, Track


class Vector:
    """A dict of parameters as one float64 vector and back."""

    def __init__(self, network: Network):
        self._shapes = network.shapes

    def pack(self, arrays: Parameters, prefix: str = "") -> np.ndarray:
        """Return the vector of arrays named prefix + name."""
        return np.concatenate([np.ravel(arrays[prefix + name]).astype(np.float64) for name in self._shapes])

    def unpack(self, vector: np.ndarray) -> Parameters:
        """Return the dict of a vector."""
        parameters, at = {}, 0
        for name, shape in self._shapes.items():
            size = math.prod(shape)
            parameters[name] = vector[at : at + size].reshape(shape)
            at += size
        return parameters


class _Outcome(Protocol):
    """The state of a minimisation, as scipy hands it out."""

    x: np.ndarray
    success: bool


class LbfgsRun:
    """One minimisation. scipy holds the loop, so this is a ``Run`` from the inside: a track, and its callbacks.

    Parameters
    ----------
    track : Track
        With a network, L1 and L2; the update rule of its ``StepConfig`` is not used.
    data : Batch
    state : TrainState
        The start.
    options : LbfgsOptions
    end : int
        The most iterations.
    observers : Observers
    """

    def __init__(
        self,
        track: Track,
        data: Batch,
        state: TrainState,
        options: LbfgsOptions,
        end: int,
        observers: Observers,
    ):
        self.track, self.tracks, self.options = track, [track], options
        self.end, self.observers = end, observers
        self.config, self.every = track.settings.config, track.settings.record_every
        self.data = Batch(*(None if a is None else np.asarray(a, np.float64) for a in data[:3]))
        self.vector = Vector(self.config.network)
        self._x = self.vector.pack(state.parameters)
        self._iteration = 0
        self._reason: str | None = None
        self._last: tuple[np.ndarray, Evaluation, float] | None = None

    def go(self) -> None:
        """Minimise; the track knows what ended it."""
        self._begin = self._shown = time.perf_counter()
        self._save()
        with np.errstate(all="ignore"), blas_threads(self.config.network, self.data.X.shape[1]):
            try:
                reason = self._minimise()
            except KeyboardInterrupt:
                reason = "interrupted"
                self._x, self._iteration, records = self._saved
                self.track.restore(records)
            settings = self.track.settings
            by_loss = settings.judges and settings.stopping.monitor == "loss"
            self.track.finish(self._state(), reason, self._evaluate(self._x)[1] if by_loss else None)

    def _minimise(self) -> str:
        from scipy.optimize import minimize

        if self.end == 0:
            return "iterations"
        reason = self._record()
        if reason is None:
            outcome = minimize(
                self._cost_and_gradient, self._x, method="L-BFGS-B", jac=True, callback=self._after,
                options={
                    "maxiter": self.end,
                    "maxfun": self.options.max_evaluations,
                    "maxcor": self.options.memory,
                    "gtol": self.options.gtol,
                },
            )  # fmt: skip
            self._x = outcome.x
            reason = self._reason or ("converged" if outcome.success else "iterations")
        return reason

    def _cost_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        at, J = self._evaluate(x)
        return J, self.vector.pack(at.grads, "d")

    def _evaluate(self, x: np.ndarray) -> tuple[Evaluation, float]:
        """Run forward and backward, once where scipy and a record ask for the same point."""
        if self._last is None or not np.array_equal(self._last[0], x):
            parameters, values = self.vector.unpack(x.copy()), self.track.values
            at = evaluate(self.config, values, parameters, self.data, 0)
            J = float(cost(self.config, parameters, self.data, at))
            self._last = (x.copy(), at, J)
        return self._last[1:]

    def _after(self, intermediate_result: _Outcome) -> None:
        """Record and decide between two iterations of scipy's."""
        self._x = np.array(intermediate_result.x)
        self._iteration += 1
        due = self._iteration % self.every == 0 and self._iteration < self.end
        if not due:
            self._save()
        if self._iteration < self.end:
            self._reason = self._record() if due else self._late()
            if self._reason:
                raise StopIteration

    def _record(self) -> str | None:
        """Record and judge this iteration, and call the observers; return what wants to stop."""
        at, J = self._evaluate(self._x)
        parameters = self.vector.unpack(self._x.copy())
        monitored = self.track.evaluate(parameters)
        records = Records([J], [float(gradient_norm(self.config, self.data, at))], [math.nan])
        chunk = Chunk(self._iteration, np.ones(1), time.perf_counter() - self._begin, 0.0, "lbfgs")
        self.track.record(records, chunk, monitored)
        self.track.judge_record(self._iteration, parameters)
        over = self.track.judge_interval(self._iteration, parameters)
        self._save()
        self._shown = time.perf_counter()
        info = self._info()
        self.observers.show(info)
        if self.observers.stop(info):
            return "callback"
        return "patience" if over else self._late()

    def _late(self) -> str | None:
        """Show progress now and then; return "time" if the time is up."""
        now = time.perf_counter()
        if now - self._shown > CHUNK_SECONDS:
            self._shown = now
            self.observers.show(self._info())
        limit = self.track.settings.stopping.time_limit
        return "time" if limit is not None and now - self._begin >= limit else None

    def _info(self) -> Info:
        loss, history = self.track.last_loss, self.track.history
        return Info(self._iteration, self.end, loss, history, lambda: self.states()[0])

    def _save(self) -> None:
        """Note the iterate and its records, in one assignment: where Ctrl-C falls back to."""
        self._saved = (self._x, self._iteration, self.track.snapshot())

    def _state(self) -> LoopState:
        """Return where the minimisation is; scipy's memory of curvature is not part of it."""
        parameters = self.track.network_parameters(self.vector.unpack(self._x))
        optimizer_state = OPTIMIZERS["gd"].init(parameters)
        return LoopState(self.vector.unpack(self._x), optimizer_state, self._iteration, (0.0, 0.0))

    def states(self) -> list[TrainState]:
        """Return the state of the network."""
        return [self.track.state(self._state())]
