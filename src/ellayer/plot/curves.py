"""Displays of probabilities: ROC, precision and recall, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ..core.metrics import METRICS, class_numbers
from ..errors import EllayerError
from ..inspection.any_model import AnyModel
from ..report import plots_quality
from .display import Display
from .examples import model_predictions, need_probabilities, probabilities

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CLASSES = 8  # curves that can be distinguished in one picture


class _ProbabilityDisplay(Display):
    """A display of the probabilities of one model.

    Parameters
    ----------
    name : str
        Name of the model.
    truth : array of int, shape (m,)
        Class index of each row.
    P : array, shape (m, K)
    classes : sequence of K labels
        Of two classes the second is the positive one.
    """

    def __init__(self, name: str, truth: np.ndarray, P: np.ndarray, classes: Sequence[Any]):
        self.name, self.truth, self.P, self.classes = name, truth, P, list(classes)

    @classmethod
    def from_estimator(
        cls,
        model: AnyModel,
        X: object,
        y: ArrayLike,
        *,
        name: str | None = None,
        ax: Axes | None = None,
        title: str = "",
    ) -> Self:
        """Predict and draw.

        Parameters
        ----------
        model : fitted classifier with ``predict_proba``, TrainingResult, or (Network, parameters)
            A model of any library.
        X, y : table or array
            In the form of the model: rows and labels for an estimator, columns for a network.
        name : str, optional
            Name of the model, for the legend.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        predictions = model_predictions(model, X, y, name)
        P = need_probabilities(predictions, cls.__name__)
        return cls(
            predictions.name, class_numbers(predictions.y, predictions.classes), P, predictions.classes
        ).plot(ax, title=title)

    @classmethod
    def from_predictions(
        cls,
        y: ArrayLike,
        P: ArrayLike,
        *,
        classes: Sequence[Any] | None = None,
        name: str = "model",
        ax: Axes | None = None,
        title: str = "",
    ) -> Self:
        """Draw probabilities.

        Parameters
        ----------
        y : array of labels, shape (m,)
        P : array, shape (m, K), or (m,) of the second of two classes
        classes : sequence of K labels, optional
            By default those of y in ascending order.
        name : str
            Name of the model, for the legend.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        truth, P, labels = probabilities(y, P, classes)
        return cls(name, truth, P, labels).plot(ax, title=title)

    def _facts(self) -> str:
        return f"{self.name}, {len(self.truth):,} rows, {len(self.classes)} classes"

    def _curves(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return scores and positive rows: one curve for two classes, one for each of several."""
        if len(self.classes) == 2:
            places = {self.name: 1}
        else:
            present = [k for k in range(len(self.classes)) if 0 < np.sum(self.truth == k) < len(self.truth)]
            frequent = sorted(present, key=lambda k: -int(np.sum(self.truth == k)))[:MOST_CLASSES]
            places = {str(self.classes[k]): k for k in sorted(frequent)}
        curves = {name: (self.P[:, k], self.truth == k) for name, k in places.items()}
        if not curves or any(np.ptp(positive.astype(int)) == 0 for _, positive in curves.values()):
            raise EllayerError(
                f"y: expected rows of at least two of the classes {self.classes[:10]}, received rows of only one; "
                "pass rows of every class"
            )
        return curves


class RocCurveDisplay(_ProbabilityDisplay):
    """ROC curve of a classifier: true positive rate against false positive rate; several classes one against the rest.

    Attributes
    ----------
    fpr, tpr : array, or dict of str to array
        The rates; by class for several classes.
    roc_auc : float, or dict of str to float
        The area under the curve.
    ax_, figure_
        Axes and figure.

    Examples
    --------
    >>> display = RocCurveDisplay.from_predictions(["no", "yes", "no", "yes"], [0.1, 0.9, 0.4, 0.3])
    >>> float(display.roc_auc), display.ax_.get_xlabel()
    (0.75, 'false positive rate of yes')
    """

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        from sklearn.metrics import auc, roc_curve

        curves = self._curves()
        rates = {name: roc_curve(positive, score)[:2] for name, (score, positive) in curves.items()}
        areas = {name: float(auc(fpr, tpr)) for name, (fpr, tpr) in rates.items()}
        one = self.name if len(self.classes) == 2 else None
        self.fpr: Any = {name: fpr for name, (fpr, _) in rates.items()} if one is None else rates[one][0]
        self.tpr: Any = {name: tpr for name, (_, tpr) in rates.items()} if one is None else rates[one][1]
        self.roc_auc: Any = areas if one is None else areas[one]
        named = {f"{plots_quality.shorten(name, 15)}: AUC {areas[name]:.3f}": curves[name] for name in curves}
        return plots_quality.roc_curves(named, title, self.classes, ax)


class PrecisionRecallDisplay(_ProbabilityDisplay):
    """Precision against recall of a classifier over all thresholds; several classes one against the rest.

    Attributes
    ----------
    precision, recall : array, or dict of str to array
        By class for several classes.
    average_precision : float, or dict of str to float
    ax_, figure_
        Axes and figure.

    Examples
    --------
    >>> display = PrecisionRecallDisplay.from_predictions(["no", "yes", "no", "yes"], [0.1, 0.9, 0.4, 0.3])
    >>> round(float(display.average_precision), 3)
    0.833
    """

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        from sklearn.metrics import average_precision_score, precision_recall_curve

        curves = self._curves()
        both = {
            name: precision_recall_curve(positive, score)[:2] for name, (score, positive) in curves.items()
        }
        means = {
            name: float(average_precision_score(positive, score))
            for name, (score, positive) in curves.items()
        }
        one = self.name if len(self.classes) == 2 else None
        self.precision: Any = {name: p for name, (p, _) in both.items()} if one is None else both[one][0]
        self.recall: Any = {name: r for name, (_, r) in both.items()} if one is None else both[one][1]
        self.average_precision: Any = means if one is None else means[one]
        named = {f"{plots_quality.shorten(name, 15)}: AP {means[name]:.3f}": curves[name] for name in curves}
        return plots_quality.precision_recall_curves(named, title, self.classes, ax)


class CalibrationDisplay(_ProbabilityDisplay):
    """Observed against predicted frequency, in bins of equal numbers of rows, with 95 % intervals.

    For more than two classes, the largest probability of each row is compared with the accuracy.

    Attributes
    ----------
    calibration_error : float
        The mean distance from the diagonal.
    ax_, figure_
        Axes and figure.

    Examples
    --------
    >>> display = CalibrationDisplay.from_predictions([0, 1] * 20, [0.2, 0.8] * 20)
    >>> round(display.calibration_error, 3)
    0.2
    """

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        K = len(self.classes)
        self.calibration_error: float = METRICS["calibration_error"].value(self.truth, self.P, K=K)
        y = np.array([self.classes[k] if k >= 0 else None for k in self.truth.tolist()], dtype=object)
        label = f"{plots_quality.shorten(self.name, 15)}: error {self.calibration_error:.3f}"
        return plots_quality.calibration_curve({label: self.P}, y, self.classes, title, ax)


roc = RocCurveDisplay.from_estimator
precision_recall = PrecisionRecallDisplay.from_estimator
calibration = CalibrationDisplay.from_estimator
