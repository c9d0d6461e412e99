"""Displays of predictions: confusion matrix, and errors of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from ..errors import EllayerError
from ..inspection.any_model import AnyModel
from ..report import plots_quality
from ..report.decisions import count_pairs
from .display import Display
from .examples import model_predictions, need_classes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ErrorKind = Literal["residual_vs_predicted", "actual_vs_predicted"]


class ConfusionMatrixDisplay(Display):
    """Confusion matrix of a classifier: one row per true class, shares of the row as shade.

    Parameters
    ----------
    y, prediction : array of labels, shape (m,)
    display_labels : sequence of K labels
        In the order of rows and columns.

    Attributes
    ----------
    confusion_matrix : array of int, shape (K, K)
        How often class i was predicted as class j.
    ax_, figure_
        Axes and figure.

    Examples
    --------
    >>> ConfusionMatrixDisplay.from_predictions(["a", "a", "b"], ["a", "b", "b"]).confusion_matrix
    array([[1, 1],
           [0, 1]])
    """

    def __init__(self, y: ArrayLike, prediction: ArrayLike, display_labels: Sequence[Any]):
        self.y: np.ndarray = np.asarray(y)
        self.prediction: np.ndarray = np.asarray(prediction)
        self.display_labels: list[Any] = list(display_labels)
        self.confusion_matrix: np.ndarray = count_pairs(self.y, self.prediction, self.display_labels)

    @classmethod
    def from_estimator(
        cls, model: AnyModel, X: object, y: ArrayLike, *, ax: Axes | None = None, title: str = ""
    ) -> Self:
        """Predict, count and draw.

        Parameters
        ----------
        model : fitted classifier, TrainingResult, or (Network, parameters)
            A model of any library.
        X, y : table or array
            In the form of the model: rows and labels for an estimator, columns for a network.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        predictions = model_predictions(model, X, y)
        classes = need_classes(predictions, "confusion_matrix", "residuals")
        return cls(predictions.y, predictions.prediction, classes).plot(ax, title=title)

    @classmethod
    def from_predictions(
        cls,
        y: ArrayLike,
        prediction: ArrayLike,
        *,
        display_labels: Sequence[Any] | None = None,
        ax: Axes | None = None,
        title: str = "",
    ) -> Self:
        """Count and draw.

        Parameters
        ----------
        y, prediction : array of labels, shape (m,)
        display_labels : sequence of labels, optional
            By default those that occur, in ascending order.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        labels = display_labels
        if labels is None:
            labels = np.unique(np.concatenate([np.asarray(y), np.asarray(prediction)])).tolist()
        return cls(y, prediction, labels).plot(ax, title=title)

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        return plots_quality.confusion_matrix(self.y, self.prediction, self.display_labels, title, ax)

    def _facts(self) -> str:
        right, m = int(np.trace(self.confusion_matrix)), len(self.y)
        return f"{len(self.display_labels)} classes, {right:,} of {m:,} right"


class PredictionErrorDisplay(Display):
    """Errors of predicted numbers: residuals (true - predicted) against predictions, or predicted against true values.

    Parameters
    ----------
    y_true, y_pred : array, shape (m,)
    kind : "residual_vs_predicted" or "actual_vs_predicted"
    target : str
        Name of the target.

    Examples
    --------
    >>> display = PredictionErrorDisplay.from_predictions([1.0, 2.0, 3.0], [1.5, 2.0, 2.0])
    >>> display.ax_.get_ylabel()
    'true − predicted'
    """

    def __init__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        kind: ErrorKind = "residual_vs_predicted",
        target: str = "",
    ):
        if kind not in ("residual_vs_predicted", "actual_vs_predicted"):
            raise EllayerError(
                f"kind: expected 'residual_vs_predicted' or 'actual_vs_predicted', received {kind!r}"
            )
        self.y_true: np.ndarray = np.asarray(y_true, dtype=float)
        self.y_pred: np.ndarray = np.asarray(y_pred, dtype=float).ravel()
        self.kind: ErrorKind = kind
        self.target: str = target

    @classmethod
    def from_estimator(
        cls,
        model: AnyModel,
        X: object,
        y: ArrayLike,
        *,
        kind: ErrorKind = "residual_vs_predicted",
        ax: Axes | None = None,
        title: str = "",
    ) -> Self:
        """Predict and draw.

        Parameters
        ----------
        model : fitted regressor, TrainingResult, or (Network, parameters)
            A model of any library.
        X, y : table or array
            In the form of the model: rows and numbers for an estimator, columns for a network.
        kind : "residual_vs_predicted" or "actual_vs_predicted"
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        predictions = model_predictions(model, X, y)
        if predictions.classes:
            raise EllayerError(
                f"residuals: expected a regressor, received {predictions.name}, which predicts classes; try confusion_matrix"
            )
        return cls(predictions.y, predictions.prediction, kind, str(getattr(y, "name", None) or "")).plot(
            ax, title=title
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        kind: ErrorKind = "residual_vs_predicted",
        ax: Axes | None = None,
        title: str = "",
    ) -> Self:
        """Draw predictions.

        Parameters
        ----------
        y_true, y_pred : array, shape (m,)
        kind : "residual_vs_predicted" or "actual_vs_predicted"
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        return cls(y_true, y_pred, kind).plot(ax, title=title)

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        draw = plots_quality.residual_plot
        if self.kind == "actual_vs_predicted":
            draw = plots_quality.predicted_against_true
        return draw(self.y_true, self.y_pred, title, self.target, ax)

    def _facts(self) -> str:
        return f"{len(self.y_true):,} rows"


confusion_matrix = ConfusionMatrixDisplay.from_estimator
residuals = PredictionErrorDisplay.from_estimator
