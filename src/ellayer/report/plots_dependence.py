"""Plots of partial dependence and of individual conditional expectation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .._samples import even_sample
from .plots_quality import BLUE, SIZE, finish_axes, shorten
from .style import COLOURS, DASHES, drawing, figure_of

if TYPE_CHECKING:
    from ..inspection.partial_dependence import Dependence

_LINES = 40  # rows drawn as single lines
_CLASSES = 6


def shown_class(dependence: Dependence, classes: list[Any]) -> int | None:
    """Return the class whose probability is described: the second of two, else the one that varies most.

    Parameters
    ----------
    dependence : Dependence
    classes : list
        Empty for numbers.
    """
    if not classes:
        return None
    return 1 if len(classes) == 2 else int(np.ptp(dependence.average, axis=0).argmax())


def has_individual(dependence: Dependence) -> bool:
    """Return whether single rows are drawn: for a numeric column and one output."""
    return dependence.is_ordered and dependence.average.shape[1] <= 2


def dependence_plot(
    dependence: Dependence, target: str, classes: list[Any], title: str = "", ax: Axes | None = None
) -> Figure:
    """Draw the mean prediction over the values of a column, with single rows if there is one output.

    Parameters
    ----------
    dependence : Dependence
    target : str
        Name of the target.
    classes : list
        Empty for numbers.
    title : str
        Title of the plot.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    Figure
    """
    K = dependence.average.shape[1]
    outputs = (
        [0]
        if K == 1
        else [1]
        if K == 2
        else np.argsort(-np.ptp(dependence.average, axis=0))[:_CLASSES].tolist()
    )
    with drawing(ax, SIZE, title) as axes:
        x: Any = dependence.grid if dependence.is_ordered else np.arange(len(dependence.grid))
        if has_individual(dependence):
            rows = even_sample(len(dependence.individual), _LINES)
            axes.plot(x, dependence.individual[rows, :, outputs[0]].T, color=BLUE, alpha=0.18, linewidth=0.8)
        for i, k in enumerate(sorted(outputs)):
            label = "mean" if K <= 2 else shorten(classes[k])
            axes.plot(
                x, dependence.average[:, k], color=COLOURS[i % len(COLOURS)], label=label, linewidth=2.2,
                linestyle=DASHES[i % len(DASHES)] if dependence.is_ordered else "", marker=None if dependence.is_ordered else "o",
            )  # fmt: skip
        if dependence.is_ordered:
            if dependence.grid.dtype.kind != "M":
                axes.xaxis.set_major_locator(MaxNLocator(5, integer=dependence.grid.dtype.kind in "iu"))
        else:
            names = [shorten(value, 12) for value in dependence.grid.tolist()]
            axes.set_xticks(x, names)
        axes.set_xlabel(shorten(dependence.name, 40))
        label = (
            f"predicted {shorten(target, 30)}"
            if K == 1
            else f"p({shorten(classes[1])})"
            if K == 2
            else "probability"
        )
        axes.set_ylabel(label)
        finish_axes(axes, "y" if dependence.is_ordered else "both")
    return figure_of(axes)
