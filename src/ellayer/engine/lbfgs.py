"""L-BFGS for small full-batch work: scipy's, over the same cost and gradients."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np

from ..core.network import Network
from ..core.optimizers import OPTIMIZERS
from ..core.registry import Registry
from .events import Info, Stopping, wants_to_stop
from .history import Columns, History
from .numpy_loop import blas_threads
from .run import STRETCH_SECONDS
from .state import Parameters, TrainState
from .step import Batch, Evaluation, Knobs, Plan, cost, evaluate, gradient_norm

LBFGS: Registry[dict] = Registry("optimizer")
LBFGS.add("lbfgs", lambda name, **numbers: numbers, gtol=1e-5, memory=10, max_evaluations=15000)


class Flat:
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


class LbfgsRun:
    """One minimisation; it has what a caller reads of a ``Run``: history, state, best parameters.

    Parameters
    ----------
    plan : Plan
        With a network and L1/L2; the rule in it is not used.
    data : Batch
    state : TrainState
        The start.
    options : dict
        gtol, memory, max_evaluations.
    """

    def __init__(self, plan: Plan, knobs: Knobs, data: Batch, state: TrainState, *, end: int, record_every: int,
                 options: dict, stopping: Stopping, keep_best: bool, watch, callbacks: Sequence[Callable],
                 progress: Callable | None, dtype: str):  # fmt: skip
        self.plan, self.knobs, self.end, self.k = plan, knobs, end, record_every
        self.data = Batch(*(None if a is None else np.asarray(a, np.float64) for a in data[:3]))
        self.options, self.stopping, self.keep_best, self.watch = options, stopping, keep_best, watch
        self.callbacks, self.progress, self.dtype = callbacks, progress, dtype
        self.history = History()
        self.flat = Flat(plan.network)
        self.message = ""
        self._seed = state.seed
        self._x = self.flat.pack(state.parameters)
        self._iteration = 0
        self._last: tuple[np.ndarray, Evaluation, float] | None = None
        self._waited = 0
        self._best: tuple[float | None, int, np.ndarray | None] = (None, 0, None)
        self._reason = "iterations"

    def go(self) -> str:
        """Minimise; return what ended it."""
        from scipy.optimize import minimize

        self._begin = self._shown = time.perf_counter()
        with np.errstate(all="ignore"), blas_threads(self.plan.network, self.data.X.shape[1]):
            try:
                if self.end == 0 or self._record(self._x):
                    return self._reason
                outcome = minimize(
                    self._cost_and_gradient, self._x, method="L-BFGS-B", jac=True, callback=self._after,
                    options={
                        "maxiter": self.end,
                        "maxfun": int(self.options["max_evaluations"]),
                        "maxcor": int(self.options["memory"]),
                        "gtol": self.options["gtol"],
                    },
                )  # fmt: skip
            except KeyboardInterrupt:
                self.history.trim()
                return "interrupted"
        self._x, self.message = outcome.x, str(outcome.message)
        if self._reason == "iterations" and outcome.success:
            self._reason = "converged"
        if self.watch:
            final = self.watch.look(self.plan, self.flat.unpack(self._x))
            self.history.final = Columns({"iteration": self._iteration, **final})
        return self._reason

    def _cost_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        at, J = self._evaluate(x)
        return J, self.flat.pack(at.grads, "d")

    def _evaluate(self, x: np.ndarray) -> tuple[Evaluation, float]:
        """Forward and backward, once where scipy and a record ask for the same point."""
        if self._last is None or not np.array_equal(self._last[0], x):
            parameters = self.flat.unpack(x.copy())
            at = evaluate(self.plan, self.knobs, parameters, self.data, 0)
            self._last = (x.copy(), at, float(cost(self.plan, self.knobs, parameters, self.data, at)))
        return self._last[1:]

    def _after(self, intermediate_result) -> None:
        """Between two iterations of scipy's."""
        self._x = np.array(intermediate_result.x)
        self._iteration += 1
        if self._iteration < self.end and (self._record(self._x) or self._late()):
            raise StopIteration

    def _late(self) -> bool:
        """Between records: show progress now and then; return whether the time is up."""
        now = time.perf_counter()
        if self.progress and now - self._shown > STRETCH_SECONDS:
            self._shown = now
            self.progress(Info(self._iteration, self.end, self.history["loss"][-1], self.history, self.state))
        if self.stopping.time_limit is not None and now - self._begin >= self.stopping.time_limit:
            self._reason = "time"
        return self._reason == "time"

    def _record(self, x: np.ndarray) -> bool:
        """Record where one is due; return whether to stop."""
        if self._iteration % self.k:
            return False
        at, J = self._evaluate(x)
        row = {
            "iteration": self._iteration,
            "loss": J,
            **(self.watch.look(self.plan, self.flat.unpack(x)) if self.watch else {}),
            "learning_rate": 1.0,
            "gradient_norm": float(gradient_norm(self.plan, self.data, at)),
            "seconds": time.perf_counter() - self._begin,
            "loop": "lbfgs",
        }
        self.history.append(row)
        return self._decide(row, x)

    def _decide(self, row: dict, x: np.ndarray) -> bool:
        value = row[self.stopping.monitor]
        best, self._waited = self.stopping.judge(value, self._best[0], self._waited)
        if best:
            self._best = (value, self._iteration, x.copy())
        info = Info(self._iteration, self.end, row["loss"], self.history, self.state)
        if self.progress:
            self._shown = time.perf_counter()
            self.progress(info)
        if any([wants_to_stop(callback(info)) for callback in self.callbacks]):  # noqa: C419 - call each
            self._reason = "callback"
        elif self.stopping.patience is not None and self._waited >= self.stopping.patience:
            self._reason = "patience"
        return self._reason != "iterations"

    def _real(self, x: np.ndarray) -> Parameters:
        return {name: np.array(theta, dtype=self.dtype) for name, theta in self.flat.unpack(x).items()}

    def best_parameters(self) -> Parameters | None:
        """Return the best recorded parameters; the last count where they are better."""
        value, _, x = self._best
        if self.stopping.monitor == "loss" or x is None:
            return self._real(self._x)  # each iteration of scipy's lowers the cost
        final = self.watch.look(self.plan, self.flat.unpack(self._x))[self.stopping.monitor]
        better, _ = self.stopping.judge(final, value, 0)
        return self._real(self._x if better else x)

    def state(self) -> TrainState:
        """Return where the minimisation stands; scipy's memory of curvature is not part of it."""
        rule = OPTIMIZERS["gd"]
        parameters = self._real(self._x)
        return TrainState(
            parameters=parameters,
            optimizer_state=rule.init(parameters),
            step=self._iteration,
            seed=self._seed,
            best_value=self._best[0],
            best_step=self._best[1],
            history={name: list(column) for name, column in self.history.items()},
        )
