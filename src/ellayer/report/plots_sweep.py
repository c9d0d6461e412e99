"""A plot of the trials of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .style import COLOURS, DASHES, INK, MARKERS, label_powers, look, new_figure

MOST_NAMED = 8  # architectures


def trial_curves(rows: Sequence[Mapping[str, Any]], best: int, score: str, title: str) -> Figure:
    """Draw the validation score over the learning rate, a line for each architecture, with the best marked.

    Of many architectures, the ones with the best scores have a name and a colour; the others are grey.

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
    groups: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        groups.setdefault(row["layers"], []).append((row["learning_rate"], row["validation_score"]))
    top = rows[best]["validation_score"]
    order = sorted(groups, key=lambda layers: np.nanmin([abs(s - top) for _, s in groups[layers]] + [np.inf]))
    named = [layers for layers in groups if layers in order[:MOST_NAMED]]
    with look():
        figure, (axes,) = new_figure((7.0, 4.6), title)
        for i, layers in enumerate(named):
            axes.plot(
                *zip(*sorted(groups[layers]), strict=True), label=layers, color=COLOURS[i % len(COLOURS)],
                linestyle=DASHES[i % len(DASHES)], marker=MARKERS[i % len(MARKERS)], markersize=7, linewidth=2.0,
            )  # fmt: skip
        for i, layers in enumerate(order[MOST_NAMED:]):
            axes.plot(
                *zip(*sorted(groups[layers]), strict=True), label="" if i else f"{len(order) - MOST_NAMED} others",
                color="#AAAAAA", linewidth=1.0, marker=".", markersize=5, zorder=1,
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
        legend_place: dict[str, Any] = (
            {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if len(named) > 4 else {}
        )
        axes.legend(title="layers", **legend_place)
    return figure
