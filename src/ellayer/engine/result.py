"""The outcome of ``train`` and ``train_many``."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace

import numpy as np

from .._plots import DrawnDisplay, plot_model
from .._views import page
from ..core.inference import outputs, predictions
from ..core.network import Network
from .history import History
from .model import ModelParts, parts_of_network
from .sparse import check_columns
from .state import Parameters, TrainState


@dataclass(repr=False)
class TrainingResult:
    """The outcome of a run.

    Attributes
    ----------
    network : Network
    parameters : dict
        "W1", "b1", ...: the last ones, or the best if requested.
    costs : list of float
        ``costs[i]`` is the cost before update ``i * record_every``.
    history : History
        The recorded columns.
    stopped_by : str
        "iterations", "patience", "callback", "time", "interrupted", "divergence", or "converged" (lbfgs).
    engine : str
        The loop that ran: "numpy", "jax", each followed by " wide" for a run in the span of the examples, or "lbfgs".
    state : TrainState
        For ``train(..., state=result.state)``: continues the run exactly.
    seconds, compile_seconds : float
    """

    network: Network
    parameters: Parameters
    costs: list[float]
    history: History
    stopped_by: str
    engine: str
    state: TrainState
    seconds: float
    compile_seconds: float

    def __repr__(self) -> str:
        costs = f"cost {self.costs[0]:.6g} to {self.costs[-1]:.6g}, " if self.costs else ""
        return (
            f"TrainingResult({self.network!r}, {self.state.step:,} updates, {costs}"
            f"stopped by {self.stopped_by}, {self.engine} loop, {self.seconds:.2g} s)"
        )

    def _repr_html_(self) -> str:
        return page(f"<p>{html.escape(repr(self))}</p>") + self.history._repr_html_()

    def plot(
        self, X: object = None, Y: object = None, kind: str | None = None, **options: object
    ) -> DrawnDisplay:
        """Draw a plot of the run.

        Parameters
        ----------
        X : array, shape (n_x, m), optional
        Y : array, shape (n_L, m), optional
        kind : str, optional
            A function of ``ellayer.plot``, like "roc". By default the learning curve without X; with X and Y the decision
            boundary of two features, else the confusion matrix of classes or the residuals of numbers.
        **options
            Options of that function, like ``ax``.

        Returns
        -------
        Display
            The display with the attributes ``figure_`` and ``ax_``.
        """
        return plot_model(self, X, Y, kind, **options)

    def predict_proba(self, X: object) -> np.ndarray:
        """Return A^[L], the outputs for each example.

        Parameters
        ----------
        X : array, shape (n_x, m)

        Returns
        -------
        AL : array, shape (n_L, m)
        """
        columns = check_columns(self.network, X, str(self.parameters["W1"].dtype))
        return np.asarray(outputs(columns, self.parameters, self.network)[0])

    def predict(self, X: object) -> np.ndarray:
        """Return the predictions.

        Parameters
        ----------
        X : array, shape (n_x, m)

        Returns
        -------
        array
            Class labels 0 and 1, (n_L, m), for binary losses; the class index, (1, m), for softmax
            losses; otherwise A^[L], (n_L, m).
        """
        return np.asarray(predictions(self.predict_proba(X), self.network.loss_row.targets))

    def model_parts(self) -> ModelParts:
        """Return the parts that inspection, export and storage need."""
        parts = parts_of_network(self.network, self.parameters)
        return replace(parts, history=self.history, stopped_by=self.stopped_by, engine=self.engine)
