"""A plot of the trials of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from .style import COLOURS, DASHES, INK, MARKERS, label_powers, look, new_figure


def trial_curves(rows: Sequence[Mapping[str, Any]], best: int, score: str, title: str) -> Figure:
    """Draw the validation score over the learning rate, a line for each architecture, with the best marked.

    Parameters
    ----------
    rows : sequence of mappings
        With "layers", "learning_rate" and "validation_score".
    best : int
        Which of them is best.
    score : str
        The score's name.
    title : str
        Title of the figure.

    Returns
    -------
    Figure

    Examples
    --------
    >>> rows = [{"layers": "8", "learning_rate": r, "validation_score": s} for r, s in ((0.01, 0.5), (0.1, 0.4))]
    >>> trial_curves(rows, 1, "log_loss", "Best at 0.1").axes[0].get_xlabel()
    'learning rate'
    """
    with look():
        figure, (axes,) = new_figure((7.0, 4.6), title)
        for i, layers in enumerate(dict.fromkeys(row["layers"] for row in rows)):
            points = sorted(
                (r["learning_rate"], r["validation_score"]) for r in rows if r["layers"] == layers
            )
            axes.plot(
                *zip(*points, strict=True), label=layers, color=COLOURS[i % len(COLOURS)], linewidth=2.0,
                linestyle=DASHES[i % len(DASHES)], marker=MARKERS[i % len(MARKERS)], markersize=7,
            )  # fmt: skip
        chosen = rows[best]
        axes.plot(
            chosen["learning_rate"], chosen["validation_score"], marker="o", markersize=17, markeredgewidth=1.8,
            markerfacecolor="none", markeredgecolor=INK, linestyle="none", label="best",
        )  # fmt: skip
        axes.set_xscale("log")
        label_powers(axes.xaxis)
        axes.set_xlabel("learning rate")
        axes.set_ylabel(f"{score} on held-out rows")
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
        axes.margins(0.08)
        axes.legend(title="layers")
    return figure
