"""Display of the predictions of a model over the plane of two features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike

from ..core.metrics import class_numbers
from ..errors import EllayerError
from ..inspection.any_model import AnyModel, predict_any
from ..inspection.calls import takes_columns
from ..report.plots_data import decision_boundaries, prediction_surface
from .display import Display
from .examples import ModelPredictions, model_predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class DecisionBoundaryDisplay(Display):
    """Predictions over the plane of two features: probability as shade, the boundary as a line, the examples as points.

    For a regressor, colours show the predicted numbers, and the colours of the points their true values.

    Parameters
    ----------
    model : callable
        Maps points (2, g) to the probabilities of the second of two classes, (1, g), of several classes, (K, g), or to
        numbers, (1, g).
    X : array, shape (2, m)
    y : array, shape (m,)
        Numbers of the classes, or numbers.
    classes : list
        Empty for numbers.
    feature_names : sequence of two str, optional
    """

    def __init__(
        self,
        model: Callable[[np.ndarray], np.ndarray],
        X: np.ndarray,
        y: np.ndarray,
        classes: list[Any],
        feature_names: Sequence[str] = (),
    ):
        self.model: Callable[[np.ndarray], np.ndarray] = model
        self.X: np.ndarray = X
        self.y: np.ndarray = y
        self.classes: list[Any] = classes
        self.feature_names: list[str] = list(feature_names)

    @classmethod
    def from_estimator(
        cls, model: AnyModel, X: object, y: ArrayLike, *, ax: Axes | None = None, title: str = ""
    ) -> Self:
        """Predict over the plane and draw.

        Parameters
        ----------
        model : fitted estimator, TrainingResult, or (Network, parameters)
            A model of any library, fitted on two features.
        X, y : table or array
            The examples to draw: rows for an estimator, columns for a network.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional

        Raises
        ------
        EllayerError
            If there are not two features.
        """
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        names, values = [], X
        if isinstance(frame, nw.DataFrame):
            names, values = frame.columns, frame.to_numpy()
        points = np.asarray(values, dtype=float)
        points = points if takes_columns(model) else points.T
        if points.ndim != 2 or len(points) != 2:
            raise EllayerError(
                f"decision_boundary: expected two features, received {len(points) if points.ndim == 2 else points.shape}; "
                "fit a model on two columns, or draw importance and partial_dependence"
            )
        predictions = model_predictions(model, X, y)

        def form(grid: np.ndarray) -> Any:
            if takes_columns(model):
                return grid
            if not isinstance(frame, nw.DataFrame):
                return grid.T
            columns = dict(zip(names, grid, strict=True))
            return nw.from_dict(columns, backend=frame.implementation).to_native()

        truth = (
            class_numbers(predictions.y, predictions.classes)
            if predictions.classes
            else np.asarray(predictions.y, dtype=float)
        )
        return cls(_over(model, form, predictions), points, truth, predictions.classes, names).plot(
            ax, title=title
        )

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        names = self.feature_names
        if not self.classes:
            return prediction_surface(self.model, self.X, self.y, title, (names, ""), ax)
        K = len(self.classes)
        Y = (self.y == 1)[None] if K == 2 else np.eye(K)[self.y].T
        classes = [str(label) for label in self.classes]
        return decision_boundaries({"": self.model}, self.X, Y, title, classes, names, ax=ax)

    def _facts(self) -> str:
        return f"{self.X.shape[1]:,} examples" + (f", {len(self.classes)} classes" if self.classes else "")


def _over(
    model: AnyModel, form: Callable[[np.ndarray], Any], predictions: ModelPredictions
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from points (2, g) to probabilities or numbers; labels alone are probabilities of 0 and 1."""

    def predict(grid: np.ndarray) -> np.ndarray:
        prediction = predict_any(model, form(grid))
        if not predictions.classes:
            return np.asarray(prediction.values, dtype=float)[None]
        if prediction.P is None:
            P = np.eye(len(predictions.classes))[class_numbers(prediction.values, predictions.classes)]
        else:
            P = prediction.P[:, [prediction.classes.index(label) for label in predictions.classes]]
        return P[:, 1:].T if len(predictions.classes) == 2 else P.T

    return predict


decision_boundary = DecisionBoundaryDisplay.from_estimator
