"""L-BFGS for small data and the full batch: scipy's, with the same cost and gradients."""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np

from ..core.optimizers import global_norm
from ..errors import EllayerError
from .full_batch import evaluate_all
from .loop import LoopState, Records
from .numpy_loop import blas_threads
from .run import CHUNK_SECONDS, Run
from .state import Parameters, TrainState
from .step import Batch, as_float64
from .track import Chunk, Track

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


class LbfgsRun(Run):
    """One minimisation. The loop is scipy's, which calls back after each iteration.

    Parameters
    ----------
    track : Track
    state : TrainState
        The start.
    """

    track: Track
    batch: Batch

    def __init__(self, track: Track, state: TrainState):
        config, batch = track.settings.config, track.examples
        cannot = (config.every_cost, config.dropout, config.clip, config.decay, state.step)
        if not isinstance(batch, Batch) or any(cannot):
            raise EllayerError(
                "optimizer 'lbfgs': expected the full batch, no dropout, clipping or decay, and no state to continue "
                "from; use 'adam' for those"
            )
        self.track, self.batch = track, as_float64(batch)
        track.examples = self.batch
        start = {name: np.asarray(state.parameters[name], np.float64) for name in config.names}
        super().__init__([track], [LoopState(start, {}, 0, (0.0, 0.0))])
        if self._group is not None:
            self._group.check_same_start(list(start.values()))
        self._last_report = time.perf_counter()
        self._reason: str | None = None
        self._last: tuple[np.ndarray, float, dict[str, np.ndarray]] | None = None

    def _resources(self) -> AbstractContextManager[object]:
        return blas_threads(self.settings.network.widths, self.batch.X.shape[1])

    def _run(self) -> str:
        from scipy.optimize import minimize

        options = self.settings.lbfgs or {}
        if self.end == 0:
            return "iterations"
        if reason := self._record():
            return reason
        outcome = minimize(
            self._cost_and_gradient, _pack(self._now[0].parameters), method="L-BFGS-B", jac=True, callback=self._after,
            options={
                "maxiter": self.end,
                "maxfun": int(options["max_evaluations"]),
                "maxcor": int(options["memory"]),
                "gtol": options["gtol"],
            },
        )  # fmt: skip
        self._now = [self._now[0]._replace(parameters=self._unpack(outcome.x))]
        return self._reason or ("converged" if outcome.success else "iterations")

    def _unpack(self, vector: np.ndarray) -> Parameters:
        """Return the parameters that a vector holds, concatenated."""
        shapes = self.settings.network.shapes
        parts = np.split(vector, np.cumsum([math.prod(shape) for shape in shapes.values()])[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}

    def _cost_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        J, grads = self._at(x)
        return J, _pack({name: grads[f"d{name}"] for name in self.settings.config.names})

    def _at(self, x: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """Run forward and backward, once if scipy and a record need the same point."""
        if self._last is None or not np.array_equal(self._last[0], x):
            config, values = self.settings.config, self.settings.values[0]
            self._last = (x.copy(), *evaluate_all(config, values, self._unpack(x.copy()), self.batch, 0))
        return self._last[1:]

    def _after(self, intermediate_result: OptimizeResult) -> None:
        """Record and decide between two iterations."""
        step, end = self._step + 1, self.end
        parameters = self._unpack(np.array(intermediate_result.x))
        self._now = [self._now[0]._replace(parameters=parameters, step=step)]
        due = step % self.settings.record_every == 0 and step < end
        if not due:
            self._save()
        if step < end:
            self._reason = self._record() if due else self._agree_to_stop(self._late())
            if self._reason:
                raise StopIteration

    def _record(self) -> str | None:
        """Record and evaluate this iteration, and call the observers; return the reason to stop, if any."""
        parameters, step = self._now[0].parameters, self._step
        J, grads = self._at(_pack(parameters))
        records = Records([J], [float(global_norm(grads, self.settings.config.names))], [math.nan])
        chunk = Chunk(step, np.ones(1), time.perf_counter() - self._begin, 0.0, "lbfgs")
        self.track.record(records, chunk, self._evaluate([self.track], [parameters])[0])
        self.track.judge_record(step, parameters)
        over = self.track.judge_interval(step, parameters)
        self._save()
        self._last_report = -math.inf  # to be shown now
        reason = self._late()
        if self.observers.stop(self._info()):
            reason = "callback"
        elif over:
            reason = "patience"
        return self._agree_to_stop(reason)

    def _late(self) -> str | None:
        """Show progress at intervals; return "time" if the time limit is exceeded."""
        now = time.perf_counter()
        if now - self._last_report > CHUNK_SECONDS:
            self._last_report = now
            self.observers.show(self._info())
        return "time" if self._time_is_over() else None


def _pack(arrays: Parameters) -> np.ndarray:
    """Return the concatenated arrays as a float64 vector."""
    return np.concatenate([np.ravel(array).astype(np.float64) for array in arrays.values()])
