"""Plots of the quality of predictions: confusion matrix, calibration, ROC, errors, importance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from .._samples import even_sample
from ..core.metrics import METRICS
from .decisions import count_pairs
from .scores import calibration_bins
from .sentences import short
from .style import COLOURS, DASHES, INK, MARKERS, drawing, figure_of

Corner = Literal["best", "lower left", "lower right", "upper left"]
Curve = tuple[np.ndarray, np.ndarray]  # scores, and which rows are positive

SIZE = (4.7, 3.5)  # inches: two side by side on a wide screen, one on a phone
BLUE, ORANGE = COLOURS[1], COLOURS[0]
_GRID: dict[str, Any] = {"color": "#DDDDDD", "linewidth": 0.8}
_LONG = 16  # letters of a name on an axis
_MOST_POINTS = 1500  # to keep the file small
_MOST_CELLS = 30  # per side, up to which classes are drawn and named individually
_CURVES = {"training": ("mean_loss", "loss"), "validation": ("validation_loss",)}
# From transparent to blue, for light and dark pages; a blue that pages do not replace by their own.
_SHADES = LinearSegmentedColormap.from_list("shares", ((0.0, 0.447, 0.694, 0.0), (0.0, 0.447, 0.694, 1.0)))


def shorten(text: object, length: int = _LONG) -> str:
    """Return a name shortened to fit, of printable characters.

    >>> shorten("a very long name of a class", 10), shorten("a\\x00b")
    ('a very lo…', 'a b')
    """
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())
    return short(text, length)


def change_when_worse(metric: str) -> str:
    """Return "increase" or "decrease": the change of a metric, given by its title, when predictions get worse.

    >>> change_when_worse("log loss"), change_when_worse("accuracy")
    ('increase', 'decrease')
    """
    rows = [METRICS[name] for name in METRICS]
    lower_is_better = any(row.title == metric and not row.maximize for row in rows)
    return "increase" if lower_is_better else "decrease"


def curve_of(history: Mapping[str, Sequence[float]], which: str) -> Sequence[float]:
    """Return the loss of the "training" or "validation" rows; empty if it was not recorded."""
    return next((history[name] for name in _CURVES[which] if len(history.get(name, ()))), ())


def learning_curves(
    history: Mapping[str, Sequence[float]],
    best_epoch: int | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Figure:
    """Draw the loss on training and validation rows, the best epoch marked.

    Parameters
    ----------
    history : mapping
        Columns "epoch" or "iteration", "loss", and "validation_loss" if there was a validation set.
    best_epoch : int, optional
        The epoch whose parameters are used.
    title : str
        Title of the plot.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = learning_curves({"epoch": [1, 2], "loss": [0.7, 0.5], "validation_loss": [0.7, 0.6]}, 2)
    >>> [line.get_label() for line in figure.axes[0].lines[:2]]
    ['training', 'validation']
    """
    along = "epoch" if history.get("epoch") else "iteration"
    with drawing(ax, SIZE, title) as axes:
        for i, label in enumerate(_CURVES):
            costs = curve_of(history, label)
            if not np.isfinite(np.asarray(costs, dtype=float)).any():
                continue
            x = list(history.get(along) or range(1, len(costs) + 1))
            axes.plot(x, costs, label=label, color=(BLUE, ORANGE)[i], linestyle=DASHES[i], linewidth=2.0)
        if best_epoch is not None:
            axes.axvline(
                best_epoch, color="#666666", linewidth=1.5, linestyle=":", label=f"best: {along} {best_epoch}"
            )
        axes.set_xlabel(along)
        axes.set_ylabel("loss")
        finish_axes(axes, "y")
    return figure_of(axes)


def confusion_matrix(
    y: ArrayLike, prediction: ArrayLike, classes: Sequence[Any], title: str = "", ax: Axes | None = None
) -> Figure:
    """Draw the confusion matrix: one row per true class, shares of the row as shade.

    Parameters
    ----------
    y, prediction : array of labels, shape (m,)
    classes : sequence of labels
    title : str
        Title of the plot.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    Figure
    """
    counts = count_pairs(y, prediction, classes)
    K = len(classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(max(3.5, 1.6 + 0.42 * K), 9.0)
    with drawing(ax, (max(SIZE[0], side), side), title) as axes:
        if K <= _MOST_CELLS:
            axes.pcolormesh(shares, cmap=_SHADES, vmin=0.0, vmax=1.0, edgecolors="#DDDDDD", linewidth=0.6)
            axes.invert_yaxis()
        else:  # K² shapes would make a large file
            axes.imshow(
                shares, cmap=_SHADES, vmin=0.0, vmax=1.0, interpolation="nearest", extent=(0, K, K, 0)
            )
        axes.set_aspect("equal" if K > 2 else "auto")
        names = [shorten(label) for label in classes]
        if K <= _MOST_CELLS:
            axes.set_xticks(np.arange(K) + 0.5, names)
            axes.set_yticks(np.arange(K) + 0.5, names)
        for i, j in np.argwhere(counts) if K <= 20 else []:
            ink = "#FFFFFE" if shares[i, j] > 0.5 else INK  # white is the same on a dark page, like the blue
            axes.text(
                j + 0.5,
                i + 0.5,
                f"{counts[i, j]}",
                ha="center",
                va="center",
                color=ink,
                fontsize=9 if K > 8 else 11,
            )
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.tick_params(length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
    return figure_of(axes)


def calibration_curve(
    models: Mapping[str, np.ndarray],
    y: ArrayLike,
    classes: Sequence[Any],
    title: str = "",
    ax: Axes | None = None,
) -> Figure:
    """Draw observed against predicted frequency, in bins of equal numbers of rows, with 95 % intervals for the first model.

    Parameters
    ----------
    models : mapping of str to array, shape (m, K)
        Probabilities.
    y : array of labels, shape (m,)
    classes : sequence of labels
    title : str
        Title of the plot.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    Figure
    """
    ending = _of_class(classes)
    with _axes(
        ax, title, f"predicted probability{ending or ', the largest'}", f"observed frequency{ending}"
    ) as axes:
        axes.plot([0, 1], [0, 1], color="#666666", linewidth=1.5, linestyle=":", label="perfect calibration")
        for i, (name, P) in enumerate(models.items()):
            _, x, observed, low, high = np.array(calibration_bins(P, y, classes)).T
            if i == 0:
                ends = [(observed - low).tolist(), (high - observed).tolist()]  # as lists, also for one bin
                axes.errorbar(x, observed, ends, color=BLUE, linewidth=0, elinewidth=1.4)
            _line(axes, x, observed, shorten(name, 28), i, marked=True)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
    return figure_of(axes)


def _of_class(classes: Sequence[object]) -> str:
    """Return the positive of two classes, for the end of an axis label."""
    return f" of {shorten(classes[1])}" if len(classes) == 2 else ""


def roc_curves(
    curves: Mapping[str, Curve], title: str = "", classes: Sequence[object] = (), ax: Axes | None = None
) -> Figure:
    """Draw the true positive rate against the false positive rate, one line per name.

    Parameters
    ----------
    curves : mapping of str to (score, positive)
        Shapes (m,); ``positive`` marks the rows of the class.
    title : str
        Title of the plot.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.
    classes : sequence of labels, optional
        Of two the second, the positive one, is named on the axes.

    Returns
    -------
    Figure
    """
    from sklearn.metrics import roc_curve

    ending = _of_class(classes)
    with _axes(
        ax, title, f"false positive rate{ending}", f"true positive rate{ending}", "lower right"
    ) as axes:
        axes.plot([0, 1], [0, 1], color="#666666", linewidth=1.5, linestyle=":", label="chance")
        for i, (name, (score, positive)) in enumerate(curves.items()):
            false_positive, true_positive, _ = roc_curve(positive, score)
            _line(axes, *_thin(false_positive, true_positive), shorten(name, 28), i)
    return figure_of(axes)


def precision_recall_curves(
    curves: Mapping[str, Curve], title: str = "", classes: Sequence[object] = (), ax: Axes | None = None
) -> Figure:
    """Draw precision against recall, one line per name; arguments as ``roc_curves``."""
    from sklearn.metrics import precision_recall_curve

    ending = _of_class(classes)
    with _axes(ax, title, f"recall{ending}", f"precision{ending}", "lower left") as axes:
        for i, (name, (score, positive)) in enumerate(curves.items()):
            precision, recall, _ = precision_recall_curve(positive, score)
            _line(axes, *_thin(recall, precision), shorten(name, 28), i)
        axes.set_ylim(0, 1.03)
    return figure_of(axes)


def predicted_against_true(
    y: ArrayLike, prediction: ArrayLike, title: str = "", target: str = "", ax: Axes | None = None
) -> Figure:
    """Draw the prediction of each row over its true value, with the identity line.

    Parameters
    ----------
    y, prediction : array, shape (m,)
    title : str
        Title of the plot.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.
    target : str
        Name of the target.

    Returns
    -------
    Figure
    """
    y, prediction = _finite(y, prediction)
    some = even_sample(len(y), _MOST_POINTS)
    with _axes(ax, title, f"true {shorten(target, 30)}".strip(), "predicted", "upper left") as axes:
        _points(axes, y[some], prediction[some])
        if len(y):
            ends = [min(y.min(), prediction.min()), max(y.max(), prediction.max())]
            axes.plot(ends, ends, color=ORANGE, linewidth=1.4, linestyle="--", label="equal")
    return figure_of(axes)


def residual_plot(
    y: ArrayLike, prediction: ArrayLike, title: str = "", target: str = "", ax: Axes | None = None
) -> Figure:
    """Draw the error of each row, true - predicted, over its prediction; arguments as ``predicted_against_true``."""
    y, prediction = _finite(y, prediction)
    some = even_sample(len(y), _MOST_POINTS)
    label = f"predicted {shorten(target, 30)}".strip()
    with _axes(ax, title, label, "true − predicted", "upper left") as axes:
        _points(axes, prediction[some], (y - prediction)[some])
        axes.axhline(0.0, color=ORANGE, linewidth=1.4, linestyle="--", label="no error")
    return figure_of(axes)


def importance_bars(
    importance: Sequence[tuple[str, float, float]],
    of: str = "score",
    title: str = "",
    most: int = 20,
    ax: Axes | None = None,
) -> Figure:
    """Draw the permutation importance of features, the largest first, with standard deviations.

    Parameters
    ----------
    importance : sequence of (name, mean, standard deviation)
    of : str
        Title of the metric.
    title : str
        Title of the plot.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.
    most : int
        Maximum number of features.

    Returns
    -------
    Figure
    """
    rows = sorted(importance, key=lambda row: -row[1])[:most]
    with drawing(ax, (SIZE[0], 1.1 + 0.27 * len(rows)), title) as axes:
        axes.barh(
            range(len(rows)), [row[1] for row in rows], xerr=[row[2] for row in rows], color=BLUE, height=0.66,
            error_kw={"ecolor": INK, "elinewidth": 1.1, "capsize": 2.5},
        )  # fmt: skip
        axes.set_yticks(range(len(rows)), [shorten(row[0], 24) for row in rows])
        axes.invert_yaxis()
        axes.axvline(0.0, color="#666666", linewidth=0.8)
        axes.set_xlabel(f"{change_when_worse(of)} in {shorten(of)} (± 1 SD)")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", **_GRID)
        axes.set_axisbelow(True)
    return figure_of(axes)


@contextmanager
def _axes(ax: Axes | None, title: str, x: str, y: str, corner: Corner = "best") -> Iterator[Axes]:
    """Give the axes of a picture to draw on; then name them, and add grid and legend."""
    with drawing(ax, SIZE, title) as axes:
        yield axes
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        finish_axes(axes, "both", corner)


def _line(axes: Axes, x: ArrayLike, y: ArrayLike, label: str, i: int, marked: bool = False) -> None:
    """Draw one of several lines, which differ in dashes and markers as well as in colour."""
    order = (1, 0, *range(2, len(COLOURS)))
    axes.plot(
        x, y, label=label, color=COLOURS[order[i % len(order)]], linestyle=DASHES[i % len(DASHES)], linewidth=2.0,
        marker=MARKERS[i % len(MARKERS)] if marked or i >= len(DASHES) else None, markersize=5,
        markevery=max(1, np.size(x) // 10),
    )  # fmt: skip


def _points(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    faint = float(np.clip(60 / math.sqrt(len(x) + 1), 0.25, 0.8))
    axes.scatter(x, y, s=13, color=BLUE, alpha=faint, linewidths=0)


def finish_axes(axes: Axes, grid: Literal["x", "y", "both"], corner: Corner = "best") -> None:
    """Add the grid, and the legend if something is labelled."""
    axes.grid(axis=grid, **_GRID)
    axes.set_axisbelow(True)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc=corner, fontsize=9.5)


def _finite(y: ArrayLike, prediction: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    y, prediction = np.asarray(y, dtype=float), np.asarray(prediction, dtype=float).ravel()
    is_finite = np.isfinite(y) & np.isfinite(prediction)
    return y[is_finite], prediction[is_finite]


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chosen = even_sample(len(x), 400)
    return x[chosen], y[chosen]
