"""Displays of networks: the learning curve, the drawing, the weights, and one training step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from ..engine.history import History
from ..engine.model import Model, unpack_model
from ..errors import EllayerError
from ..inspection import Trace, summary
from ..inspection import trace as trace_step
from ..inspection.model_parts import SupportedModel, unpack_for_inspection
from ..report import plots_network, plots_quality
from .display import Display

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class LearningCurveDisplay(Display):
    """Loss over the epochs or updates of a run, on training and validation rows, with the best epoch marked.

    Parameters
    ----------
    history : mapping
        Columns "epoch" or "iteration", "loss", and "validation_loss" if there was a validation set.
    best_epoch : int, optional
        The epoch whose parameters are used.

    Examples
    --------
    >>> display = LearningCurveDisplay({"epoch": [1, 2], "loss": [0.7, 0.5]}).plot()
    >>> display.ax_.get_xlabel()
    'epoch'
    """

    def __init__(self, history: Mapping[str, Sequence[float]], best_epoch: int | None = None):
        self.history: Mapping[str, Sequence[float]] = history
        self.best_epoch: int | None = best_epoch

    @classmethod
    def from_estimator(cls, model: object, *, ax: Axes | None = None, title: str = "") -> Self:
        """Draw the recorded loss of a model.

        Parameters
        ----------
        model : TrainingResult, fitted estimator, or History
            ``MLPClassifier`` and ``MLPRegressor`` of scikit-learn work as well, and pipelines that end in one of these.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        return cls(*_history_of(model)).plot(ax, title=title)

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        return plots_quality.learning_curves(self.history, self.best_epoch, title, ax)

    def _facts(self) -> str:
        losses = plots_quality.curve_of(self.history, "training")
        return f"{len(losses):,} records, last loss {losses[-1]:.4g}" if len(losses) else "no records"


def _history_of(model: object) -> tuple[Mapping[str, Sequence[float]], int | None]:
    """Return the recorded loss of a model and its best epoch, if it returned to one."""
    if hasattr(model, "steps"):
        return _history_of(model.steps[-1][1])
    if isinstance(model, History):
        history: Mapping[str, Sequence[float]] = model
    elif isinstance(model, Model) and not isinstance(model, type):
        history = unpack_model(model).history
    elif len(losses := getattr(model, "loss_curve_", None) or []):
        history = {"epoch": list(range(1, len(losses) + 1)), "loss": losses}
    else:
        history = {}
    if not history:
        raise EllayerError(
            f"learning_curve: expected a model that recorded its loss, received {type(model).__name__} without records; "
            "scikit-learn's LearningCurveDisplay draws scores over numbers of rows"
        )
    best = getattr(model, "best_epochs_", None)
    return history, int(best[0]) if best is not None and len(best) and history.get("epoch") else None


class WeightsDisplay(Display):
    """Weights of a layer as colours: blue above 0, orange below, one row per unit.

    Parameters
    ----------
    weights : array, shape (n_l, n_{l-1})
    layer : int
    names : sequence of str, optional
        Names of the columns.
    """

    def __init__(self, weights: np.ndarray, layer: int = 1, names: Sequence[str] = ()):
        self.weights: np.ndarray = weights
        self.layer: int = layer
        self.names: list[str] = list(names)

    @classmethod
    def from_estimator(
        cls, model: SupportedModel, *, layer: int = 1, ax: Axes | None = None, title: str = ""
    ) -> Self:
        """Draw W^[l] of a model, or of the first member of an ensemble.

        Parameters
        ----------
        model : TrainingResult, (Network, parameters), or a fitted estimator with a network
        layer : int
            From 1 to L.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        inspected = unpack_for_inspection(model)
        network, parameters = inspected.network, inspected.require_parameters()
        if not 1 <= layer <= network.L:
            raise EllayerError(f"layer: expected a number from 1 to {network.L}, received {layer}")
        names = [] if inspected.parts is None or layer > 1 else list(inspected.parts.feature_names)
        return cls(parameters[f"W{layer}"], layer, names).plot(ax, title=title)

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        return plots_network.weight_matrix(self.weights, self.names, title, self.layer, ax)

    def _facts(self) -> str:
        rows, columns = self.weights.shape
        return f"W{self.layer}, {rows} x {columns}"


class NetworkDisplay(Display):
    """Drawing of a network: units with weights as colour and width, or a block for each layer if it is large.

    Parameters
    ----------
    svg : str
        The drawing of ``Summary.to_svg``.
    """

    def __init__(self, svg: str):
        self.svg = svg

    @classmethod
    def from_estimator(
        cls,
        model: SupportedModel,
        *,
        names: Sequence[str] | None = None,
        ax: Axes | None = None,
        title: str = "",
    ) -> Self:
        """Draw a network, with its weights if it is trained.

        Parameters
        ----------
        model : Network, TrainingResult, (Network, parameters), or a fitted estimator with a network
        names : sequence of str, optional
            Names of the inputs.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        return cls(summary(model).to_svg(names)).plot(ax, title=title)

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        return plots_network.network_drawing(self.svg, title, ax)

    def _facts(self) -> str:
        return self.svg.partition("<title>")[2].partition("</title>")[0]


class TraceDisplay(Display):
    """Numbers of one training step, layer by layer: Z and A forward, dA and dZ backward.

    Parameters
    ----------
    trace : Trace
    """

    def __init__(self, trace: Trace):
        self.trace = trace

    @classmethod
    def from_estimator(
        cls,
        model: SupportedModel,
        X: object,
        y: ArrayLike | None = None,
        *,
        example: int | None = 0,
        ax: Axes | None = None,
        title: str = "",
    ) -> Self:
        """Run one step as ``ellayer.trace`` does, and draw its vectors.

        Parameters
        ----------
        model : TrainingResult, (Network, parameters), Network, or a fitted estimator
        X, y : array or table
            As for ``ellayer.trace``; without y only the forward pass is drawn.
        example : int or None
            The example to follow; None for the mean of all.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        return cls(trace_step(model, X, y, example=example)).plot(ax, title=title)

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        return plots_network.step_numbers(self.trace, title, ax)

    def _facts(self) -> str:
        return repr(self.trace)


learning_curve = LearningCurveDisplay.from_estimator
weights = WeightsDisplay.from_estimator
network = NetworkDisplay.from_estimator
trace = TraceDisplay.from_estimator
