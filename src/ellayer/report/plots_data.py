"""Plots of data, cost and decision boundaries. Examples are columns, as in ``train``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..core.inference import class_index
from ..errors import EllayerError
from .style import (
    COLOURS,
    DASHES,
    INK,
    MARKERS,
    PROBABILITY,
    drawing,
    figure_of,
    label_powers,
    look,
    new_figure,
)

Probabilities = Callable[[np.ndarray], np.ndarray]


def cost_curves(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    title: str,
    log: bool = False,
    along: str = "iteration",
) -> Figure:
    """Draw the cost J over the iterations, one line per run.

    Parameters
    ----------
    curves : mapping of str to (iterations, costs)
        Iterations and costs, of the same length, by label.
    title : str
        Title of the figure.
    log : bool
        Whether the cost axis is logarithmic.
    along : str
        The unit of the horizontal axis: "iteration" or "epoch".

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = cost_curves({"network": ([0, 100, 200], [0.69, 0.42, 0.31])}, "The cost falls")
    >>> figure.axes[0].get_xlabel()
    'iteration'
    """
    with look():
        figure, (axes,) = new_figure((8.0, 4.8), title)
        for i, (label, (iterations, costs)) in enumerate(curves.items()):
            axes.plot(
                iterations, costs, label=label, color=COLOURS[i % len(COLOURS)], linestyle=DASHES[i % len(DASHES)],
                linewidth=2.2, marker=MARKERS[i % len(MARKERS)], markersize=6.5, markeredgecolor="white",
                markevery=max(1, len(costs) // 12),
            )  # fmt: skip
        axes.set_xlabel(along)
        axes.set_ylabel("cost J" + (" (logarithmic)" if log else ""))
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.margins(x=0.02)
        if log:
            axes.set_yscale("log")
            label_powers(axes.yaxis)
        else:
            axes.set_ylim(bottom=0)
        axes.legend(loc="best", fontsize=11)
    return figure


def data_points(
    X: np.ndarray, Y: np.ndarray, title: str, classes: Sequence[str] = (), feature_names: Sequence[str] = ()
) -> Figure:
    """Draw the examples as points; more than two features through their first two principal components.

    Parameters
    ----------
    X : array, shape (n_x, m)
    Y : array, shape (1, m) or (n_classes, m)
    title : str
        Title of the figure.
    classes, feature_names : sequence of str, optional

    Returns
    -------
    Figure
    """
    plane, x_label, y_label = _to_plane(np.asarray(X, dtype=float), feature_names)
    with look():
        figure, (axes,) = new_figure((6.6, 5.6), title)
        _draw_points(axes, plane, class_index(Y), classes)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="class")
    return figure


def decision_boundaries(
    models: Mapping[str, Probabilities],
    X: np.ndarray,
    Y: np.ndarray,
    title: str,
    classes: Sequence[str] = (),
    feature_names: Sequence[str] = (),
    columns: int = 2,
    resolution: int = 240,
    ax: Axes | None = None,
) -> Figure:
    """Draw the predictions of models over the plane, one panel per model.

    The shading is the probability, the line is the decision boundary, and the points are the
    examples; misclassified ones have a dark rim.

    Parameters
    ----------
    models : mapping of str to callable
        Panel titles, and functions from points (2, g) to probabilities (1, g) or (n_classes, g).
    X : array, shape (2, m)
    Y : array, shape (1, m) or (n_classes, m)
    title : str
        Title of the figure.
    classes, feature_names : sequence of str, optional
    columns : int
        Panels side by side.
    resolution : int
        Points of the grid for the shading along each side.
    ax : Axes, optional
        To draw the only model on; by default those of a new figure.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If X does not have exactly two features.
    """
    X = np.asarray(X, dtype=float)
    if X.ndim != 2 or X.shape[0] != 2:
        raise EllayerError(
            f"decision_boundaries: expected X of shape (2, m), a plane; received {X.shape}; "
            f"plot more features with data_points"
        )
    labels = class_index(Y)
    classes = _class_names(classes, labels)
    columns = min(columns, len(models))
    rows = math.ceil(len(models) / columns)
    side = 4.2 if columns < 3 else 3.1
    with look():
        size = (side * columns + 1.4, side * rows + 0.8)
        if ax is None:
            figure, panels = new_figure(size, title, (rows, columns), sharex=True, sharey=True)
        else:
            figure, panels = figure_of(ax), [ax]
        for axes, (label, model) in zip(panels, models.items(), strict=False):
            _draw_probability(axes, model, X, resolution)
            wrong = class_index(model(X)) != labels
            _draw_points(axes, X, labels, classes, wrong, small=len(models) > 2)
            axes.set_title(label or (title if ax is not None else ""))
        _label_the_outside(panels, len(models), columns, feature_names)
        keys = _keys(classes)
        if np.atleast_2d(Y).shape[0] == 1:
            shading = ScalarMappable(Normalize(0, 1), PROBABILITY)
            _draw_bar(
                figure, panels, shading, f"probability of class {classes[1] if len(classes) > 1 else 1}"
            )
        if ax is None:
            figure.legend(
                handles=keys,
                loc="outside lower center",
                ncols=min(len(keys), 6 if columns > 1 else 3),
                fontsize=10,
            )
        else:
            ax.legend(handles=keys, fontsize=9, frameon=True, framealpha=0.85)
    return figure


def prediction_surface(
    model: Probabilities,
    X: np.ndarray,
    y: np.ndarray,
    title: str = "",
    names: tuple[Sequence[str], str] = ((), ""),
    ax: Axes | None = None,
) -> Figure:
    """Draw predicted numbers over the plane as colours, and the examples as points in the colour of their true value.

    Parameters
    ----------
    model : callable
        From points (2, g) to numbers (1, g).
    X : array, shape (2, m)
    y : array, shape (m,)
    title : str
        Title of the plot.
    names : (sequence of str, str)
        Of the two features and of the target.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    Figure
    """
    (left, right, bottom, top), points, _ = _grid(np.asarray(X, dtype=float), 120)
    surface = np.asarray(model(points), dtype=float).reshape(120, 120)
    both = np.concatenate([surface.ravel(), np.asarray(y, dtype=float)])
    scale = Normalize(float(np.nanmin(both)), float(np.nanmax(both)))
    with drawing(ax, (6.0, 4.4), title) as axes:
        extent = (left, right, bottom, top)
        axes.imshow(surface, extent=extent, origin="lower", aspect="auto", norm=scale, cmap="viridis")
        axes.scatter(
            X[0], X[1], c=y, norm=scale, cmap="viridis", edgecolors="white", linewidths=0.8, s=30, zorder=3
        )
        features, target = names
        axes.set_xlabel(features[0] if len(features) == 2 else "x₁")
        axes.set_ylabel(features[1] if len(features) == 2 else "x₂")
        _draw_bar(figure_of(axes), [axes], ScalarMappable(scale, "viridis"), f"predicted {target}".strip())
    return figure_of(axes)


def image_grid(images: Sequence[np.ndarray], captions: Sequence[str], title: str, columns: int = 5) -> Figure:
    """Draw images in a grid, each under its caption.

    Parameters
    ----------
    images : sequence of array, each (height, width) or (height, width, 3), values in [0, 1]
    captions : sequence of str
    title : str
        Title of the figure.
    columns : int

    Returns
    -------
    Figure
    """
    columns = max(1, min(columns, len(images)))
    rows = max(1, math.ceil(len(images) / columns))
    with look():
        side = 2.0 if len(images) > 1 else 4.0
        figure, panels = new_figure(
            (max(side * columns, 6.5), (side + 0.4) * rows + 0.6), title, (rows, columns)
        )
        for axes in panels:
            axes.set_axis_off()
        for axes, image, caption in zip(panels, images, captions, strict=False):
            axes.imshow(np.clip(image, 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set_title(caption, fontsize=10, loc="center")
    return figure


def _to_plane(X: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, str, str]:
    """Return X in two dimensions and the labels of the two axes."""
    if X.shape[0] == 1:
        return np.vstack([X, np.zeros_like(X)]), names[0] if names else "x₁", ""
    if X.shape[0] == 2:
        x, y = names if len(names) == 2 else ("x₁", "x₂")
        return X, x, y
    centred = X - X.mean(axis=1, keepdims=True)
    U, S, _ = np.linalg.svd(centred, full_matrices=False)
    share = S**2 / max(float(np.sum(S**2)), np.finfo(float).tiny)
    labels = [f"principal component {k + 1} ({share[k]:.0%} of the variance)" for k in (0, 1)]
    return U[:, :2].T @ centred, labels[0], labels[1]


def _class_names(classes: Sequence[str], labels: np.ndarray) -> list[str]:
    return [str(c) for c in classes] or [str(k) for k in range(int(labels.max(initial=0)) + 1)]


def _draw_points(
    axes: Axes,
    plane: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    wrong: np.ndarray | None = None,
    small: bool = False,
) -> None:
    for k, name in enumerate(_class_names(classes, labels)):
        chosen = labels == k
        rims: Any = "white" if wrong is None else np.where(wrong[chosen], "black", "white")
        axes.scatter(
            plane[0, chosen], plane[1, chosen], s=22 if small else 36, marker=MARKERS[k % len(MARKERS)], label=name,
            color=COLOURS[k % len(COLOURS)], edgecolors=rims, linewidths=0.8, zorder=3,
        )  # fmt: skip


def _grid(X: np.ndarray, resolution: int) -> tuple[tuple[float, ...], np.ndarray, tuple[np.ndarray, ...]]:
    """Return left, right, bottom and top of a plane with a margin around points, its grid as points (2, g) and as axes."""
    low, high = X.min(axis=1), X.max(axis=1)
    margin = 0.08 * np.where(high > low, high - low, 1.0)
    (left, bottom), (right, top) = low - margin, high + margin
    x1, x2 = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    return (left, right, bottom, top), np.vstack([x1.ravel(), x2.ravel()]), (x1, x2)


def _draw_probability(axes: Axes, model: Probabilities, X: np.ndarray, resolution: int) -> None:
    (left, right, bottom, top), points, (x1, x2) = _grid(X, resolution)
    P = np.asarray(model(points), dtype=float)
    P = P.reshape(-1, resolution, resolution)
    axes.imshow(
        _shade(P), extent=(left, right, bottom, top), origin="lower", aspect="auto", interpolation="bilinear"
    )
    for k in range(len(P)):
        others = np.delete(P, k, axis=0).max(axis=0) if len(P) > 1 else 1.0 - P[k]
        lead = P[k] - others
        if lead.min() < 0 < lead.max():  # a constant prediction has no boundary
            axes.contour(x1, x2, lead, levels=[0.0], colors=INK, linewidths=1.6)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


def _label_the_outside(panels: list[Axes], used: int, columns: int, names: Sequence[str]) -> None:
    """Label the axes on the left and above empty panels; hide the unused panels."""
    x_label, y_label = names if len(names) == 2 else ("x₁", "x₂")
    for i, axes in enumerate(panels):
        if i >= used:
            axes.set_axis_off()
            continue
        if i % columns == 0:
            axes.set_ylabel(y_label)
        if i + columns >= used:
            axes.set_xlabel(x_label)
            axes.tick_params(labelbottom=True)


def _shade(P: np.ndarray) -> np.ndarray:
    """Return the colour of each point: between the two classes' colours, or the mixture of several."""
    if len(P) == 1:
        strength, colours = 0.62, PROBABILITY(P[0])[..., :3]
    else:
        palette = np.array([to_rgb(COLOURS[k % len(COLOURS)]) for k in range(len(P))])
        strength, colours = 0.45, np.einsum("kij,kc->ijc", P, palette)
    return 1.0 - strength * (1.0 - np.clip(colours, 0, 1))


def _keys(classes: Sequence[str]) -> list[Any]:
    """Return the entries of the legend: the classes, misclassified points, and the boundary."""
    keys: list[Any] = [
        Line2D([], [], linestyle="", marker=MARKERS[k % len(MARKERS)], color=COLOURS[k % len(COLOURS)], label=name,
               markeredgecolor="white", markersize=8)
        for k, name in enumerate(classes)
    ]  # fmt: skip
    keys.append(Line2D([], [], linestyle="", marker="o", markerfacecolor="#BBBBBB", markeredgecolor="black",
                       label="dark rim: misclassified", markersize=8))  # fmt: skip
    return [*keys, Line2D([], [], color=INK, linewidth=1.6, label="decision changes")]


def _draw_bar(figure: Figure, panels: list[Axes], shading: ScalarMappable, label: str) -> None:
    """Draw the scale of the colours beside the panels."""
    alpha = 0.62 if shading.get_cmap().name == PROBABILITY.name else None
    bar = figure.colorbar(shading, ax=panels, fraction=0.04, pad=0.02, alpha=alpha)
    bar.set_label(label)
    bar.outline.set_visible(False)
