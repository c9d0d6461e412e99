"""Displays of columns: permutation importance and partial dependence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from numpy.typing import ArrayLike

from ..core.metrics import METRICS
from ..inspection.any_model import AnyModel
from ..inspection.importance import Importance, permutation_importance
from ..inspection.partial_dependence import Dependence
from ..inspection.partial_dependence import partial_dependence as compute_dependence
from ..report import plots_dependence, plots_quality
from .display import Display

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class ImportanceDisplay(Display):
    """Permutation importance of columns: how much worse a score is when the values of a column are shuffled.

    Parameters
    ----------
    importance : Importance
        Its ``rows`` have the columns, mean and standard deviation.
    """

    def __init__(self, importance: Importance):
        self.importance = importance

    @classmethod
    def from_estimator(
        cls,
        model: AnyModel,
        X: object,
        y: ArrayLike,
        *,
        metric: str | None = None,
        repeats: int = 5,
        seconds: float = 10.0,
        seed: int = 0,
        ax: Axes | None = None,
        title: str = "",
    ) -> Self:
        """Shuffle, measure and draw.

        Parameters
        ----------
        model : fitted estimator, TrainingResult, or (Network, parameters)
            A model of any library.
        X, y : table or array
            Rows that the model was not fitted on, in the form of the model.
        metric : str, optional
            By default "rmse", or "log_loss" ("accuracy" without probabilities).
        repeats : int
            Maximum number of shuffles of a column.
        seconds : float
            Time limit.
        seed : int
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        importance = permutation_importance(model, X, y, metric, repeats=repeats, seconds=seconds, seed=seed)
        return cls(importance).plot(ax, title=title)

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        rows = [(row.name, row.mean, row.spread) for row in self.importance.rows]
        metric = METRICS[self.importance.metric].title
        return plots_quality.importance_bars(rows, metric, title, ax=ax)

    def _facts(self) -> str:
        return ", ".join(f"{row.name} {row.mean:.3g}" for row in self.importance.rows[:3])


class PartialDependenceDisplay(Display):
    """Mean prediction as one column varies and all others are unchanged, with single rows as thin lines.

    Parameters
    ----------
    dependence : Dependence
        Its ``grid``, ``average`` and ``individual`` are the numbers that are drawn.
    target : str
        Name of the target.
    """

    def __init__(self, dependence: Dependence, target: str = ""):
        self.dependence: Dependence = dependence
        self.target: str = target

    @classmethod
    def from_estimator(
        cls,
        model: AnyModel,
        X: object,
        column: str | int,
        *,
        target: str = "",
        ax: Axes | None = None,
        title: str = "",
    ) -> Self:
        """Vary the column, predict and draw.

        Parameters
        ----------
        model : fitted estimator, TrainingResult, or (Network, parameters)
            A model of any library.
        X : table or array
            Up to 200 rows of it, evenly spread, are used.
        column : str or int
            Name or position of a column.
        target : str
            Name of the target, for the axis.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional
        """
        return cls(compute_dependence(model, X, column), target).plot(ax, title=title)

    def _draw(self, ax: Axes | None, title: str) -> Figure:
        labels = self.dependence.labels or []
        return plots_dependence.dependence_plot(self.dependence, self.target, labels, title, ax)

    def _facts(self) -> str:
        return f"{self.dependence.name}, {len(self.dependence.grid)} values"


importance = ImportanceDisplay.from_estimator
partial_dependence = PartialDependenceDisplay.from_estimator
